/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether those mounts are empty that CRIU makes again only as empty ones: message queues and
 * the records of a crash. Their root folders are listed, in a child with a deadline, without
 * touching their access times:
 *
 *     27 24 0:24 / /dev/mqueue rw,relatime - mqueue mqueue rw      /proc/4211/root/dev/mqueue
 */
#include "light-dump/collectors.h"

#include "base/crew.h"
#include "light-dump/mount-index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { LOOKS_MAX = 64 };

static const char NAME[] = "mount-contents";

struct look {
	Mount *mount;
	int pid;			/* a process that sees the mount */
};

struct looks {
	const struct root *root;
	struct look look[LOOKS_MAX];
	size_t n;
};

struct answer {
	int error;
	uint32_t entries;
};

/* Of criu's own mount namespace nothing is dumped. */
static bool
is_wanted(const Snapshot *s, const Mount *m)
{
	const CriuPlace *place = s->criu_place;

	if (place && place->ns && place->ns->mnt == m->mnt_ns)
		return false;
	return m->fs_type && m->mountpoint && m->has_dev_minor &&
	       (streq(m->fs_type, "mqueue") || streq(m->fs_type, "pstore"));
}

/* A process of that mount namespace, one with the namespace's own root if there is any. */
static int
member_of(const Snapshot *s, uint64_t mnt_ns)
{
	int found = 0;

	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];

		if (!p->ns || p->ns->mnt != mnt_ns)
			continue;
		if (p->root && p->root->path && streq(p->root->path, "/"))
			return p->pid;
		if (!found)
			found = p->pid;
	}
	return found;
}

static int
count_entry(const char *name, unsigned char d_type, void *arg)
{
	(void) name;
	(void) d_type;
	(*(uint32_t *) arg)++;
	return 0;
}

static int
count(const struct root *root, const struct look *l, uint32_t *ret)
{
	_cleanup_root_ struct root folder = ROOT_NONE;
	struct stat st;

	folder.fd = mount_open(root, l->pid, l->mount, O_NOATIME);
	if (folder.fd < 0)
		return folder.fd;
	if (fstat(folder.fd, &st) < 0)
		return -errno;
	/* It is covered by another mount. */
	if (major(st.st_dev) != l->mount->dev_major || minor(st.st_dev) != l->mount->dev_minor)
		return -ESTALE;
	return root_list(&folder, ".", count_entry, ret);
}

static void
work(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct looks *all = arg;
	struct answer *a = result;

	(void) slot;
	a->error = count(all->root, &all->look[i], &a->entries);
}

static int
count_all(struct tree_context *c, struct looks *all)
{
	struct crew_job job = {
		.items = all->n,
		.result_size = sizeof(struct answer),
		.children = 1,
		.deadline_ms = c->options->timeout_ms,
		.arg = all,
		.work = work,
	};
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int r;

	r = crew_run(&job, &results);
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		const struct answer *a = crew_result(results, i);
		Mount *m = all->look[i].mount;

		if (a && a->error == 0)
			SET_FACT(m, entries, a->entries);
		else if (!a || a->error != -ESTALE)
			gap_note(c->gaps, DOMAIN__DOMAIN_MOUNTS, NAME, all->look[i].pid,
				 a ? a->error : -ETIMEDOUT, NULL, "%s", m->mountpoint);
	}
	return r;
}

int
mount_contents_collect(struct tree_context *c)
{
	const Snapshot *s = c->snapshot->facts;
	struct looks all = { .root = c->root };

	if (c->root->recorded)
		return 0;
	for (size_t i = 0; i < s->n_mount && all.n < LOOKS_MAX; i++) {
		int pid = is_wanted(s, s->mount[i]) ? member_of(s, s->mount[i]->mnt_ns) : 0;

		if (pid > 0)
			all.look[all.n++] = (struct look){ .mount = s->mount[i], .pid = pid };
	}
	return all.n > 0 ? count_all(c, &all) : 0;
}

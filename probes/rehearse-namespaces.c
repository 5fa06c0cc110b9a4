/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of namespaces: a helper is born into a new one of each kind that criu would make. A
 * user namespace gets the maps of the tree, written by its parent as criu writes them:
 *
 *     /proc/PID/uid_map     0 100000 65536      inside, outside, how many
 */
#include "probes/rehearse.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

enum { MAX_MAP = 340 * 33 };		/* the kernel's own bound of lines */

static const struct {
	NamespaceKind kind;
	const char *name;
	uint64_t flag;
} kinds[] = {
	{ NAMESPACE_KIND__NS_CGROUP, "cgroup", CLONE_NEWCGROUP },
	{ NAMESPACE_KIND__NS_IPC, "ipc", CLONE_NEWIPC },
	{ NAMESPACE_KIND__NS_MNT, "mount", CLONE_NEWNS },
	{ NAMESPACE_KIND__NS_NET, "network", CLONE_NEWNET },
	{ NAMESPACE_KIND__NS_PID, "pid", CLONE_NEWPID },
	{ NAMESPACE_KIND__NS_TIME, "time", CLONE_NEWTIME },
	{ NAMESPACE_KIND__NS_USER, "user", CLONE_NEWUSER },
	{ NAMESPACE_KIND__NS_UTS, "uts", CLONE_NEWUTS },
};

static int
add(struct rehearsal *h, const Namespace *ns)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct trial t = {
			.subject = TRIAL_SUBJECT__TRIAL_NAMESPACE,
			.detail = ns->n_uid_map ? "clone(2), then its uid_map and gid_map" : "clone(2)",
			.pid = ns->member_pid,
			.what = ns,
			.number = kinds[i].flag,
		};

		if (kinds[i].kind == ns->kind)
			return rehearsal_add(h, &t, "%s namespace %llu", kinds[i].name,
					     (unsigned long long) ns->ino);
	}
	return 0;
}

static int
plan(struct rehearsal *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->c->source->n_ns; i++)
		if (h->c->source->ns[i]->has_of_criu && !h->c->source->ns[i]->of_criu)
			r = add(h, h->c->source->ns[i]);
	return r;
}

/* Ids of helpers are those of the worker's own namespace: a procfs of it shows them. */
static int
prepare(struct rehearsal *h)
{
	(void) h;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	return mount("proc", "/proc", "proc", 0, NULL) < 0 ? -errno : 0;
}

static int
map_write(const struct rehearsal *h, pid_t pid, const char *file, IdRange *const *range, size_t n)
{
	char path[64], text[MAX_MAP];
	size_t used = 0;

	for (size_t i = 0; i < n && used < sizeof(text) - 34; i++)
		used += (size_t) snprintf(text + used, sizeof(text) - used, "%u %u %u\n", range[i]->inside,
					  range[i]->outside, range[i]->count);
	(void) snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return n == 0 ? 0 : rehearsal_write(&h->root, path, text);
}

struct maps {
	const struct rehearsal *h;
	const Namespace *ns;
};

static int
maps_write(pid_t helper, void *arg)
{
	const struct maps *m = arg;
	int r = map_write(m->h, helper, "uid_map", m->ns->uid_map, m->ns->n_uid_map);

	return r < 0 ? r : map_write(m->h, helper, "gid_map", m->ns->gid_map, m->ns->n_gid_map);
}

static int
attempt(struct rehearsal *h, const struct trial *t)
{
	struct maps m = { .h = h, .ns = t->what };

	return rehearsal_helper_with(t->number, 0, t->number == CLONE_NEWUSER ? maps_write : NULL, NULL, &m);
}

const struct rehearsal_subject rehearse_namespaces = {
	.name = "namespaces",
	.namespaces = CLONE_NEWPID | CLONE_NEWNS,
	.plan = plan,
	.prepare = prepare,
	.attempt = attempt,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount table of each mount namespace that the tree lives in, and of criu's: which mounts
 * it would see is a question of both. /proc/PID/mountinfo of any process that lives there
 * shows it, as far as that process's root reaches:
 *
 *     27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
 *
 * So a process whose root is the namespace's own is asked first, and a chrooted one only where
 * there is no other.
 */
#include "kernel/mountinfo.h"
#include "kernel/nslink.h"
#include "light-dump/collectors.h"
#include "light-dump/procfile.h"
#include <errno.h>

/* The mount namespaces that were read already. */
struct seen {
	uint64_t *ino;
	size_t n;
};

static bool
is_seen(const struct seen *seen, uint64_t ino)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->ino[i] == ino)
			return true;
	return false;
}

static int
see(struct tree_context *c, struct seen *seen, uint64_t ino)
{
	uint64_t *place = arena_grow(c->snapshot->arena, &seen->ino, &seen->n, sizeof(*seen->ino));

	if (!place)
		return -ENOMEM;
	*place = ino;
	return 0;
}

/*
 * Reads the table through the folder of one process ("self", "42"). 0; -ESTALE when it lives
 * elsewhere by now; -errno.
 */
static int
table_read(struct tree_context *c, const char *process, uint64_t ino, struct buffer *text)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_root_ struct root proc = ROOT_NONE;
	char path[32];
	NamespaceSet ns = NAMESPACE_SET__INIT;
	int r;

	(void) snprintf(path, sizeof(path), "proc/%s", process);
	r = root_sub(c->root, path, &proc);
	if (r < 0)
		return r;
	r = root_read(&proc, "mountinfo", text, MAX_PROC_FILE);
	if (r < 0)
		return r;
	/* Looked at afterwards: the table is of this namespace only if it still lives there. */
	r = nsset_read(&proc, &ns);
	if (r < 0 || ns.mnt != ino)
		return r < 0 ? r : -ESTALE;
	r = mountinfo_parse(buffer_slice(text), c->snapshot->arena, ino, &s->mount, &s->n_mount);
	if (r == -EBADMSG) {
		gap_note(c->gaps, DOMAIN__DOMAIN_MOUNTS, "mounts", 0, r, NULL, "/proc/%s/mountinfo",
			 process);
		r = 0;
	}
	return r;
}

static bool
root_is_own(const Process *p)
{
	return p->root && p->root->path && streq(p->root->path, "/");
}

/* Asks the members of a namespace, those with its own root first, until one has answered. */
static int
namespace_read(struct tree_context *c, uint64_t ino, struct buffer *text)
{
	const Snapshot *s = c->snapshot->facts;
	char name[16];
	int first_pid = 0, error = 0, r;

	for (int chrooted = 0; chrooted <= 1; chrooted++) {
		for (size_t i = 0; i < s->n_process; i++) {
			const Process *p = s->process[i];

			if (!p->ns || p->ns->mnt != ino || root_is_own(p) == (chrooted == 1))
				continue;
			(void) snprintf(name, sizeof(name), "%d", p->pid);
			r = table_read(c, name, ino, text);
			if (r == 0 || r == -ENOMEM)
				return r;
			if (!first_pid) {
				first_pid = p->pid;
				error = r;
			}
		}
	}
	error = procfile_error(c->root, first_pid, error);
	gap_note(c->gaps, DOMAIN__DOMAIN_MOUNTS, "mounts", first_pid, error, NULL,
		 "/proc/%d/mountinfo", first_pid);
	return 0;
}

/* Where criu would run: the process that --criu-as named, or else ourselves. */
static int
place_read(struct tree_context *c, struct seen *seen, struct buffer *text)
{
	const CriuPlace *place = c->snapshot->facts->criu_place;
	_cleanup_root_ struct root proc = ROOT_NONE;
	NamespaceSet ns = NAMESPACE_SET__INIT;
	char name[16] = "self", path[32];
	int r;

	if (place && place->given)
		(void) snprintf(name, sizeof(name), "%d", place->pid);
	(void) snprintf(path, sizeof(path), "proc/%s", name);
	r = root_sub(c->root, path, &proc);
	if (r == 0)
		r = nsset_read(&proc, &ns);
	if (r == 0)
		r = table_read(c, name, ns.mnt, text);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		gap_note(c->gaps, DOMAIN__DOMAIN_MOUNTS, "mounts", 0, r, NULL, "/proc/%s/mountinfo", name);
		return 0;
	}
	return see(c, seen, ns.mnt);
}

int
mounts_collect(struct tree_context *c)
{
	const Snapshot *s = c->snapshot->facts;
	_cleanup_buffer_ struct buffer text = {};
	struct seen seen = {};
	int r;

	r = place_read(c, &seen, &text);
	for (size_t i = 0; r == 0 && i < s->n_process; i++) {
		const NamespaceSet *ns = s->process[i]->ns;

		if (!ns || !ns->has_mnt || is_seen(&seen, ns->mnt))
			continue;
		r = see(c, &seen, ns->mnt);
		if (r == 0)
			r = namespace_read(c, ns->mnt, &text);
	}
	return r;
}

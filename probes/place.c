/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where criu would run: taken to be where we run. It decides which namespaces CRIU dumps (those
 * in which it does not live itself), whether a cgroup set is "its own", and whether the tree is
 * an ancestor or a shell job of it. From /proc/self and the stat of each parent:
 *
 *     4242 (migcheck) R 4240 4242 4100 34816 …      ppid, pgid, sid, tty
 */
#include "probes/probes.h"

#include "kernel/cgroup.h"
#include "kernel/nslink.h"
#include "kernel/stat.h"
#include "kernel/status.h"

#include <errno.h>

enum { MAX_ANCESTORS = 1024 };

static int
stat_read(struct probe_context *c, int pid, struct task_stat *ret)
{
	int r = pid == 0 ? root_read(c->root, "/proc/self/stat", c->text, MAX_PROC_FILE)
			 : root_readf(c->root, c->text, MAX_PROC_FILE, "/proc/%d/stat", pid);

	return r < 0 ? r : stat_parse(buffer_slice(c->text), ret);
}

static int
ancestor_add(struct probe_context *c, CriuPlace *place, int pid)
{
	int32_t *slot = arena_grow(c->snapshot->arena, &place->ancestor, &place->n_ancestor,
				   sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = pid;
	return 0;
}

static int
ancestors_read(struct probe_context *c, CriuPlace *place, int pid)
{
	struct task_stat stat;

	for (int i = 0; pid > 0 && i < MAX_ANCESTORS; i++) {
		int r = ancestor_add(c, place, pid);

		if (r < 0)
			return r;
		/* A parent that ended meanwhile has left its child to another. */
		if (stat_read(c, pid, &stat) < 0)
			return 0;
		pid = stat.ppid;
	}
	return 0;
}

static int
task_read(struct probe_context *c, CriuPlace *place)
{
	struct task_stat stat;
	int r = stat_read(c, 0, &stat);

	if (r < 0)
		return r;
	SET_FACT(place, pid, stat.pid);
	SET_FACT(place, sid, stat.sid);
	SET_FACT(place, pgid, stat.pgid);
	SET_FACT(place, tty_nr, (uint32_t) stat.tty_nr);
	place->comm = arena_strndup(c->snapshot->arena, stat.comm.p, stat.comm.n);
	if (!place->comm)
		return -ENOMEM;
	SET_FACT(place, stdin_is_tty, isatty(STDIN_FILENO) == 1);
	return ancestors_read(c, place, stat.ppid);
}

static int
credentials_read(struct probe_context *c, CriuPlace *place)
{
	Thread *self = NEW_FACT(c->snapshot->arena, Thread, thread);
	int r;

	if (!self)
		return -ENOMEM;
	r = root_read(c->root, "/proc/self/status", c->text, MAX_PROC_FILE);
	if (r == 0)
		r = status_parse(buffer_slice(c->text), c->snapshot->arena, NULL, self);
	if (r < 0)
		return r;
	place->credentials = self->credentials;
	return 0;
}

static int
namespaces_read(struct probe_context *c, CriuPlace *place)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	int r;

	place->ns = NEW_FACT(c->snapshot->arena, NamespaceSet, namespace_set);
	if (!place->ns)
		return -ENOMEM;
	r = root_sub(c->root, "/proc/self", &self);
	return r < 0 ? r : nsset_read(&self, place->ns);
}

static int
cgroups_read(struct probe_context *c, CriuPlace *place)
{
	CgroupSet *set = NEW_FACT(c->snapshot->arena, CgroupSet, cgroup_set);
	uint32_t index = 0;
	int r;

	if (!set)
		return -ENOMEM;
	r = root_read(c->root, "/proc/self/cgroup", c->text, MAX_PROC_FILE);
	if (r == 0)
		r = cgroup_parse(buffer_slice(c->text), c->snapshot->arena, set);
	if (r == 0)
		r = cgroup_set_intern(c->snapshot, set, &index);
	if (r < 0)
		return r;
	SET_FACT(place, cgroup_set, index);
	return 0;
}

int
place_ask(struct probe_context *c)
{
	static int (*const steps[])(struct probe_context *, CriuPlace *) = {
		task_read, credentials_read, namespaces_read, cgroups_read,
	};
	static const char *const reads[] = { "/proc/self/stat", "/proc/self/status",
					     "/proc/self/ns", "/proc/self/cgroup" };
	CriuPlace *place = NEW_FACT(c->snapshot->arena, CriuPlace, criu_place);

	if (!place)
		return -ENOMEM;
	c->snapshot->facts->criu_place = place;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](c, place);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap_note(c->gaps, DOMAIN__DOMAIN_IDENTITY, "place", 0, r, NULL, "%s",
				 reads[i]);
	}
	return 0;
}

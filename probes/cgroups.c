/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup hierarchies of this machine, and for each cgroup of the source whether it is here:
 * with its settings and the room that its limits leave, or, where it is not, the room of the
 * nearest ancestor that is (CRIU makes the folder below it). The same of the cgroups we are in.
 *
 *     source   cpu,cpuacct:/system.slice/web.service
 *     here     /sys/fs/cgroup/cpu,cpuacct/system.slice/web.service
 */
#include "probes/probes.h"

#include "kernel/cgroup-folder.h"
#include "kernel/cgroup-view.h"

#include <errno.h>

static const char NAME[] = "cgroups";

static void
room_note(CgroupAnswer *answer, const struct cgroup_limits *limits)
{
	if (limits->memory.limited) {
		SET_FACT(answer, memory_limit, limits->memory.limit);
		SET_FACT(answer, memory_used, limits->memory.used);
		SET_FACT(answer, memory_reclaimable, limits->memory_reclaimable);
	}
	if (limits->pids.limited) {
		SET_FACT(answer, pids_limit, limits->pids.limit);
		SET_FACT(answer, pids_used, limits->pids.used);
	}
	if (answer->exists || answer->version != 2)
		return;
	SET_FACT(answer, folders_missing, limits->missing);
	SET_FACT(answer, too_deep, limits->too_deep);
	if (limits->folders.limited) {
		SET_FACT(answer, folders_limit, limits->folders.limit);
		SET_FACT(answer, folders_used, limits->folders.used);
	}
}

static int
folder_ask(struct probe_context *c, const struct cgroup_place *place, CgroupAnswer *answer)
{
	struct cgroup_limits limits;
	int r = cgroup_look(place);

	/* Every hierarchy has a root, mounted or not. */
	if (r == -ENOTSUP && streq(place->path, "/")) {
		SET_FACT(answer, exists, true);
		return 0;
	}
	if (r < 0 && r != -ENOENT) {
		gap_note(c->gaps, DOMAIN__DOMAIN_CGROUPS, NAME, 0, r, NULL, "%s:%s",
			 answer->controllers, answer->path);
		return 0;
	}
	SET_FACT(answer, exists, r == 0);
	if (r < 0)
		SET_FACT(answer, error, -r);
	cgroup_limits_read(place, &limits);
	room_note(answer, &limits);
	if (!answer->exists)
		return 0;
	return cgroup_values_read(place, c->snapshot->arena, &answer->value, &answer->n_value,
				  c->gaps, NAME);
}

static int
cgroup_answer(struct probe_context *c, const Cgroups *here, const char *controllers,
	      const char *path)
{
	struct arena *arena = c->snapshot->arena;
	Snapshot *s = c->snapshot->facts;
	CgroupAnswer *answer = NEW_FACT(arena, CgroupAnswer, cgroup_answer);
	struct cgroup_place place = {
		.root = c->root,
		.hierarchy = cgroup_hierarchy_of(here, controllers),
		.path = path,
	};
	int r = 0;

	if (!answer)
		return -ENOMEM;
	answer->controllers = arena_strdup(arena, controllers);
	answer->path = arena_strdup(arena, path);
	if (!answer->controllers || !answer->path)
		return -ENOMEM;
	SET_FACT(answer, version, *controllers ? 1 : 2);
	SET_FACT(answer, hierarchy_found, place.hierarchy != NULL);
	if (place.hierarchy)
		r = folder_ask(c, &place, answer);
	if (r < 0)
		return r;
	return ADD_FACT(arena, s->cgroup_answer, s->n_cgroup_answer, answer);
}

static bool
is_answered(const Snapshot *s, const CgroupMembership *m)
{
	for (size_t i = 0; i < s->n_cgroup_answer; i++)
		if (streq(s->cgroup_answer[i]->controllers, m->controllers) &&
		    streq(s->cgroup_answer[i]->path, m->path))
			return true;
	return false;
}

/* Where CRIU leaves cgroups alone, the tree lands in ours: what room is there? */
static int
own_ask(struct probe_context *c, const Cgroups *here, const CgroupSet *own)
{
	for (size_t i = 0; i < own->n_membership; i++) {
		const CgroupMembership *m = own->membership[i];
		const CgroupHierarchy *h = cgroup_hierarchy_of(here, m->controllers);
		int r;

		/* Nobody asked: what cannot be seen from a container is left out, and is no gap. */
		if (is_answered(c->snapshot->facts, m) || !h || !h->mountpoint)
			continue;
		r = cgroup_answer(c, here, m->controllers, m->path);
		if (r < 0)
			return r;
		SET_FACT(c->snapshot->facts->cgroup_answer[c->snapshot->facts->n_cgroup_answer - 1], own, true);
	}
	return 0;
}

int
cgroups_ask(struct probe_context *c)
{
	Cgroups *here = NEW_FACT(c->snapshot->arena, Cgroups, cgroups);
	CgroupSet own;
	int r;

	if (!here)
		return -ENOMEM;
	r = cgroup_view_read(c->root, c->snapshot->arena, c->gaps, NAME, here, &own);
	if (r < 0)
		return r;
	c->host->cgroups = here;
	if (c->source_side)
		return 0;
	for (size_t i = 0; c->source && i < c->source->n_cgroup; i++) {
		const Cgroup *g = c->source->cgroup[i];

		if (!g->controllers || !g->path)
			continue;
		r = cgroup_answer(c, here, g->controllers, g->path);
		if (r < 0)
			return r;
	}
	return own_ask(c, here, &own);
}

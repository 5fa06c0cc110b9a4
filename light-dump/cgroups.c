/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups that the tree lives in: for each distinct hierarchy and path of its threads'
 * memberships, the interface files there, the tightest limits in force, and whether it is
 * frozen (a frozen v1 cgroup makes CRIU wait until its time-out).
 */
#include "light-dump/collectors.h"

#include "kernel/cgroup-folder.h"
#include "kernel/cgroup-view.h"

#include <errno.h>

static const char NAME[] = "cgroups";

static bool
is_known(const Snapshot *s, const CgroupMembership *m)
{
	for (size_t i = 0; i < s->n_cgroup; i++)
		if (streq(s->cgroup[i]->controllers, m->controllers) &&
		    streq(s->cgroup[i]->path, m->path))
			return true;
	return false;
}

static int
state_read(struct tree_context *c, const struct cgroup_place *place, Cgroup *g)
{
	struct arena *arena = c->snapshot->arena;
	struct cgroup_limits limits;
	char at[PATH_MAX];
	bool frozen;
	int r;

	r = cgroup_values_read(place, arena, &g->value, &g->n_value, c->gaps, NAME);
	if (r < 0)
		return r;
	cgroup_limits_read(place, &limits);
	if (limits.memory.limited)
		SET_FACT(g, memory_limit, limits.memory.tightest);
	if (limits.pids.limited)
		SET_FACT(g, pids_limit, limits.pids.tightest);
	r = cgroup_children_count(place);
	if (r >= 0)
		SET_FACT(g, children, (uint32_t) r);
	r = cgroup_frozen_read(place, &frozen, at);
	if (r < 0)
		return 0;
	SET_FACT(g, frozen, frozen);
	if (!frozen)
		return 0;
	g->frozen_at = arena_strdup(arena, at);
	return g->frozen_at ? 0 : -ENOMEM;
}

static int
cgroup_add(struct tree_context *c, const Cgroups *view, const CgroupMembership *m)
{
	struct arena *arena = c->snapshot->arena;
	Snapshot *s = c->snapshot->facts;
	struct cgroup_place place = {
		.root = c->root,
		.hierarchy = cgroup_hierarchy_of(view, m->controllers),
		.path = m->path,
	};
	Cgroup *g = NEW_FACT(arena, Cgroup, cgroup);
	int r;

	if (!g)
		return -ENOMEM;
	g->controllers = m->controllers;
	g->path = m->path;
	SET_FACT(g, version, *m->controllers ? 1 : 2);
	r = place.hierarchy ? cgroup_look(&place) : -ENOTSUP;
	SET_FACT(g, found, r == 0);
	if (r == 0)
		r = state_read(c, &place, g);
	/* The root of a hierarchy that is mounted nowhere (cgroup2 on a v1 host) limits nothing. */
	else if (r != -ENOENT && !(r == -ENOTSUP && streq(m->path, "/")))
		gap_note(c->gaps, DOMAIN__DOMAIN_CGROUPS, NAME, 0, r, NULL, "%s:%s",
			 m->controllers, m->path);
	if (r == -ENOMEM)
		return r;
	return ADD_FACT(arena, s->cgroup, s->n_cgroup, g);
}

int
cgroups_collect(struct tree_context *c)
{
	Snapshot *s = c->snapshot->facts;
	Cgroups view;
	int r;

	r = cgroup_view_read(c->root, c->snapshot->arena, c->gaps, NAME, &view, NULL);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n_cgroup_set; i++)
		for (size_t k = 0; k < s->cgroup_set[i]->n_membership; k++) {
			const CgroupMembership *m = s->cgroup_set[i]->membership[k];

			if (is_known(s, m))
				continue;
			r = cgroup_add(c, &view, m);
			if (r < 0)
				return r;
		}
	return 0;
}

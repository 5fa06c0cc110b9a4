/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups that the tree lives in: for each distinct hierarchy and path of its threads'
 * memberships, the interface files there, the tightest limits in force, and whether it is
 * frozen (a frozen v1 cgroup makes CRIU wait until its time-out).
 */
#include "light-dump/collectors.h"
#include "light-dump/intern.h"

#include "kernel/cgroup-folder.h"
#include "kernel/cgroup-view.h"

#include <errno.h>

static const char NAME[] = "cgroups";

/* What the cgroups of the tree are looked up with. */
struct looking {
	struct tree_context *c;
	Cgroups view;
	struct intern known;		/* "controllers:path" */
};

/* Whether the membership's cgroup was met before; 1, 0, or -ENOMEM. */
static int
meet(struct looking *l, const CgroupMembership *m)
{
	const char *text = arena_printf(l->c->snapshot->arena, "%s:%s", m->controllers, m->path);
	struct intern_key key = { .text = slice_of(text ? text : "") };
	uint32_t before;
	int r;

	if (!text)
		return -ENOMEM;
	if (intern_find(&l->known, &key, &before))
		return 1;
	r = intern_add(&l->known, &key, 0);
	return r < 0 ? r : 0;
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
	if (!frozen || !*at)
		return 0;
	g->frozen_at = arena_strdup(arena, at);
	return g->frozen_at ? 0 : -ENOMEM;
}

static int
cgroup_add(struct looking *l, const CgroupMembership *m)
{
	struct tree_context *c = l->c;
	struct arena *arena = c->snapshot->arena;
	Snapshot *s = c->snapshot->facts;
	struct cgroup_place place = {
		.root = c->root,
		.hierarchy = cgroup_hierarchy_of(&l->view, m->controllers),
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

static int
set_add(struct looking *l, const CgroupSet *set)
{
	for (size_t i = 0; i < set->n_membership; i++) {
		int r = meet(l, set->membership[i]);

		if (r == 0)
			r = cgroup_add(l, set->membership[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void
looking_end(struct looking *l)
{
	intern_free(&l->known);
}

int
cgroups_collect(struct tree_context *c)
{
	cleanup(looking_end) struct looking l = { .c = c };
	Snapshot *s = c->snapshot->facts;
	int r;

	r = cgroup_view_read(c->root, c->snapshot->arena, c->gaps, NAME, &l.view, NULL);
	for (size_t i = 0; r == 0 && i < s->n_cgroup_set; i++)
		r = set_add(&l, s->cgroup_set[i]);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts in which the kernel says what cgroup a task is in, which controllers there are,
 * and where their hierarchies are mounted: cgroups(7).
 *
 * /proc/PID/cgroup, a line a hierarchy; the path is the rest of the line and may hold colons:
 *
 *     9:name=systemd:/system.slice/nginx.service
 *     4:cpu,cpuacct:/
 *     0::/user.slice/user-0.slice/session-3.scope
 *
 * /proc/cgroups:
 *
 *     #subsys_name	hierarchy	num_cgroups	enabled
 *     cpuset	3	1	1
 *     net_cls	0	1	1
 *
 * A v1 hierarchy in mountinfo has the type "cgroup", and its controllers among the options of
 * its superblock: "rw,cpu,cpuacct", "rw,xattr,name=systemd".
 */
#include "kernel/cgroup.h"

#include <errno.h>

static int
membership_parse(struct slice line, struct arena *arena, CgroupSet *set)
{
	CgroupMembership *m;
	struct slice id, controllers;
	uint32_t hierarchy;

	if (!slice_field(&line, ':', &id) || !slice_field(&line, ':', &controllers) ||
	    parse_u32(id, 10, &hierarchy) < 0 || !slice_starts(line, "/"))
		return -EBADMSG;

	m = NEW_FACT(arena, CgroupMembership, cgroup_membership);
	if (!m)
		return -ENOMEM;
	SET_FACT(m, hierarchy, hierarchy);
	m->controllers = arena_strndup(arena, controllers.p, controllers.n);
	m->path = arena_strndup(arena, line.p, line.n);
	if (!m->controllers || !m->path)
		return -ENOMEM;
	return ADD_FACT(arena, set->membership, set->n_membership, m);
}

int
cgroup_parse(struct slice text, struct arena *arena, CgroupSet *ret)
{
	CgroupSet set;
	struct slice line;
	int r;

	cgroup_set__init(&set);
	while (slice_line(&text, &line)) {
		r = membership_parse(line, arena, &set);
		if (r < 0)
			return r;
	}
	*ret = set;
	return 0;
}

bool
cgroup_sets_equal(const CgroupSet *a, const CgroupSet *b)
{
	if (a->n_membership != b->n_membership)
		return false;
	for (size_t i = 0; i < a->n_membership; i++) {
		const CgroupMembership *x = a->membership[i], *y = b->membership[i];

		if (!streq(x->controllers ?: "", y->controllers ?: "") ||
		    !streq(x->path ?: "", y->path ?: ""))
			return false;
	}
	return true;
}

int
cgroup_set_intern(struct snapshot *s, CgroupSet *set, uint32_t *ret)
{
	Snapshot *facts = s->facts;
	int r;

	for (size_t i = 0; i < facts->n_cgroup_set; i++)
		if (cgroup_sets_equal(facts->cgroup_set[i], set)) {
			*ret = (uint32_t) i;
			return 0;
		}
	r = ADD_FACT(s->arena, facts->cgroup_set, facts->n_cgroup_set, set);
	if (r < 0)
		return r;
	*ret = (uint32_t) (facts->n_cgroup_set - 1);
	return 0;
}

static int
controller_parse(struct slice line, struct arena *arena, Cgroups *cgroups)
{
	CgroupController *c;
	struct slice name, hierarchy, count, enabled;
	uint32_t id, on;

	if (!slice_field(&line, '\t', &name) || !slice_field(&line, '\t', &hierarchy) ||
	    !slice_field(&line, '\t', &count) || !slice_field(&line, '\t', &enabled) ||
	    name.n == 0 || parse_u32(hierarchy, 10, &id) < 0 || parse_u32(enabled, 10, &on) < 0)
		return -EBADMSG;

	c = NEW_FACT(arena, CgroupController, cgroup_controller);
	if (!c)
		return -ENOMEM;
	c->name = arena_strndup(arena, name.p, name.n);
	if (!c->name)
		return -ENOMEM;
	SET_FACT(c, hierarchy, id);
	SET_FACT(c, enabled, on != 0);
	return ADD_FACT(arena, cgroups->controller, cgroups->n_controller, c);
}

int
cgroup_controllers_parse(struct slice text, struct arena *arena, Cgroups *cgroups)
{
	struct slice line;
	int r;

	while (slice_line(&text, &line)) {
		if (line.n == 0 || line.p[0] == '#')
			continue;
		r = controller_parse(line, arena, cgroups);
		if (r < 0)
			return r;
	}
	return 0;
}

bool
cgroup_list_has(const char *list, const char *controller)
{
	struct slice rest = slice_of(list), item;

	while (slice_field(&rest, ',', &item))
		if (slice_eq(item, controller))
			return true;
	return false;
}

/* Whether every member of list `a` is in list `b`. */
static bool
list_within(const char *a, struct slice b)
{
	struct slice rest = slice_of(a), item, other, others;

	while (slice_field(&rest, ',', &item)) {
		bool found = false;

		others = b;
		while (!found && slice_field(&others, ',', &other))
			found = item.n == other.n && memcmp(item.p, other.p, item.n) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool
lists_equal(const char *a, const char *b)
{
	return list_within(a, slice_of(b)) && list_within(b, slice_of(a));
}

/* Options of a v1 superblock that are no controllers. */
static bool
is_plain_option(struct slice option)
{
	static const char *const plain[] = { "rw", "ro", "none", "noprefix", "xattr",
					     "clone_children", "cpuset_v2_mode", "nsdelegate",
					     "favordynmods", "seclabel" };

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (slice_eq(option, plain[i]))
			return true;
	return slice_starts(option, "release_agent=");
}

/* "rw,xattr,name=systemd" → "name=systemd"; NULL when memory is short. */
static char *
controllers_of_options(const char *options, struct arena *arena)
{
	struct slice rest = slice_of(options), option;
	char *list = arena_alloc(arena, rest.n + 1), *end = list;

	if (!list)
		return NULL;
	while (slice_field(&rest, ',', &option)) {
		if (option.n == 0 || is_plain_option(option))
			continue;
		if (end != list)
			*end++ = ',';
		memcpy(end, option.p, option.n);
		end += option.n;
	}
	return list;
}

const CgroupHierarchy *
cgroup_hierarchy_of(const Cgroups *cgroups, const char *controllers)
{
	for (size_t i = 0; i < cgroups->n_hierarchy; i++)
		if (lists_equal(cgroups->hierarchy[i]->controllers, controllers))
			return cgroups->hierarchy[i];
	return NULL;
}

static CgroupHierarchy *
hierarchy_get(Cgroups *cgroups, char *controllers, struct arena *arena)
{
	CgroupHierarchy *h;

	for (size_t i = 0; i < cgroups->n_hierarchy; i++)
		if (lists_equal(cgroups->hierarchy[i]->controllers, controllers))
			return cgroups->hierarchy[i];
	h = NEW_FACT(arena, CgroupHierarchy, cgroup_hierarchy);
	if (!h)
		return NULL;
	h->controllers = controllers;
	if (ADD_FACT(arena, cgroups->hierarchy, cgroups->n_hierarchy, h) < 0)
		return NULL;
	return h;
}

static bool
shows_more(const char *root, const CgroupHierarchy *h)
{
	return !h->root || strlen(root) < strlen(h->root);
}

static int
hierarchy_add_mount(const Mount *m, struct arena *arena, Cgroups *cgroups)
{
	bool unified = streq(m->fs_type, "cgroup2");
	char *controllers;
	CgroupHierarchy *h;

	controllers = unified ? arena_strdup(arena, "")
			      : controllers_of_options(m->super_options ?: "", arena);
	if (!controllers)
		return -ENOMEM;
	h = hierarchy_get(cgroups, controllers, arena);
	if (!h)
		return -ENOMEM;
	if (!m->mountpoint || !m->root || !shows_more(m->root, h))
		return 0;
	h->mountpoint = arena_strdup(arena, m->mountpoint);
	h->root = arena_strdup(arena, m->root);
	if (!h->mountpoint || !h->root)
		return -ENOMEM;
	SET_FACT(h, read_only, cgroup_list_has(m->options ?: "", "ro") ||
				       cgroup_list_has(m->super_options ?: "", "ro"));
	if (unified)
		SET_FACT(h, id, 0);
	return 0;
}

/* A hierarchy with a mere name (systemd's, on an otherwise pure v2 host) makes no hybrid. */
static CgroupMode
mode_of(const Cgroups *cgroups)
{
	bool v1 = false, v2 = false, named = false;

	for (size_t i = 0; i < cgroups->n_hierarchy; i++) {
		const CgroupHierarchy *h = cgroups->hierarchy[i];

		if (slice_starts(slice_of(h->controllers), "name="))
			named = true;
		else if (*h->controllers)
			v1 = true;
		else if (h->mountpoint)
			v2 = true;
	}
	if (v1 && v2)
		return CGROUP_MODE__CGROUP_MODE_HYBRID;
	if (v2)
		return CGROUP_MODE__CGROUP_MODE_V2;
	return v1 || named ? CGROUP_MODE__CGROUP_MODE_V1 : CGROUP_MODE__CGROUP_MODE_NONE;
}

int
cgroup_hierarchies_find(Mount *const *mount, size_t n, const CgroupSet *own,
			struct arena *arena, Cgroups *cgroups)
{
	int r;

	for (size_t i = 0; i < n; i++) {
		if (!mount[i]->fs_type ||
		    !(streq(mount[i]->fs_type, "cgroup") || streq(mount[i]->fs_type, "cgroup2")))
			continue;
		r = hierarchy_add_mount(mount[i], arena, cgroups);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; own && i < own->n_membership; i++) {
		const CgroupMembership *m = own->membership[i];
		CgroupHierarchy *h = hierarchy_get(cgroups, m->controllers, arena);

		if (!h)
			return -ENOMEM;
		SET_FACT(h, id, m->hierarchy);
	}
	SET_FACT(cgroups, mode, mode_of(cgroups));
	return 0;
}

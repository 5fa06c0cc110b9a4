/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel writes down cgroups: /proc/PID/cgroup, /proc/cgroups, and the mounts of the
 * hierarchies. All of it is bytes in, facts out; kernel/cgroup-folder.h looks into the folders.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/*
 * Parses /proc/PID/cgroup into *ret, which is initialised here; its memory is of `arena`.
 * 0, -EBADMSG (not such a text) or -ENOMEM.
 */
int cgroup_parse(struct slice text, struct arena *arena, CgroupSet *ret);

/* Whether both name the same hierarchies and paths in the same order. */
bool cgroup_sets_equal(const CgroupSet *a, const CgroupSet *b);

/*
 * Finds `set` among the snapshot's sets or appends it. 0 and its index, or -ENOMEM. The set
 * must live in the snapshot's arena.
 */
int cgroup_set_intern(struct snapshot *s, CgroupSet *set, uint32_t *ret);

/*
 * Parses /proc/cgroups; appends to cgroups->controller. 0, -EBADMSG or -ENOMEM.
 */
int cgroup_controllers_parse(struct slice text, struct arena *arena, Cgroups *cgroups);

/*
 * Fills cgroups->hierarchy and ->mode from the mounts of a mount namespace and the hierarchies
 * that `own` (a membership list read in the same cgroup namespace) names; `own` may be NULL.
 * A hierarchy that is mounted more than once is given by the mount that shows most of it. A
 * hierarchy that is in use but mounted nowhere stands there without a mountpoint. 0 or -ENOMEM.
 */
int cgroup_hierarchies_find(Mount *const *mount, size_t n, const CgroupSet *own,
			    struct arena *arena, Cgroups *cgroups);

/*
 * The hierarchy of a membership's controllers ("" is cgroup2). A co-mounted list is found by
 * the same members in any order. NULL when there is none.
 */
const CgroupHierarchy *cgroup_hierarchy_of(const Cgroups *cgroups, const char *controllers);

/* Whether the comma-separated `list` holds `controller`. */
bool cgroup_list_has(const char *list, const char *controller);

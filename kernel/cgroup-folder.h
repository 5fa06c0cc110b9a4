/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the folder of a cgroup: its interface files, the limits in force there, and
 * whether it is frozen. The few functions here read below a root, since a limit in force is
 * that of a cgroup and all its ancestors.
 */
#pragma once

#include "base/root.h"
#include "facts/gaps.h"
#include "facts/snapshot.h"
#include "kernel/cgroup.h"

#include <limits.h>

/* A cgroup, to be looked at: its hierarchy and its path in it. */
struct cgroup_place {
	const struct root *root;
	const CgroupHierarchy *hierarchy;
	const char *path;			/* as in /proc/PID/cgroup */
};

/*
 * The folder of `path`. 0; -ENOTSUP when the hierarchy is not mounted; -EXDEV when its mount
 * does not show that path (a container's view); -ENAMETOOLONG.
 */
int cgroup_folder(const CgroupHierarchy *h, const char *path, char ret[PATH_MAX]);

/* Whether the folder is there: 0, -ENOENT, or another -errno. */
int cgroup_look(const struct cgroup_place *place);

/*
 * Reads the interface files that hold limits and settings and appends them. A file that is
 * not there is no value; one that cannot be read is a gap of `collector`. 0 or -ENOMEM.
 */
int cgroup_values_read(const struct cgroup_place *place, struct arena *arena,
		       CgroupValue ***value, size_t *n, struct gaps *gaps,
		       const char *collector);

/* A limit and what is used of it, in the cgroup where it leaves the least room. */
struct cgroup_room {
	bool limited;
	uint64_t limit, used;
	uint64_t tightest;			/* the smallest limit, wherever it stands */
};

struct cgroup_limits {
	struct cgroup_room memory;		/* bytes */
	struct cgroup_room pids;
	uint64_t memory_reclaimable;		/* of memory.used: page cache of files */
	struct cgroup_room folders;		/* cgroup2: below it and its ancestors */
	unsigned int missing;			/* cgroup2: folders of its path that are not there */
	bool too_deep;				/* cgroup2: an ancestor allows no folder so far below it */
};

/* Of the cgroup, or its nearest ancestor that exists, up to the root that can be seen. */
void cgroup_limits_read(const struct cgroup_place *place, struct cgroup_limits *ret);

/*
 * Whether it is frozen, and by which cgroup's own setting (its folder; "" when that could not
 * be seen). 0, -ENODATA where the hierarchy cannot freeze, -errno.
 */
int cgroup_frozen_read(const struct cgroup_place *place, bool *ret_frozen, char ret_at[PATH_MAX]);

/* Number of folders directly below, or -errno. */
int cgroup_children_count(const struct cgroup_place *place);

/* "max" and what v1 shows for "no limit" give UINT64_MAX. 0 or -EINVAL. */
int cgroup_limit_parse(struct slice text, uint64_t *ret);

/* The number behind `key` in a flat keyed file ("frozen 0\npopulated 1\n"). 0 or -ENOENT. */
int cgroup_key_parse(struct slice text, const char *key, uint64_t *ret);

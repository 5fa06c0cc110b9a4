/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup hierarchies of a machine as the calling process sees them.
 */
#pragma once

#include "base/root.h"
#include "facts/gaps.h"
#include "facts/snapshot.h"

/*
 * Fills *ret (initialised here) from /proc/self/mountinfo, /proc/self/cgroup and /proc/cgroups
 * below `root`; what cannot be read is a gap of `collector`. ret_own, when not NULL, is the
 * caller's own membership. 0 or -ENOMEM.
 */
int cgroup_view_read(const struct root *root, struct arena *arena, struct gaps *gaps,
		     const char *collector, Cgroups *ret, CgroupSet *ret_own);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules about cgroups share: whether criu restores cgroups at all, in which of its
 * modes, and who of the tree is in which.
 */
#pragma once

#include "checker/judge.h"

/* --manage-cgroups, as far as the user has decided; soft is criu's default. */
enum cgroups_mode {
	CGROUPS_SOFT,
	CGROUPS_IGNORE,
	CGROUPS_NONE,
	CGROUPS_PROPS,
	CGROUPS_FULL,
	CGROUPS_STRICT,
};

enum cgroups_mode cgroups_mode(const struct judge *j);

/*
 * Whether the image will hold cgroups: not where the whole tree is in the one set of cgroups
 * that criu itself is in, nor with --manage-cgroups=ignore.
 */
bool cgroups_are_restored(const struct judge *j);

/* Whether a task of the tree is in other cgroups than criu itself, or where that is not known. */
bool cgroups_differ(const struct judge *j);

/* Whether every name of the comma-separated list `part` stands in `whole`. */
bool cgroups_list_holds(const char *whole, const char *part);

/* What the tasks of one cgroup need. */
struct cgroups_need {
	uint64_t threads;
	uint64_t memory_kb;		/* anonymous, shared and swapped pages of its processes */
	const Process *member;		/* one of them */
	const Process *not_known;	/* a living one of whose memory nothing is known */
};

struct cgroups_need cgroups_need(const struct judge *j, const Cgroup *g);

/* The value of an interface file; NULL: it was not there. */
const char *cgroups_value(CgroupValue *const *value, size_t n, const char *name);

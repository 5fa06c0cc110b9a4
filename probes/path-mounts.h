/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of this host, sorted once: many paths are looked up by many mounts.
 */
#pragma once

#include "facts/snapshot.h"

struct mount_place {
	const Mount *mount;
	size_t number;			/* in the table, where what lies above another is below it */
};

struct path_mounts {
	struct mount_place *by_place;	/* by mountpoint, then number */
	const Mount **by_id;
	size_t n;
};

/* 0 or -ENOMEM; `f` may be NULL. */
int path_mounts_make(const Filesystems *f, struct path_mounts *ret);
void path_mounts_free(struct path_mounts *m);

/* The mount that shows `path`: of the longest mountpoint above it, the last. Or NULL. */
const Mount *path_mounts_of(const struct path_mounts *m, const char *path);

/* The mount of that number, as statx(2) has it. Or NULL. */
const Mount *path_mounts_by_id(const struct path_mounts *m, uint64_t id);

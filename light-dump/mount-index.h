/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the mount of a file.
 */
#pragma once

#include "base/cleanup.h"
#include "facts/snapshot.h"

struct mount_index {
	const Mount **by_id, **by_dev;
	size_t n;
};

/* Indexes what the snapshot holds now; the mounts must outlive the index. 0 or -ENOMEM. */
int mount_index_make(const Snapshot *s, struct mount_index *ret);
void mount_index_free(struct mount_index *m);

/* The type of the file system that a file is on, or NULL; it lives as long as its mount. */
char *mount_index_type(const struct mount_index *m, const File *f);

static inline void
cleanup_mount_index(struct mount_index *m)
{
	mount_index_free(m);
}
#define _cleanup_mount_index_ cleanup(cleanup_mount_index)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the mount of a file, and the way to a mount.
 */
#pragma once

#include "base/cleanup.h"
#include "base/root.h"
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

/*
 * The folder at the mount's place as process `pid` sees it, opened for reading with these flags
 * too. What covers the mount is opened instead of it, and the way may lead over a file system
 * that does not answer: for a child with a deadline. A descriptor, or -errno.
 */
int mount_open(const struct root *root, int pid, const Mount *m, int flags);

static inline void
cleanup_mount_index(struct mount_index *m)
{
	mount_index_free(m);
}
#define _cleanup_mount_index_ cleanup(cleanup_mount_index)

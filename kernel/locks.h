/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file lock as the kernel writes it down, in /proc/locks and behind "lock:" in fdinfo: number,
 * kind, state, access, pid of the holder, device of the superblock and inode, range.
 */
#pragma once

#include "base/arena.h"
#include "base/text.h"
#include "facts/snapshot.h"

struct lock_line {
	struct slice kind, mode, access, pid, inode, start, end;
	bool waits;			/* not held: it waits for the one above it */
};

/* Parts a line into its words. 0 or -EBADMSG. */
int lock_line_split(struct slice line, struct lock_line *ret);

/* The inode of a line: its device as major << 32 | minor, of the superblock. 0 or -EBADMSG. */
int lock_line_inode(const struct lock_line *line, uint64_t *ret_dev, uint64_t *ret_ino);

/* A fact of a line. 0, -EBADMSG or -ENOMEM. */
int lock_line_fact(struct arena *arena, const struct lock_line *line, FileLock **ret);

/* Whether a device of stat(2) can be that of a line: of some file systems it is another. `fs_type`: as in mountinfo, or NULL. */
bool lock_device_may_be(uint64_t of_line, uint64_t of_stat, const char *fs_type);

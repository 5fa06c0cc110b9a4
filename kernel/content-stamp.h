/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what a file's content is known to be the one that was read before: the inode, and what
 * the kernel moves when somebody writes to it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct content_stamp {
	uint64_t dev;			/* major << 32 | minor */
	uint64_t ino;
	uint64_t size;
	int64_t mtime_ns, ctime_ns;
	uint64_t fsid;			/* of statfs(2): a number may be dealt out to another disk; 0: not looked at */
};

/*
 * The clock of a file system may be a coarse one: what changes within this time of a look may
 * bear the stamp that was seen (as git judges its index).
 */
#define CONTENT_RACY_NS (2LL * 1000 * 1000 * 1000)

struct content_stamp content_stamp_of(const struct stat *st);
struct content_stamp content_stamp_of_statx(const struct statx *st);

/* The same in all but fsid. */
bool content_stamp_same(const struct content_stamp *a, const struct content_stamp *b);

/* Would any change after `looked_ns` (realtime clock) show itself by another stamp? */
bool content_stamp_is_settled(int64_t mtime_ns, int64_t ctime_ns, int64_t looked_ns);

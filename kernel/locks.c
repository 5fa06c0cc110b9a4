/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File locks, proc_locks(5): see locks.h. The device is in base 16, the inode in base 10; a line of
 * one who waits has "->" behind its number; an open file description's has no pid:
 *
 *     1: LEASE  ACTIVE    WRITE 4211 08:01:1310722 0 EOF
 *     2: POSIX  ADVISORY  WRITE 733 00:19:1092 0 99
 *     2: -> POSIX  ADVISORY  WRITE 734 00:19:1092 0 99
 *     3: OFDLCK ADVISORY  READ -1 00:19:1093 0 EOF
 */
#include "kernel/locks.h"

#include <errno.h>

int
lock_line_split(struct slice line, struct lock_line *ret)
{
	struct lock_line l = {};
	struct slice id;

	if (!slice_word(&line, &id) || !slice_word(&line, &l.kind))
		return -EBADMSG;
	l.waits = slice_eq(l.kind, "->");
	if ((l.waits && !slice_word(&line, &l.kind)) || !slice_word(&line, &l.mode) || !slice_word(&line, &l.access) ||
	    !slice_word(&line, &l.pid) || !slice_word(&line, &l.inode) || !slice_word(&line, &l.start) ||
	    !slice_word(&line, &l.end))
		return -EBADMSG;
	*ret = l;
	return 0;
}

int
lock_line_inode(const struct lock_line *line, uint64_t *ret_dev, uint64_t *ret_ino)
{
	struct slice rest = line->inode, high, low;
	uint32_t major_number, minor_number;
	uint64_t ino;

	if (!slice_field(&rest, ':', &high) || !slice_field(&rest, ':', &low) ||
	    parse_u32(high, 16, &major_number) < 0 || parse_u32(low, 16, &minor_number) < 0 ||
	    parse_u64(rest, 10, &ino) < 0)
		return -EBADMSG;
	*ret_dev = (uint64_t) major_number << 32 | minor_number;
	*ret_ino = ino;
	return 0;
}

int
lock_line_fact(struct arena *arena, const struct lock_line *line, FileLock **ret)
{
	FileLock *lock = NEW_FACT(arena, FileLock, file_lock);

	if (!lock)
		return -ENOMEM;
	lock->kind = arena_strndup(arena, line->kind.p, line->kind.n);
	lock->mode = arena_strndup(arena, line->mode.p, line->mode.n);
	lock->access = arena_strndup(arena, line->access.p, line->access.n);
	if (!lock->kind || !lock->mode || !lock->access)
		return -ENOMEM;
	lock->has_pid = parse_i32(line->pid, &lock->pid) == 0;
	lock->has_start = parse_u64(line->start, 10, &lock->start) == 0;
	lock->end = UINT64_MAX;
	lock->has_end = slice_eq(line->end, "EOF") || parse_u64(line->end, 10, &lock->end) == 0;
	if (!lock->has_start || !lock->has_end)
		return -EBADMSG;
	*ret = lock;
	return 0;
}

bool
lock_device_may_be(uint64_t of_line, uint64_t of_stat, const char *fs_type)
{
	return of_line == of_stat || !fs_type || streq(fs_type, "btrfs") || streq(fs_type, "overlay");
}

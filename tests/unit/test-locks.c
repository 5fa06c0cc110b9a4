/* SPDX-License-Identifier: Apache-2.0 */
/* A lock as the kernel writes it down: its words, its inode, its range. */
#include "tests/unit/test.h"

#include "kernel/locks.h"

#include <errno.h>

static void
words(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct lock_line line;
	uint64_t dev, ino;
	FileLock *lock;

	(void) state;
	assert_int_equal(lock_line_split(slice_of("3: POSIX  ADVISORY  WRITE 733 103:2f:1092 8 EOF"), &line), 0);
	assert_false(line.waits);
	assert_int_equal(lock_line_inode(&line, &dev, &ino), 0);
	assert_true(dev == (0x103ULL << 32 | 0x2f) && ino == 1092);
	assert_int_equal(lock_line_fact(arena, &line, &lock), 0);
	assert_string_equal(lock->kind, "POSIX");
	assert_string_equal(lock->mode, "ADVISORY");
	assert_string_equal(lock->access, "WRITE");
	assert_int_equal(lock->pid, 733);
	assert_true(lock->start == 8 && lock->end == UINT64_MAX);

	assert_int_equal(lock_line_split(slice_of("3: -> OFDLCK ADVISORY  READ -1 00:19:7 0 15"), &line), 0);
	assert_true(line.waits);
	assert_int_equal(lock_line_fact(arena, &line, &lock), 0);
	assert_string_equal(lock->kind, "OFDLCK");
	assert_true(lock->pid == -1 && lock->end == 15);
}

static void
odd(void **state)
{
	static const char *const bad[] = { "", "1:", "1: ->", "1: POSIX ADVISORY WRITE 5 08:01:7 0",
					   "1: -> POSIX ADVISORY WRITE 5 08:01:7 0" };
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct lock_line line;
	uint64_t dev, ino;
	FileLock *lock;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(lock_line_split(slice_of(bad[i]), &line), -EBADMSG);
	assert_int_equal(lock_line_split(slice_of("1: POSIX ADVISORY WRITE 5 08:01 x y"), &line), 0);
	assert_int_equal(lock_line_inode(&line, &dev, &ino), -EBADMSG);
	assert_int_equal(lock_line_fact(arena, &line, &lock), -EBADMSG);
}

static void
devices(void **state)
{
	(void) state;
	assert_true(lock_device_may_be(1, 1, "ext4"));
	assert_false(lock_device_may_be(1, 2, "ext4"));
	assert_true(lock_device_may_be(1, 2, "overlay"));
	assert_true(lock_device_may_be(1, 2, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(odd),
		cmocka_unit_test(devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

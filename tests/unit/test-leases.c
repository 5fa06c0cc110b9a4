/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/locks: which leases reading would break. */
#include "tests/unit/test.h"

#include "kernel/leases.h"

#include <errno.h>
#include <sys/sysmacros.h>

static bool
forbidden(const char *text, unsigned int high, unsigned int low, uint64_t ino, const char *fs_type)
{
	_cleanup_leases_ struct leases l = {};
	struct stat st = { .st_dev = makedev(high, low), .st_ino = ino };

	assert_int_equal(leases_parse(slice_of(text), &l), 0);
	return leases_forbid(&l, &st, fs_type);
}

static void
real(void **state)
{
	static const char text[] = "1: LEASE  ACTIVE    WRITE 4211 08:01:1310722 0 EOF\n"
				   "2: DELEG  ACTIVE    READ 812 00:2f:77 0 EOF\n"
				   "3: POSIX  ADVISORY  WRITE 733 00:19:1092 0 EOF\n"
				   "3: -> POSIX  ADVISORY  WRITE 734 00:19:1092 0 EOF\n"
				   "4: DELEG  ACTIVE    WRITE 812 103:2f:78 0 EOF\n";

	(void) state;
	assert_true(forbidden(text, 8, 1, 1310722, "ext4"));
	assert_false(forbidden(text, 8, 2, 1310722, "ext4"));
	assert_false(forbidden(text, 8, 1, 1310723, "ext4"));
	assert_false(forbidden(text, 0, 0x2f, 77, "nfs4"));
	assert_false(forbidden(text, 0, 0x19, 1092, "tmpfs"));
	assert_true(forbidden(text, 0x103, 0x2f, 78, "ext4"));
	/* Their devices are not those that stat(2) shows. */
	assert_true(forbidden(text, 0, 33, 1310722, "overlay"));
	assert_true(forbidden(text, 0, 33, 1310722, NULL));
	assert_false(forbidden("", 8, 1, 1310722, "ext4"));
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"1:\n", "1: LEASE ACTIVE\n", "1: LEASE ACTIVE WRITE\n", "1: LEASE ACTIVE WRITE 5\n",
		"1: LEASE ACTIVE WRITE 5 08:01\n", "1: LEASE ACTIVE WRITE 5 08:xx:1\n",
		"1: LEASE ACTIVE WRITE 5 08:01:99999999999999999999\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_leases_ struct leases l = {};

		assert_int_equal(leases_parse(slice_of(bad[i]), &l), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

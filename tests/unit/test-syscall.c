/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/task/TID/syscall. */
#include "tests/unit/test.h"

#include "kernel/syscall.h"

#include <errno.h>

static void
real(void **state)
{
	struct task_syscall s;

	(void) state;
	assert_int_equal(syscall_parse(slice_of("202 0x7f3a5c000b60 0x189 0x0 0x7ffc20b1c2d0 0x0 0xffffffff "
						"0x7ffc20b1c1f8 0x7f3a67c8a3ad\n"),
				       &s),
			 1);
	assert_int_equal(s.number, 202);
	assert_int_equal(s.argument[0], 0x7f3a5c000b60);
	assert_int_equal(s.argument[1], 0x189);
	assert_int_equal(s.argument[2], 0);
	assert_int_equal(s.argument[5], 0xffffffff);
	assert_int_equal(syscall_parse(slice_of("-1 0x7ffc20b1c1f8 0x7f3a67c8a3ad\n"), &s), 1);
	assert_int_equal(s.number, -1);
	s.number = 7;
	assert_int_equal(syscall_parse(slice_of("running\n"), &s), 0);
	assert_int_equal(s.number, 7);
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"", "\n", "run\n", "7\n", "7 0x0 0x0 0x0 0x0 0x0\n", "7 0 0 0 0 0 0 0 0\n",
		"7 0x0 0x0 0x0 0x0 0x0 0x\n", "7 0x0 0x0 0x0 0x0 0x0 0x10000000000000000\n",
		"99999999999 0x0 0x0 0x0 0x0 0x0 0x0\n",
	};
	struct task_syscall s = { .number = 7 };

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(syscall_parse(slice_of(bad[i]), &s), -EBADMSG);
	assert_int_equal(s.number, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests_name("syscall", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/timers. */
#include "tests/unit/test.h"

#include "kernel/timers.h"

static void
real(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	PosixTimer **timer = NULL;
	size_t n = 0;

	(void) state;
	assert_int_equal(timers_parse(slice_of(""), arena, &timer, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(timers_parse(slice_of("ID: 0\nsignal: 12/0000000000000000\n"
					       "notify: signal/pid.23612\nClockID: 1\n"
					       "ID: 7\nsignal: 60/00007fff86e452a8\n"
					       "notify: signal/tid.2634\nClockID: -6\n"),
				      arena, &timer, &n),
			 0);
	assert_int_equal(n, 2);
	assert_int_equal(timer[0]->id, 0);
	assert_int_equal(timer[0]->signal, 12);
	assert_string_equal(timer[0]->notify, "signal/pid.23612");
	assert_int_equal(timer[0]->clock_id, 1);
	assert_int_equal(timer[1]->id, 7);
	assert_string_equal(timer[1]->notify, "signal/tid.2634");
	assert_int_equal(timer[1]->clock_id, -6);
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"\n", "signal: 1/0\n", "ID: \n", "ID: x\n", "ID: 1\nsignal: \n", "ID: 1\nsignal: x/0\n",
		"ID: 1\nClockID: one\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
		PosixTimer **timer = NULL;
		size_t n = 0;

		assert_int_equal(timers_parse(slice_of(bad[i]), arena, &timer, &n), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}

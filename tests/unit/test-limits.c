/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/limits. */
#include "tests/unit/test.h"

#include "kernel/limits.h"

#define HEAD "Limit                     Soft Limit           Hard Limit           Units     \n"

static void
real(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Limit **limit = NULL;
	size_t n = 0;

	(void) state;
	assert_int_equal(
		limits_parse(slice_of(HEAD
				      "Max cpu time              unlimited            unlimited            seconds   \n"
				      "Max stack size            8388608              unlimited            bytes     \n"
				      "Max nice priority         0                    40                   \n"
				      "Max realtime timeout      unlimited            unlimited            us        \n"),
			     arena, &limit, &n),
		0);
	assert_int_equal(n, 4);
	assert_string_equal(limit[0]->name, "Max cpu time");
	assert_true(limit[0]->soft == UINT64_MAX);
	assert_int_equal(limit[1]->soft, 8388608);
	assert_true(limit[1]->hard == UINT64_MAX);
	assert_string_equal(limit[2]->name, "Max nice priority");
	assert_int_equal(limit[2]->soft, 0);
	assert_int_equal(limit[2]->hard, 40);
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"", "Max cpu time  1  1\n", HEAD "\n", HEAD "Max cpu time\n", HEAD "  1 1\n",
		HEAD "Max x  1\n", HEAD "Max x  one 1\n", HEAD "Max x  1 -1\n",
		HEAD "Max x  99999999999999999999 1\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
		Limit **limit = NULL;
		size_t n = 0;

		assert_int_equal(limits_parse(slice_of(bad[i]), arena, &limit, &n), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of the clocks of a time namespace. */
#include "kernel/timens.h"
#include "base/cleanup.h"

#include "tests/unit/test.h"

static void
real_text(void **state)
{
	struct timens t;

	(void) state;
	assert_int_equal(timens_parse(SLICE("monotonic      172800         0\n"
					    "boottime           -1 500000000\n"),
				      &t),
			 0);
	assert_int_equal(t.monotonic_ns, 172800LL * 1000000000);
	assert_int_equal(t.boottime_ns, -500000000);
	assert_int_equal(timens_parse(SLICE("monotonic 0 0\nboottime 0 0\nnewclock 5 6\n"), &t), 0);
	assert_int_equal(t.monotonic_ns, 0);
}

static void
no_such_text(void **state)
{
	static const char *const bad[] = {
		"monotonic",	       "monotonic 1",	       "monotonic 1 1000000000",
		"monotonic 1 -1",      "monotonic x 0",	       "\n",
		"monotonic 9223372036854775807 0", "boottime -99999999999 0",
	};
	struct timens t = { .monotonic_ns = 7 };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(timens_parse(slice_of(bad[i]), &t), -EBADMSG);
	assert_int_equal(t.monotonic_ns, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_text),
		cmocka_unit_test(no_such_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

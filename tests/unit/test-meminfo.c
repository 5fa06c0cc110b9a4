/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/meminfo. */
#include "tests/unit/test.h"

#include "kernel/meminfo.h"

#include <errno.h>

static void
real(void **state)
{
	Memory m = MEMORY__INIT;

	(void) state;
	assert_int_equal(meminfo_parse(slice_of("MemTotal:        8139592 kB\n"
						"MemFree:         6990120 kB\n"
						"MemAvailable:    7414252 kB\n"
						"SwapTotal:             0 kB\n"
						"SwapFree:              0 kB\n"
						"CommitLimit:     4069796 kB\n"
						"Committed_AS:     672856 kB\n"
						"HugePages_Total:       0\n"
						"DirectMap1G:     6291456 kB\n"),
				       &m),
			 0);
	assert_int_equal(m.total_kb, 8139592);
	assert_int_equal(m.free_kb, 6990120);
	assert_int_equal(m.available_kb, 7414252);
	assert_true(m.has_swap_total_kb);
	assert_int_equal(m.swap_free_kb, 0);
	assert_int_equal(m.commit_limit_kb, 4069796);
	assert_int_equal(m.committed_kb, 672856);
}

static void
odd(void **state)
{
	static const char *const bad[] = { "", "MemTotal\n", "MemTotal:\n", "MemTotal: x kB\n",
					   "MemTotal: 99999999999999999999 kB\n", "MemFree: 1 kB\n" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		Memory m = MEMORY__INIT;

		assert_int_equal(meminfo_parse(slice_of(bad[i]), &m), -EBADMSG);
	}
	/* An old kernel has no MemAvailable: that stays unknown. */
	{
		Memory m = MEMORY__INIT;

		assert_int_equal(meminfo_parse(slice_of("MemTotal: 5 kB"), &m), 0);
		assert_false(m.has_available_kb);
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

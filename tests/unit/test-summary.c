/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that several formats share: how old a look is.
 */
#include "reports/summary.h"

#include "tests/unit/test.h"

static void
ages(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
		{ 0, "just now" },
		{ 1, "just now" },
		{ -1, "just now" },
		{ 2, "2 s ago" },
		{ 119, "119 s ago" },
		{ 120, "2 min ago" },
		{ 7199, "119 min ago" },
		{ 7200, "2 h ago" },
		{ 200000, "2 days ago" },
		{ -90, "by a clock that is 90 s ahead" },
		{ -300, "by a clock that is 5 min ahead" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(summary_age(cases[i].s * 1000000000).text, cases[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

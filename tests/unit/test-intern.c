/* SPDX-License-Identifier: Apache-2.0 */
/* The table that finds equal things again. */
#include "tests/unit/test.h"

#include "base/cleanup.h"
#include "light-dump/intern.h"

static struct intern_key
key(uint64_t number, const char *text)
{
	return (struct intern_key){ .number = { number }, .text = slice_of(text) };
}

static void
keys_differ(void **state)
{
	_cleanup_intern_ struct intern t = { 0 };
	struct intern_key a = key(1, "x"), b = key(2, "x"), c = key(1, "y"), d = key(1, "");
	uint32_t found = 9;

	(void) state;
	assert_false(intern_find(&t, &a, &found));
	assert_int_equal(intern_add(&t, &a, 10), 0);
	assert_int_equal(intern_add(&t, &b, 20), 0);
	assert_int_equal(intern_add(&t, &d, 30), 0);
	assert_false(intern_find(&t, &c, &found));
	assert_int_equal(found, 9);
	assert_true(intern_find(&t, &a, &found));
	assert_int_equal(found, 10);
	assert_true(intern_find(&t, &b, &found));
	assert_int_equal(found, 20);
	assert_true(intern_find(&t, &d, &found));
	assert_int_equal(found, 30);
}

static void
many(void **state)
{
	enum { N = 50000 };
	_cleanup_intern_ struct intern t = { 0 };

	(void) state;
	for (uint32_t i = 0; i < N; i++) {
		struct intern_key k = key(i, "/usr/lib/x86_64-linux-gnu/libc.so.6");

		assert_int_equal(intern_add(&t, &k, i), 0);
	}
	for (uint32_t i = 0; i < N; i++) {
		struct intern_key k = key(i, "/usr/lib/x86_64-linux-gnu/libc.so.6");
		uint32_t found;

		assert_true(intern_find(&t, &k, &found));
		assert_int_equal(found, i);
	}
	assert_int_equal(t.n, N);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}

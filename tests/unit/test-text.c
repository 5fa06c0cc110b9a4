/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices and strict numbers, as truth tables.
 */
#include "base/text.h"

#include "base/cleanup.h"
#include "tests/unit/test.h"

static void
parses_only_whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int base, result;
		uint64_t value;
	} rows[] = {
		{ "0", 10, 0, 0 },
		{ "18446744073709551615", 10, 0, UINT64_MAX },
		{ "18446744073709551616", 10, -ERANGE, 0 },
		{ "99999999999999999999999", 10, -ERANGE, 0 },
		{ "ffffffffffffffff", 16, 0, UINT64_MAX },
		{ "FF", 16, 0, 255 },
		{ "777", 8, 0, 511 },
		{ "8", 8, -EINVAL, 0 },
		{ "", 10, -EINVAL, 0 },
		{ " 1", 10, -EINVAL, 0 },
		{ "1 ", 10, -EINVAL, 0 },
		{ "-1", 10, -EINVAL, 0 },
		{ "+1", 10, -EINVAL, 0 },
		{ "0x1", 16, -EINVAL, 0 },
		{ "1a", 10, -EINVAL, 0 },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 42;

		assert_int_equal(parse_u64(slice_of(rows[i].text), rows[i].base, &value), rows[i].result);
		assert_int_equal(value, rows[i].result == 0 ? rows[i].value : 42);
	}
}

static void
parses_signed_numbers(void **state)
{
	int32_t i = 7;
	int64_t l = 7;
	uint32_t u = 7;

	(void) state;
	assert_int_equal(parse_i32(slice_of("-2147483648"), &i), 0);
	assert_int_equal(i, INT32_MIN);
	assert_int_equal(parse_i32(slice_of("2147483648"), &i), -ERANGE);
	assert_int_equal(parse_i32(slice_of("--1"), &i), -EINVAL);
	assert_int_equal(parse_i32(slice_of("-"), &i), -EINVAL);
	assert_int_equal(i, INT32_MIN);
	assert_int_equal(parse_i64(slice_of("-9223372036854775808"), &l), 0);
	assert_true(l == INT64_MIN);
	assert_int_equal(parse_i64(slice_of("9223372036854775808"), &l), -ERANGE);
	assert_int_equal(parse_u32(slice_of("4294967296"), 10, &u), -ERANGE);
	assert_int_equal(u, 7);
}

static void
takes_lines_and_fields(void **state)
{
	struct slice rest = SLICE("a b\n\nc"), line, field;

	(void) state;
	assert_true(slice_line(&rest, &line));
	assert_true(slice_eq(line, "a b"));
	assert_true(slice_field(&line, ' ', &field));
	assert_true(slice_eq(field, "a"));
	assert_true(slice_field(&line, ' ', &field));
	assert_true(slice_eq(field, "b"));
	assert_false(slice_field(&line, ' ', &field));
	assert_true(slice_line(&rest, &line));
	assert_int_equal(line.n, 0);
	assert_true(slice_line(&rest, &line));
	assert_true(slice_eq(line, "c"));
	assert_false(slice_line(&rest, &line));
}

static void
takes_words(void **state)
{
	struct slice rest = SLICE("  one \t two"), word;

	(void) state;
	assert_true(slice_word(&rest, &word));
	assert_true(slice_eq(word, "one"));
	assert_true(slice_word(&rest, &word));
	assert_true(slice_eq(word, "two"));
	assert_false(slice_word(&rest, &word));
	assert_true(slice_eq(slice_trim(slice_of(" \tx y\t ")), "x y"));
	assert_int_equal(slice_trim(slice_of("  ")).n, 0);
}

static void
cuts_ends(void **state)
{
	struct slice s = SLICE("/tmp/x (deleted)");

	(void) state;
	assert_true(slice_cut_end(&s, " (deleted)"));
	assert_true(slice_eq(s, "/tmp/x"));
	assert_false(slice_cut_end(&s, " (deleted)"));
	assert_true(slice_cut(&s, "/tmp/"));
	assert_true(slice_eq(s, "x"));
	assert_false(slice_cut(&s, "xy"));
}

static void
undoes_octal_escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "/a\\040b", "/a b" },
		{ "\\134\\011\\012", "\\\t\n" },
		{ "\\04", "\\04" },		/* cut off: as it is */
		{ "\\999", "\\999" },
		{ "\\777", "\\777" },		/* above one byte */
		{ "", "" },
	};
	char out[64];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(unescape_octal(slice_of(rows[i].in), out), strlen(rows[i].out));
		assert_string_equal(out, rows[i].out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_only_whole_numbers),
		cmocka_unit_test(parses_signed_numbers),
		cmocka_unit_test(takes_lines_and_fields),
		cmocka_unit_test(takes_words),
		cmocka_unit_test(cuts_ends),
		cmocka_unit_test(undoes_octal_escapes),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

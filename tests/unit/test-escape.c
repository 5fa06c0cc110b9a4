/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text on its way out: nothing reaches a terminal that could move its cursor.
 */
#include "reports/escape.h"

#include "tests/unit/test.h"

static void
escapes_as_the_table_says(void **state)
{
	static const struct {
		const char *in, *text, *utf8;
	} rows[] = {
		{ "plain /usr/bin", "plain /usr/bin", "plain /usr/bin" },
		{ "\033[31mred", "\\x1b[31mred", "\033[31mred" },
		{ "a\nb\rc", "a\\x0ab\\x0dc", "a\nb\rc" },
		{ "\x7f", "\\x7f", "\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xff\xfe", "\\xff\\xfe", "\\xff\\xfe" },
		{ "\xc0\x80", "\\xc0\\x80", "\\xc0\\x80" },			/* overlong NUL */
		{ "\xe0\x80\x80", "\\xe0\\x80\\x80", "\\xe0\\x80\\x80" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xc3", "\\xc3", "\\xc3" },					/* cut off */
		{ "\xe2\x80\xae" "txt", "\\xe2\\x80\\xaetxt", "\xe2\x80\xae" "txt" },	/* right-to-left override */
		{ "\xc2\x9b" "31m", "\\xc2\\x9b31m", "\xc2\x9b" "31m" },		/* C1 CSI */
		{ "\xef\xb7\x90", "\\xef\\xb7\\x90", "\xef\xb7\x90" },		/* noncharacters */
		{ "\xf0\x9f\xbf\xbf", "\\xf0\\x9f\\xbf\\xbf", "\xf0\x9f\xbf\xbf" },
		{ "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer text = { 0 }, utf8 = { 0 };

		assert_int_equal(escape_text(&text, rows[i].in, strlen(rows[i].in)), 0);
		assert_string_equal(text.p, rows[i].text);
		assert_int_equal(escape_utf8(&utf8, rows[i].in, strlen(rows[i].in)), 0);
		assert_string_equal(utf8.p, rows[i].utf8);
	}
}

static void
escapes_a_nul_inside(void **state)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	(void) state;
	assert_int_equal(escape_text(&b, "a\0b", 3), 0);
	assert_string_equal(b.p, "a\\x00b");
}

static void
makes_json_text_safe_for_a_terminal(void **state)
{
	static const char in[] = "{ \"a\": \"\xc2\x9b" "31m\x7f\xe2\x80\xae\xc3\xbc\xf0\x9f\xbf\xbf\",\n }";
	_cleanup_buffer_ struct buffer b = { 0 };

	(void) state;
	assert_int_equal(escape_json_text(&b, in, sizeof(in) - 1), 0);
	assert_string_equal(b.p, "{ \"a\": \"\\u009b31m\\u007f\\u202e\xc3\xbc\\ud83f\\udfff\",\n }");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_as_the_table_says),
		cmocka_unit_test(escapes_a_nul_inside),
		cmocka_unit_test(makes_json_text_safe_for_a_terminal),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the manual and the completion make of the words in the tables.
 */
#include "tests/unit/test.h"

#include "base/buffer.h"
#include "manual/arguments.h"
#include "manual/roff.h"

static const struct roff_case {
	const char *text, *roff;
} texts[] = {
	{ "plain words", "plain words" },
	{ ".mc at the start\n.SH too\na.b", "\\&.mc at the start\n\\&.SH too\na.b" },
	{ "'tis", "\\(aqtis" },
	{ "a\\b \\", "a\\(rsb \\(rs" },
	{ "dry-run --to", "dry\\-run \\-\\-to" },
	{ "`a` ^b ~c", "\\(gaa\\(ga \\(hab \\(tic" },
	{ "a\tb", "a b" },
	{ "\xe2\x80\xa6", "\\[u2026]" },
	{ "\xc3\xa9", "\\[u00E9]" },
	{ "\xf0\x9f\x98\x80", "\\[u1F600]" },
	{ "", "" },
}, synopses[] = {
	{ "-p PID [-o FILE|-]", "\\fB\\-p \\fIPID \\fR[\\fB\\-o \\fIFILE\\fR|\\fB\\-\\fR]" },
	{ "[USER@]HOST", "\\fR[\\fIUSER\\fR@]\\fIHOST\\fR" },
	{ "text|json", "\\fBtext\\fR|\\fBjson\\fR" },
};

static void
test_roff_text(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };

		assert_int_equal(roff_text(&out, slice_of(texts[i].text)), 0);
		assert_string_equal(buffer_slice(&out).p, texts[i].roff);
	}
}

/* A sequence that the text ends in the middle of is not read beyond the end. */
static void
test_roff_text_cut_short(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };

	(void) state;
	assert_int_equal(roff_text(&out, (struct slice){ "\xe2\x80\xa6", 2 }), 0);
	assert_non_null(strstr(buffer_slice(&out).p, "\\[u00"));
}

static void
test_roff_synopsis(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(synopses); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };
		const char *want = synopses[i].roff;

		assert_int_equal(roff_synopsis(&out, synopses[i].text), 0);
		/* It is roman already. */
		assert_string_equal(buffer_slice(&out).p, strncmp(want, "\\fR", 3) == 0 ? want + 3 : want);
	}
}

static void
test_argument_kinds(void **state)
{
	(void) state;
	assert_int_equal(argument_kind(NULL), ARGUMENT_NOTHING);
	assert_int_equal(argument_kind("text|json"), ARGUMENT_WORDS);
	assert_int_equal(argument_kind("FILE"), ARGUMENT_FILE);
	assert_int_equal(argument_kind("SOURCE|-"), ARGUMENT_FILE);
	assert_int_equal(argument_kind("PATH|addr=IP"), ARGUMENT_FILE);
	assert_int_equal(argument_kind("DIR"), ARGUMENT_FOLDER);
	assert_int_equal(argument_kind("FOLDER"), ARGUMENT_FOLDER);
	assert_int_equal(argument_kind("FILE|FOLDER"), ARGUMENT_FILE);
	assert_int_equal(argument_kind("PID"), ARGUMENT_PID);
	assert_int_equal(argument_kind("[USER@]HOST"), ARGUMENT_HOST);
	assert_int_equal(argument_kind("COMMAND"), ARGUMENT_COMMAND);
	assert_int_equal(argument_kind("SECONDS"), ARGUMENT_FREE);
}

static enum argument_kind
kind_in(const char *synopsis)
{
	static const struct option_row options[] = {
		{ 'o', "output", "FILE", "", 1 },
		{ 'q', "quiet", NULL, "", 2 },
		{ 0, "root", "DIR", "", 3 },
	};
	struct command c = { .synopsis = synopsis, .options = options, .n_options = ARRAY_SIZE(options) };

	return command_argument_kind(&c);
}

static void
test_own_argument_of_a_command(void **state)
{
	(void) state;
	assert_int_equal(kind_in(""), ARGUMENT_NOTHING);
	assert_int_equal(kind_in("[-o FILE|-] [--root DIR]..."), ARGUMENT_NOTHING);
	assert_int_equal(kind_in("SOURCE [DEST] [-o FILE]"), ARGUMENT_FILE);
	assert_int_equal(kind_in("[-o FILE] [-q] SOURCE"), ARGUMENT_FILE);
	assert_int_equal(kind_in("-q FILE"), ARGUMENT_FILE);
	assert_int_equal(kind_in("[ID | TEXT] [-o FILE]"), ARGUMENT_RULE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roff_text),
		cmocka_unit_test(test_roff_text_cut_short),
		cmocka_unit_test(test_roff_synopsis),
		cmocka_unit_test(test_argument_kinds),
		cmocka_unit_test(test_own_argument_of_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text, and commands whose foreign words come from whoever names a file.
 */
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/test.h"

struct desk {
	struct assessment assessment;
	struct judge judge;
};

static void
desk_init(struct desk *d)
{
	*d = (struct desk){ .assessment.arena = arena_new(1 << 20) };
	assert_non_null(d->assessment.arena);
	d->judge.assessment = &d->assessment;
}

static void
desk_free(struct desk *d)
{
	(void) arena_free(d->assessment.arena);
}

static void
quotes_words_for_a_shell(void **state)
{
	static const struct {
		const char *word, *command;	/* NULL: no command is given */
	} rows[] = {
		{ "/srv/data", "chmod /srv/data" },
		{ "/srv/my data", "chmod '/srv/my data'" },
		{ "/srv/it's", "chmod '/srv/it'\\''s'" },
		{ "'", "chmod ''\\'''" },
		{ "", "chmod ''" },
		{ "$(reboot)", "chmod '$(reboot)'" },
		{ "a;b|c&d>e`f`*?[g]{h}~!#\\\"", "chmod 'a;b|c&d>e`f`*?[g]{h}~!#\\\"'" },
		{ "gr\xc3\xbc\xc3\x9f", "chmod 'gr\xc3\xbc\xc3\x9f'" },
		{ "a\nb", NULL },
		{ "\033[31m", NULL },
		{ "\x7f", NULL },
		{ "\xc2\x9b" "31m", NULL },		/* C1 CSI */
		{ "\xe2\x80\xae" "txt", NULL },		/* right-to-left override */
		{ "\xe2\x80\xa8", NULL },		/* line separator */
		{ "\xff", NULL },
		{ "\xc0\x80", NULL },
		{ "\xc3", NULL },
		{ "\xed\xa0\x80", NULL },
	};
	struct desk d;

	(void) state;
	desk_init(&d);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *command = quote_command(&d.judge, "chmod", rows[i].word, NULL);

		if (!rows[i].command)
			assert_null(command);
		else
			assert_string_equal(command, rows[i].command);
	}
	desk_free(&d);
}

static void
refuses_words_longer_than_any_path(void **state)
{
	static char word[5000];
	struct desk d;

	(void) state;
	desk_init(&d);
	memset(word, '\'', sizeof(word) - 1);
	assert_null(quote_command(&d.judge, "chmod", word, NULL));
	word[4096] = '\0';
	assert_non_null(quote_command(&d.judge, "chmod", word, NULL));
	desk_free(&d);
}

static void
writes_values_as_text(void **state)
{
	uint8_t four[] = { 127, 0, 0, 1 }, six[16] = { [15] = 1 }, many[100] = { 0xab };
	struct judge *j;
	struct desk d;

	(void) state;
	desk_init(&d);
	j = &d.judge;
	assert_string_equal(value_address(j, (ProtobufCBinaryData){ 4, four }, 80), "127.0.0.1:80");
	assert_string_equal(value_address(j, (ProtobufCBinaryData){ 4, four }, 0), "127.0.0.1:*");
	assert_string_equal(value_address(j, (ProtobufCBinaryData){ 4, four }, -1), "127.0.0.1");
	assert_string_equal(value_address(j, (ProtobufCBinaryData){ 16, six }, 80), "[::1]:80");
	assert_string_equal(value_address(j, (ProtobufCBinaryData){ 16, six }, -1), "::1");
	assert_string_equal(value_address(j, (ProtobufCBinaryData){ 3, four }, 1), "?:1");
	assert_string_equal(value_hex(j, (ProtobufCBinaryData){ 4, four }), "7f000001");
	assert_string_equal(value_hex(j, (ProtobufCBinaryData){ 0, NULL }), "none");
	assert_int_equal(strlen(value_hex(j, (ProtobufCBinaryData){ 100, many })), 128);
	assert_string_equal(value_bytes(j, 0), "0 bytes");
	assert_string_equal(value_bytes(j, 1023), "1023 bytes");
	assert_string_equal(value_bytes(j, 1024), "1 KiB (1024)");
	assert_string_equal(value_bytes(j, UINT64_MAX), "15 EiB (18446744073709551615)");
	assert_string_equal(value_mode(j, 0100644), "regular file 0644");
	assert_string_equal(value_mode(j, 041777), "directory 01777");
	assert_string_equal(value_mode(j, 0), "unknown kind 0000");
	assert_string_equal(value_age(j, 5000), "5 s");
	assert_string_equal(value_age(j, 600000), "10 min");
	assert_string_equal(value_age(j, 7200000ULL * 2), "4 h");
	assert_string_equal(value_age(j, 86400000ULL * 3), "3 days");
	desk_free(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_words_for_a_shell),
		cmocka_unit_test(refuses_words_longer_than_any_path),
		cmocka_unit_test(writes_values_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

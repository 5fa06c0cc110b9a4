/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns, as a truth table; fnmatch(3) is asked the same, as a second opinion. And the pattern
 * that fnmatch(3) would not end with.
 */
#include "base/glob.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <fnmatch.h>
#include <time.h>

#include "tests/unit/test.h"

static const struct {
	const char *pattern, *text;
	bool fits;
} matches[] = {
	{ "node7", "node7", true },
	{ "node7", "node71", false },
	{ "node7", "node", false },
	{ "node7", "Node7", false },
	{ "node7*", "node7", true },
	{ "node7*", "node7.example.org", true },
	{ "*.example.org", "node7.example.org", true },
	{ "*.example.org", ".example.org", true },
	{ "*.example.org", "example.org", false },
	{ "*ab*ab", "abab", true },
	{ "*ab*ab", "ab", false },
	{ "a*b*c", "a-b-b-c", true },
	{ "a*b*c", "a-c-b", false },
	{ "a**c", "abc", true },
	{ "*", "", true },
	{ "", "", true },
	{ "", "a", false },
	{ "?", "", false },
	{ "node?", "node7", true },
	{ "node?", "node17", false },
	{ "node[1-3]", "node2", true },
	{ "node[1-3]", "node4", false },
	{ "node[!1-3]", "node4", true },
	{ "node[!1-3]", "node2", false },
	{ "node[^1-3]", "node4", true },
	{ "[]]", "]", true },
	{ "[!]]", "]", false },
	{ "[a-]", "-", true },
	{ "[a-]", "b", false },
	{ "*[0-9]x", "n1y2x", true },
	{ "a\\*", "a*", true },
	{ "a\\*", "ab", false },
	{ "a\\[b", "a[b", true },
	{ "\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true },
};

static void
test_matches(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		if (glob_match(matches[i].pattern, matches[i].text) != matches[i].fits)
			fail_msg("'%s' and '%s'", matches[i].pattern, matches[i].text);
		if ((fnmatch(matches[i].pattern, matches[i].text, 0) == 0) != matches[i].fits)
			fail_msg("fnmatch(3) thinks otherwise of '%s' and '%s'", matches[i].pattern, matches[i].text);
	}
}

static const struct {
	const char *pattern;
	bool readable, plain, names_something;
} kinds[] = {
	{ "node7", true, true, true },
	{ "node*", true, false, true },
	{ "", true, true, false },
	{ "*", true, false, false },
	{ "?*", true, false, false },
	{ "*-*", true, false, false },
	{ "[a-z]*", true, false, false },
	{ "*[a]", true, false, false },
	{ "\\*", true, false, false },
	{ "*\\a", true, false, true },
	{ "[]a]", true, false, false },
	{ "*1*", true, false, true },
	{ "*\xc3\xa9", true, false, true },
	{ "[a", false, false, false },
	{ "[]", false, false, false },
	{ "[!]", false, false, false },
	{ "[z-a]", false, false, false },
	{ "b\\", false, false, true },
	{ "[", false, false, false },
	{ "[a-", false, false, false },
};

static void
test_kinds(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((glob_check(kinds[i].pattern) == 0) != kinds[i].readable)
			fail_msg("readable? '%s'", kinds[i].pattern);
		if (glob_is_plain(kinds[i].pattern) != kinds[i].plain)
			fail_msg("plain? '%s'", kinds[i].pattern);
		if (glob_names_something(kinds[i].pattern) != kinds[i].names_something)
			fail_msg("names something? '%s'", kinds[i].pattern);
		if (!kinds[i].readable)
			assert_false(glob_match(kinds[i].pattern, "a"));
	}
}

/* 85 stars over 4095 bytes: by all ways in which the stars can share the text it would take years. */
static void
test_many_stars(void **state)
{
	char pattern[256] = "", text[4096];
	clock_t began = clock();

	(void) state;
	for (size_t i = 0; i + 3 < sizeof(pattern); i += 3)
		memcpy(pattern + i, "*aa", 4);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(glob_match(pattern, text));
	text[sizeof(text) - 2] = 'b';
	assert_false(glob_match(pattern, text));
	assert_true(clock() - began < CLOCKS_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_many_stars),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}

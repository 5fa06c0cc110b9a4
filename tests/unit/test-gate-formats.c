/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats of a gate, each against its golden file and with hostile names. With arguments it
 * prints instead, so that tests/golden/gate.bats can hand the bytes to other programs' parsers:
 *
 *     test-gate-formats sarif [hostile]
 */
#include "tests/unit/gate-fixture.h"

#include "base/text.h"
#include "cli/commands.h"
#include "reports/gate-junit.h"

static const struct report_options options = { 0 };

/* Of JUnit the short form, for the full one has a case a rule: that is counted below. */
static int
report(const struct gate_reporter *r, const struct gate *g, struct buffer *out)
{
	return r->report == gate_junit ? gate_junit_within(g, 1000, out) : r->report(g, &options, out);
}

static const struct gate_reporter *
reporter(const char *name)
{
	for (size_t i = 0; i < n_gate_reporters; i++)
		if (streq(gate_reporters[i].name, name))
			return &gate_reporters[i];
	return NULL;
}

static void
test_golden(void **state)
{
	static const char *const names[] = { "json", "junit", "sarif", "github", "markdown", "prometheus" };
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, false);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_buffer_ struct buffer out = { 0 }, golden = { 0 };
		char path[80];

		assert_non_null(reporter(names[i]));
		assert_int_equal(report(reporter(names[i]), &x.gate, &out), 0);
		(void) snprintf(path, sizeof(path), "tests/golden/gate.%s", names[i]);
		if (getenv("UPDATE")) {
			_cleanup_fclose_ FILE *f = fopen(path, "we");

			assert_non_null(f);
			assert_int_equal(fwrite(out.p, 1, out.n, f), out.n);
			continue;
		}
		_cleanup_fclose_ FILE *f = fopen(path, "re");

		if (!f)
			fail_msg("%s is missing: UPDATE=1 makes it", path);
		assert_int_equal(buffer_read_fd(&golden, fileno(f), 1 << 22), 0);
		if (golden.n != out.n || memcmp(golden.p, out.p, out.n) != 0)
			fail_msg("%s is not what is written now: UPDATE=1 writes it anew, git diff shows what changed", path);
	}
	gate_fixture_free(&x);
}

/*
 * No byte moves a cursor, breaks a line, or is no UTF-8; and twice the same. (The page's script and
 * style are indented by tabs.)
 */
static void
test_hostile(void **state)
{
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, true);
	for (size_t i = 0; i < n_gate_reporters; i++) {
		_cleanup_buffer_ struct buffer out = { 0 }, again = { 0 };

		assert_int_equal(gate_reporters[i].report(&x.gate, &options, &out), 0);
		assert_int_equal(gate_reporters[i].report(&x.gate, &options, &again), 0);
		assert_int_equal(out.n, again.n);
		assert_memory_equal(out.p, again.p, out.n);
		for (size_t k = 0; k < out.n; k++)
			if ((unsigned char) out.p[k] < 0x20 && out.p[k] != '\n' &&
			    (out.p[k] != '\t' || gate_reporters[i].report != gate_html))
				fail_msg("%s: a control character at %zu", gate_reporters[i].name, k);
		assert_null(memmem(out.p, out.n, "\xe2\x80\xae", 3));
		assert_null(memmem(out.p, out.n, "\xff", 1));
		assert_null(memmem(out.p, out.n, "\n::error::x", 11));
	}
	gate_fixture_free(&x);
}

static void
test_junit_sizes(void **state)
{
	_cleanup_buffer_ struct buffer full = { 0 }, told = { 0 }, classes = { 0 };
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, false);
	assert_int_equal(gate_junit(&x.gate, &options, &full), 0);
	assert_int_equal(count_of(&full, "<testsuite "), 10);
	assert_int_equal(count_of(&full, "<testcase "), 7 * 3 * fixture_n_rules() + 3);
	assert_int_equal(gate_junit_within(&x.gate, 1000, &told), 0);
	assert_int_equal(count_of(&told, "<testsuite "), 10);
	/* What fails does not depend on how much is told of the rest. */
	assert_int_equal(count_of(&told, "<failure "), count_of(&full, "<failure "));
	assert_int_equal(count_of(&told, "<error "), count_of(&full, "<error "));
	assert_int_equal(count_of(&full, "<failure "), 5);
	assert_int_equal(gate_junit_within(&x.gate, 10, &classes), 0);
	assert_int_equal(count_of(&classes, "<testsuite "), 4 + 3);
	assert_non_null(strstr(classes.p, "<testsuite name=\"c1: node1 and 2 more\""));
	assert_non_null(strstr(classes.p, "value=\"node1, node2, node3\""));
	gate_fixture_free(&x);
}

/* A policy that fails on less makes less of what it finds. */
static void
test_policy(void **state)
{
	_cleanup_buffer_ struct buffer junit = { 0 }, github = { 0 };
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, false);
	x.policy.fail_on = GATE_FAIL_TRANSIENT;
	assert_int_equal(gate_junit(&x.gate, &options, &junit), 0);
	assert_int_equal(count_of(&junit, "<failure type=\"transient\""), 1);
	assert_int_equal(count_of(&junit, "<failure "), 1);
	assert_int_equal(count_of(&junit, "<error "), 0);
	assert_non_null(strstr(junit.p, "permanent, which --fail-on does not name"));
	assert_int_equal(gate_github(&x.gate, &options, &github), 0);
	assert_int_equal(count_of(&github, "::error "), 2);
	gate_fixture_free(&x);
}

/* Many findings: ten of each kind, and how many more. */
static void
test_github_cap(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct gate_finding many[40];
	struct gate_fixture x;

	(void) state;
	gate_fixture(&x, false);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = x.findings[i % 2 ? 0 : 7];
	x.gate.findings = many;
	x.gate.n_findings = ARRAY_SIZE(many);
	assert_int_equal(gate_github(&x.gate, &options, &out), 0);
	assert_int_equal(count_of(&out, "::error "), 10);
	assert_int_equal(count_of(&out, "::warning "), 10);
	/* Beside the result and two hosts seven of the 20 that count; a profile and a waiver come before warnings. */
	assert_non_null(strstr(out.p, "::notice title=migcheck gate::and 13 more errors, 12 more warnings, 0 more notices\n"));
	gate_fixture_free(&x);
}

/* The worst that a page can be made of stays below what GitHub takes. */
static void
test_markdown_cap(void **state)
{
	enum { MANY = 5000 };
	_cleanup_buffer_ struct buffer out = { 0 };
	struct gate_change *changes = calloc(MANY, sizeof(*changes));
	char *thing = malloc(4001);
	struct gate_fixture x;

	(void) state;
	assert_true(changes && thing);
	/* A name that is no code span, of the characters that take the most room. */
	memset(thing, '@', 4000);
	thing[0] = '`';
	thing[4000] = '\0';
	gate_fixture(&x, true);
	for (size_t i = 0; i < MANY; i++) {
		changes[i] = x.changes[1];
		changes[i].thing = changes[i].remedy = changes[i].command = thing;
	}
	x.gate.changes = changes;
	x.gate.n_changes = MANY;
	assert_int_equal(gate_markdown(&x.gate, &options, &out), 0);
	assert_in_range(out.n, 900000, (1 << 20) - 1);
	assert_non_null(strstr(out.p, " more changes, left out here*"));
	/* What comes behind it is named all the same. */
	assert_non_null(strstr(out.p, "## Classes of equal hosts"));
	assert_non_null(strstr(out.p, "*and 4 more classes, left out here*"));
	gate_fixture_free(&x);
	free(changes);
	free(thing);
}

/* The words of --format, which help, manual and completion have from there, are the rows of the table. */
static void
test_words(void **state)
{
	const struct option_row *row = NULL;
	struct slice rest, word;
	size_t n = 0;

	(void) state;
	for (size_t i = 0; i < command_gate.n_options; i++)
		if (streq(command_gate.options[i].name, "format"))
			row = &command_gate.options[i];
	assert_non_null(row);
	for (rest = slice_of(row->argument); slice_field(&rest, '|', &word); n++) {
		assert_in_range(n, 0, n_gate_reporters - 1);
		if (!slice_eq(word, gate_reporters[n].name))
			fail_msg("--format: '%.*s' stands where the table has %s", (int) word.n, word.p, gate_reporters[n].name);
		assert_true(strlen(gate_reporters[n].help) > 0);
	}
	assert_int_equal(n, n_gate_reporters);
}

static int
print(const char *name, bool hostile)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct gate_fixture x;

	assert_non_null(reporter(name));
	gate_fixture(&x, hostile);
	assert_int_equal(reporter(name)->report(&x.gate, &options, &out), 0);
	gate_fixture_free(&x);
	return fwrite(out.p, 1, out.n, stdout) == out.n ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_junit_sizes),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_github_cap),
		cmocka_unit_test(test_markdown_cap),
		cmocka_unit_test(test_words),
	};

	if (argc > 1)
		return print(argv[1], argc > 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

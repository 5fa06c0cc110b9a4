/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON walked in place, and an earlier report of a gate: what was known on which host.
 */
#include "base/json-walk.h"
#include "cli/baseline.h"

#include <fcntl.h>

#include "tests/unit/test.h"

#define PRINT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define PRINT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PRINT_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define SCHEMA "\"schema\": \"migcheck-gate-1\""

/* ---- JSON ---- */

static const struct {
	const char *text;
	size_t at;			/* how far it is well; of one that is whole: SIZE_MAX */
} texts[] = {
	{ "{}", SIZE_MAX },
	{ " [ ] \n", SIZE_MAX },
	{ "\"a\\\"b\"", SIZE_MAX },
	{ "-1.5e+3", SIZE_MAX },
	{ "[true,false,null,{\"a\":[1,\"]\"]}]", SIZE_MAX },
	{ "{\"a\":1,\"b\":{\"c\":[]}}", SIZE_MAX },
	{ "", 0 },
	{ " ", 1 },
	{ "{", 1 },
	{ "{\"a\"", 4 },
	{ "{\"a\":", 5 },
	{ "{\"a\":1", 6 },
	{ "{\"a\":1,}", 7 },
	{ "{a:1}", 1 },
	{ "[1 2]", 3 },
	{ "[1,]", 3 },
	{ "[1}", 2 },
	{ "\"a", 2 },
	{ "\"a\\", 3 },
	{ "\"a\nb\"", 2 },
	{ "{} {}", 3 },
	{ "[bad]", 1 },
};

static void
test_check(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		/* On the heap and without a NUL, so that a step over the end is seen by the sanitizers. */
		size_t n = strlen(texts[i].text), at = SIZE_MAX;
		_cleanup_free_ char *copy = malloc(n + !n);
		int r;

		memcpy(copy, texts[i].text, n);
		r = json_check((struct slice){ .p = copy, .n = n }, &at);
		if (r != (texts[i].at == SIZE_MAX ? 0 : -EINVAL) || at != texts[i].at)
			fail_msg("%s: %d, %zu", texts[i].text, r, at);
	}
}

static void
test_depth(void **state)
{
	char text[2 * (JSON_DEPTH + 1)];
	size_t at = 0;

	(void) state;
	memset(text, '[', JSON_DEPTH + 1);
	memset(text + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
	assert_int_equal(json_check((struct slice){ .p = text + 1, .n = 2 * JSON_DEPTH }, &at), 0);
	assert_int_equal(json_check((struct slice){ .p = text, .n = sizeof(text) }, &at), -EINVAL);
	assert_int_equal(at, JSON_DEPTH);
}

static void
test_walk(void **state)
{
	struct slice root = SLICE("{ \"a\" : [ 1 , \"x y\" ,{}], \"b\\\\\":\"c\\u0041\", \"d\" : {\"e\":\"f\"} }");
	struct slice rest = json_elements(json_get(root, "a")), value = { 0 }, key;

	(void) state;
	assert_true(json_element(&rest, &value) && slice_eq(value, "1"));
	assert_int_equal(json_plain_text(value).n, 0);
	assert_true(json_element(&rest, &value) && slice_eq(value, "\"x y\""));
	assert_true(slice_eq(json_plain_text(value), "x y"));
	assert_true(json_element(&rest, &value) && slice_eq(value, "{}"));
	assert_false(json_element(&rest, &value));
	assert_true(slice_eq(json_plain_text(json_get(json_get(root, "d"), "e")), "f"));
	assert_int_equal(json_get(root, "e").n, 0);
	assert_int_equal(json_get(json_get(root, "a"), "a").n, 0);
	rest = json_members(root);
	assert_true(json_member(&rest, &key, &value) && json_member(&rest, &key, &value));
	assert_true(slice_eq(key, "b\\\\") && slice_eq(value, "\"c\\u0041\""));
	assert_int_equal(json_plain_text(value).n, 0);
	assert_true(json_member(&rest, &key, &value));
	assert_false(json_member(&rest, &key, &value));
}

/* ---- reports ---- */

static int
read_text(const char *text, struct baseline *b, struct buffer *problem)
{
	_cleanup_buffer_ struct buffer copy = { 0 };

	assert_int_equal(buffer_add(&copy, text, strlen(text)), 0);
	return baseline_read(&copy, b, problem);
}

static const char report[] =
	"{ \"findings\": [\n"
	"  { \"fingerprint\": \"" PRINT_A "\", \"rule\": \"cpu-ins\", \"classes\": [ \"c1\", \"c2\" ] },\n"
	"  { \"rule\": \"cpu-ins\", \"classes\": [ \"c2\" ], \"fingerprint\": \"" PRINT_B "\", \"expired\": {} },\n"
	"  { \"fingerprint\": \"" PRINT_A "\", \"classes\": [ \"c2\" ] },\n"
	"  { \"fingerprint\": \"" PRINT_C "\", \"classes\": [ \"c1\" ], \"waived\": { \"owner\": \"o\" } } ],\n"
	"  \"classes\": [ { \"name\": \"c1\", \"hosts\": [ \"n1\", \"n2\" ] },\n"
	"  { \"name\": \"c2\", \"hosts\": [ \"n3\", \"n1\" ] },\n"
	"  { \"name\": \"c3\", \"hosts\": [ \"n4\", \"n\\u0035\" ] } ],\n"
	"  " SCHEMA ", \"cells\": [ [ 1 ] ] }\n";

static const struct {
	const char *fingerprint, *host;
	bool known;
} knowledge[] = {
	{ PRINT_A, "n1", true },
	{ PRINT_A, "n2", true },
	{ PRINT_A, "n3", true },
	{ PRINT_A, "n4", false },
	{ PRINT_A, "n5", false },
	{ PRINT_A, "n", false },
	{ PRINT_A, "", false },
	{ PRINT_B, "n1", false },	/* named twice: its first class counts */
	{ PRINT_B, "n3", true },
	{ PRINT_C, "n1", false },	/* waived then */
	{ "", "n1", false },
	{ "aaaa", "n1", false },
};

static void
test_knows(void **state)
{
	_cleanup_baseline_ struct baseline b = { 0 };
	_cleanup_buffer_ struct buffer problem = { 0 };
	int r = read_text(report, &b, &problem);

	(void) state;
	if (r < 0)
		fail_msg("%s", problem.p);
	for (size_t i = 0; i < ARRAY_SIZE(knowledge); i++)
		if (baseline_knows(&b, knowledge[i].fingerprint, knowledge[i].host) != knowledge[i].known)
			fail_msg("row %zu", i);
}

/* Cut anywhere, it is refused. */
static void
test_truncated(void **state)
{
	(void) state;
	for (size_t n = 0; n + 2 < sizeof(report); n++) {
		_cleanup_baseline_ struct baseline b = { 0 };
		_cleanup_buffer_ struct buffer problem = { 0 }, text = { 0 };

		assert_int_equal(buffer_add(&text, report, n), 0);
		assert_int_equal(baseline_read(&text, &b, &problem), -EINVAL);
		assert_non_null(strstr(problem.p, "it is no JSON, or not whole: it makes sense up to byte "));
		assert_null(b.arena);
	}
}

static const struct {
	const char *text, *says;
} refused[] = {
	{ "{}", "it is no report of a gate (made by: migcheck gate -f json)" },
	{ "[]", "it is no report of a gate" },
	{ "7", "it is no report of a gate" },
	{ "{ \"schema\": \"migcheck-report-1\" }", "it is of the form migcheck-report-1; wanted is migcheck-gate-1" },
	{ "{ \"schema\": \"migcheck-gate-2\" }", "it is of the form migcheck-gate-2; wanted is migcheck-gate-1" },
	{ "{ " SCHEMA " }", "it is damaged: a report of a gate has" },
	{ "{ " SCHEMA ", \"classes\": [], \"findings\": {} }", "it is damaged: a report of a gate has" },
	{ "{ " SCHEMA ", \"classes\": [], \"findings\": [ {} ] }", "a finding has no fingerprint" },
	{ "{ " SCHEMA ", \"classes\": [], \"findings\": [ 7 ] }", "a finding has no fingerprint" },
	{ "{ " SCHEMA ", \"classes\": [], \"findings\": [ { \"fingerprint\": \"" PRINT_A "a\" } ] }",
	  "a finding has no fingerprint" },
	{ "{ " SCHEMA ", \"classes\": [], \"findings\": [ { \"fingerprint\": \"g" PRINT_A "\" } ] }",
	  "a finding has no fingerprint" },
};

static void
test_refused(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		_cleanup_baseline_ struct baseline b = { 0 };
		_cleanup_buffer_ struct buffer problem = { 0 };
		int r = read_text(refused[i].text, &b, &problem);

		if (r != -EINVAL || !strstr(problem.p, refused[i].says))
			fail_msg("row %zu: %d %s", i, r, r < 0 ? problem.p : "read");
	}
}

/* A name that stands there a million times must cost no more than a million steps. */
static void
test_repeats(void **state)
{
	_cleanup_baseline_ struct baseline b = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 }, problem = { 0 };

	(void) state;
	assert_int_equal(buffer_printf(&text, "{ " SCHEMA ", \"findings\": [], "
				       "\"classes\": [ { \"hosts\": [ \"\""), 0);
	for (size_t i = 0; i < 1000000; i++)
		assert_int_equal(buffer_add(&text, ",\"n\"", 4), 0);
	assert_int_equal(buffer_printf(&text, "] } ] }"), 0);
	assert_int_equal(baseline_read(&text, &b, &problem), 0);
	assert_false(baseline_knows(&b, PRINT_A, "n"));
}

static void
test_files(void **state)
{
	char path[] = "/tmp/test-baseline.XXXXXX";
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
	_cleanup_baseline_ struct baseline b = { 0 };

	(void) state;
	assert_true(fd >= 0);
	assert_int_equal(baseline_load(path, &b), -EINVAL);
	assert_int_equal(write(fd, report, sizeof(report) - 1), sizeof(report) - 1);
	assert_int_equal(baseline_load(path, &b), 0);
	assert_true(baseline_knows(&b, PRINT_A, "n1"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(baseline_load(path, &b), -ENOENT);
	assert_int_equal(baseline_load("/tmp", &b), -ENOTSUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_knows),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("baseline", tests, NULL, NULL);
}

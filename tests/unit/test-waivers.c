/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waivers: which may stand, whose findings they are, when they end. Truth tables.
 */
#include "checker/waivers.h"

#include "tests/unit/test.h"

#define RULE "dst-file-content"
#define SIGNED .reason = "r", .owner = "o", .until = "2027-01-31"
#define DAY_NS INT64_C(86400000000000)

/* ---- which may stand ---- */

static const struct {
	struct waiver waiver;
	const char *says;		/* a part of the refusal; NULL: it stands */
} checks[] = {
	{ { .rule = RULE, SIGNED }, NULL },
	{ { .rule = RULE, .host = "*", .tree = "*", SIGNED }, NULL },
	{ { .rule = "dst-file-*", .host = "node7", SIGNED }, NULL },
	{ { .rule = "dst-file-*", .tree = "ng*", SIGNED }, NULL },
	{ { SIGNED }, "it names no rule; write rule:" },
	{ { .rule = RULE, .owner = "o", .until = "2027-01-31" }, "it gives no reason; write reason:" },
	{ { .rule = RULE, .reason = " \n", .owner = "o", .until = "2027-01-31" }, "it gives no reason" },
	{ { .rule = RULE, .reason = "r", .until = "2027-01-31" }, "it has no owner; write owner:" },
	{ { .rule = RULE, .reason = "r", .owner = "o" }, "it has no end; write until:" },
	{ { .rule = "*", .host = "n", SIGNED },
	  "rule: '*' would waive every rule; name one" },
	{ { .rule = "?*", .host = "n", SIGNED }, "would waive every rule" },
	{ { .rule = "*-*", .host = "n", SIGNED }, "would waive every rule" },
	{ { .rule = "[a-z]*", .tree = "t", SIGNED }, "would waive every rule" },
	{ { .rule = "dst-*", SIGNED },
	  "rule: 'dst-*' would be waived for every tree on every host; name one rule, or say for which host:" },
	{ { .rule = "dst-*", .host = "*", .tree = "?*", SIGNED },
	  "for every tree on every host" },
	{ { .rule = "dst-file-contnet", SIGNED },
	  "no rule is called 'dst-file-contnet'; did you mean dst-file-content?" },
	{ { .rule = "qqqqqqqqqqqqqqqqqqqqqqq", SIGNED },
	  "no rule is called 'qqqqqqqqqqqqqqqqqqqqqqq'; migcheck rules lists them" },
	{ { .rule = "dts-*", .host = "n", SIGNED },
	  "no rule's id is like 'dts-*'" },
	{ { .rule = RULE, .host = "node[1", SIGNED },
	  "host: 'node[1' is no pattern" },
	{ { .rule = RULE, .tree = "", SIGNED },
	  "tree: is empty; leave the line out" },
};

static void
test_checks(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		_cleanup_buffer_ struct buffer problem = { 0 };
		struct waiver w = checks[i].waiver;
		int r = waiver_check(&w, &problem);

		if (!checks[i].says && r < 0)
			fail_msg("row %zu is refused: %s", i, problem.p);
		if (!checks[i].says)
			continue;
		assert_int_equal(r, -EINVAL);
		if (!strstr(problem.p, checks[i].says))
			fail_msg("row %zu says: %s", i, problem.p);
	}
}

static void
test_long_pattern(void **state)
{
	_cleanup_buffer_ struct buffer problem = { 0 };
	char host[258];
	struct waiver w = { .rule = RULE, .host = host, SIGNED };

	(void) state;
	memset(host, 'n', sizeof(host));
	host[257] = '\0';
	assert_int_equal(waiver_check(&w, &problem), -EINVAL);
	assert_string_equal(problem.p, "host: is longer than 256 bytes");
	host[256] = '\0';
	assert_int_equal(waiver_check(&w, &problem), 0);
}

/* The seconds are those of: date -u -d 'DAY + 1 day' +%s */
static const struct {
	const char *day;
	int64_t after_s;		/* 0: there is no such day */
} days[] = {
	{ "2000-01-01", 946771200 },
	{ "2000-02-29", 951868800 },
	{ "2026-12-31", 1798761600 },
	{ "2027-01-31", 1801440000 },
	{ "2028-02-29", 1835481600 },
	{ "2100-02-28", 4107542400 },
	{ "2199-12-31", 7258118400 },
	{ "2026-02-30", 0 },
	{ "2027-02-29", 0 },
	{ "2100-02-29", 0 },
	{ "2026-04-31", 0 },
	{ "2026-13-01", 0 },
	{ "2026-00-10", 0 },
	{ "2026-01-00", 0 },
	{ "1999-12-31", 0 },
	{ "2200-01-01", 0 },
	{ "9999-12-31", 0 },
	{ "2026-1-31", 0 },
	{ "26-01-2031", 0 },
	{ "2026/01/31", 0 },
	{ "2026-01-31 ", 0 },
	{ "2026-01-31-", 0 },
	{ "2026-01-31-1", 0 },
	{ "+026-01-31", 0 },
	{ "2026-01-31T00:00:00Z", 0 },
	{ "tomorrow", 0 },
};

static void
test_days(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(days); i++) {
		_cleanup_buffer_ struct buffer problem = { 0 };
		struct waiver w = { .rule = RULE, .reason = "r", .owner = "o", .until = days[i].day };
		int r = waiver_check(&w, &problem);

		if ((r == 0) != (days[i].after_s != 0) || w.until_ns != days[i].after_s * 1000000000)
			fail_msg("%s: %d, ends at %lld", days[i].day, r, (long long) w.until_ns);
		if (r < 0)
			assert_non_null(strstr(problem.p, "is no day from 2000 to 2199; write it as 2027-01-31"));
	}
}

/* ---- whose findings ---- */

static const struct {
	struct waiver waiver;
	const char *rule, *host, *tree;
	bool fits;
} fits[] = {
	{ { .rule = RULE }, RULE, "node7", "nginx", true },
	{ { .rule = RULE }, RULE, NULL, NULL, true },
	{ { .rule = RULE }, "dst-file-conten", "node7", "nginx", false },
	{ { .rule = "dst-file-*" }, RULE, "node7", "nginx", true },
	{ { .rule = RULE, .host = "node7*" }, RULE, "node71", "nginx", true },
	{ { .rule = RULE, .host = "node7*" }, RULE, "node8", "nginx", false },
	{ { .rule = RULE, .host = "*" }, RULE, NULL, "nginx", false },
	{ { .rule = RULE, .tree = "nginx" }, RULE, "node7", "nginx", true },
	{ { .rule = RULE, .tree = "nginx" }, RULE, "node7", "redis", false },
	{ { .rule = RULE, .tree = "nginx" }, RULE, "node7", NULL, false },
	{ { .rule = RULE, .host = "node?", .tree = "ng*" }, RULE, "node7", "nginx", true },
	{ { .rule = RULE, .host = "node?", .tree = "ng*" }, RULE, "node77", "nginx", false },
};

static void
test_fits(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(fits); i++) {
		struct waiver one = fits[i].waiver;
		struct waivers w = { .waiver = &one, .n = 1 };
		const struct waiver *found = NULL;
		enum waiver_state is;

		one.until_ns = 1;
		is = waivers_match(&w, fits[i].rule, fits[i].host, fits[i].tree, 0, &found);
		if (is != (fits[i].fits ? WAIVER_HOLDS : WAIVER_NONE))
			fail_msg("row %zu", i);
		assert_ptr_equal(found, fits[i].fits ? &one : NULL);
		assert_int_equal(one.matched, fits[i].fits);
		assert_ptr_equal(waivers_unused(&w, NULL), fits[i].fits ? NULL : &one);
	}
}

/* Two waivers of one finding; which of them it is, by the day. */
static void
test_which(void **state)
{
	struct waiver both[] = {
		{ .rule = RULE, .until_ns = DAY_NS },
		{ .rule = RULE, .until_ns = 2 * DAY_NS },
	};
	struct waivers w = { .waiver = both, .n = 2 };
	const struct waiver *found = NULL;

	(void) state;
	assert_int_equal(waivers_match(&w, RULE, "h", "t", DAY_NS - 1, &found), WAIVER_HOLDS);
	assert_ptr_equal(found, &both[0]);
	assert_int_equal(waivers_match(&w, RULE, "h", "t", DAY_NS, &found), WAIVER_HOLDS);
	assert_ptr_equal(found, &both[1]);
	assert_int_equal(waivers_match(&w, RULE, "h", "t", 2 * DAY_NS, &found), WAIVER_EXPIRED);
	assert_ptr_equal(found, &both[0]);
	assert_int_equal(both[0].matched, 3);
	assert_int_equal(both[1].matched, 3);
}

static void
test_unused(void **state)
{
	struct waiver three[] = { { .rule = "a" }, { .rule = "b" }, { .rule = "c" } };
	struct waivers w = { .waiver = three, .n = 3 }, none = { 0 };
	const struct waiver *found = NULL;

	(void) state;
	assert_int_equal(waivers_match(&w, "b", "h", "t", 0, &found), WAIVER_EXPIRED);
	assert_ptr_equal(waivers_unused(&w, NULL), &three[0]);
	assert_ptr_equal(waivers_unused(&w, &three[0]), &three[2]);
	assert_null(waivers_unused(&w, &three[2]));
	assert_null(waivers_unused(&none, NULL));
	assert_int_equal(waivers_match(&none, "b", "h", "t", 0, &found), WAIVER_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_long_pattern),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_which),
		cmocka_unit_test(test_unused),
	};

	return cmocka_run_group_tests_name("waivers", tests, NULL, NULL);
}

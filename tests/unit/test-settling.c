/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of transient blockers from look to look.
 */
#include "tests/unit/test.h"

#include "base/cleanup.h"
#include "checker/settling.h"

static const struct rule of_here = { .id = "of-here" };
static const struct rule of_there = { .id = "of-there", .destination_needs = 1 };

static struct finding
found(const struct rule *rule, const char *thing, enum lifetime lifetime, enum severity severity)
{
	return (struct finding){ .rule = rule, .thing = thing, .lifetime = lifetime, .severity = severity };
}

/* An assessment of these findings, in which the rule of_here is this sure. */
static struct assessment
assessed(struct finding *f, size_t n, enum outcome outcome)
{
	static struct rule_outcome outcomes[2];

	outcomes[0] = (struct rule_outcome){ .rule = &of_here, .outcome = outcome };
	outcomes[1] = (struct rule_outcome){ .rule = &of_there, .outcome = OUTCOME_PASSED };
	return (struct assessment){ .findings = f, .n_findings = n, .outcomes = outcomes, .n_outcomes = 2 };
}

static void
look(struct settling *s, struct finding *f, size_t n, enum outcome outcome, uint64_t at_ms)
{
	struct assessment a = assessed(f, n, outcome);

	assert_int_equal(settling_look(s, &a, at_ms), 0);
}

static void
test_gone_and_stayed(void **state)
{
	struct settling s cleanup(cleanup_settling) = { 0 };
	struct finding f[] = {
		found(&of_here, "fd 3", LIFETIME_TRANSIENT, SEVERITY_BLOCKER),
		found(&of_here, "fd 4", LIFETIME_TRANSIENT, SEVERITY_BLOCKER),
		found(&of_here, "fd 5", LIFETIME_PERMANENT, SEVERITY_BLOCKER),
		found(&of_here, "fd 6", LIFETIME_TRANSIENT, SEVERITY_WARNING),
	};

	(void) state;
	assert_int_equal(settling_init(&s), 0);
	look(&s, f, 4, OUTCOME_FAILED, 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(settling_open(&s), 2);
	look(&s, f, 1, OUTCOME_FAILED, 100);
	assert_int_equal(s.things[1].end, SETTLED_GONE);
	look(&s, f, 1, OUTCOME_FAILED, 300);
	assert_int_equal(s.things[1].until_ms, 100);
	assert_int_equal(s.things[0].end, SETTLED_STAYED);
	assert_int_equal(s.things[0].until_ms, 300);
	assert_int_equal(settling_open(&s), 1);
	/* What comes back is not gone, what becomes permanent is not waited for. */
	f[0].lifetime = LIFETIME_PERMANENT;
	look(&s, f, 2, OUTCOME_FAILED, 500);
	assert_int_equal(s.things[1].end, SETTLED_STAYED);
	assert_int_equal(s.things[0].lifetime, LIFETIME_PERMANENT);
	assert_int_equal(settling_open(&s), 1);
}

static void
test_unknown_is_not_gone(void **state)
{
	struct settling s cleanup(cleanup_settling) = { 0 };
	struct finding f = found(&of_here, "fd 3", LIFETIME_TRANSIENT, SEVERITY_BLOCKER);

	(void) state;
	assert_int_equal(settling_init(&s), 0);
	look(&s, &f, 1, OUTCOME_FAILED, 0);
	look(&s, NULL, 0, OUTCOME_UNKNOWN, 100);
	assert_int_equal(s.things[0].end, SETTLED_UNKNOWN);
	assert_int_equal(settling_open(&s), 1);
	look(&s, NULL, 0, OUTCOME_PASSED, 200);
	assert_int_equal(s.things[0].end, SETTLED_GONE);
	assert_int_equal(s.things[0].until_ms, 200);
}

static void
test_what_comes_later(void **state)
{
	struct settling s cleanup(cleanup_settling) = { 0 };
	struct finding f = found(&of_here, "fd 3", LIFETIME_TRANSIENT, SEVERITY_BLOCKER);

	(void) state;
	assert_int_equal(settling_init(&s), 0);
	look(&s, NULL, 0, OUTCOME_PASSED, 0);
	look(&s, &f, 1, OUTCOME_FAILED, 100);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.things[0].came_ms, 100);
}

static void
test_saved_source(void **state)
{
	struct settling s cleanup(cleanup_settling) = { 0 };
	struct finding f[] = {
		found(&of_here, "fd 3", LIFETIME_TRANSIENT, SEVERITY_BLOCKER),
		found(&of_there, "pid 7", LIFETIME_TRANSIENT, SEVERITY_BLOCKER),
	};

	(void) state;
	assert_int_equal(settling_init(&s), 0);
	s.there_only = true;
	look(&s, f, 2, OUTCOME_FAILED, 0);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.things[0].thing, "pid 7");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gone_and_stayed),
		cmocka_unit_test(test_unknown_is_not_gone),
		cmocka_unit_test(test_what_comes_later),
		cmocka_unit_test(test_saved_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

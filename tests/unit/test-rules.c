/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every case of tests/rules (see the README there) through the whole check, and fails for
 * a registered rule that lacks a case that fires or one that stays quiet.
 */
#include "tests/unit/cases.h"

#include "checker/assessment.h"
#include "checker/options.h"

/* The value of the first line of expect.txt that begins with `key`; NULL: none. */
static char *
expected(const struct rule_case *c, const char *key)
{
	struct slice rest = buffer_slice(&c->expect), line, word;

	while (slice_line(&rest, &line))
		if (slice_field(&line, ' ', &word) && slice_eq(word, key))
			return strndup(line.p, line.n);
	return NULL;
}

static bool
matches(const struct rule_case *c, const char *key, const char *value)
{
	_cleanup_free_ char *want = expected(c, key);

	return !want || (value && streq(want, value));
}

static bool
has_holder(const struct rule_case *c, const struct finding *f)
{
	_cleanup_free_ char *want = expected(c, "holder");
	bool found = !want;

	for (size_t i = 0; want && i < f->n_holders; i++)
		found |= streq(f->holders[i], want);
	return found;
}

static bool
finding_matches(const struct rule_case *c, const struct finding *f)
{
	return streq(f->rule->id, c->id) && matches(c, "lifetime", lifetime_name(f->lifetime)) &&
	       matches(c, "stage", stage_name(f->stage)) && matches(c, "severity", severity_name(f->severity)) &&
	       matches(c, "confidence", confidence_name(f->confidence)) && matches(c, "thing", f->thing) &&
	       matches(c, "here", f->here) && matches(c, "there", f->there) &&
	       matches(c, "option", f->option) && matches(c, "detail", f->detail) &&
	       matches(c, "remedy", f->remedy) && matches(c, "command", f->command) && has_holder(c, f);
}

static void
tell_findings(const struct rule_case *c, const struct assessment *a)
{
	for (size_t i = 0; i < a->n_findings; i++) {
		const struct finding *f = &a->findings[i];

		if (streq(f->rule->id, c->id))
			fprintf(stderr, "    %s %s %s %s, thing '%s', here '%s', there '%s', option '%s', holder '%s'\n",
				stage_name(f->stage), lifetime_name(f->lifetime), severity_name(f->severity),
				confidence_name(f->confidence), f->thing, f->here ? f->here : "",
				f->there ? f->there : "", f->option ? f->option : "",
				f->n_holders ? f->holders[0] : "");
	}
	for (size_t i = 0; i < a->n_unknowns; i++)
		if (streq(a->unknowns[i].rule->id, c->id))
			fprintf(stderr, "    unknown: %s: %s (%s)\n", a->unknowns[i].thing, a->unknowns[i].missing,
				a->unknowns[i].because ? a->unknowns[i].because : "no gap");
}

static void
judge_findings(const struct rule_case *c, const struct assessment *a)
{
	_cleanup_free_ char *number = expected(c, "findings");
	size_t n = 0, like = 0;

	for (size_t i = 0; i < a->n_findings; i++) {
		n += streq(a->findings[i].rule->id, c->id);
		like += finding_matches(c, &a->findings[i]);
	}
	if (n && !like) {
		COMPLAIN(c, "no finding is like the one expected; there are:");
		tell_findings(c, a);
	}
	if (number && (size_t) atol(number) != n) {
		COMPLAIN(c, "%s findings expected, %zu found", number, n);
		tell_findings(c, a);
	}
}

static bool
asks(const struct requirement *q, const char *id)
{
	for (size_t i = 0; i < q->n_rules; i++)
		if (streq(q->rules[i]->id, id))
			return true;
	return false;
}

/* `wanted` is "--option VALUE", or "dump --option VALUE". */
static bool
required(const struct assessment *a, const char *id, struct slice wanted, bool offered)
{
	for (size_t i = 0; i < a->n_requirements; i++) {
		const struct requirement *q = &a->requirements[i];
		struct slice option = wanted;

		if (q->offered != offered || (id && !asks(q, id)))
			continue;
		if (slice_cut(&option, stage_name(q->stage)))
			slice_cut(&option, " ");
		if (slice_eq(option, q->option))
			return true;
	}
	return false;
}

static bool
requires_anything(const struct assessment *a, const char *id)
{
	for (size_t i = 0; i < a->n_requirements; i++)
		if (!a->requirements[i].offered && asks(&a->requirements[i], id))
			return true;
	return false;
}

/* Says how many requirements were expected. */
static size_t
judge_requirements(const struct rule_case *c, const struct assessment *a)
{
	struct slice rest = buffer_slice(&c->expect), line;
	size_t n = 0;

	while (slice_line(&rest, &line)) {
		if (slice_cut(&line, "requires ")) {
			n++;
			if (!required(a, c->id, line, false))
				COMPLAIN(c, "does not require %.*s", (int) line.n, line.p);
		} else if (slice_cut(&line, "offers ")) {
			if (!required(a, c->id, line, true))
				COMPLAIN(c, "does not offer %.*s", (int) line.n, line.p);
		} else if (slice_cut(&line, "requires-not ") && required(a, NULL, line, false)) {
			COMPLAIN(c, "requires %.*s", (int) line.n, line.p);
		}
	}
	return n;
}

static void
judge_unknowns(const struct rule_case *c, const struct assessment *a)
{
	_cleanup_free_ char *missing = expected(c, "missing");
	bool found = !missing;

	for (size_t i = 0; missing && i < a->n_unknowns; i++)
		found |= streq(a->unknowns[i].rule->id, c->id) && streq(a->unknowns[i].missing, missing);
	if (!found) {
		COMPLAIN(c, "misses '%s' not", missing);
		tell_findings(c, a);
	}
}

static void
judge_outcome(const struct rule_case *c, const struct assessment *a, const struct rule_outcome *o)
{
	_cleanup_free_ char *outcome = expected(c, "outcome"), *verdict = expected(c, "verdict");
	size_t requirements = judge_requirements(c, a);

	if (outcome && !streq(outcome, outcome_name(o->outcome))) {
		COMPLAIN(c, "outcome %s, not %s", outcome_name(o->outcome), outcome);
		tell_findings(c, a);
	}
	if (verdict && !streq(verdict, verdict_name(a->verdict)))
		COMPLAIN(c, "verdict %s, not %s", verdict_name(a->verdict), verdict);
	if (c->fires && o->outcome != OUTCOME_FAILED && requirements == 0)
		COMPLAIN(c, "does not fire");
	if (!c->fires && !outcome && o->outcome != OUTCOME_PASSED && o->outcome != OUTCOME_NOT_APPLICABLE) {
		COMPLAIN(c, "is not quiet but %s", outcome_name(o->outcome));
		tell_findings(c, a);
	}
	if (!c->fires && requirements == 0 && requires_anything(a, c->id))
		COMPLAIN(c, "requires something");
}

static void
run_case(const struct rule_case *c)
{
	_cleanup_free_ char *given = expected(c, "given"), *cap = expected(c, "cpu-cap");
	_cleanup_free_ char *masked = expected(c, "cpu-masked"), *now = expected(c, "now");
	_cleanup_options_ struct given_options criu = { 0 };
	_cleanup_buffer_ struct buffer problem = { 0 };
	const struct check_options options = {
		.now_ns = now ? atoll(now) : 1700000000000000000,
		.criu_options = given ? &criu : NULL,
		.cpu_cap = cap,
		.cpu_masked = masked,
	};
	struct assessment a;
	const struct rule_outcome *o = NULL;

	if (!rule_find(c->id)) {
		COMPLAIN(c, "no such rule");
		return;
	}
	if (given && options_parse(given, &criu, &problem) < 0) {
		COMPLAIN(c, "given: %s", problem.p);
		return;
	}
	assert_int_equal(check(snapshots[c->source].facts,
			       c->destination < 0 ? NULL : snapshots[c->destination].facts, &options, &a),
			 0);
	for (size_t i = 0; i < a.n_outcomes; i++)
		if (streq(a.outcomes[i].rule->id, c->id))
			o = &a.outcomes[i];
	assert_non_null(o);
	judge_outcome(c, &a, o);
	judge_findings(c, &a);
	judge_unknowns(c, &a);
	assessment_free(&a);
}

static void
test_cases(void **state)
{
	(void) state;
	failures = 0;
	for (size_t i = 0; i < n_cases; i++)
		if (cases[i].source >= 0)
			run_case(&cases[i]);
	assert_int_equal(failures, 0);
}

static bool
has_case(const char *id, bool fires)
{
	for (size_t i = 0; i < n_cases; i++)
		if (cases[i].fires == fires && streq(cases[i].id, id))
			return true;
	return false;
}

static void
test_every_rule_has_cases(void **state)
{
	int missing = 0;

	(void) state;
	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++) {
			const char *id = rulesets[i]->rules[k].id;

			for (int fires = 0; fires < 2; fires++)
				if (!has_case(id, fires)) {
					fprintf(stderr, "%s: no %s case\n", id, fires ? "fires" : "quiet");
					missing++;
				}
		}
	assert_int_equal(missing, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_every_rule_has_cases),
	};

	return cmocka_run_group_tests(tests, cases_load, cases_unload);
}

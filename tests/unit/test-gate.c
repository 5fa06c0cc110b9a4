/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of one host must be judged as that host is by itself: every case of tests/rules goes
 * through both. Then what a policy makes of hosts that are ready, blocked, waiting or undecided.
 */
#include "tests/unit/cases.h"

#include "checker/gate.h"

static const struct check_options undecided = { .now_ns = 1700000000000000000 };

/* A gate of one tree and one class of `n` hosts. */
struct one {
	struct gate gate;
	struct gate_policy policy;
	struct gate_tree tree;
	struct gate_class class;
	struct gate_host hosts[4];
};

/* All steps, with the facts of the class as the answers to its tree. */
static void
judge_one(struct one *o)
{
	struct assessment a;

	assert_int_equal(gate_begin(&o->gate), 0);
	assert_int_equal(gate_check_class(&o->gate, &o->class.facts, &a), 0);
	assert_int_equal(gate_take_class(&o->gate, 0, &a), 0);
	assert_int_equal(gate_conclude(&o->gate), 0);
}

static void
judge(struct one *o, const Snapshot *source, const Snapshot *there, size_t n)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	assert_true(n <= ARRAY_SIZE(o->hosts));
	o->policy.check = &undecided;
	o->tree = (struct gate_tree){ .name = "tree", .file = "tree.mc", .source = source };
	o->class = (struct gate_class){ .name = "c1", .facts = there, .n = n };
	for (size_t i = 0; i < n; i++)
		o->hosts[i] = (struct gate_host){ .name = names[i], .file = names[i] };
	o->gate = (struct gate){
		.arena = arena_new(MAX_ARENA_BYTES),
		.policy = &o->policy,
		.now_ns = undecided.now_ns,
		.trees = &o->tree,
		.n_trees = 1,
		.hosts = o->hosts,
		.n_hosts = n,
		.n_judged = n,
		.classes = &o->class,
		.n_classes = 1,
	};
	assert_non_null(o->gate.arena);
	judge_one(o);
}

/* That what was not asked is unknown, as a check has it, and not "not asked". */
static void
answer_in_full(struct snapshot *there)
{
	static uint8_t asked[1];

	if (!there->facts->header)
		there->facts->header = NEW_FACT(there->arena, Header, header);
	SET_FACT(there->facts->header, asked_sha256, ((ProtobufCBinaryData){ .len = 1, .data = asked }));
}

static int
compare_case(const struct rule_case *c)
{
	struct one o = { .policy = { .now = true, .fail_on = GATE_FAIL_PERMANENT } };
	const Snapshot *source = snapshots[c->source].facts, *there = snapshots[c->destination].facts;
	const struct gate_cell *cell;
	struct assessment a;
	size_t unknown = 0, folded = 0;
	int r;

	assert_int_equal(check(source, there, &undecided, &a), 0);
	judge(&o, source, there, 1);
	cell = gate_cell(&o.gate, 0, 0);
	for (size_t i = 0; i < a.n_unknowns; i++)
		unknown += a.unknowns[i].rule->severity == SEVERITY_BLOCKER;
	for (size_t i = 0; i < cell->n_finding; i++)
		folded += !o.gate.findings[cell->finding[i]].unknown;
	r = cell->verdict != a.verdict || cell->permanent != a.permanent || cell->transient != a.transient ||
	    folded != a.n_findings || !cell->unknown != !unknown;
	for (size_t i = 0; i < a.n_outcomes; i++)
		r |= cell->outcome[i] != a.outcomes[i].outcome;
	if (r)
		fprintf(stderr, "%s: %s and %zu findings by itself, %s and %zu in a pool\n", c->folder,
			verdict_name(a.verdict), a.n_findings, verdict_name(cell->verdict), folded);
	(void) arena_free(o.gate.arena);
	assessment_free(&a);
	return r;
}

static void
test_one_host_is_judged_as_by_itself(void **state)
{
	int differ = 0;

	(void) state;
	for (size_t i = 0; i < n_cases; i++) {
		if (cases[i].source < 0 || cases[i].destination < 0)
			continue;
		answer_in_full(&snapshots[cases[i].destination]);
		differ += compare_case(&cases[i]);
	}
	assert_int_equal(differ, 0);
}

/* Each rule that is left out for want of answers, though the source itself hides subjects from it. */
static int
left_out(const struct gate_cell *cell)
{
	size_t rule = 0;
	int n = 0;

	for (size_t k = 0; k < n_rulesets; k++)
		for (size_t m = 0; m < rulesets[k]->n; m++, rule++)
			n += rulesets[k]->rules[m].source_needs & NEEDS(DOMAIN__DOMAIN_FILES) &&
			     rulesets[k]->rules[m].of_the_moment != MOMENT_ONLY &&
			     cell->outcome[rule] == OUTCOME_NOT_ASKED;
	return n;
}

/* A profile that was not asked about the tree is no reason not to know the host, nor the tree. */
static void
test_what_is_not_asked(void **state)
{
	Host unknown = HOST__INIT;
	Header header = HEADER__INIT;
	Gap gap = GAP__INIT, *gaps[] = { &gap };
	Snapshot there = SNAPSHOT__INIT;

	(void) state;
	SET_FACT(&gap, domain, DOMAIN__DOMAIN_FILES);
	there.header = &header;
	there.host = &unknown;
	for (size_t i = 0; i < n_cases; i++) {
		struct one o = { .policy = { .fail_on = GATE_FAIL_PERMANENT } };
		Snapshot source;

		if (cases[i].source < 0 || cases[i].destination < 0)
			continue;
		source = *snapshots[cases[i].source].facts;
		judge(&o, &source, &there, 1);
		assert_int_not_equal(gate_cell(&o.gate, 0, 0)->verdict, VERDICT_READY);
		(void) arena_free(o.gate.arena);
		source.gap = gaps;
		source.n_gap = 1;
		judge(&o, &source, &there, 1);
		assert_int_equal(left_out(gate_cell(&o.gate, 0, 0)), 0);
		(void) arena_free(o.gate.arena);
	}
}

/* The first case whose check ends so. */
static const struct rule_case *
case_with(enum verdict v)
{
	for (size_t i = 0; i < n_cases; i++) {
		struct assessment a;
		enum verdict said;

		if (cases[i].source < 0 || cases[i].destination < 0)
			continue;
		answer_in_full(&snapshots[cases[i].destination]);
		assert_int_equal(check(snapshots[cases[i].source].facts, snapshots[cases[i].destination].facts,
				       &undecided, &a), 0);
		said = a.verdict;
		assessment_free(&a);
		if (said == v)
			return &cases[i];
	}
	return NULL;
}

static enum gate_result
result(enum verdict v, unsigned int fail_on, size_t min_hosts, size_t unseen)
{
	const struct rule_case *c = case_with(v);
	struct one o = { .policy = { .now = true, .fail_on = fail_on, .min_hosts = min_hosts } };
	enum gate_result r;

	assert_non_null(c);
	judge(&o, snapshots[c->source].facts, snapshots[c->destination].facts, 2);
	(void) arena_free(o.gate.arena);
	if (unseen == 0)
		return o.gate.result;
	/* Once more, with hosts that nobody saw. */
	o.gate = (struct gate){
		.arena = arena_new(MAX_ARENA_BYTES), .policy = &o.policy, .now_ns = undecided.now_ns,
		.trees = &o.tree, .n_trees = 1, .hosts = o.hosts, .n_hosts = 2, .n_judged = 2,
		.n_unseen = unseen, .classes = &o.class, .n_classes = 1,
	};
	o.tree = (struct gate_tree){ .name = "tree", .file = "tree.mc", .source = o.tree.source };
	judge_one(&o);
	r = o.gate.result;
	(void) arena_free(o.gate.arena);
	return r;
}

#define P GATE_FAIL_PERMANENT
#define T GATE_FAIL_TRANSIENT
#define U GATE_FAIL_UNDECIDED

static const struct {
	enum verdict verdict;		/* of both hosts */
	unsigned int fail_on;
	size_t min_hosts, unseen;
	enum gate_result result;
} rows[] = {
	{ VERDICT_READY, P | T | U, 0, 0, GATE_MET },
	{ VERDICT_READY, P | U, 0, 1, GATE_UNJUDGED },
	{ VERDICT_READY, P, 0, 1, GATE_MET },
	{ VERDICT_READY, P | U, 2, 0, GATE_MET },
	{ VERDICT_READY, P | U, 2, 1, GATE_MET },
	{ VERDICT_READY, P | U, 3, 1, GATE_UNJUDGED },
	{ VERDICT_READY, P | U, 3, 0, GATE_BROKEN },
	{ VERDICT_BLOCKED, P | U, 0, 0, GATE_BROKEN },
	{ VERDICT_BLOCKED, P | U, 0, 1, GATE_BROKEN },
	{ VERDICT_BLOCKED, T | U, 0, 0, GATE_MET },
	{ VERDICT_BLOCKED, 0, 1, 0, GATE_BROKEN },
	{ VERDICT_BLOCKED, P, 1, 1, GATE_UNJUDGED },
	{ VERDICT_RETRY, P | U, 0, 0, GATE_MET },
	{ VERDICT_RETRY, P | T | U, 0, 0, GATE_TRANSIENT },
	{ VERDICT_RETRY, P | T | U, 0, 1, GATE_UNJUDGED },
	{ VERDICT_RETRY, P | U, 2, 0, GATE_TRANSIENT },
	{ VERDICT_RETRY, P | U, 3, 0, GATE_BROKEN },
	{ VERDICT_UNDECIDED, P | U, 0, 0, GATE_UNJUDGED },
	{ VERDICT_UNDECIDED, P | T, 0, 0, GATE_MET },
	{ VERDICT_UNDECIDED, P | U, 1, 0, GATE_UNJUDGED },
};

static void
test_policies(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum gate_result r = result(rows[i].verdict, rows[i].fail_on, rows[i].min_hosts, rows[i].unseen);

		if (r != rows[i].result)
			fprintf(stderr, "row %zu: %s, not %s\n", i, gate_result_name(r),
				gate_result_name(rows[i].result));
		assert_int_equal(r, rows[i].result);
	}
}

static void
test_exit_codes(void **state)
{
	(void) state;
	assert_int_equal(gate_exit_code(GATE_MET), 0);
	assert_int_equal(gate_exit_code(GATE_BROKEN), 1);
	assert_int_equal(gate_exit_code(GATE_TRANSIENT), 3);
	assert_int_equal(gate_exit_code(GATE_UNJUDGED), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_host_is_judged_as_by_itself),
		cmocka_unit_test(test_what_is_not_asked),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_exit_codes),
	};

	return cmocka_run_group_tests(tests, cases_load, cases_unload);
}

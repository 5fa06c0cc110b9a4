/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes that would help a pool, where a tree lacks thousands of things on each of its hosts: a
 * destination without its image. What is found twice of one thing is lifted by one change.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"
#include <stdbool.h>
#include <unistd.h>

#include "checker/gate-changes.h"

enum { CLASSES = 12, THINGS = 6000, FINDINGS = 2 * THINGS };

static void
fill(struct gate *g, const struct rule *rule)
{
	g->findings = arena_alloc(g->arena, FINDINGS * sizeof(*g->findings));
	g->cells = arena_alloc(g->arena, CLASSES * sizeof(*g->cells));
	assert_true(g->findings && g->cells);
	g->n_findings = FINDINGS;
	for (size_t i = 0; i < FINDINGS; i++) {
		struct gate_finding *f = &g->findings[i];

		f->rule = rule;
		f->thing = arena_printf(g->arena, "/srv/%zu", i % THINGS);
		f->there = i < THINGS ? "nothing" : "nobody";
		f->classes = arena_alloc(g->arena, CLASSES * sizeof(*f->classes));
		f->n_classes = CLASSES;
		assert_true(f->thing && f->classes);
		for (size_t c = 0; c < CLASSES; c++)
			f->classes[c] = c;
	}
	for (size_t c = 0; c < CLASSES; c++) {
		g->cells[c].verdict = VERDICT_BLOCKED;
		g->cells[c].n_finding = FINDINGS;
		g->cells[c].finding = arena_alloc(g->arena, FINDINGS * sizeof(uint32_t));
		assert_non_null(g->cells[c].finding);
		for (uint32_t i = 0; i < FINDINGS; i++)
			g->cells[c].finding[i] = i;
	}
}

static void
test_many_things_lacking(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(256 << 20);
	struct gate_policy policy = { .min_hosts = CLASSES };
	struct gate_tree tree = { .name = "tree", .needed = CLASSES };
	struct gate_class classes[CLASSES];
	struct gate g = {
		.arena = arena, .policy = &policy, .trees = &tree, .n_trees = 1,
		.classes = classes, .n_classes = CLASSES, .n_judged = CLASSES, .n_hosts = CLASSES,
	};

	(void) state;
	for (size_t c = 0; c < CLASSES; c++)
		classes[c] = (struct gate_class){ .name = "c", .first = c, .n = 1 };
	fill(&g, rule_find("dst-file-missing"));
	(void) alarm(30);
	assert_int_equal(gate_changes_find(&g), 0);
	(void) alarm(0);
	assert_int_equal(g.n_changes, THINGS);
	assert_int_equal(g.changes_needed, THINGS);
	assert_true(g.changes_suffice);
	for (size_t i = 0; i < g.n_changes; i++) {
		assert_int_equal(g.changes[i].hosts, CLASSES);
		assert_int_equal(g.changes[i].cells, CLASSES);
		assert_int_equal(g.changes[i].alone, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many_things_lacking) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person in a hurry reads: the answer, why, how many of what, and the matrix. A cell says its
 * verdict in a word beside its colour; the deeper the red, the more stands in the way.
 */
#include "reports/gate-html.h"

static size_t
hosts_of(const struct gate *g, enum verdict v)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_trees; i++)
		n += g->trees[i].hosts[v];
	return n;
}

const char *
gate_html_answer(const struct gate *g)
{
	static const char *const answers[] = {
		[GATE_MET] = "The policy is met",
		[GATE_BROKEN] = "The policy is broken",
		[GATE_TRANSIENT] = "Not just now",
		[GATE_UNJUDGED] = "It could not be judged",
	};

	return answers[g->result];
}

static void
put_number(struct pen *p, const char *class, size_t n, const char *of_what)
{
	pen_put(p, "<div class=\"%s\"><dt>%s</dt><dd>", class, of_what);
	html_number(p, n);
	pen_put(p, "</dd></div>\n");
}

static void
put_numbers(struct pen *p, const struct gate *g)
{
	pen_put(p, "<dl class=\"numbers\">\n");
	put_number(p, "what", g->n_trees, g->n_trees == 1 ? "tree" : "trees");
	put_number(p, "what", g->n_judged, g->n_judged == 1 ? "host" : "hosts");
	put_number(p, "what", g->n_classes, g->n_classes == 1 ? "class" : "classes");
	if (g->n_unseen > 0)
		put_number(p, "undecided", g->n_unseen, "not judged");
	put_number(p, "ready", hosts_of(g, VERDICT_READY), "pairs ready");
	put_number(p, "blocked", hosts_of(g, VERDICT_BLOCKED), "blocked");
	put_number(p, "retry", hosts_of(g, VERDICT_RETRY), "retry");
	put_number(p, "undecided", hosts_of(g, VERDICT_UNDECIDED), "undecided");
	if (g->n_waived > 0)
		put_number(p, "what", g->n_waived, g->n_waived == 1 ? "waived finding" : "waived findings");
	pen_put(p, "</dl>\n");
}

static void
put_policy(struct pen *p, const struct gate *g)
{
	static const struct {
		enum gate_fail fail;
		const char *name;
	} fails[] = {
		{ GATE_FAIL_PERMANENT, "permanent" },
		{ GATE_FAIL_TRANSIENT, "transient" },
		{ GATE_FAIL_UNDECIDED, "undecided" },
	};
	const char *comma = "";

	pen_put(p, "<p class=\"policy\">The policy: ");
	if (g->policy->min_hosts > 0) {
		pen_put(p, "each tree is ready on at least ");
		html_count(p, g->policy->min_hosts, "host", "hosts");
	} else {
		pen_put(p, "each tree is ready on each host");
	}
	pen_put(p, "; what counts is ");
	for (size_t i = 0; i < ARRAY_SIZE(fails); i++)
		if (g->policy->fail_on & fails[i].fail) {
			pen_put(p, "%s%s", comma, fails[i].name);
			comma = ", ";
		}
	pen_put(p, "%s; %s%s.</p>\n", *comma ? "" : "nothing",
		   g->policy->now ? "facts of the moment, too" : "facts that last, not those of the moment",
		   g->policy->known ? "; held against an earlier report" : "");
}

void
gate_html_headline(struct pen *p, const struct gate *g)
{
	pen_put(p, "<h1 class=\"%s\">%s</h1>\n", gate_result_name(g->result), gate_html_answer(g));
	if (g->n_reasons > 0) {
		pen_put(p, "<ul class=\"reasons\">\n");
		for (size_t i = 0; i < g->n_reasons; i++) {
			html_element(p, "li", NULL, g->reasons[i]);
			pen_put(p, "\n");
		}
		pen_put(p, "</ul>\n");
	}
	put_numbers(p, g);
	put_policy(p, g);
}

void
gate_html_matrix_note(struct pen *p, const struct gate *g)
{
	size_t not_asked = 0;

	for (size_t i = 0; i < g->n_trees * g->n_classes; i++)
		not_asked += g->cells[i].not_asked > 0;
	if (not_asked == 0)
		return;
	pen_put(p, "<p class=\"note\">In ");
	html_count(p, not_asked, "cell", "cells");
	pen_put(p, " not every rule could be asked: the hosts' profiles hold no answers for the tree "
		   "(<code>migcheck probe --for TREE</code> brings them).</p>");
}

static void
put_class_heads(struct pen *p, const struct gate *g)
{
	pen_put(p, "<thead>\n<tr><th scope=\"col\">Tree</th>");
	for (size_t i = 0; i < g->n_classes; i++) {
		const struct gate_class *c = &g->classes[i];

		pen_put(p, "\n<th scope=\"col\">");
		html_element(p, "b", NULL, c->name);
		pen_put(p, " <span>");
		html_count(p, c->n, "host", "hosts");
		pen_put(p, "</span> <small>");
		html_text(p, c->n > 0 ? g->hosts[c->first].name : NULL);
		pen_put(p, "%s</small></th>", c->n > 1 ? " …" : "");
	}
	pen_put(p, "</tr>\n</thead>\n");
}

/* Of a cell: the rule by which it got its verdict, and how many more there are. */
static void
put_cause(struct pen *p, const struct gate *g, const struct gate_cell *cell)
{
	const struct rule *first = NULL, *last = NULL;
	size_t more = 0;

	for (size_t i = 0; i < cell->n_finding; i++) {
		const struct gate_finding *f = &g->findings[cell->finding[i]];

		if (f->waiver || f->severity != SEVERITY_BLOCKER || f->rule == last)
			continue;
		if (cell->verdict == VERDICT_BLOCKED && (f->unknown || f->lifetime != LIFETIME_PERMANENT))
			continue;
		if (cell->verdict == VERDICT_UNDECIDED && !f->unknown)
			continue;
		last = f->rule;
		more += first ? 1 : 0;
		first = first ? first : last;
	}
	if (first)
		html_element(p, "small", NULL, first->id);
	if (more > 0)
		pen_put(p, " <small>and %zu more</small>", more);
}

static void
put_remark(struct pen *p, uint32_t n, const char *word)
{
	if (n > 0)
		pen_put(p, " <small class=\"remark\">%u %s</small>", n, word);
}

static void
put_cell(struct pen *p, const struct gate *g, const struct gate_cell *cell)
{
	static const unsigned int deep = 3;
	unsigned int heat = cell->permanent < deep ? cell->permanent : deep;

	pen_put(p, "\n<td class=\"%s", verdict_name(cell->verdict));
	if (cell->verdict == VERDICT_BLOCKED)
		pen_put(p, " heat%u", heat);
	pen_put(p, "\"><b>%s</b> ", verdict_name(cell->verdict));
	if (cell->verdict != VERDICT_READY)
		put_cause(p, g, cell);
	put_remark(p, cell->waived, "waived");
	put_remark(p, cell->warnings, cell->warnings == 1 ? "warning" : "warnings");
	put_remark(p, cell->not_asked, "not asked");
	if (cell->spared)
		pen_put(p, " <small class=\"remark\">known before</small>");
	pen_put(p, "</td>");
}

static void
put_tree_head(struct pen *p, const struct gate *g, const struct gate_tree *t)
{
	pen_put(p, "<tr><th scope=\"row\">");
	html_element(p, "b", NULL, t->name);
	pen_put(p, " <small%s>ready on %zu of ", t->hosts[VERDICT_READY] < t->needed ? " class=\"short\"" : "",
		   t->hosts[VERDICT_READY]);
	html_count(p, g->n_judged + g->n_unseen, "host", "hosts");
	if (g->policy->min_hosts > 0)
		pen_put(p, ", %zu needed", t->needed);
	pen_put(p, "</small></th>");
}

void
gate_html_matrix(struct pen *p, const struct gate *g)
{
	if (g->n_classes == 0 || g->n_trees == 0) {
		pen_put(p, "<p>There is nothing to show: %s.</p>",
			   g->n_trees == 0 ? "no tree was given" : "no host could be judged");
		return;
	}
	pen_put(p, "<table id=\"matrix\">\n<caption>Verdicts, trees by classes of equal hosts</caption>\n");
	put_class_heads(p, g);
	pen_put(p, "<tbody>\n");
	for (size_t i = 0; i < g->n_trees; i++) {
		put_tree_head(p, g, &g->trees[i]);
		for (size_t k = 0; k < g->n_classes; k++)
			put_cell(p, g, gate_cell(g, i, k));
		pen_put(p, "</tr>\n");
	}
	pen_put(p, "</tbody>\n</table>");
}

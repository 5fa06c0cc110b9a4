/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands below the matrix: what to do, who is the odd one out, what was not judged, and what
 * was waived.
 */
#include "reports/gate-html.h"

#include "reports/gate-words.h"

/* Names that a line tells before it counts the others. */
enum { FEW = 6 };

/* "c2, c7: node1, node2 and 98 more" */
static void
put_classes(struct pen *p, const struct gate *g, const size_t *classes, size_t n)
{
	for (size_t i = 0; i < n && i < FEW; i++) {
		pen_put(p, "%s", i > 0 ? ", " : "");
		html_element(p, "b", NULL, g->classes[classes[i]].name);
	}
	pen_put(p, "%s: ", n > FEW ? ", …" : "");
	gate_hosts_of_classes(p, g, classes, n, FEW, html_text);
}

static void
put_trees(struct pen *p, const struct gate *g, const size_t *trees, size_t n)
{
	for (size_t i = 0; i < n && i < FEW; i++) {
		pen_put(p, "%s", i > 0 ? ", " : "");
		html_element(p, "span", "name", g->trees[trees[i]].name);
	}
	if (n > FEW)
		pen_put(p, " and %zu more", n - FEW);
}

static void
put_indices(struct pen *p, const char *name, const size_t *index, size_t n)
{
	pen_put(p, " data-%s=\"", name);
	for (size_t i = 0; i < n; i++)
		pen_put(p, "%s%zu", i > 0 ? " " : "", index[i]);
	pen_put(p, "\"");
}

/* What the script filters a list by. */
static void
put_concern(struct pen *p, const struct rule *rule, const size_t *trees, size_t n_trees, const size_t *classes,
	    size_t n_classes)
{
	pen_put(p, " data-rule=\"%s\"", rule->id);
	put_indices(p, "trees", trees, n_trees);
	put_indices(p, "classes", classes, n_classes);
}

static void
put_change(struct pen *p, const struct gate *g, const struct gate_change *c)
{
	pen_put(p, "<li");
	put_concern(p, c->rule, c->trees, c->n_trees, c->classes, c->n_classes);
	pen_put(p, ">\n<p class=\"act\">");
	html_element(p, "span", "remedy", c->remedy ? c->remedy : c->rule->remedy);
	pen_put(p, "</p>\n");
	if (c->command) {
		html_element(p, "pre", NULL, c->command);
		pen_put(p, "\n");
	}
	pen_put(p, "<p class=\"of\">");
	html_element(p, "code", "rule", c->rule->id);
	pen_put(p, " ");
	html_element(p, "span", NULL, c->rule->title);
	if (c->thing) {
		pen_put(p, ": ");
		html_element(p, "code", NULL, c->thing);
	}
	pen_put(p, "</p>\n<p class=\"where\">%s ", c->at_tree ? "At the tree" : "On");
	if (c->at_tree) {
		put_trees(p, g, c->trees, c->n_trees);
	} else {
		put_classes(p, g, c->classes, c->n_classes);
		pen_put(p, ", for ");
		put_trees(p, g, c->trees, c->n_trees);
	}
	pen_put(p, ". In the way of ");
	html_count(p, c->cells, "pair", "pairs");
	if (c->alone > 0)
		pen_put(p, ", the only thing for %zu", c->alone);
	pen_put(p, ".</p>\n</li>\n");
}

static void
put_change_list(struct pen *p, const struct gate *g, size_t from, size_t to)
{
	pen_put(p, "<ol class=\"changes\"");
	if (from > 0)
		pen_put(p, " start=\"%zu\"", from + 1);
	pen_put(p, ">\n");
	for (size_t i = from; i < to; i++)
		put_change(p, g, &g->changes[i]);
	pen_put(p, "</ol>\n");
}

void
gate_html_changes(struct pen *p, const struct gate *g)
{
	enum { AT_ONCE = 10 };
	bool enough = g->changes_needed != SIZE_MAX;
	size_t first = enough && g->changes_needed > 0 ? g->changes_needed : AT_ONCE;

	if (g->n_changes == 0)
		return;
	if (first > g->n_changes)
		first = g->n_changes;
	pen_put(p, "<section>\n<h2>What would help most</h2>\n<p>");
	if (!enough)
		pen_put(p, "No set of changes that is known here makes the policy met; those that help most come first.");
	else if (g->changes_needed == 0)
		pen_put(p, "The policy is met without any of them.");
	else if (g->changes_needed == 1)
		pen_put(p, "The first one makes the policy met.");
	else
		pen_put(p, "The first %zu make the policy met.", g->changes_needed);
	pen_put(p, "</p>\n");
	put_change_list(p, g, 0, first);
	if (first < g->n_changes) {
		pen_put(p, "<details>\n<summary>");
		html_count(p, g->n_changes - first, "more change", "more changes");
		pen_put(p, "</summary>\n");
		put_change_list(p, g, first, g->n_changes);
		pen_put(p, "</details>\n");
	}
	pen_put(p, "</section>\n");
}

void
gate_html_odd(struct pen *p, const struct gate *g)
{
	if (g->n_odd == 0)
		return;
	pen_put(p, "<section>\n<h2>What sets hosts apart</h2>\n"
		   "<div class=\"wide\" role=\"region\" aria-label=\"What sets hosts apart\" tabindex=\"0\"><table class=\"list odd\">\n"
		   "<thead><tr><th scope=\"col\">Rule</th>"
		   "<th scope=\"col\">Hits</th><th scope=\"col\">Which hosts</th><th scope=\"col\">Trees</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < g->n_odd; i++) {
		const struct gate_odd *o = &g->odd[i];

		pen_put(p, "<tr");
		put_concern(p, o->rule, o->trees, o->n_trees, o->classes, o->n_classes);
		pen_put(p, "><th scope=\"row\">");
		html_element(p, "code", "rule", o->rule->id);
		pen_put(p, " ");
		html_element(p, "small", NULL, o->rule->title);
		pen_put(p, "</th><td data-label=\"Hits\">%zu of %zu%s</td><td data-label=\"Hosts\">", o->hosts, o->of,
			   o->are_few ? " <small>odd ones out</small>" : "");
		put_classes(p, g, o->classes, o->n_classes);
		pen_put(p, "</td><td data-label=\"Trees\">");
		put_trees(p, g, o->trees, o->n_trees);
		pen_put(p, "</td></tr>\n");
	}
	pen_put(p, "</tbody>\n</table></div>\n</section>\n");
}

void
gate_html_unjudged(struct pen *p, const struct gate *g)
{
	if (g->n_hosts == g->n_judged)
		return;
	pen_put(p, "<section>\n<h2>Not judged</h2>\n<ul class=\"unjudged\">\n");
	for (size_t i = g->n_judged; i < g->n_hosts; i++) {
		const struct gate_host *h = &g->hosts[i];

		pen_put(p, "<li>");
		html_element(p, "b", "name", gate_host_name(h));
		pen_put(p, " ");
		html_element(p, "span", NULL, h->why_not);
		if (h->name) {
			pen_put(p, " ");
			html_element(p, "small", NULL, h->file);
		}
		pen_put(p, "</li>\n");
	}
	pen_put(p, "</ul>\n</section>\n");
}

static void
put_waiver(struct pen *p, const struct gate *g, const struct waiver *w)
{
	bool expired = streq(gate_waiver_state(g, w), "expired");

	pen_put(p, "<tr%s><th scope=\"row\">", expired ? " class=\"expired\"" : "");
	html_element(p, "code", "rule", w->rule);
	pen_put(p, " <small>line %u</small></th><td data-label=\"Host\">", w->line);
	html_element(p, "code", NULL, w->host ? w->host : "*");
	pen_put(p, "</td><td data-label=\"Tree\">");
	html_element(p, "code", NULL, w->tree ? w->tree : "*");
	pen_put(p, "</td><td data-label=\"Reason\">");
	html_text(p, w->reason);
	pen_put(p, "</td><td data-label=\"Owner\">");
	html_text(p, w->owner);
	pen_put(p, "</td><td data-label=\"Until\">");
	html_text(p, w->until);
	pen_put(p, "%s</td><td data-label=\"Matches\">", expired ? " <strong>expired: it counts no more</strong>" : "");
	if (w->matched > 0)
		html_count(p, w->matched, "finding", "findings");
	else
		pen_put(p, "<strong>nothing</strong>");
	pen_put(p, "</td></tr>\n");
}

void
gate_html_waivers(struct pen *p, const struct gate *g)
{
	if (!g->waivers || g->waivers->n == 0)
		return;
	pen_put(p, "<section>\n<h2>Waivers</h2>\n<p>From ");
	html_element(p, "code", NULL, g->waivers->file);
	pen_put(p, ".</p>\n<div class=\"wide\" role=\"region\" aria-label=\"Waivers\" tabindex=\"0\"><table class=\"list\">\n<thead><tr>"
		   "<th scope=\"col\">Rule</th><th scope=\"col\">Host</th><th scope=\"col\">Tree</th><th scope=\"col\">Reason</th>"
		   "<th scope=\"col\">Owner</th><th scope=\"col\">Until</th><th scope=\"col\">Matches</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < g->waivers->n; i++)
		put_waiver(p, g, &g->waivers->waiver[i]);
	pen_put(p, "</tbody>\n</table></div>\n</section>\n");
}

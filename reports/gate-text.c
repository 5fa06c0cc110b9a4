/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool for a person: the result and why, the matrix, where each tree can land, what stands in
 * the way, who is unlike the others, what would help, and what was not seen.
 */
#include "reports/gate.h"

#include "base/text.h"
#include "checker/waivers.h"
#include "reports/cpu-baseline.h"
#include "reports/escape.h"
#include "reports/style.h"

enum {
	INDENT = 2,
	SHOWN_CLASSES = 8,		/* columns of the matrix; the others are counted */
	SHOWN_HOSTS = 4,
	SHOWN_THINGS = 3,		/* of a rule and tree */
	SHOWN_CHANGES = 12,
	SHOWN_NOT_JUDGED = 20,
	CELL = 15,
	CELL_TEXT = 48,
};

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static enum style
result_style(enum gate_result r)
{
	return r == GATE_MET ? STYLE_GREEN : r == GATE_BROKEN ? STYLE_RED : STYLE_YELLOW;
}

static void
heading(struct page *p, const char *text)
{
	page_put(p, STYLE_PLAIN, "\n");
	page_put(p, STYLE_BOLD, "%s", text);
	page_put(p, STYLE_PLAIN, "\n");
}

/* "node1, node2 and 98 more": hosts of these classes. */
static void
name_hosts(struct buffer *b, const struct gate *g, const size_t *class, size_t n)
{
	size_t named = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		const struct gate_class *c = &g->classes[class[i]];

		all += c->n;
		for (size_t h = 0; h < c->n && named < SHOWN_HOSTS; h++, named++)
			(void) buffer_printf(b, "%s%s", named ? ", " : "", g->hosts[c->first + h].name);
	}
	if (all > named)
		(void) buffer_printf(b, " and %zu more", all - named);
}

/* ---- the matrix ------------------------------------------------------------------------------ */

static void
put_head(struct page *p, const struct gate *g)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	(void) buffer_printf(&b, "%zu tree%s on %zu host%s in %zu class%s", g->n_trees, plural(g->n_trees), g->n_judged,
			     plural(g->n_judged), g->n_classes, g->n_classes == 1 ? "" : "es");
	if (g->n_unseen)
		(void) buffer_printf(&b, "; %zu more could not be judged", g->n_unseen);
	page_line(p, 0, "", 0, STYLE_BOLD, buffer_slice(&b).p);
	page_line(p, 0, "", 0, STYLE_PLAIN,
		  g->policy->now ? "judged by all that was seen of them"
				 : "judged by what lasts (with --now also by free memory, ports, pids, addresses)");
	page_put(p, STYLE_PLAIN, "\n");
	page_lead(p, result_style(g->result),
		  g->result == GATE_MET      ? "MET" :
		  g->result == GATE_BROKEN   ? "BROKEN" :
		  g->result == GATE_UNJUDGED ? "UNJUDGED" : "TRANSIENT",
		  STYLE_PLAIN, g->n_reasons ? g->reasons[0] : "each tree can land where it has to");
	for (size_t i = 1; i < g->n_reasons; i++)
		page_line(p, INDENT, "", 0, STYLE_PLAIN, g->reasons[i]);
}

/* A cell as wide as its column, cut where it is longer. */
static void
put_cell(struct page *p, enum style style, unsigned int width, const char *text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };

	if (escape_text(&clean, text, strlen(text)) < 0)
		p->error = -ENOMEM;
	else
		page_put(p, style, "%-*.*s", (int) width, (int) width - 1, buffer_slice(&clean).p);
}

static enum style
verdict_style(enum verdict v)
{
	return v == VERDICT_READY ? STYLE_GREEN : v == VERDICT_BLOCKED ? STYLE_RED : STYLE_YELLOW;
}

/* Whether these hosts were asked about this very tree. */
static bool
is_asked(const struct gate *g, size_t tree, size_t class)
{
	return gate_cell(g, tree, class)->is_asked;
}

static bool
all_asked(const struct gate *g)
{
	bool all = true;

	for (size_t i = 0; i < g->n_trees; i++)
		for (size_t c = 0; c < g->n_classes; c++)
			all &= is_asked(g, i, c);
	return all;
}

static void
put_row(struct page *p, const struct gate *g, size_t tree, size_t shown, unsigned int width)
{
	put_cell(p, STYLE_PLAIN, width, g->trees[tree].name);
	for (size_t c = 0; c < shown; c++) {
		const struct gate_cell *cell = gate_cell(g, tree, c);
		uint32_t n = cell->verdict == VERDICT_BLOCKED	? cell->permanent :
			     cell->verdict == VERDICT_UNDECIDED ? cell->unknown : cell->transient;
		char text[CELL_TEXT];

		if (cell->verdict == VERDICT_READY)
			(void) snprintf(text, sizeof(text), "%s%s", cell->waived ? "ready, waived" : "ready",
					is_asked(g, tree, c) ? "" : "*");
		else
			(void) snprintf(text, sizeof(text), "%s %u", verdict_name(cell->verdict), n);
		put_cell(p, verdict_style(cell->verdict), CELL, text);
	}
	page_put(p, STYLE_PLAIN, "\n");
}

static void
put_matrix(struct page *p, const struct gate *g)
{
	size_t shown = g->n_classes < SHOWN_CLASSES ? g->n_classes : SHOWN_CLASSES;
	unsigned int width = 12;

	for (size_t i = 0; i < g->n_trees; i++)
		if (strlen(g->trees[i].name) + 2 > width)
			width = strlen(g->trees[i].name) < 30 ? (unsigned int) strlen(g->trees[i].name) + 2 : 32;
	page_put(p, STYLE_PLAIN, "\n%-*s", (int) width, "");
	for (size_t c = 0; c < shown; c++) {
		char text[CELL_TEXT];

		(void) snprintf(text, sizeof(text), "%s: %zu", g->classes[c].name, g->classes[c].n);
		put_cell(p, STYLE_BOLD, CELL, text);
	}
	page_put(p, STYLE_PLAIN, "\n");
	for (size_t i = 0; i < g->n_trees; i++)
		put_row(p, g, i, shown, width);
	if (shown < g->n_classes)
		page_put(p, STYLE_DIM, "and %zu smaller classes, which the other formats show\n", g->n_classes - shown);
	if (!all_asked(g))
		page_line(p, INDENT, "*", 4, STYLE_DIM,
			  "its files, cgroups and names were not asked about there: probe with --for TREE");
}

/* ---- who is who ------------------------------------------------------------------------------ */

static void
put_classes(struct page *p, const struct gate *g)
{
	heading(p, "Classes of equal hosts");
	for (size_t i = 0; i < g->n_classes && i < SHOWN_CLASSES; i++) {
		_cleanup_buffer_ struct buffer b = { 0 };
		const Host *h = g->classes[i].facts->host;

		name_hosts(&b, g, &i, 1);
		(void) buffer_printf(&b, ": %s, Linux %s, %s", h->os_release ? h->os_release : "?",
				     h->kernel && h->kernel->release ? h->kernel->release : "?",
				     h->cpu && h->cpu->brand ? h->cpu->brand : "?");
		page_line(p, INDENT, g->classes[i].name, 8, STYLE_PLAIN, buffer_slice(&b).p);
	}
}

static void
put_places(struct page *p, const struct gate *g)
{
	heading(p, "Where each tree can land");
	for (size_t t = 0; t < g->n_trees; t++) {
		const struct gate_tree *tree = &g->trees[t];
		size_t ready = tree->hosts[VERDICT_READY], all = g->n_judged + g->n_unseen, n = 0;
		_cleanup_free_ size_t *class = calloc(g->n_classes + 1, sizeof(*class));
		_cleanup_buffer_ struct buffer b = { 0 };

		for (size_t c = 0; class && c < g->n_classes; c++)
			if (gate_cell(g, t, c)->verdict == VERDICT_READY)
				class[n++] = c;
		(void) buffer_printf(&b, "%s: ", tree->name);
		if (ready == 0)
			(void) buffer_printf(&b, "nowhere");
		else if (ready == all)
			(void) buffer_printf(&b, "everywhere");
		else
			(void) buffer_printf(&b, "%zu of %zu: ", ready, all);
		if (class && ready > 0 && ready < all)
			name_hosts(&b, g, class, n);
		page_line(p, INDENT, "", 0, ready == 0 ? STYLE_RED : STYLE_PLAIN, buffer_slice(&b).p);
	}
}

/* ---- findings -------------------------------------------------------------------------------- */

static void
put_finding(struct page *p, const struct gate *g, const struct gate_finding *f)
{
	_cleanup_buffer_ struct buffer where = { 0 };

	page_line(p, 8, "", 0, STYLE_PLAIN, f->thing);
	if (f->unknown) {
		page_line(p, 12, "unknown", 20, STYLE_PLAIN, f->here);
		page_line(p, 12, "because", 20, STYLE_PLAIN, f->there);
	} else {
		page_line(p, 12, "tree", 20, STYLE_PLAIN, f->here);
		page_line(p, 12, "there", 20, STYLE_PLAIN, f->there);
	}
	page_line(p, 12, "more", 20, STYLE_PLAIN, f->detail);
	name_hosts(&where, g, f->classes, f->n_classes);
	if (g->policy->known && f->new_hosts < f->hosts)
		(void) buffer_printf(&where, f->new_hosts ? " (new on %zu)" : " (known)", f->new_hosts);
	page_line(p, 12, "on", 20, STYLE_PLAIN, buffer_slice(&where).p);
	if (f->expired) {
		_cleanup_buffer_ struct buffer b = { 0 };

		(void) buffer_printf(&b, "the waiver of %s ran out with %s", f->expired->owner, f->expired->until);
		page_line(p, 12, "waiver", 20, STYLE_YELLOW, buffer_slice(&b).p);
	}
}

static bool
is_shown(const struct gate_finding *f)
{
	return f->severity == SEVERITY_BLOCKER && !f->waiver;
}

/* The findings of one rule and tree that stand together, from `i` on; where the next begin. */
static size_t
put_group(struct page *p, const struct gate *g, size_t i)
{
	const struct gate_finding *first = &g->findings[i];
	_cleanup_buffer_ struct buffer b = { 0 };
	size_t n = 0, k = i;

	while (k < g->n_findings && g->findings[k].rule == first->rule && g->findings[k].tree == first->tree &&
	       g->findings[k].unknown == first->unknown && g->findings[k].lifetime == first->lifetime)
		n += is_shown(&g->findings[k++]);
	if (n == 0)
		return k;
	(void) buffer_printf(&b, "%s: %s", g->trees[first->tree].name, first->rule->title);
	if (n > 1)
		(void) buffer_printf(&b, " (%zu times)", n);
	page_put(p, STYLE_PLAIN, "%*s", INDENT, "");
	page_lead(p, first->unknown || first->lifetime == LIFETIME_TRANSIENT ? STYLE_YELLOW : STYLE_RED, first->rule->id,
		  STYLE_PLAIN, buffer_slice(&b).p);
	for (size_t shown = 0; i < k && shown < SHOWN_THINGS; i++)
		if (is_shown(&g->findings[i])) {
			put_finding(p, g, &g->findings[i]);
			shown++;
		}
	if (n > SHOWN_THINGS)
		page_put(p, STYLE_DIM, "        and %zu more\n", n - SHOWN_THINGS);
	page_line(p, 8, "CRIU", 12, STYLE_DIM, first->rule->criu_says);
	page_line(p, 8, "do", 12, STYLE_PLAIN, first->remedy);
	page_line(p, 8, "", 12, STYLE_CYAN, first->command);
	return k;
}

static void
put_findings(struct page *p, const struct gate *g)
{
	bool any = false;

	for (size_t i = 0; !any && i < g->n_findings; i++)
		any = is_shown(&g->findings[i]);
	if (!any)
		return;
	heading(p, "In the way");
	for (size_t i = 0; i < g->n_findings;)
		i = put_group(p, g, i);
}

static void
put_odd(struct page *p, const struct gate *g)
{
	bool any = false;

	for (size_t i = 0; i < g->n_odd; i++) {
		const struct gate_odd *o = &g->odd[i];
		_cleanup_buffer_ struct buffer b = { 0 };

		if (!o->are_few || o->rule->severity != SEVERITY_BLOCKER)
			continue;
		if (!any)
			heading(p, "The odd ones out");
		any = true;
		(void) buffer_printf(&b, "%zu of %zu hosts: ", o->hosts, o->of);
		name_hosts(&b, g, o->classes, o->n_classes);
		page_put(p, STYLE_PLAIN, "%*s", INDENT, "");
		page_lead(p, STYLE_BOLD, o->rule->id, STYLE_PLAIN, buffer_slice(&b).p);
	}
}

static void
put_changes(struct page *p, const struct gate *g)
{
	size_t shown = g->changes_needed < SHOWN_CHANGES ? g->changes_needed : SHOWN_CHANGES;
	_cleanup_buffer_ struct buffer head = { 0 };

	if (g->changes_needed == 0)
		return;
	(void) buffer_printf(&head, "%zu change%s would make %s%s", g->changes_needed, plural(g->changes_needed),
			     g->policy->min_hosts ? "each tree ready where it has to be" : "the pool whole",
			     g->changes_suffice ? "" : ", as far as could be judged");
	heading(p, buffer_slice(&head).p);
	for (size_t i = 0; i < shown; i++) {
		const struct gate_change *c = &g->changes[i];
		_cleanup_buffer_ struct buffer b = { 0 }, where = { 0 };
		char number[16];

		(void) snprintf(number, sizeof(number), "%zu.", i + 1);
		(void) buffer_printf(&b, "%s: %s", c->thing, c->remedy ? c->remedy : c->rule->remedy);
		page_line(p, INDENT, number, 6, STYLE_PLAIN, buffer_slice(&b).p);
		if (c->at_tree)
			(void) buffer_printf(&where, "at %s", g->trees[c->trees[0]].name);
		else
			(void) buffer_printf(&where, "on ");
		if (!c->at_tree)
			name_hosts(&where, g, c->classes, c->n_classes);
		(void) buffer_printf(&where, "; %s is in the way of %zu place%s, of %zu alone", c->rule->id, c->cells,
				     plural(c->cells), c->alone);
		page_line(p, 6, "", 0, STYLE_DIM, buffer_slice(&where).p);
	}
	if (shown < g->changes_needed)
		page_put(p, STYLE_DIM, "      and %zu more, which the other formats show\n", g->changes_needed - shown);
}

static void
put_cpu(struct page *p, const struct gate *g)
{
	int r;

	page_put(p, STYLE_PLAIN, "\n");
	r = cpu_baseline_text(g->cpu, p->options, p->out);
	if (r < 0)
		p->error = r;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void
put_waivers(struct page *p, const struct gate *g)
{
	if (!g->waivers || g->waivers->n == 0)
		return;
	heading(p, "Waivers");
	page_put(p, STYLE_PLAIN, "%*s%zu finding%s waived\n", INDENT, "", g->n_waived, g->n_waived == 1 ? " is" : "s are");
	for (size_t i = 0; i < g->waivers->n; i++) {
		const struct waiver *w = &g->waivers->waiver[i];
		bool expired = w->until_ns <= g->now_ns;
		_cleanup_buffer_ struct buffer b = { 0 };

		(void) buffer_printf(&b, "%s:%u: %s, %s, until %s: %s", g->waivers->file, w->line, w->rule, w->owner,
				     w->until, w->reason);
		if (expired)
			(void) buffer_printf(&b, " - it has run out, and counts no more");
		else if (w->matched == 0)
			(void) buffer_printf(&b, " - it matches nothing");
		page_line(p, INDENT, "", 0, expired || w->matched == 0 ? STYLE_YELLOW : STYLE_PLAIN, buffer_slice(&b).p);
	}
}

static void
put_not_judged(struct page *p, const struct gate *g)
{
	size_t shown = 0;

	if (g->n_judged == g->n_hosts)
		return;
	heading(p, "Not judged");
	for (size_t i = g->n_judged; i < g->n_hosts && shown < SHOWN_NOT_JUDGED; i++, shown++) {
		_cleanup_buffer_ struct buffer b = { 0 };

		(void) buffer_printf(&b, "%s (%s): %s", g->hosts[i].name, g->hosts[i].file, g->hosts[i].why_not);
		page_line(p, INDENT, "", 0, STYLE_YELLOW, buffer_slice(&b).p);
	}
	if (g->n_hosts - g->n_judged > shown)
		page_put(p, STYLE_DIM, "  and %zu more\n", g->n_hosts - g->n_judged - shown);
}

static void
put_result(struct page *p, const struct gate *g)
{
	page_put(p, result_style(g->result), "%s", gate_result_name(g->result));
	page_put(p, STYLE_PLAIN, " (exit %d)\n", gate_exit_code(g->result));
}

int
gate_text(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };

	if (!o->quiet) {
		put_head(&p, g);
		put_matrix(&p, g);
		put_classes(&p, g);
		put_places(&p, g);
		put_findings(&p, g);
		put_odd(&p, g);
		put_changes(&p, g);
		put_cpu(&p, g);
		put_waivers(&p, g);
		put_not_judged(&p, g);
		page_put(&p, STYLE_PLAIN, "\n");
	}
	put_result(&p, g);
	return p.error;
}

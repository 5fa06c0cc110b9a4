/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate as a page of Markdown, for the summary of a CI job.
 *
 *     | tree | ready | c1: 9,900 hosts | c2: 100 hosts |
 *     |---|---|---|---|
 *     | `nginx` | 9900 of 10000 | ✅ ready | ❌ blocked, 1 permanent |
 *
 * GitHub takes no summary of more than a mebibyte, so the page stays below that, and says what was
 * left out. No state is told by an icon alone.
 */
#include "reports/gate.h"

#include "reports/gate-words.h"
#include "reports/md.h"

enum {
	PAGE_BYTES = 900000,		/* no more rows beyond; one may have 50,000 */
	ROWS = 100,			/* of a table: nobody reads more here */
	COLUMNS = 12,
	HOSTS = 5,			/* by name, in a cell */
};

struct markdown {
	const struct gate *g;
	struct pen pen;
	size_t start;			/* of the page, in the buffer */
	size_t rows, left_out;		/* of the table that is being written */
};

static const char *
verdict_icon(enum verdict v)
{
	static const char *const icons[] = {
		[VERDICT_READY] = "✅",
		[VERDICT_BLOCKED] = "❌",
		[VERDICT_RETRY] = "🔁",
		[VERDICT_UNDECIDED] = "❔",
	};

	return icons[v];
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- tables ------------------------------------------------------------------------------ */

static void
begin_table(struct markdown *m, const char *title, const char *head, const char *rule)
{
	pen_put(&m->pen, "\n## %s\n\n%s%s", title, head, rule);
	m->rows = 0;
	m->left_out = 0;
}

/* Whether there is room for one more row. */
static bool
next_row(struct markdown *m)
{
	if (m->rows >= ROWS || m->pen.out->n - m->start > PAGE_BYTES) {
		m->left_out++;
		return false;
	}
	m->rows++;
	return true;
}

static void
end_table(struct markdown *m, const char *of_what)
{
	if (m->left_out > 0)
		pen_put(&m->pen, "\n*and %zu more %s, left out here*\n", m->left_out, of_what);
}

static void
class_cell(struct markdown *m, const struct gate_class *c)
{
	pen_put(&m->pen, "%s: %zu host%s", c->name, c->n, plural(c->n));
}

/* A rule by its id and title. */
static void
rule_cell(struct markdown *m, const struct rule *r)
{
	md_code(&m->pen, r->id);
	pen_put(&m->pen, " ");
	md_text(&m->pen, r->title);
}

static void
trees_cell(struct markdown *m, const size_t *tree, size_t n)
{
	for (size_t i = 0; i < n && i < HOSTS; i++) {
		pen_put(&m->pen, "%s", i ? ", " : "");
		md_code(&m->pen, m->g->trees[tree[i]].name);
	}
	if (n > HOSTS)
		pen_put(&m->pen, " and %zu more", n - HOSTS);
}

/* ---- the matrix -------------------------------------------------------------------------- */

static void
count(struct pen *p, const char **between, size_t n, const char *word)
{
	if (n == 0)
		return;
	pen_put(p, "%s%zu %s", *between, n, word);
	*between = ", ";
}

static void
matrix_cell(struct markdown *m, size_t tree, size_t class)
{
	const struct gate_cell *c = gate_cell(m->g, tree, class);
	const char *between = ": ";

	pen_put(&m->pen, " %s %s", verdict_icon(c->verdict), verdict_name(c->verdict));
	count(&m->pen, &between, c->permanent, "permanent");
	count(&m->pen, &between, c->transient, "transient");
	count(&m->pen, &between, c->unknown, "unknown");
	count(&m->pen, &between, c->waived, "waived");
	pen_put(&m->pen, "%s |", c->spared ? ", known to the baseline" : "");
}

static void
ready_cell(struct markdown *m, const struct gate_tree *t)
{
	pen_put(&m->pen, " %zu, needed %zu |", t->hosts[VERDICT_READY], t->needed);
}

static void
rule_below_head(struct pen *p, size_t columns)
{
	pen_put(p, "\n|");
	for (size_t i = 0; i < columns; i++)
		pen_put(p, "---|");
	pen_put(p, "\n");
}

/* A row a tree. */
static void
matrix_of_trees(struct markdown *m)
{
	const struct gate *g = m->g;
	struct pen *p = &m->pen;

	begin_table(m, "Where each tree can land", "| tree | ready on |", "");
	for (size_t c = 0; c < g->n_classes; c++) {
		pen_put(p, " ");
		class_cell(m, &g->classes[c]);
		pen_put(p, " |");
	}
	rule_below_head(p, g->n_classes + 2);
	for (size_t t = 0; t < g->n_trees; t++) {
		if (!next_row(m))
			continue;
		pen_put(p, "| ");
		md_code(p, g->trees[t].name);
		pen_put(p, " |");
		ready_cell(m, &g->trees[t]);
		for (size_t c = 0; c < g->n_classes; c++)
			matrix_cell(m, t, c);
		pen_put(p, "\n");
	}
	end_table(m, "trees");
}

/* With many classes, a row a class, and a first one with the sums. */
static void
matrix_of_classes(struct markdown *m)
{
	const struct gate *g = m->g;
	size_t shown = g->n_trees < COLUMNS ? g->n_trees : COLUMNS;
	struct pen *p = &m->pen;

	begin_table(m, "Where each tree can land", "| |", "");
	for (size_t t = 0; t < shown; t++) {
		pen_put(p, " ");
		md_code(p, g->trees[t].name);
		pen_put(p, " |");
	}
	rule_below_head(p, shown + 1);
	pen_put(p, "| ready on |");
	for (size_t t = 0; t < shown; t++)
		ready_cell(m, &g->trees[t]);
	pen_put(p, "\n");
	for (size_t c = 0; c < g->n_classes; c++) {
		if (!next_row(m))
			continue;
		pen_put(p, "| ");
		class_cell(m, &g->classes[c]);
		pen_put(p, " |");
		for (size_t t = 0; t < shown; t++)
			matrix_cell(m, t, c);
		pen_put(p, "\n");
	}
	end_table(m, "classes");
	if (shown < g->n_trees)
		pen_put(p, "\n*and %zu more trees, left out here*\n", g->n_trees - shown);
}

static void
classes(struct markdown *m)
{
	const struct gate *g = m->g;
	struct pen *p = &m->pen;

	begin_table(m, "Classes of equal hosts", "| class | hosts | system | kernel | CPU |\n", "|---|---|---|---|---|\n");
	for (size_t i = 0; i < g->n_classes; i++) {
		const struct gate_class *c = &g->classes[i];
		const Host *h = c->facts ? c->facts->host : NULL;

		if (!next_row(m))
			continue;
		pen_put(p, "| ");
		class_cell(m, c);
		pen_put(p, " | ");
		gate_hosts_of_class(p, g, c, HOSTS, md_code);
		pen_put(p, " | ");
		md_text(p, h && h->os_release ? h->os_release : "");
		pen_put(p, " | ");
		md_text(p, h && h->kernel && h->kernel->release ? h->kernel->release : "");
		pen_put(p, " | ");
		md_text(p, h && h->cpu && h->cpu->brand ? h->cpu->brand : "");
		pen_put(p, " |\n");
	}
	end_table(m, "classes");
}

/* ---- what to do -------------------------------------------------------------------------- */

static void
change_row(struct markdown *m, const struct gate_change *c)
{
	struct pen *p = &m->pen;

	if (!next_row(m))
		return;
	pen_put(p, "| %zu | ", m->rows);
	if (c->remedy)
		md_text(p, c->remedy);
	if (c->command) {
		pen_put(p, "%s", c->remedy ? "<br>" : "");
		md_code(p, c->command);
	}
	pen_put(p, " | ");
	rule_cell(m, c->rule);
	if (c->thing) {
		pen_put(p, "<br>");
		md_code(p, c->thing);
	}
	pen_put(p, " | ");
	if (!c->at_tree)
		gate_hosts_of_classes(p, m->g, c->classes, c->n_classes, HOSTS, md_code);
	else
		trees_cell(m, c->trees, c->n_trees);
	pen_put(p, " | %zu pair%s of tree and host", c->cells, plural(c->cells));
	if (c->alone > 0)
		pen_put(p, ", of %zu alone", c->alone);
	pen_put(p, " |\n");
}

static void
changes(struct markdown *m)
{
	const struct gate *g = m->g;

	if (g->n_changes == 0)
		return;
	begin_table(m, "What to change", "| | do | because of | where | stands in the way of |\n", "|---|---|---|---|---|\n");
	for (size_t i = 0; i < g->n_changes; i++)
		change_row(m, &g->changes[i]);
	end_table(m, "changes");
	if (g->result == GATE_MET)
		return;
	if (g->changes_suffice)
		pen_put(&m->pen, "\nThe first %zu of these meet the policy, as far as hosts and facts were seen.\n",
			g->changes_needed);
	else
		pen_put(&m->pen, "\nAll of these together do not meet the policy: something else is in the way.\n");
}

static void
odd_ones(struct markdown *m)
{
	const struct gate *g = m->g;
	struct pen *p = &m->pen;

	if (g->n_odd == 0)
		return;
	begin_table(m, "Where hosts differ", "| rule | hits | which | for |\n", "|---|---|---|---|\n");
	for (size_t i = 0; i < g->n_odd; i++) {
		const struct gate_odd *o = &g->odd[i];

		if (!next_row(m))
			continue;
		pen_put(p, "| ");
		rule_cell(m, o->rule);
		pen_put(p, " | %zu of %zu hosts%s | ", o->hosts, o->of, o->are_few ? ": the odd ones out" : "");
		gate_hosts_of_classes(p, g, o->classes, o->n_classes, HOSTS, md_code);
		pen_put(p, " | ");
		trees_cell(m, o->trees, o->n_trees);
		pen_put(p, " |\n");
	}
	end_table(m, "rules");
}

/* ---- what does not count, and what was not seen ------------------------------------------- */

static void
waived(struct markdown *m)
{
	const struct gate *g = m->g;
	struct pen *p = &m->pen;

	if (g->n_waived == 0)
		return;
	begin_table(m, "Waived", "| rule | about | tree | hosts | |\n", "|---|---|---|---|---|\n");
	for (size_t i = 0; i < g->n_findings; i++) {
		const struct gate_finding *f = &g->findings[i];

		if (!f->waiver || !next_row(m))
			continue;
		pen_put(p, "| ");
		rule_cell(m, f->rule);
		pen_put(p, " | ");
		if (f->thing)
			md_code(p, f->thing);
		pen_put(p, " | ");
		md_code(p, g->trees[f->tree].name);
		pen_put(p, " | ");
		gate_hosts_of_classes(p, g, f->classes, f->n_classes, HOSTS, md_code);
		pen_put(p, " | ");
		gate_waived(p, "waived", f->waiver, md_text);
		pen_put(p, " |\n");
	}
	end_table(m, "findings");
}

static bool
is_used(const struct gate *g, size_t i)
{
	return streq(gate_waiver_state(g, &g->waivers->waiver[i]), "used");
}

static void
idle_waivers(struct markdown *m)
{
	const struct gate *g = m->g;
	struct pen *p = &m->pen;
	size_t n = 0;

	for (size_t i = 0; g->waivers && i < g->waivers->n; i++)
		n += !is_used(g, i);
	if (n == 0)
		return;
	begin_table(m, "Waivers to look at", "| line | state | rule | |\n", "|---|---|---|---|\n");
	for (size_t i = 0; i < g->waivers->n; i++) {
		const struct waiver *w = &g->waivers->waiver[i];

		if (is_used(g, i) || !next_row(m))
			continue;
		pen_put(p, "| %u | %s | ", w->line, gate_waiver_state(g, w));
		md_code(p, w->rule);
		pen_put(p, " | ");
		gate_waived(p, "waived", w, md_text);
		pen_put(p, " |\n");
	}
	end_table(m, "waivers");
}

static void
not_judged(struct markdown *m)
{
	const struct gate *g = m->g;
	struct pen *p = &m->pen;

	if (g->n_judged == g->n_hosts)
		return;
	begin_table(m, "Not judged", "| host | file | why |\n", "|---|---|---|\n");
	for (size_t i = g->n_judged; i < g->n_hosts; i++) {
		if (!next_row(m))
			continue;
		pen_put(p, "| ");
		if (g->hosts[i].name)
			md_code(p, g->hosts[i].name);
		pen_put(p, " | ");
		md_code(p, g->hosts[i].file);
		pen_put(p, " | ");
		md_text(p, g->hosts[i].why_not);
		pen_put(p, " |\n");
	}
	end_table(m, "hosts");
}

static void
headline(struct markdown *m)
{
	static const char *const icons[] = {
		[GATE_MET] = "✅", [GATE_BROKEN] = "❌", [GATE_TRANSIENT] = "🔁", [GATE_UNJUDGED] = "❔",
	};
	const struct gate *g = m->g;
	struct pen *p = &m->pen;

	pen_put(p, "# %s migcheck gate: %s\n\n", icons[g->result], gate_result_name(g->result));
	pen_put(p, "%zu tree%s against %zu of %zu hosts, in %zu class%s of equal hosts.\n", g->n_trees, plural(g->n_trees),
		g->n_judged, g->n_judged + g->n_unseen, g->n_classes, g->n_classes == 1 ? "" : "es");
	for (size_t i = 0; i < g->n_reasons && i < ROWS; i++) {
		pen_put(p, "%s- ", i ? "" : "\n");
		md_text(p, g->reasons[i]);
		pen_put(p, "\n");
	}
	if (g->n_reasons > ROWS)
		pen_put(p, "- and %zu more\n", g->n_reasons - ROWS);
}

int
gate_markdown(const struct gate *g, const struct report_options *o, struct buffer *out)
{
	struct markdown m = { .g = g, .pen = { .out = out }, .start = out->n };

	(void) o;
	headline(&m);
	if (g->n_classes <= COLUMNS)
		matrix_of_trees(&m);
	else
		matrix_of_classes(&m);
	changes(&m);
	odd_ones(&m);
	waived(&m);
	idle_waivers(&m);
	not_judged(&m);
	classes(&m);
	return m.pen.error;
}

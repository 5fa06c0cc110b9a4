/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second look for a person: the answer first, then what came (+), went (-) and changed (~),
 * then what that does to the judgement, and the answer again in a line that can be grepped:
 *
 *     nginx (4211), looked at again: first taken 41 min ago; 0 of 24 contents read again
 *     to node7: probed 40 min ago
 *
 *     CHANGED   ready before, blocked now; 3 changes
 *
 *     Tasks: 1 came
 *       + worker 4380   /usr/sbin/nginx
 *     Files: 1 changed
 *       ~ /usr/lib/x86_64-linux-gnu/libz.so.1.2.13
 *             path_state      same -> replaced
 */
#include "reports/recheck.h"

#include "reports/summary.h"
#include "reports/text-findings.h"

enum { INDENT = 2, FIELD_TEXT = 24, SHOWN_CHANGES = 8, SHOWN_FIELDS = 6, SHOWN_LINES = 12 };

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void
put_failed(struct page *p, int r)
{
	if (r < 0)
		p->error = r;
}

/* ---- what was looked at ---------------------------------------------------------------- */

static const char *
age_of(const struct assessment *a, const Header *h, struct summary_age *age)
{
	*age = summary_age(h && h->has_taken_at_ns ? a->options->now_ns - h->taken_at_ns : 0);
	return age->text;
}

static void
put_head(struct page *p, const struct recheck *k)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	const struct assessment *a = k->drift->after;
	const Header *was = k->changes->before->header, *now = k->changes->after->header;
	struct summary s = summary_of(a);
	struct summary_age age;

	(void) buffer_printf(&b, "%s (%d), looked at again: first taken %s", s.comm ? s.comm : "?", s.root_pid,
			     age_of(a, was, &age));
	if (now && now->has_files_known && now->has_files_hashed) {
		(void) buffer_printf(&b, "; %u content%s stood, ", now->files_known, plural(now->files_known));
		if (now->files_cached > 0)
			(void) buffer_printf(&b, "%u known from the cache, ", now->files_cached);
		(void) buffer_printf(&b, "%u read again", now->files_hashed);
	}
	page_line(p, 0, "", 0, STYLE_BOLD, buffer_slice(&b).p);
	b.n = 0;
	if (!a->destination)
		(void) buffer_printf(&b, "no destination was given: only the dump is judged");
	else
		(void) buffer_printf(&b, "to %s: probed %s",
				     a->destination->host && a->destination->host->name ?
					     a->destination->host->name : "a host without a name",
				     age_of(a, a->destination->header, &age));
	page_line(p, 0, "", 0, STYLE_PLAIN, buffer_slice(&b).p);
}

static enum style
answer_style(const struct drift *d)
{
	return d->still_true ? STYLE_GREEN : d->after->verdict == VERDICT_BLOCKED ? STYLE_RED : STYLE_YELLOW;
}

/* "ready", "ready before, blocked now", "still ready, but something new is needed" */
static void
put_words(const struct drift *d, struct buffer *b)
{
	if (d->before->verdict != d->after->verdict)
		(void) buffer_printf(b, "%s before, %s now", verdict_name(d->before->verdict),
				     verdict_name(d->after->verdict));
	else if (d->still_true)
		(void) buffer_printf(b, "%s", verdict_name(d->after->verdict));
	else
		(void) buffer_printf(b, "still %s, but for other reasons or with other needs",
				     verdict_name(d->after->verdict));
}

static void
put_answer(struct page *p, const struct recheck *k)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	const struct drift *d = k->drift;

	put_words(d, &b);
	if (k->changes->total > 0)
		(void) buffer_printf(&b, "; %zu change%s in the tree", k->changes->total, plural(k->changes->total));
	else
		(void) buffer_printf(&b, "; nothing came, went or changed");
	page_lead(p, answer_style(d), d->still_true ? "STILL TRUE" : "CHANGED", STYLE_PLAIN, buffer_slice(&b).p);
}

/* ---- changes --------------------------------------------------------------------------- */

static void
put_field(struct page *p, const struct changes *c, const struct field_change *f)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	int r = change_value(c, f, false, &b);
	bool none = b.n == 0;

	if (r == 0)
		r = buffer_printf(&b, "%s -> ", none ? "none" : "");
	none = true;
	if (r == 0) {
		size_t n = b.n;

		r = change_value(c, f, true, &b);
		none = b.n == n;
	}
	if (r == 0 && none)
		r = buffer_printf(&b, "none");
	put_failed(p, r);
	page_line(p, FIELD, f->name, FIELD_TEXT, STYLE_PLAIN, buffer_slice(&b).p);
}

static void
put_change(struct page *p, const struct changes *c, const struct change *change)
{
	static const char *const marks[] = {
		[CHANGE_CAME] = "+",
		[CHANGE_WENT] = "-",
		[CHANGE_DIFFERS] = "~",
	};
	static const enum style styles[] = {
		[CHANGE_CAME] = STYLE_GREEN,
		[CHANGE_WENT] = STYLE_RED,
		[CHANGE_DIFFERS] = STYLE_YELLOW,
	};
	_cleanup_buffer_ struct buffer b = { 0 }, nature = { 0 };
	int r = change_thing(c, change, &b);

	if (r == 0 && change->how != CHANGE_DIFFERS)
		r = change_nature(c, change, &nature);
	if (r == 0 && nature.n > 0)
		r = buffer_printf(&b, "   %s", buffer_slice(&nature).p);
	put_failed(p, r);
	page_line(p, INDENT, marks[change->how], INDENT + 2, styles[change->how], buffer_slice(&b).p);
	for (size_t i = 0; i < change->n_field && i < SHOWN_FIELDS; i++)
		put_field(p, c, &change->field[i]);
	if (change->n_field > SHOWN_FIELDS)
		page_put(p, STYLE_DIM, "        and %zu more fields\n", change->n_field - SHOWN_FIELDS);
}

static void
put_title(struct page *p, const struct changes *c, enum change_of of)
{
	const char *parted = ": ";

	page_put(p, STYLE_BOLD, "\n%s", change_of_title(of));
	for (int how = 0; how < CHANGE_HOWS; how++) {
		if (c->count[of][how] == 0)
			continue;
		page_put(p, STYLE_BOLD, "%s%zu %s", parted, c->count[of][how], change_how_name((enum change_how) how));
		parted = ", ";
	}
	page_put(p, STYLE_BOLD, "\n");
}

/* All of one kind that happened in one way stand together. */
static size_t
put_some(struct page *p, const struct changes *c, size_t first)
{
	const struct change *head = &c->change[first];
	size_t all = c->count[head->of][head->how], n = 0;

	for (; first + n < c->n && head[n].of == head->of && head[n].how == head->how; n++)
		if (n < SHOWN_CHANGES)
			put_change(p, c, &head[n]);
	if (all > SHOWN_CHANGES)
		page_put(p, STYLE_DIM, "    and %zu more %s\n", all - SHOWN_CHANGES, change_how_name(head->how));
	return n;
}

static void
put_changes(struct page *p, const struct changes *c)
{
	int last = -1;

	for (size_t i = 0; i < c->n;) {
		if ((int) c->change[i].of != last)
			put_title(p, c, c->change[i].of);
		last = (int) c->change[i].of;
		i += put_some(p, c, i);
	}
}

/* ---- the judgement --------------------------------------------------------------------- */

static void
put_gone_findings(struct page *p, const struct drift *d)
{
	if (d->n_findings_gone == 0)
		return;
	page_put(p, STYLE_BOLD, "\nFindings that are gone\n");
	for (size_t i = 0; i < d->n_findings_gone && i < SHOWN_LINES; i++) {
		_cleanup_buffer_ struct buffer id = { 0 };

		(void) buffer_printf(&id, "  %s", d->findings_gone[i].rule->id);
		page_lead(p, STYLE_GREEN, buffer_slice(&id).p, STYLE_PLAIN, d->findings_gone[i].thing);
	}
	if (d->n_findings_gone > SHOWN_LINES)
		page_put(p, STYLE_DIM, "  and %zu more\n", d->n_findings_gone - SHOWN_LINES);
}

static void
put_new_findings(struct page *p, const struct drift *d)
{
	const struct assessment only_new = { .findings = d->findings_new, .n_findings = d->n_findings_new };

	if (d->n_findings_new == 0)
		return;
	page_put(p, STYLE_BOLD, "\nNew findings\n");
	text_findings(p, &only_new);
}

static void
put_requirements(struct page *p, const char *title, const struct requirement *q, size_t n)
{
	if (n > 0)
		page_put(p, STYLE_BOLD, "\n%s\n", title);
	for (size_t i = 0; i < n && i < SHOWN_LINES; i++) {
		_cleanup_buffer_ struct buffer b = { 0 };

		(void) buffer_printf(&b, "%s at %s: %s", requirement_kind_name(q[i].kind), stage_name(q[i].stage),
				     q[i].option);
		if (q[i].n_things > 0)
			(void) buffer_printf(&b, " (%s%s)", q[i].things[0], q[i].things_total > 1 ? " and more" : "");
		page_line(p, INDENT, "", INDENT, STYLE_CYAN, buffer_slice(&b).p);
	}
	if (n > SHOWN_LINES)
		page_put(p, STYLE_DIM, "  and %zu more\n", n - SHOWN_LINES);
}

/* What came since the destination was probed could not be asked there. */
static bool
is_to_be_asked(const struct drift *d)
{
	for (size_t i = 0; i < d->n_unknowns_new; i++)
		if (d->unknowns_new[i].at_destination)
			return true;
	return false;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

/* Many rules want the same fact: it is told once. */
static bool
told_before(const struct drift *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same(d->unknowns_new[i].thing, d->unknowns_new[n].thing) &&
		    same(d->unknowns_new[i].missing, d->unknowns_new[n].missing))
			return true;
	return false;
}

static void
put_unknowns(struct page *p, const struct drift *d)
{
	size_t told = 0;

	if (d->n_unknowns_new == 0)
		return;
	page_put(p, STYLE_BOLD, "\nNot known now\n");
	for (size_t i = 0; i < d->n_unknowns_new; i++) {
		const struct unknown *u = &d->unknowns_new[i];
		_cleanup_buffer_ struct buffer b = { 0 };

		if (told_before(d, i) || told++ >= SHOWN_LINES)
			continue;
		(void) buffer_printf(&b, "%s: %s", u->thing, u->missing);
		page_line(p, INDENT, "", INDENT, STYLE_YELLOW, buffer_slice(&b).p);
	}
	if (told > SHOWN_LINES)
		page_put(p, STYLE_DIM, "  and %zu more\n", told - SHOWN_LINES);
	if (is_to_be_asked(d))
		page_line(p, FIELD, "do", TEXT, STYLE_PLAIN,
			  "save this look with --save FILE, and probe the destination again with it");
}

static void
put_last_line(struct page *p, const struct drift *d)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	put_words(d, &b);
	page_put(p, answer_style(d), "%s: %s", d->still_true ? "still true" : "changed", buffer_slice(&b).p);
	page_put(p, STYLE_PLAIN, " (exit %d)\n", drift_exit_code(d));
}

int
recheck_text(const struct recheck *k, const struct report_options *o, struct buffer *out)
{
	const struct drift *d = k->drift;
	struct page p = { .out = out, .options = o };

	if (!o->quiet) {
		put_head(&p, k);
		page_put(&p, STYLE_PLAIN, "\n");
		put_answer(&p, k);
		put_changes(&p, k->changes);
		put_new_findings(&p, d);
		put_gone_findings(&p, d);
		put_requirements(&p, "CRIU needs now", d->requirements_new, d->n_requirements_new);
		put_requirements(&p, "CRIU does not need any more", d->requirements_gone, d->n_requirements_gone);
		put_unknowns(&p, d);
		page_put(&p, STYLE_PLAIN, "\n");
	}
	put_last_line(&p, d);
	return p.error;
}

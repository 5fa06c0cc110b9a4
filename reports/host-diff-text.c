/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sets two hosts apart, for a person: the answer first, then what lasts by subject, then what
 * was learned of one of them only, and the answer again in a line that can be grepped:
 *
 *     A   web1: Debian GNU/Linux 12 (bookworm), Linux 6.1.0-18-amd64, Intel Xeon
 *     B   web3: Debian GNU/Linux 12 (bookworm), Linux 6.1.0-18-amd64, AMD EPYC 7302
 *
 *     DIFFERENT   14 facts that last; 6 of the moment (--now tells them)
 *
 *     CPU
 *       features                    cpu-ins
 *             only A  avx512f avx512bw
 *       xsave frame                 A 2696 bytes           B 832 bytes            cpu-xsave-size
 *
 *     different (exit 1)
 */
#include "reports/host-diff.h"

#include "reports/cpu-baseline.h"
#include "reports/escape.h"
#include "reports/style.h"
#include "reports/summary.h"

#include <errno.h>

enum { INDENT = 2, NAME = 28, VALUE = 22, FIELD = 8, TEXT = 16, SHOWN = 24, SHOWN_NAMES = 8 };

static void
failed(struct page *p, int r)
{
	if (r < 0)
		p->error = r;
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- what is compared -------------------------------------------------------------------- */

static void
put_side(struct page *p, const char *label, const Snapshot *s)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	const Host *h = s->host;
	const char *os = h && h->os_release ? h->os_release : NULL;
	const char *release = h && h->kernel && h->kernel->release ? h->kernel->release : "unknown";
	const char *cpu = h && h->cpu && h->cpu->brand ? h->cpu->brand : NULL;

	failed(p, buffer_printf(&b, "%s: %s%sLinux %s%s%s", h && h->name ? h->name : "a host without a name", os ? os : "",
				os ? ", " : "", release, cpu ? ", " : "", cpu ? cpu : ""));
	if (s->header && s->header->has_taken_at_ns)
		failed(p, buffer_printf(&b, "; looked at %s", summary_time(s->header->taken_at_ns).text));
	page_line(p, 0, label, 4, STYLE_PLAIN, buffer_slice(&b).p);
}

static void
put_answer(struct page *p, const struct host_diff *d, bool now)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	size_t n = d->n_lasting, moment = d->n - d->n_lasting;

	if (n > 0)
		failed(p, buffer_printf(&b, "%zu fact%s that last%s", n, plural(n), n == 1 ? "s" : ""));
	else
		failed(p, buffer_printf(&b, "no difference that lasts"));
	if (moment > 0)
		failed(p, buffer_printf(&b, "; %zu of the moment%s", moment, now ? "" : " (--now tells them)"));
	if (d->n_unlearned > 0)
		failed(p, buffer_printf(&b, "; %zu learned of one host only", d->n_unlearned));
	page_lead(p, n > 0 ? STYLE_YELLOW : STYLE_GREEN, n > 0 ? "DIFFERENT" : "EQUAL", STYLE_PLAIN, buffer_slice(&b).p);
}

/* ---- differences ------------------------------------------------------------------------- */

/* Parted by blanks, where no word has one in it. */
static void
put_only(struct page *p, const struct host_difference *x, int side)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	const char *parting = " ";
	int r = 0;

	for (size_t i = 0; i < x->n_only[side]; i++)
		if (strchr(x->only[side][i], ' '))
			parting = ", ";
	for (size_t i = 0; r == 0 && i < x->n_only[side]; i++)
		r = buffer_printf(&b, "%s%s", i ? parting : "", x->only[side][i]);
	failed(p, r);
	if (x->n_only[side] > 0)
		page_line(p, FIELD, side == 0 ? "only A" : "only B", TEXT, STYLE_PLAIN, buffer_slice(&b).p);
}

/* Escaped text in a column, and at least two blanks behind it; width 0: it is the last one. */
static void
put_column(struct page *p, enum style style, const char *lead, struct slice clean, int width)
{
	int n = (int) clean.n + (int) strlen(lead);

	page_put(p, style, "%s%.*s", lead, (int) clean.n, clean.p);
	if (width > 0)
		page_put(p, STYLE_PLAIN, "%*s", n + 2 > width ? 2 : width - n, "");
}

static void
put_rules(struct page *p, const char *rules)
{
	page_put(p, STYLE_DIM, "%s\n", rules ? rules : "");
}

/* Name and both values in one line where they are short, else each value in its own. */
static void
put_values(struct page *p, const struct host_difference *x, struct slice name)
{
	_cleanup_buffer_ struct buffer a = { 0 }, b = { 0 }, clean_a = { 0 }, clean_b = { 0 };
	int r = host_value(x, 0, &a);

	if (r == 0)
		r = host_value(x, 1, &b);
	if (r == 0)
		r = escape_text(&clean_a, buffer_slice(&a).p, a.n);
	if (r == 0)
		r = escape_text(&clean_b, buffer_slice(&b).p, b.n);
	failed(p, r);
	if (clean_a.n + 2 <= VALUE && clean_b.n + 2 <= VALUE) {
		put_column(p, STYLE_BOLD, "", name, NAME);
		put_column(p, STYLE_PLAIN, "A ", buffer_slice(&clean_a), VALUE + 2);
		put_column(p, STYLE_PLAIN, "B ", buffer_slice(&clean_b), x->rules ? VALUE + 2 : 0);
		put_rules(p, x->rules);
		return;
	}
	put_column(p, STYLE_BOLD, "", name, x->rules ? NAME : 0);
	put_rules(p, x->rules);
	page_line(p, FIELD, "A", TEXT, STYLE_PLAIN, buffer_slice(&a).p);
	page_line(p, FIELD, "B", TEXT, STYLE_PLAIN, buffer_slice(&b).p);
}

static void
put_difference(struct page *p, const struct host_difference *x)
{
	_cleanup_buffer_ struct buffer name = { 0 }, clean = { 0 };
	int r = host_fact_name(x->record, x->name, &name);

	if (r == 0)
		r = escape_text(&clean, buffer_slice(&name).p, name.n);
	failed(p, r);
	page_put(p, STYLE_PLAIN, "%*s", INDENT, "");
	if (!x->set) {
		put_values(p, x, buffer_slice(&clean));
		return;
	}
	put_column(p, STYLE_BOLD, "", buffer_slice(&clean), x->rules ? NAME : 0);
	put_rules(p, x->rules);
	put_only(p, x, 0);
	put_only(p, x, 1);
}

/* Of what lasts, or of the moment: one subject after another. */
static void
put_differences(struct page *p, const struct host_difference *x, size_t n, const char *of)
{
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && x[end].subject == x[i].subject; end++)
			;
		page_put(p, STYLE_BOLD, "\n%s%s\n", host_subject_title(x[i].subject), of);
		for (size_t k = i; k < end && k - i < SHOWN; k++)
			put_difference(p, &x[k]);
		if (end - i > SHOWN)
			page_put(p, STYLE_DIM, "  and %zu more (-f json tells all)\n", end - i - SHOWN);
	}
}

/* ---- the rest ---------------------------------------------------------------------------- */

static int
put_names(struct buffer *b, const struct host_unlearned *u, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n && i < SHOWN_NAMES; i++) {
		r = buffer_printf(b, "%s", i ? ", " : "");
		if (r == 0 && !u[i].record && !u[i].name)
			r = buffer_printf(b, "all of it");
		if (r == 0)
			r = host_fact_name(u[i].record, u[i].name, b);
	}
	return r < 0 || n <= SHOWN_NAMES ? r : buffer_printf(b, " and %zu more", n - SHOWN_NAMES);
}

/* A line for what is missing of one host in one subject. */
static void
put_unlearned(struct page *p, const struct host_diff *d)
{
	if (d->n_unlearned > 0)
		page_put(p, STYLE_BOLD, "\nLearned of one host only\n");
	for (size_t i = 0, end; i < d->n_unlearned; i = end) {
		const struct host_unlearned *u = &d->unlearned[i];
		_cleanup_buffer_ struct buffer b = { 0 };
		int r;

		for (end = i; end < d->n_unlearned && d->unlearned[end].subject == u->subject &&
			      d->unlearned[end].of_b == u->of_b; end++)
			;
		r = buffer_printf(&b, "%s: ", host_subject_title(u->subject));
		failed(p, r < 0 ? r : put_names(&b, u, end - i));
		page_line(p, INDENT, u->of_b ? "not of B" : "not of A", 12, STYLE_YELLOW, buffer_slice(&b).p);
	}
}

int
host_diff_text(const struct host_diff *d, bool now, const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };
	bool differ = d->n_lasting > 0;

	if (!o->quiet) {
		put_side(&p, "A", d->side[0]);
		put_side(&p, "B", d->side[1]);
		page_put(&p, STYLE_PLAIN, "\n");
		put_answer(&p, d, now);
		put_differences(&p, d->difference, d->n_lasting, "");
		if (d->cpu.n_lack > 0) {
			page_put(&p, STYLE_BOLD, "\nFor programs that are to run on both\n");
			cpu_baseline_settings(&p, &d->cpu);
		}
		if (now)
			put_differences(&p, d->difference + d->n_lasting, d->n - d->n_lasting, ", at the moment");
		put_unlearned(&p, d);
		page_put(&p, STYLE_PLAIN, "\n");
	}
	page_put(&p, differ ? STYLE_YELLOW : STYLE_GREEN, "%s", differ ? "different" : "no difference that lasts");
	page_put(&p, STYLE_PLAIN, " (exit %d)\n", host_diff_exit_code(d));
	return p.error;
}

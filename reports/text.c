/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An assessment for a person: the verdict first, permanent before transient, then warnings,
 * what CRIU needs, what was not learned, and the verdict again in a line that can be grepped.
 */
#include "reports/text.h"

#include "reports/place.h"
#include "reports/summary.h"
#include "reports/text-findings.h"
#include "reports/text-settled.h"

enum { INDENT = 2, SHOWN_THINGS = 3, SHOWN_RULES = 6, SHOWN_OFFERS = 6 };

static const int64_t OLD_NS = 10LL * 1000 * 1000 * 1000;

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static enum style
verdict_style(enum verdict v)
{
	return v == VERDICT_READY ? STYLE_GREEN : v == VERDICT_BLOCKED ? STYLE_RED : STYLE_YELLOW;
}

static void
put_age(struct buffer *b, const struct assessment *a, const Header *h)
{
	int64_t age = h && h->has_taken_at_ns ? a->options->now_ns - h->taken_at_ns : 0;

	/* A look of this very run needs no word. */
	if (age >= OLD_NS || age <= -OLD_NS)
		(void) buffer_printf(b, "; taken %s", summary_age(age).text);
}

static void
put_duration(struct buffer *b, const Header *h, const char *verb)
{
	if (h && h->has_duration_us)
		(void) buffer_printf(b, "; %s in %.*f ms", verb, h->duration_us < 10000 ? 1 : 0,
				     (double) h->duration_us / 1000);
}

static void
put_tree(struct page *p, const struct assessment *a)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	struct summary s = summary_of(a);

	(void) buffer_printf(&b, "%s (%d)", s.comm ? s.comm : "?", s.root_pid);
	if (s.processes > 1)
		(void) buffer_printf(&b, " and %zu more task%s", s.processes - 1, plural(s.processes - 1));
	(void) buffer_printf(&b, ": %zu file%s, %zu socket%s, %zu cgroup%s", s.files, plural(s.files),
			     s.sockets, plural(s.sockets), s.cgroups, plural(s.cgroups));
	put_duration(&b, a->source->header, "seen");
	if (a->source->header && !a->source->header->recorded)
		(void) buffer_printf(&b, ", nothing stopped");
	put_age(&b, a, a->source->header);
	page_line(p, 0, "", 0, STYLE_BOLD, buffer_slice(&b).p);
}

static const Tool *
find_tool(const Host *host, const char *name)
{
	for (size_t i = 0; i < host->n_tool; i++)
		if (host->tool[i]->name && streq(host->tool[i]->name, name))
			return host->tool[i];
	return NULL;
}

static void
put_destination(struct page *p, const struct assessment *a)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	const Host *host = a->destination ? a->destination->host : NULL;
	const Tool *criu;

	if (!host) {
		page_line(p, 0, "", 0, STYLE_PLAIN, "no destination was looked at: only the dump is judged");
		return;
	}
	(void) buffer_printf(&b, "to %s%s: ",
			     index_same_host(a->source, a->destination) ? "this same host, " : "",
			     host->name ? host->name : "a host without a name");
	if (host->os_release)
		(void) buffer_printf(&b, "%s, ", host->os_release);
	(void) buffer_printf(&b, "Linux %s", host->kernel && host->kernel->release ? host->kernel->release : "?");
	if (host->cpu && host->cpu->brand)
		(void) buffer_printf(&b, ", %s", host->cpu->brand);
	criu = find_tool(host, "criu");
	if (criu && criu->version)
		(void) buffer_printf(&b, ", CRIU %s", criu->version);
	put_duration(&b, a->destination->header, "probed");
	put_age(&b, a, a->destination->header);
	page_line(p, 0, "", 0, STYLE_PLAIN, buffer_slice(&b).p);
}

static void
put_place(struct page *p, const struct assessment *a, bool destination)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	if (place_line(a, destination, &b) == 0 && b.n > 0)
		page_line(p, INDENT, "", INDENT, STYLE_PLAIN, buffer_slice(&b).p);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

/* One cause often leaves many rules without their facts: it is told once, with all of them. */
static bool
same_cause(const struct unknown *a, const struct unknown *b)
{
	return a->at_destination == b->at_destination && same(a->missing, b->missing) &&
	       same(a->because, b->because);
}

static bool
told_before(const struct assessment *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same_cause(&a->unknowns[i], &a->unknowns[n]))
			return true;
	return false;
}

static size_t
count_causes(const struct assessment *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_unknowns; i++)
		n += !told_before(a, i);
	return n;
}

/* "BLOCKED   2 permanent, 1 transient; 2 options needed; 1 fact not learned" */
static void
put_verdict(struct page *p, const struct assessment *a)
{
	static const char *const words[] = {
		[VERDICT_READY] = "READY",
		[VERDICT_BLOCKED] = "BLOCKED",
		[VERDICT_RETRY] = "RETRY",
		[VERDICT_UNDECIDED] = "UNDECIDED",
	};

	_cleanup_buffer_ struct buffer b = { 0 };

	(void) buffer_printf(&b, "%zu permanent, %zu transient, %zu warning%s", a->permanent, a->transient,
			     a->warnings, plural(a->warnings));
	if (a->n_needed > 0)
		(void) buffer_printf(&b, "; %zu requirement%s", a->n_needed, plural(a->n_needed));
	if (a->n_unknowns > 0)
		(void) buffer_printf(&b, "; %zu fact%s not learned", count_causes(a), plural(count_causes(a)));
	page_lead(p, verdict_style(a->verdict), words[a->verdict], STYLE_PLAIN, buffer_slice(&b).p);
}

static void
put_things(struct buffer *b, const struct requirement *q)
{
	size_t shown = q->n_things < SHOWN_THINGS ? q->n_things : SHOWN_THINGS;

	for (size_t i = 0; i < shown; i++)
		(void) buffer_printf(b, "%s%s", i ? "; " : "", q->things[i]);
	if (q->things_total > shown)
		(void) buffer_printf(b, " and %zu more", q->things_total - shown);
}

/* One line an option, though it is asked for on both sides. A file to copy stands there once anyway. */
static bool
said_before(const struct assessment *a, size_t n)
{
	const struct requirement *q = &a->requirements[n];

	if (q->kind == REQUIRE_SYNC)
		return false;
	for (size_t i = q->offered ? a->n_needed : 0; i < n; i++)
		if (a->requirements[i].kind == q->kind && streq(a->requirements[i].option, q->option))
			return true;
	return false;
}

/* What would lift findings, some of it: the rest is in JSON and with the findings. */
static void
put_offered(struct page *p, const struct assessment *a)
{
	size_t told = 0;

	for (size_t i = a->n_needed; i < a->n_requirements && told <= SHOWN_OFFERS; i++) {
		const struct requirement *q = &a->requirements[i];
		_cleanup_buffer_ struct buffer b = { 0 };

		if (said_before(a, i))
			continue;
		if (told++ == SHOWN_OFFERS) {
			page_line(p, FIELD, "", FIELD, STYLE_PLAIN, "and more such options, which stand with the findings");
			return;
		}
		(void) buffer_printf(&b, "would lift findings%s: %s: ",
				     q->kind == REQUIRE_LOSSY ? ", at a loss" : ", once arranged", q->option);
		put_things(&b, q);
		page_line(p, FIELD, "", FIELD, STYLE_PLAIN, buffer_slice(&b).p);
	}
}

static void
put_requirements(struct page *p, const struct assessment *a)
{
	static const char *const labels[] = {
		[REQUIRE_LOSSLESS] = "",
		[REQUIRE_LOSSY] = "loses something: ",
		[REQUIRE_ARRANGED] = "to be arranged: ",
		[REQUIRE_SYNC] = "copy after the freeze: ",
		[REQUIRE_INSTALL] = "install there: ",
	};
	_cleanup_buffer_ struct buffer b = { 0 };

	page_put(p, STYLE_BOLD, "\nCRIU will need\n");
	page_line(p, INDENT, "", INDENT, STYLE_CYAN, a->dump_line);
	page_line(p, INDENT, "", INDENT, STYLE_CYAN, a->restore_line);
	for (size_t i = 0; i < a->n_needed; i++) {
		const struct requirement *q = &a->requirements[i];

		if (said_before(a, i))
			continue;
		b.n = 0;
		(void) buffer_printf(&b, "%s%s: ", labels[q->kind], q->option);
		put_things(&b, q);
		page_line(p, FIELD, "", FIELD, STYLE_PLAIN, buffer_slice(&b).p);
	}
	put_offered(p, a);
}

static void
put_maps(struct page *p, const Header *h)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	if (h && h->n_map > 0)
		page_put(p, STYLE_BOLD, "\nAssumed: CRIU finds it under its old path there\n");
	for (size_t i = 0; h && i < h->n_map; i++) {
		b.n = 0;
		(void) buffer_printf(&b, "%s: what lies at %s", h->map[i]->source, h->map[i]->destination);
		page_line(p, INDENT, "", INDENT, STYLE_PLAIN, buffer_slice(&b).p);
	}
}

static void
put_assumed(struct page *p, const struct assessment *a)
{
	const Header *h = a->destination ? a->destination->header : NULL;

	if (h && h->n_brings > 0)
		page_put(p, STYLE_BOLD, "\nAssumed: the move brings along\n");
	for (size_t i = 0; h && i < h->n_brings; i++)
		page_line(p, INDENT, "", INDENT, STYLE_PLAIN, h->brings[i]);
	put_maps(p, h);
}

/* The rules that a cause leaves undecided; true when one of them is a blocker's. */
static bool
list_undecided(const struct assessment *a, size_t n, struct buffer *b)
{
	const char *last = NULL;
	bool blocker = false;
	size_t rules = 0;

	for (size_t i = n; i < a->n_unknowns; i++) {
		const struct unknown *u = &a->unknowns[i];

		if (!same_cause(u, &a->unknowns[n]))
			continue;
		blocker = blocker || u->rule->severity == SEVERITY_BLOCKER;
		if (last && streq(last, u->rule->id))
			continue;
		if (rules++ < SHOWN_RULES)
			(void) buffer_printf(b, "%s%s", last ? ", " : "", u->rule->id);
		last = u->rule->id;
	}
	if (rules > SHOWN_RULES)
		(void) buffer_printf(b, " and %zu more", rules - SHOWN_RULES);
	return blocker;
}

static void
put_unknowns(struct page *p, const struct assessment *a)
{
	if (a->n_unknowns == 0)
		return;
	page_put(p, STYLE_BOLD, "\nNot learned\n");
	for (size_t i = 0; i < a->n_unknowns; i++) {
		_cleanup_buffer_ struct buffer head = { 0 }, rules = { 0 };
		const struct unknown *u = &a->unknowns[i];
		bool blocker;

		if (told_before(a, i))
			continue;
		blocker = list_undecided(a, i, &rules);
		(void) buffer_printf(&head, "%s: %s", u->thing, u->missing);
		page_line(p, INDENT, "", INDENT, blocker ? STYLE_YELLOW : STYLE_PLAIN, buffer_slice(&head).p);
		page_line(p, FIELD, "because", TEXT, STYLE_PLAIN, u->because);
		page_line(p, FIELD, "do", TEXT, STYLE_PLAIN, u->remedy);
		page_line(p, FIELD, "open", TEXT, STYLE_DIM, buffer_slice(&rules).p);
	}
}

int
report_text(const struct assessment *a, const struct report_options *o, struct buffer *out)
{
	struct page p = { .out = out, .options = o };

	if (!o->quiet) {
		put_tree(&p, a);
		put_place(&p, a, false);
		put_destination(&p, a);
		put_place(&p, a, true);
		page_put(&p, STYLE_PLAIN, "\n");
		put_verdict(&p, a);
		text_findings(&p, a);
		text_settled(&p, a);
		put_requirements(&p, a);
		put_assumed(&p, a);
		put_unknowns(&p, a);
		page_put(&p, STYLE_PLAIN, "\n");
	}
	page_put(&p, verdict_style(a->verdict), "%s", verdict_name(a->verdict));
	page_put(&p, STYLE_PLAIN, " (exit %d)\n", verdict_exit_code(a->verdict));
	return p.error;
}

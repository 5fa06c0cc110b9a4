/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as text, in sections. One by itself:
 *
 *     dst-file-buildid   /usr/lib/x86_64-linux-gnu/libssl.so.3
 *           what    the file there is another build
 *           here    build-id 3f2a..91   (/proc/4211/map_files)
 *           there   build-id 88b0..02
 *           who     nginx 4211 and 4 more
 *           CRIU    refuses at restore: "has bad build-ID"
 *           do      bring the same package version to the destination
 *
 * Several of one rule with one remedy are told together, a line or two each:
 *
 *     dst-file-missing   3 times: a file or folder that the tree uses is not there
 *           /usr/lib/x86_64-linux-gnu/libatomic.so.1.2.0
 *           /usr/lib/x86_64-linux-gnu/libzstd.so.1.5.4
 *                   here regular file 0644; there nothing; redis-server 4211
 */
#include "reports/text-findings.h"

enum {
	SHOWN = 10,			/* of one kind, in full: a container has hundreds of mounts */
	NAMED = 20,			/* and by name */
};

static void
put_value(struct page *p, const char *label, const char *value, const char *from)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	if (!value)
		return;
	(void) buffer_printf(&b, "%s", value);
	if (from)
		(void) buffer_printf(&b, "   (%s)", from);
	page_line(p, FIELD, label, TEXT, STYLE_PLAIN, buffer_slice(&b).p);
}

static void
put_holders(struct page *p, const struct finding *f)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	if (f->n_holders == 0)
		return;
	(void) buffer_printf(&b, "%s", f->holders[0]);
	if (f->holders_total > 1)
		(void) buffer_printf(&b, " and %zu more", f->holders_total - 1);
	page_line(p, FIELD, "who", TEXT, STYLE_PLAIN, buffer_slice(&b).p);
}

/* What CRIU does: its own words where it has any. */
static void
put_criu(struct page *p, const struct finding *f)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	if (f->stage == STAGE_AFTERWARDS)
		(void) buffer_printf(&b, "does not notice: %s", f->rule->why);
	else if (f->severity == SEVERITY_BLOCKER && f->rule->criu_says && f->stage == f->rule->stage)
		(void) buffer_printf(&b, "refuses at %s: \"%s\"", stage_name(f->stage), f->rule->criu_says);
	else if (f->severity == SEVERITY_BLOCKER)
		(void) buffer_printf(&b, "refuses at %s: %s", stage_name(f->stage), f->rule->why);
	else
		(void) buffer_printf(&b, "goes on: %s", f->rule->why);
	page_line(p, FIELD, "CRIU", TEXT, STYLE_PLAIN, buffer_slice(&b).p);
}

/* What is the same for all findings of a group. */
static void
put_common(struct page *p, const struct finding *f)
{
	put_criu(p, f);
	page_line(p, FIELD, "do", TEXT, STYLE_PLAIN, f->remedy);
}

static void
put_finding(struct page *p, const struct finding *f, enum style style)
{
	_cleanup_buffer_ struct buffer head = { 0 }, id = { 0 };

	(void) buffer_printf(&id, "  %s", f->rule->id);
	(void) buffer_printf(&head, "%s", f->thing);
	if (f->confidence == CONFIDENCE_POSSIBLE)
		(void) buffer_printf(&head, "   (possible, not seen)");
	page_lead(p, style, buffer_slice(&id).p, STYLE_BOLD, buffer_slice(&head).p);
	page_line(p, FIELD, "what", TEXT, STYLE_PLAIN, f->rule->title);
	put_value(p, "here", f->here, f->here_from);
	put_value(p, "there", f->there, f->there_from);
	put_holders(p, f);
	page_line(p, FIELD, "more", TEXT, STYLE_PLAIN, f->detail);
	page_line(p, FIELD, "seen", TEXT, STYLE_PLAIN, f->observed);
	put_common(p, f);
	page_line(p, FIELD, "run", TEXT, STYLE_CYAN, f->command);
	page_line(p, FIELD, "or give", TEXT, STYLE_PLAIN, f->option);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

/* Whether two findings differ in nothing but what they are about. */
static bool
belong_together(const struct finding *a, const struct finding *b)
{
	return a->rule == b->rule && a->stage == b->stage && a->lifetime == b->lifetime &&
	       a->severity == b->severity && a->confidence == b->confidence && same(a->remedy, b->remedy);
}

/* Whether all that is told of a member is told of the other, too: but for what it is about, and its option. */
static bool
tell_the_same(const struct finding *a, const struct finding *b)
{
	return !a->command && !b->command && !a->option == !b->option && same(a->here, b->here) &&
	       same(a->there, b->there) && same(a->detail, b->detail) && same(a->observed, b->observed) &&
	       a->holders_total == b->holders_total && same(a->n_holders ? a->holders[0] : NULL, b->n_holders ? b->holders[0] : NULL);
}

/* Of the rest of a long group what they are about, as far as a few lines hold it. */
static void
put_rest(struct page *p, const struct finding *f, size_t n)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	size_t named = n > NAMED + 1 ? NAMED : n;

	(void) buffer_printf(&b, "and %zu more:", n);
	for (size_t i = 0; i < named; i++)
		(void) buffer_printf(&b, "%s %s", i ? "," : "", f[i].thing);
	if (named < n)
		(void) buffer_printf(&b, " and others (-f json tells them all)");
	page_line(p, FIELD, "", FIELD, STYLE_PLAIN, b.p);
}

/* Members that tell the same: their things, and then once what is told of them. */
static void
put_members(struct page *p, const struct finding *f, size_t n)
{
	_cleanup_buffer_ struct buffer b = { 0 }, option = { 0 };
	const char *parted = "";
	size_t shown = n > SHOWN + 1 ? SHOWN : n;

	for (size_t i = 0; i < shown; i++)
		page_line(p, FIELD, "", FIELD, STYLE_BOLD, f[i].thing);
	if (shown < n)
		put_rest(p, &f[shown], n - shown);
	if (n > 1 && f->option && !streq(f->option, f[n - 1].option))
		(void) buffer_printf(&option, "%s, and so for each", f->option);
	if (f->here)
		(void) buffer_printf(&b, "here %s", f->here);
	parted = b.n ? "; " : "";
	if (f->there)
		(void) buffer_printf(&b, "%sthere %s", parted, f->there);
	parted = b.n ? "; " : "";
	if (f->n_holders > 0)
		(void) buffer_printf(&b, "%s%s", parted, f->holders[0]);
	if (f->holders_total > 1)
		(void) buffer_printf(&b, " and %zu more", f->holders_total - 1);
	if (b.n > 0)
		page_line(p, TEXT, "", TEXT, STYLE_PLAIN, b.p);
	page_line(p, TEXT, "", TEXT, STYLE_PLAIN, f->detail);
	page_line(p, TEXT, "seen", TEXT + FIELD, STYLE_PLAIN, f->observed);
	page_line(p, TEXT, "run", TEXT + FIELD, STYLE_CYAN, f->command);
	page_line(p, TEXT, "or give", TEXT + FIELD, STYLE_PLAIN, option.n ? option.p : f->option);
}

static void
put_group(struct page *p, const struct finding *f, size_t n, enum style style)
{
	_cleanup_buffer_ struct buffer head = { 0 }, id = { 0 };

	(void) buffer_printf(&id, "  %s", f->rule->id);
	(void) buffer_printf(&head, "%zu times: %s%s", n, f->rule->title,
			     f->confidence == CONFIDENCE_POSSIBLE ? "   (possible, not seen)" : "");
	page_lead(p, style, buffer_slice(&id).p, STYLE_BOLD, buffer_slice(&head).p);
	for (size_t i = 0, alike; i < n; i += alike) {
		if (i >= SHOWN && n - i > 2) {
			put_rest(p, &f[i], n - i);
			break;
		}
		alike = 1;
		while (i + alike < n && tell_the_same(&f[i], &f[i + alike]))
			alike++;
		put_members(p, &f[i], alike);
	}
	put_common(p, f);
}

struct section {
	const char *title;
	enum severity severity;
	enum lifetime lifetime;
	bool by_lifetime;
	enum style style;
};

static const struct section sections[] = {
	{ "Permanent: someone has to change something", SEVERITY_BLOCKER, LIFETIME_PERMANENT, true, STYLE_RED },
	{ "Transient: tends to pass; look again", SEVERITY_BLOCKER, LIFETIME_TRANSIENT, true, STYLE_YELLOW },
	{ "Warnings: the move works, something is lost or at risk", SEVERITY_WARNING, 0, false, STYLE_YELLOW },
	{ "Notes", SEVERITY_NOTE, 0, false, STYLE_DIM },
};

static void
put_section(struct page *p, const struct assessment *a, const struct section *s)
{
	bool begun = false;

	for (size_t i = 0, n; i < a->n_findings; i += n) {
		const struct finding *f = &a->findings[i];

		n = 1;
		if (f->severity != s->severity || (s->by_lifetime && f->lifetime != s->lifetime))
			continue;
		while (i + n < a->n_findings && belong_together(f, &f[n]))
			n++;
		if (!begun)
			page_put(p, STYLE_BOLD, "\n%s\n", s->title);
		begun = true;
		if (n == 1)
			put_finding(p, f, s->style);
		else
			put_group(p, f, n, s->style);
	}
}

void
text_findings(struct page *p, const struct assessment *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		put_section(p, a, &sections[i]);
}

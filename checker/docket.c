/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what rules said, one by one, to what a report tells: who is concerned, equal findings
 * folded, what the user's options lift, the order.
 */
#include "checker/docket.h"
#include "checker/options.h"
#include "base/text.h"
#include "facts/gaps.h"

void
docket_read_gaps(const Snapshot *s, const Gap **ret_first)
{
	for (size_t i = 0; i < s->n_gap; i++) {
		const Gap *g = s->gap[i];

		/* What has gone hides nothing. */
		if (!g->has_domain || (unsigned int) g->domain >= DOMAINS ||
		    (g->has_effect && g->effect == GAP_EFFECT__GAP_VANISHED))
			continue;
		if (!ret_first[g->domain])
			ret_first[g->domain] = g;
	}
}

const char *
docket_because(struct judge *j, const Gap *gap)
{
	return judge_text(j, "%s: %s", gap->reason ? gap->reason : "not learned",
			  gap->subject ? gap->subject : domain_name(gap->domain));
}

static void
add_holder(struct judge *j, struct finding *f, const char *who)
{
	const char **place;

	f->holders_total++;
	if (f->n_holders == MAX_HOLDERS)
		return;
	place = arena_grow(j->assessment->arena, &f->holders, &f->n_holders, sizeof(*place));
	if (place)
		*place = who;
	else
		j->assessment->short_of_memory = true;
}

/* Who is concerned by the current subject, where the rule did not say it itself. */
static void
name_holders(struct judge *j, struct finding *f)
{
	const struct subject *s = j->subject;
	const Process *p = s->process;

	if (f->holders_total)
		return;
	if (!p && s->socket)
		p = index_socket_holder(j->at, s->socket->ino, NULL);
	if (!p && s->ns && s->ns->has_member_pid)
		p = index_process(j->at, s->ns->member_pid);
	if (!p && s->file && s->file->has_user_pid)
		p = index_process(j->at, s->file->user_pid);
	if (!p)
		return;
	add_holder(j, f, judge_process(j, p));
	if (s->file && s->file->users > 1)
		f->holders_total = s->file->users;
}

/* An option of the user's lifts a blocker, at the price that the kind says. */
static void
apply_options(struct judge *j, struct finding *f)
{
	const char *given = j->options->criu_options;

	if (!f->option || f->option_kind == REQUIRE_LOSSLESS || f->severity != SEVERITY_BLOCKER)
		return;
	if (!given || !options_hold(given, f->option))
		return;
	f->severity = f->option_kind == REQUIRE_LOSSY ? SEVERITY_WARNING : SEVERITY_NOTE;
	f->detail = f->option_kind == REQUIRE_LOSSY ?
			    "The options given to CRIU allow it; what they drop is lost." :
			    "The options given to CRIU allow it, if the other side is arranged.";
	judge_require(j, f->option_kind, f->stage, f->option, f->thing);
}

void
docket_settle(struct judge *j, size_t first)
{
	struct docket *d = j->docket;

	for (size_t i = first; i < d->n_finding; i++) {
		name_holders(j, d->finding[i]);
		apply_options(j, d->finding[i]);
	}
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

static bool
same_finding(const struct finding *a, const struct finding *b)
{
	return same(a->thing, b->thing) && same(a->here, b->here) && same(a->there, b->there) &&
	       a->lifetime == b->lifetime && a->severity == b->severity && same(a->option, b->option);
}

static uint64_t
hash_finding(const struct finding *f)
{
	const char *const part[] = { f->thing, f->here, f->there };
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		for (const char *s = part[i]; s && *s; s++)
			h = (h ^ (unsigned char) *s) * 0x100000001b3ULL;
		h = (h ^ 0xff) * 0x100000001b3ULL;
	}
	return h ^ (h >> 29);
}

static bool
is_holder(const struct finding *f, const char *who)
{
	for (size_t i = 0; i < f->n_holders; i++)
		if (streq(f->holders[i], who))
			return true;
	return false;
}

static void
join_holders(struct judge *j, struct finding *into, const struct finding *from)
{
	size_t unseen = from->holders_total - from->n_holders;

	for (size_t i = 0; i < from->n_holders; i++)
		if (!is_holder(into, from->holders[i]))
			add_holder(j, into, from->holders[i]);
	into->holders_total += unseen;
}

uint32_t
docket_fold(struct judge *j)
{
	struct docket *d = j->docket;
	size_t n = d->n_finding - d->rule_start, room = 8, kept = 0;
	struct finding **of_rule, **slot;

	if (n < 2)
		return (uint32_t) n;
	of_rule = d->finding + d->rule_start;
	while (room < n * 2)
		room *= 2;
	slot = arena_alloc(j->assessment->arena, room * sizeof(struct finding *));
	if (!slot) {
		j->assessment->short_of_memory = true;
		return (uint32_t) n;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = hash_finding(of_rule[i]) & (room - 1);

		while (slot[at] && !same_finding(slot[at], of_rule[i]))
			at = (at + 1) & (room - 1);
		if (slot[at]) {
			join_holders(j, slot[at], of_rule[i]);
			continue;
		}
		slot[at] = of_rule[i];
		of_rule[kept++] = of_rule[i];
	}
	d->n_finding = d->rule_start + kept;
	return (uint32_t) kept;
}

/* Permanent blockers, transient blockers, warnings, notes. */
static unsigned int
rank(const struct finding *f)
{
	switch (f->severity) {
	case SEVERITY_BLOCKER:
		return f->lifetime == LIFETIME_PERMANENT ? 0 : 1;
	case SEVERITY_WARNING:
		return 2;
	default:
		return 3;
	}
}

/* What was said in rule order is sorted by thing within a rule, numbers by their value. */
static int
by_thing(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *) a;
	const struct finding *y = *(const struct finding *const *) b;
	int r = strverscmp(x->thing, y->thing);

	if (r == 0)
		r = strverscmp(x->here ? x->here : "", y->here ? y->here : "");
	if (r == 0)
		r = strverscmp(x->there ? x->there : "", y->there ? y->there : "");
	return r;
}

static void
sort_within_rules(struct docket *d)
{
	size_t start = 0;

	for (size_t i = 1; i <= d->n_finding; i++) {
		if (i < d->n_finding && d->finding[i]->rule == d->finding[start]->rule)
			continue;
		qsort(d->finding + start, i - start, sizeof(*d->finding), by_thing);
		start = i;
	}
}

int
docket_close(struct docket *d)
{
	struct assessment *a = d->assessment;
	size_t *count[] = { &a->permanent, &a->transient, &a->warnings, &a->notes };

	if (d->n_finding == 0)
		return 0;
	sort_within_rules(d);
	a->findings = arena_alloc(a->arena, d->n_finding * sizeof(*a->findings));
	if (!a->findings)
		return -ENOMEM;
	for (unsigned int r = 0; r < ARRAY_SIZE(count); r++)
		for (size_t i = 0; i < d->n_finding; i++)
			if (rank(d->finding[i]) == r) {
				a->findings[a->n_findings++] = *d->finding[i];
				(*count[r])++;
			}
	return 0;
}

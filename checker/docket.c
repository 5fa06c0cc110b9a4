/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what rules said, one by one, to what a report tells: who is concerned, equal findings
 * folded, what the user's options lift, the order.
 */
#include "checker/docket.h"
#include "checker/requirements.h"
#include "checker/table.h"
#include "base/text.h"
#include "facts/gaps.h"

/* "content of /srv/a": the file itself is known, and rules look at what is known of it. */
static bool
is_of_one_file(const Gap *g)
{
	return g->domain == DOMAIN__DOMAIN_FILES && g->has_pid && g->pid > 0 && g->collector &&
	       streq(g->collector, "files") && g->subject && slice_starts(slice_of(g->subject), "content of ");
}

void
docket_read_gaps(const Snapshot *s, const Gap **ret_first, const Gap **ret_hides)
{
	for (size_t i = 0; i < s->n_gap; i++) {
		const Gap *g = s->gap[i];

		/* What has gone hides nothing. */
		if (!g->has_domain || (unsigned int) g->domain >= DOMAINS ||
		    (g->has_effect && g->effect == GAP_EFFECT__GAP_VANISHED))
			continue;
		if (!ret_first[g->domain])
			ret_first[g->domain] = g;
		if (ret_hides && !ret_hides[g->domain] && !is_of_one_file(g))
			ret_hides[g->domain] = g;
	}
}

/* Learned with a descriptor of our own on what the task has open. */
static bool
is_of_dup(Domain domain)
{
	return domain == DOMAIN__DOMAIN_SOCKETS || domain == DOMAIN__DOMAIN_FDS ||
	       domain == DOMAIN__DOMAIN_TERMINALS;
}

const char *
docket_remedy(struct judge *j, bool destination_side, Domain domain)
{
	const struct docket *d = j->docket;
	const Snapshot *side = destination_side ? j->destination : j->source;
	const Gap *gap = (unsigned int) domain >= DOMAINS ? NULL :
			 destination_side ? d->destination_gap[domain] : d->source_gap[domain];
	const Header *h = side ? side->header : NULL;

	if (h && destination_side && !gap && !h->has_asked_sha256)
		return "probe that host again with this source: migcheck probe -s SOURCE";
	if (h && h->no_content && domain == DOMAIN__DOMAIN_FILES && !gap)
		return "run without --no-content";
	if (h && h->no_dup && is_of_dup(domain) && !gap)
		return "run without --no-dup";
	if (h && h->has_euid && h->euid != 0)
		return "run migcheck as root on that host";
	return gap && gap->remedy ? judge_text(j, "%s", gap->remedy) : NULL;
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

void
docket_settle(struct judge *j, size_t first)
{
	struct docket *d = j->docket;

	for (size_t i = first; i < d->n_said; i++) {
		name_holders(j, d->said[i].finding);
		requirement_of_finding(j, d->said[i].finding);
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
	return a->rule == b->rule && same(a->thing, b->thing) && same(a->here, b->here) &&
	       same(a->there, b->there) && a->lifetime == b->lifetime && a->severity == b->severity &&
	       same(a->option, b->option);
}

static uint64_t
hash_finding(const struct said *said)
{
	const struct finding *f = said->finding;

	return hash_number(hash_number(hash_text(f->thing) ^ said->rule) + hash_text(f->here)) ^
	       hash_text(f->there);
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

/* Equal findings of a rule become one, which lists all holders. */
static int
fold(struct judge *j)
{
	struct docket *d = j->docket;
	size_t room = 8, kept = 0;
	struct finding **slot;

	while (room < d->n_said * 2)
		room *= 2;
	slot = arena_alloc(j->assessment->arena, room * sizeof(struct finding *));
	if (!slot)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_said; i++) {
		struct said *said = &d->said[i];
		size_t at = hash_finding(said) & (room - 1);

		while (slot[at] && !same_finding(slot[at], said->finding))
			at = (at + 1) & (room - 1);
		if (slot[at]) {
			join_holders(j, slot[at], said->finding);
			continue;
		}
		slot[at] = said->finding;
		d->said[kept++] = *said;
		j->assessment->outcomes[said->rule].findings++;
	}
	d->n_said = kept;
	return 0;
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

/* By rank, then in rule order, then by thing, numbers by their value. */
static int
by_order(const void *a, const void *b)
{
	const struct said *s = a, *t = b;
	const struct finding *x = s->finding, *y = t->finding;
	int r = (int) rank(x) - (int) rank(y);

	if (r == 0)
		r = s->rule < t->rule ? -1 : s->rule > t->rule;
	if (r == 0)
		r = strverscmp(x->thing, y->thing);
	if (r == 0)
		r = strverscmp(x->here ? x->here : "", y->here ? y->here : "");
	if (r == 0)
		r = strverscmp(x->there ? x->there : "", y->there ? y->there : "");
	return r ? r : strcmp(x->option ? x->option : "", y->option ? y->option : "");
}

static int
lay_out_findings(struct docket *d)
{
	struct assessment *a = d->assessment;
	size_t *count[] = { &a->permanent, &a->transient, &a->warnings, &a->notes };

	if (d->n_said == 0)
		return 0;
	qsort(d->said, d->n_said, sizeof(*d->said), by_order);
	a->findings = arena_alloc(a->arena, d->n_said * sizeof(*a->findings));
	if (!a->findings)
		return -ENOMEM;
	for (; a->n_findings < d->n_said; a->n_findings++) {
		a->findings[a->n_findings] = *d->said[a->n_findings].finding;
		(*count[rank(d->said[a->n_findings].finding)])++;
	}
	return 0;
}

/* Rules of one kind of subject judge in turns; what they said is parted by rule again. */
static int
sort_unknowns(struct assessment *a)
{
	struct unknown *sorted = arena_alloc(a->arena, a->n_unknowns * sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_outcomes && n < a->n_unknowns; i++)
		for (size_t k = 0; a->outcomes[i].unknowns && k < a->n_unknowns; k++)
			if (a->unknowns[k].rule == a->outcomes[i].rule)
				sorted[n++] = a->unknowns[k];
	a->unknowns = sorted;
	return 0;
}

int
docket_close(struct judge *j)
{
	int r;

	r = fold(j);
	if (r == 0)
		r = lay_out_findings(j->docket);
	if (r == 0)
		r = sort_unknowns(j->assessment);
	return r < 0 ? r : requirements_close(j);
}

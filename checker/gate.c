/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each tree against each class of hosts, and what the policy makes of it: see gate.h.
 */
#include "checker/gate.h"

#include "checker/cpu-baseline.h"
#include "checker/gate-changes.h"
#include "checker/gate-findings.h"
#include "base/text.h"

#include <errno.h>

static int
keep_outcomes(struct gate *g, const struct assessment *a, struct gate_cell *cell)
{
	uint8_t *outcome = arena_alloc(g->arena, a->n_outcomes);

	if (!outcome)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_outcomes; i++) {
		const struct rule_outcome *o = &a->outcomes[i];

		outcome[i] = (uint8_t) o->outcome;
		/* That the moment is left out is the policy's will, and no lack of the profile. */
		if (o->outcome == OUTCOME_NOT_ASKED && (g->policy->now || o->rule->of_the_moment == MOMENT_NOT))
			cell->not_asked++;
	}
	cell->outcome = outcome;
	cell->is_asked = a->destination->header && a->destination->header->has_asked_sha256;
	return 0;
}

static enum verdict
verdict_of(const struct gate_cell *c)
{
	if (c->permanent)
		return VERDICT_BLOCKED;
	if (c->unknown)
		return VERDICT_UNDECIDED;
	return c->transient ? VERDICT_RETRY : VERDICT_READY;
}

/* Whether the baseline knew all that stands in the way, on each host of the class. */
static bool
is_spared(const struct gate *g, const struct gate_cell *c, const struct gate_class *class)
{
	if (!g->policy->known || c->verdict == VERDICT_READY)
		return false;
	for (size_t i = 0; i < c->n_finding; i++) {
		const struct gate_finding *f = &g->findings[c->finding[i]];

		for (size_t h = 0; finding_counts(f) && h < class->n; h++)
			if (!g->policy->known(g->policy->baseline, f->fingerprint, g->hosts[class->first + h].name))
				return false;
	}
	return true;
}

static void
count_cell(struct gate *g, size_t tree, size_t class)
{
	struct gate_cell *c = &g->cells[tree * g->n_classes + class];

	for (size_t i = 0; i < c->n_finding; i++) {
		const struct gate_finding *f = &g->findings[c->finding[i]];

		if (f->waiver)
			c->waived++;
		else if (f->severity != SEVERITY_BLOCKER)
			c->warnings++;
		else if (f->unknown)
			c->unknown++;
		else if (f->lifetime == LIFETIME_PERMANENT)
			c->permanent++;
		else
			c->transient++;
	}
	c->verdict = verdict_of(c);
	c->spared = is_spared(g, c, &g->classes[class]);
	g->trees[tree].hosts[c->verdict] += g->classes[class].n;
}

int
gate_begin(struct gate *g)
{
	g->options = *g->policy->check;
	g->options.now_ns = g->now_ns;
	g->options.in_a_pool = true;
	g->options.lasting_only = !g->policy->now;
	g->set = arena_alloc(g->arena, sizeof(*g->set));
	g->cells = arena_alloc(g->arena, g->n_trees * g->n_classes * sizeof(*g->cells));
	return g->set && g->cells ? 0 : -ENOMEM;
}

int
gate_check_class(const struct gate *g, const Snapshot *const *answers, struct assessment *ret)
{
	int r = 0;

	for (size_t t = 0; r == 0 && t < g->n_trees; t++) {
		r = check(g->trees[t].source, answers[t], &g->options, &ret[t]);
		if (r < 0)
			while (t-- > 0)
				assessment_free(&ret[t]);
	}
	return r;
}

int
gate_take_class(struct gate *g, size_t class, struct assessment *a)
{
	int r = 0;

	for (size_t t = 0; t < g->n_trees; t++) {
		if (r == 0)
			r = keep_outcomes(g, &a[t], &g->cells[t * g->n_classes + class]);
		if (r == 0)
			r = findings_take(g, g->set, &a[t], t, class);
		assessment_free(&a[t]);
	}
	return r;
}

static int
count_cells(struct gate *g)
{
	int r = findings_order(g);

	findings_forget(g->set);
	for (size_t t = 0; r == 0 && t < g->n_trees; t++)
		for (size_t c = 0; c < g->n_classes; c++)
			count_cell(g, t, c);
	return r;
}

/* ---- the policy ------------------------------------------------------------------------------ */

/* Hosts by what they are for a tree, those that the baseline spares among the ready ones. */
struct places {
	size_t ready, retry, undecided, blocked;
};

static struct places
places_of(const struct gate *g, size_t tree)
{
	struct places p = { .undecided = g->n_unseen };

	for (size_t c = 0; c < g->n_classes; c++) {
		const struct gate_cell *cell = gate_cell(g, tree, c);
		size_t n = g->classes[c].n;

		if (cell->verdict == VERDICT_READY || cell->spared)
			p.ready += n;
		else if (cell->verdict == VERDICT_RETRY)
			p.retry += n;
		else if (cell->verdict == VERDICT_UNDECIDED)
			p.undecided += n;
		else
			p.blocked += n;
	}
	return p;
}

/* With --min-hosts: what would fill the places that lack says why they do. */
static enum gate_result
result_of_places(const struct places *p, size_t needed)
{
	if (p->ready >= needed)
		return GATE_MET;
	if (p->ready + p->retry >= needed)
		return GATE_TRANSIENT;
	return p->ready + p->retry + p->undecided >= needed ? GATE_UNJUDGED : GATE_BROKEN;
}

/* Without: each kind that breaks the policy does so on any host. */
static enum gate_result
result_of_all(const struct places *p, unsigned int fail_on)
{
	if (p->blocked && fail_on & GATE_FAIL_PERMANENT)
		return GATE_BROKEN;
	if (p->undecided && fail_on & GATE_FAIL_UNDECIDED)
		return GATE_UNJUDGED;
	return p->retry && fail_on & GATE_FAIL_TRANSIENT ? GATE_TRANSIENT : GATE_MET;
}

/* The worse of two: broken, unjudged, transient, met. */
static enum gate_result
worse(enum gate_result a, enum gate_result b)
{
	static const uint8_t rank[] = {
		[GATE_MET] = 0, [GATE_TRANSIENT] = 1, [GATE_UNJUDGED] = 2, [GATE_BROKEN] = 3,
	};

	return rank[a] >= rank[b] ? a : b;
}

static int
add_reason(struct gate *g, const struct gate_tree *t, const struct places *p, enum gate_result r)
{
	const char **place = arena_grow(g->arena, &g->reasons, &g->n_reasons, sizeof(*place));
	size_t n = g->n_judged + g->n_unseen;

	if (!place)
		return -ENOMEM;
	if (g->policy->min_hosts)
		*place = arena_printf(g->arena, "%s is ready on %zu of the %zu hosts that it needs", t->name, p->ready,
				      g->policy->min_hosts);
	else if (r == GATE_BROKEN)
		*place = arena_printf(g->arena, "%s is blocked on %zu of %zu hosts", t->name, p->blocked, n);
	else if (r == GATE_UNJUDGED)
		*place = arena_printf(g->arena, "%s could not be judged on %zu of %zu hosts", t->name, p->undecided, n);
	else
		*place = arena_printf(g->arena, "%s has to wait on %zu of %zu hosts", t->name, p->retry, n);
	return *place ? 0 : -ENOMEM;
}

/* A tree that hosts were not asked about is no more than half judged there, whatever the result. */
static int
tell_unasked(struct gate *g, size_t tree)
{
	const char **place;
	size_t n = 0;

	for (size_t c = 0; c < g->n_classes; c++)
		if (gate_cell(g, tree, c)->verdict == VERDICT_READY && gate_cell(g, tree, c)->not_asked)
			n += g->classes[c].n;
	if (n == 0)
		return 0;
	place = arena_grow(g->arena, &g->reasons, &g->n_reasons, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = arena_printf(g->arena, "%s is called ready on %zu host%s whose profile%s not asked about just this tree: its "
			      "files and names are not judged (probe --for)", g->trees[tree].name, n, n == 1 ? "" : "s",
			      n == 1 ? " was" : "s were");
	return *place ? 0 : -ENOMEM;
}

static int
apply_policy(struct gate *g)
{
	for (size_t i = 0; i < g->n_trees; i++) {
		struct gate_tree *t = &g->trees[i];
		struct places p = places_of(g, i);
		enum gate_result one;

		t->needed = g->policy->min_hosts ? g->policy->min_hosts : g->n_judged + g->n_unseen;
		one = g->policy->min_hosts ? result_of_places(&p, t->needed) : result_of_all(&p, g->policy->fail_on);
		if (one != GATE_MET && add_reason(g, t, &p, one) < 0)
			return -ENOMEM;
		g->result = worse(g->result, one);
	}
	for (size_t i = 0; i < g->n_trees; i++)
		if (tell_unasked(g, i) < 0)
			return -ENOMEM;
	return 0;
}

/* ---- a pool ---------------------------------------------------------------------------------- */

static int
make_baseline(struct gate *g)
{
	struct cpu_member *member = arena_alloc(g->arena, g->n_classes * sizeof(*member));
	struct cpu_baseline *cpu = arena_alloc(g->arena, sizeof(*cpu));

	if (!member || !cpu)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_classes; i++)
		member[i] = (struct cpu_member){
			.name = g->classes[i].name,
			.host = g->classes[i].facts->host,
			.hosts = g->classes[i].n,
		};
	g->cpu = cpu;
	return cpu_baseline_make(g->arena, member, g->n_classes, cpu);
}

int
gate_conclude(struct gate *g)
{
	int r = count_cells(g);

	if (r == 0)
		r = apply_policy(g);
	if (r == 0)
		r = gate_changes_find(g);
	if (r == 0)
		r = gate_odd_find(g);
	return r == 0 ? make_baseline(g) : r;
}

const char *
gate_result_name(enum gate_result r)
{
	static const char *const words[] = {
		[GATE_MET] = "met", [GATE_BROKEN] = "broken", [GATE_TRANSIENT] = "transient", [GATE_UNJUDGED] = "unjudged",
	};

	return words[r];
}

int
gate_exit_code(enum gate_result r)
{
	static const int codes[] = { [GATE_MET] = 0, [GATE_BROKEN] = 1, [GATE_TRANSIENT] = 3, [GATE_UNJUDGED] = 4 };

	return codes[r];
}

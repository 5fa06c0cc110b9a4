/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a pool: see gate-changes.h. A finding that stands in the way is lifted by one act,
 *
 *     nf_tables is not there       done on each host where it fails, for all trees at once
 *     a raw socket of nginx        done to that tree, for all hosts at once
 *     avx512f in use by nginx      likewise: it is started anew with the feature masked
 *
 * and a tree is ready on a host when all that stands in its way there is lifted.
 */
#include "checker/gate-changes.h"

#include "base/text.h"
#include "checker/gate-findings.h"

#include <errno.h>

/* The changes that a cell wants, each once. */
struct wish {
	uint32_t *change;
	size_t n;
};

/* Findings by change, and changes by cell, while they are worked out. */
struct work {
	struct gate *g;
	uint32_t *change_of;		/* by finding; UINT32_MAX: it does not stand in the way */
	struct wish *wish;		/* by cell */
	bool *chosen;			/* by change */
	bool *tried;			/* by change: chosen for the sake of a question */
	size_t *lacks;			/* by tree: how many hosts more it must have */
	size_t n_chosen;
};

static bool
is_of_tree(const struct rule *r)
{
	return r->stage == STAGE_DUMP || (r->destination_needs & NEEDS(DOMAIN__DOMAIN_CPU)) ||
	       (r->destination_needs == 0 && r->about != ABOUT_HOST);
}

static bool
is_same_change(const struct gate_change *c, const struct gate_finding *f)
{
	return c->rule == f->rule && streq(c->thing, f->thing) &&
	       (!c->at_tree || c->trees[0] == f->tree);
}

/* Adds a number to an ascending list of distinct ones. */
static int
join(struct arena *a, size_t **list, size_t *n, size_t number)
{
	size_t at = *n;

	while (at > 0 && (*list)[at - 1] > number)
		at--;
	if (at > 0 && (*list)[at - 1] == number)
		return 0;
	if (!arena_grow(a, list, n, sizeof(**list)))
		return -ENOMEM;
	memmove(*list + at + 1, *list + at, (*n - at - 1) * sizeof(**list));
	(*list)[at] = number;
	return 0;
}

static int
join_finding(struct gate *g, struct gate_change *c, const struct gate_finding *f)
{
	int r = join(g->arena, &c->trees, &c->n_trees, f->tree);

	for (size_t i = 0; r == 0 && i < f->n_classes; i++)
		r = join(g->arena, &c->classes, &c->n_classes, f->classes[i]);
	return r;
}

static int
by_rule_and_thing(const void *a, const void *b)
{
	const struct gate_finding *const *x = a, *const *y = b;
	const struct gate_finding *f = *x, *g = *y;
	int r;

	if (f->rule != g->rule)
		return f->rule < g->rule ? -1 : 1;
	r = strcmp(f->thing, g->thing);
	if (r == 0)
		r = f->tree < g->tree ? -1 : f->tree > g->tree;
	return r ? r : f < g ? -1 : f > g;
}

/* Those that stand in the way, equal changes beside each other. */
static int
group(struct work *w, const struct gate_finding **list)
{
	struct gate *g = w->g;
	size_t n = 0;

	for (size_t i = 0; i < g->n_findings; i++) {
		w->change_of[i] = UINT32_MAX;
		if (finding_counts(&g->findings[i]))
			list[n++] = &g->findings[i];
	}
	qsort(list, n, sizeof(*list), by_rule_and_thing);
	for (size_t i = 0; i < n; i++) {
		const struct gate_finding *f = list[i];
		struct gate_change *c = g->n_changes ? &g->changes[g->n_changes - 1] : NULL;

		if (!c || !is_same_change(c, f)) {
			c = arena_grow(g->arena, &g->changes, &g->n_changes, sizeof(*c));
			if (!c)
				return -ENOMEM;
			*c = (struct gate_change){
				.rule = f->rule, .thing = f->thing, .remedy = f->remedy, .command = f->command,
				.at_tree = is_of_tree(f->rule),
			};
		}
		if (join_finding(g, c, f) < 0)
			return -ENOMEM;
		w->change_of[f - g->findings] = (uint32_t) g->n_changes - 1;
	}
	return 0;
}

/* Of a cell with thousands of findings the same is asked again and again: what it wants is found out once. */
static int
collect_wishes(struct work *w)
{
	struct gate *g = w->g;
	_cleanup_free_ size_t *cell_of = calloc(g->n_changes + 1, sizeof(*cell_of));

	w->wish = arena_alloc(g->arena, g->n_trees * g->n_classes * sizeof(*w->wish));
	if (!cell_of || !w->wish)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_trees * g->n_classes; i++) {
		const struct gate_cell *c = &g->cells[i];
		struct wish *wish = &w->wish[i];

		wish->change = arena_alloc(g->arena, c->n_finding * sizeof(*wish->change));
		if (!wish->change)
			return -ENOMEM;
		for (size_t k = 0; k < c->n_finding; k++) {
			uint32_t change = w->change_of[c->finding[k]];

			if (change == UINT32_MAX || cell_of[change] == i + 1)
				continue;
			cell_of[change] = i + 1;
			wish->change[wish->n++] = change;
		}
	}
	return 0;
}

/* Steps through the changes that a cell wants, each once. UINT32_MAX at the end. */
static uint32_t
next_change(const struct work *w, const struct gate_cell *c, size_t *i)
{
	const struct wish *wish = &w->wish[c - w->g->cells];

	return *i < wish->n ? wish->change[(*i)++] : UINT32_MAX;
}

static void
count_cells(struct work *w)
{
	struct gate *g = w->g;

	for (size_t i = 0; i < g->n_trees * g->n_classes; i++) {
		size_t hosts = g->classes[i % g->n_classes].n, n = 0, at = 0;
		uint32_t last = UINT32_MAX;

		for (uint32_t c = next_change(w, &g->cells[i], &at); c != UINT32_MAX;
		     c = next_change(w, &g->cells[i], &at)) {
			g->changes[c].cells += hosts;
			last = c;
			n++;
		}
		if (n == 1)
			g->changes[last].alone += hosts;
	}
	for (size_t i = 0; i < g->n_changes; i++)
		for (size_t k = 0; k < g->changes[i].n_classes; k++)
			g->changes[i].hosts += g->classes[g->changes[i].classes[k]].n;
}

/* ---- the smallest set ------------------------------------------------------------------------ */

/* How many changes more a cell wants. */
static size_t
cost(const struct work *w, const struct gate_cell *c)
{
	size_t n = 0, at = 0;

	for (uint32_t k = next_change(w, c, &at); k != UINT32_MAX; k = next_change(w, c, &at))
		n += !w->chosen[k];
	return n;
}

static void
choose(struct work *w, const struct gate_cell *c)
{
	size_t at = 0;

	for (uint32_t k = next_change(w, c, &at); k != UINT32_MAX; k = next_change(w, c, &at)) {
		w->n_chosen += !w->chosen[k];
		w->chosen[k] = true;
	}
}

static size_t
ready_hosts(const struct work *w, size_t tree)
{
	size_t n = 0;

	for (size_t c = 0; c < w->g->n_classes; c++)
		if (cost(w, gate_cell(w->g, tree, c)) == 0)
			n += w->g->classes[c].n;
	return n;
}

/* Whether change `k` is the first of the changes that a cell wants and that are on trial. */
static bool
is_first_tried(const struct work *w, const struct gate_cell *c, uint32_t k)
{
	size_t at = 0;

	for (uint32_t i = next_change(w, c, &at); i != UINT32_MAX; i = next_change(w, c, &at))
		if (w->tried[i])
			return i == k;
	return false;
}

/* Hosts that change `k`, with the others on trial, makes ready for trees that still need so many. */
static size_t
opened_by(const struct work *w, uint32_t k)
{
	const struct gate_change *change = &w->g->changes[k];
	size_t all = 0;

	for (size_t t = 0; t < change->n_trees; t++) {
		size_t tree = change->trees[t], n = 0;

		for (size_t c = 0; n < w->lacks[tree] && c < change->n_classes; c++) {
			const struct gate_cell *cell = gate_cell(w->g, tree, change->classes[c]);

			if (is_first_tried(w, cell, k) && cost(w, cell) == 0)
				n += w->g->classes[change->classes[c]].n;
		}
		all += n < w->lacks[tree] ? n : w->lacks[tree];
	}
	return all;
}

/* How many hosts, for all trees that lack some, all changes that a cell wants would make ready. */
static size_t
gain(struct work *w, const struct gate_cell *c)
{
	size_t n = 0, at = 0;

	for (uint32_t k = next_change(w, c, &at); k != UINT32_MAX; k = next_change(w, c, &at)) {
		w->tried[k] = !w->chosen[k];
		w->chosen[k] = true;
	}
	at = 0;
	for (uint32_t k = next_change(w, c, &at); k != UINT32_MAX; k = next_change(w, c, &at))
		if (w->tried[k])
			n += opened_by(w, k);
	at = 0;
	for (uint32_t k = next_change(w, c, &at); k != UINT32_MAX; k = next_change(w, c, &at)) {
		w->chosen[k] &= !w->tried[k];
		w->tried[k] = false;
	}
	return n;
}

/* The class that costs least; of those the one whose changes help most. NO_CLASS: none is left. */
static size_t
cheapest(struct work *w, size_t tree)
{
	size_t best = NO_CLASS, least = SIZE_MAX, most = 0;

	for (size_t c = 0; c < w->g->n_classes; c++) {
		const struct gate_cell *cell = gate_cell(w->g, tree, c);
		size_t n = cost(w, cell), help = n > 0 && n <= least ? gain(w, cell) : 0;

		if (n > 0 && (n < least || (n == least && help > most))) {
			best = c;
			least = n;
			most = help;
		}
	}
	return best;
}

/* Whether each tree has its hosts, of those that could be judged, with what is chosen. */
static bool
suffices(const struct work *w)
{
	for (size_t t = 0; t < w->g->n_trees; t++) {
		size_t needed = w->g->policy->min_hosts ? w->g->trees[t].needed : w->g->n_judged;

		if (ready_hosts(w, t) < needed)
			return false;
	}
	return true;
}

static void
find_lacking(struct work *w)
{
	for (size_t t = 0; t < w->g->n_trees; t++) {
		size_t ready = ready_hosts(w, t), needed = w->g->trees[t].needed;

		w->lacks[t] = ready < needed ? needed - ready : 0;
	}
}

static void
choose_for(struct work *w, size_t tree)
{
	while (w->lacks[tree]) {
		size_t class = cheapest(w, tree);

		if (class == NO_CLASS)
			return;
		choose(w, gate_cell(w->g, tree, class));
		find_lacking(w);
	}
}

/* What was chosen for one tree may have become needless by what was chosen for another. */
static void
drop_needless(struct work *w)
{
	if (!suffices(w))
		return;
	for (size_t i = 0; i < w->g->n_changes; i++) {
		if (!w->chosen[i])
			continue;
		w->chosen[i] = false;
		if (suffices(w))
			w->n_chosen--;
		else
			w->chosen[i] = true;
	}
}

static void
choose_all(struct work *w)
{
	for (size_t i = 0; i < w->g->n_changes; i++)
		w->chosen[i] = true;
	w->n_chosen = w->g->n_changes;
}

struct ranked {
	struct gate_change change;
	bool chosen;
	size_t number;
};

static int
by_help(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->chosen != y->chosen)
		return x->chosen ? -1 : 1;
	if (x->change.alone != y->change.alone)
		return x->change.alone > y->change.alone ? -1 : 1;
	if (x->change.cells != y->change.cells)
		return x->change.cells > y->change.cells ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static int
order(struct work *w)
{
	struct gate *g = w->g;
	_cleanup_free_ struct ranked *ranked = calloc(g->n_changes + 1, sizeof(*ranked));

	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_changes; i++)
		ranked[i] = (struct ranked){ .change = g->changes[i], .chosen = w->chosen[i], .number = i };
	qsort(ranked, g->n_changes, sizeof(*ranked), by_help);
	for (size_t i = 0; i < g->n_changes; i++)
		g->changes[i] = ranked[i].change;
	return 0;
}

int
gate_changes_find(struct gate *g)
{
	_cleanup_free_ uint32_t *change_of = calloc(g->n_findings + 1, sizeof(*change_of));
	_cleanup_free_ const struct gate_finding **list = calloc(g->n_findings + 1, sizeof(*list));
	_cleanup_free_ bool *chosen = calloc(g->n_findings + 1, sizeof(*chosen));
	_cleanup_free_ bool *tried = calloc(g->n_findings + 1, sizeof(*tried));
	_cleanup_free_ size_t *lacks = calloc(g->n_trees + 1, sizeof(*lacks));
	struct work w = { .g = g, .change_of = change_of, .chosen = chosen, .tried = tried, .lacks = lacks };

	if (!change_of || !list || !chosen || !tried || !lacks)
		return -ENOMEM;
	if (group(&w, list) < 0 || collect_wishes(&w) < 0)
		return -ENOMEM;
	count_cells(&w);
	if (g->policy->min_hosts) {
		find_lacking(&w);
		for (size_t t = 0; t < g->n_trees; t++)
			choose_for(&w, t);
		drop_needless(&w);
	} else {
		choose_all(&w);
	}
	g->changes_needed = w.n_chosen;
	g->changes_suffice = suffices(&w);
	return order(&w);
}

/* ---- the odd ones out ------------------------------------------------------------------------ */

/* Where something that a rule found stands in the way of any tree, and of which. */
static int
join_hits(struct gate *g, struct gate_odd *odd)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->n_findings; i++) {
		const struct gate_finding *f = &g->findings[i];

		if (f->rule != odd->rule || !finding_counts(f))
			continue;
		r = join(g->arena, &odd->trees, &odd->n_trees, f->tree);
		for (size_t k = 0; r == 0 && k < f->n_classes; k++)
			r = join(g->arena, &odd->classes, &odd->n_classes, f->classes[k]);
	}
	return r;
}

static bool
is_judged(const struct gate *g, size_t number, size_t class)
{
	for (size_t t = 0; t < g->n_trees; t++) {
		uint8_t o = gate_cell(g, t, class)->outcome[number];

		if (o != OUTCOME_NOT_APPLICABLE && o != OUTCOME_NOT_ASKED)
			return true;
	}
	return false;
}

static int
odd_of_rule(struct gate *g, const struct rule *rule, size_t number)
{
	struct gate_odd odd = { .rule = rule }, *place;

	if (join_hits(g, &odd) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < odd.n_classes; i++)
		odd.hosts += g->classes[odd.classes[i]].n;
	for (size_t c = 0; odd.hosts && c < g->n_classes; c++)
		if (is_judged(g, number, c))
			odd.of += g->classes[c].n;
	if (odd.hosts == 0 || odd.hosts >= odd.of)
		return 0;
	odd.are_few = odd.hosts * 2 < odd.of;
	place = arena_grow(g->arena, &g->odd, &g->n_odd, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = odd;
	return 0;
}

int
gate_odd_find(struct gate *g)
{
	size_t number = 0;
	int r = 0;

	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; r == 0 && k < rulesets[i]->n; k++)
			r = odd_of_rule(g, &rulesets[i]->rules[k], number++);
	return r;
}

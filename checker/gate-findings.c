/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of a pool: see gate-findings.h. Nothing of an assessment is kept, so that there need be
 * room for one only.
 */
#include "checker/gate-findings.h"

#include "base/digest.h"
#include "base/text.h"
#include "checker/table.h"
#include "checker/waivers.h"

#include <errno.h>

enum { FIRST_ROOM = 64 };

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

static bool
same_finding(const struct gate_finding *a, const struct gate_finding *b)
{
	return a->rule == b->rule && a->tree == b->tree && a->unknown == b->unknown && a->lifetime == b->lifetime &&
	       a->severity == b->severity && a->waiver == b->waiver && a->expired == b->expired &&
	       same(a->thing, b->thing) && same(a->here, b->here) && same(a->there, b->there) &&
	       same(a->detail, b->detail) && same(a->option, b->option);
}

static uint64_t
hash_of(const struct gate_finding *f)
{
	return hash_number(hash_text(f->thing) + 2 * f->tree + f->unknown) ^ hash_number(hash_text(f->here) + 1) ^
	       hash_number(hash_text(f->there) + (uint64_t) (uintptr_t) f->rule);
}

static int
grow(struct gate *g, struct finding_set *set)
{
	size_t room = set->room ? set->room * 2 : FIRST_ROOM;
	uint32_t *slot = calloc(room, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_findings; i++) {
		size_t at = hash_of(&g->findings[i]) & (room - 1);

		while (slot[at])
			at = (at + 1) & (room - 1);
		slot[at] = (uint32_t) i + 1;
	}
	free(set->slot);
	set->slot = slot;
	set->room = room;
	return 0;
}

static int
copy_texts(struct gate *g, struct gate_finding *f)
{
	const char **text[] = {
		&f->thing, &f->here, &f->there, &f->here_from, &f->there_from, &f->detail,
		&f->observed, &f->remedy, &f->command, &f->option,
	};

	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		/* Texts of the rule table stand as they are. */
		if (!*text[i] || *text[i] == f->rule->remedy)
			continue;
		*text[i] = arena_strdup(g->arena, *text[i]);
		if (!*text[i])
			return -ENOMEM;
	}
	return 0;
}

/* The one that is the same, or a copy of `f` as a new one. */
static int
find_or_add(struct gate *g, struct finding_set *set, const struct gate_finding *f, uint32_t *ret_index)
{
	struct gate_finding *place;
	size_t at;
	int r;

	if (set->n * 2 >= set->room) {
		r = grow(g, set);
		if (r < 0)
			return r;
	}
	for (at = hash_of(f) & (set->room - 1); set->slot[at]; at = (at + 1) & (set->room - 1))
		if (same_finding(&g->findings[set->slot[at] - 1], f)) {
			*ret_index = set->slot[at] - 1;
			return 0;
		}
	place = arena_grow(g->arena, &g->findings, &g->n_findings, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = *f;
	r = copy_texts(g, place);
	if (r < 0)
		return r;
	set->n++;
	set->slot[at] = (uint32_t) g->n_findings;
	*ret_index = (uint32_t) g->n_findings - 1;
	return 0;
}

/* What waivers say of it on these hosts, who are all alike to them. */
static void
ask_waivers(struct gate *g, struct gate_finding *f, size_t class)
{
	const struct waiver *w = NULL;
	const char *host = g->hosts[g->classes[class].first].name;

	if (!g->waivers)
		return;
	switch (waivers_match(g->waivers, f->rule->id, host, g->trees[f->tree].name, g->now_ns, &w)) {
	case WAIVER_HOLDS:
		f->waiver = w;
		break;
	case WAIVER_EXPIRED:
		f->expired = w;
		break;
	default:
		break;
	}
}

static int
take(struct gate *g, struct finding_set *set, struct gate_finding *f, size_t class)
{
	struct gate_cell *cell = &g->cells[f->tree * g->n_classes + class];
	struct gate_finding *into;
	uint32_t index, *of_cell;
	size_t *of_finding;
	int r;

	ask_waivers(g, f, class);
	r = find_or_add(g, set, f, &index);
	if (r < 0)
		return r;
	into = &g->findings[index];
	/* What differs in nothing that is compared comes once a class. */
	if (into->n_classes && into->classes[into->n_classes - 1] == class)
		return 0;
	of_finding = arena_grow(g->arena, &into->classes, &into->n_classes, sizeof(*of_finding));
	of_cell = of_finding ? arena_grow(g->arena, &cell->finding, &cell->n_finding, sizeof(*of_cell)) : NULL;
	if (!of_cell)
		return -ENOMEM;
	*of_finding = class;
	*of_cell = index;
	into->hosts += g->classes[class].n;
	return 0;
}

int
findings_take(struct gate *g, struct finding_set *set, const struct assessment *a, size_t tree, size_t class)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n_findings; i++) {
		const struct finding *f = &a->findings[i];
		struct gate_finding found = {
			.rule = f->rule, .tree = tree, .stage = f->stage, .lifetime = f->lifetime,
			.severity = f->severity, .confidence = f->confidence, .thing = f->thing, .here = f->here,
			.there = f->there, .here_from = f->here_from, .there_from = f->there_from,
			.detail = f->detail, .observed = f->observed, .remedy = f->remedy, .command = f->command,
			.option = f->option,
		};

		r = take(g, set, &found, class);
	}
	for (size_t i = 0; r == 0 && i < a->n_unknowns; i++) {
		const struct unknown *u = &a->unknowns[i];
		struct gate_finding found = {
			.rule = u->rule, .tree = tree, .unknown = true, .stage = u->rule->stage,
			.lifetime = u->rule->lifetime, .severity = u->rule->severity, .thing = u->thing,
			.here = u->missing, .there = u->because, .remedy = u->remedy,
		};

		r = take(g, set, &found, class);
	}
	return r;
}

void
findings_forget(struct finding_set *set)
{
	free(set->slot);
	*set = (struct finding_set){ 0 };
}

/* ---- order ----------------------------------------------------------------------------------- */

/* As an assessment has them: permanent, transient, not learned, warnings, notes. */
static unsigned int
rank(const struct gate_finding *f)
{
	if (f->severity != SEVERITY_BLOCKER)
		return 3 + (unsigned int) f->severity + 2 * f->unknown;
	if (f->unknown)
		return 2;
	return f->lifetime == LIFETIME_PERMANENT ? 0 : 1;
}

struct place {
	const struct gate_finding *finding;
	size_t rule;			/* its place among all */
};

static size_t
rule_place(const struct rule *rule)
{
	size_t before = 0;

	for (size_t i = 0; i < n_rulesets; i++) {
		if (rule >= rulesets[i]->rules && rule < rulesets[i]->rules + rulesets[i]->n)
			return before + (size_t) (rule - rulesets[i]->rules);
		before += rulesets[i]->n;
	}
	return before;
}

static int
by_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	const struct gate_finding *f = x->finding, *g = y->finding;
	int r;

	if (f->tree != g->tree)
		return f->tree < g->tree ? -1 : 1;
	if (rank(f) != rank(g))
		return rank(f) < rank(g) ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	r = strverscmp(f->thing, g->thing);
	if (r == 0)
		r = strverscmp(f->there ? f->there : "", g->there ? g->there : "");
	/* Found in the order of classes, which is that of the pool. */
	return r ? r : f < g ? -1 : f > g;
}

static bool
is_task(const Snapshot *source, uint64_t id)
{
	for (size_t i = 0; i < source->n_process; i++)
		for (size_t k = 0; k < source->process[i]->n_thread; k++)
			if ((uint64_t) source->process[i]->thread[k]->tid == id)
				return true;
	return false;
}

/*
 * The numbers of tasks and inodes are others when the program was started again, and the finding is
 * the same: "fd 7 of nginx 4211" is digested as "fd 7 of nginx #", "pipe:[655306]" as "pipe:[#]".
 */
static int
digest_thing(struct digest *digest, const Snapshot *source, const char *thing)
{
	int r = 0;

	for (const char *p = thing; r == 0 && *p;) {
		size_t n = strspn(p, "0123456789");
		uint64_t number;
		bool passes = n > 0 && ((p > thing && p[-1] == '[' && p[n] == ']') ||
					(parse_u64((struct slice){ .p = p, .n = n }, 10, &number) == 0 &&
					 is_task(source, number)));

		n = n ? n : strcspn(p, "0123456789");
		r = passes ? digest_add(digest, "#", 1) : digest_add(digest, p, n);
		p += n;
	}
	return r == 0 ? digest_add(digest, "", 1) : r;
}

static const char *
fingerprint_of(struct gate *g, const struct gate_finding *f, struct digest *digest)
{
	const struct gate_tree *tree = &g->trees[f->tree];
	uint8_t sha256[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	if (digest_add(digest, f->rule->id, strlen(f->rule->id) + 1) < 0 ||
	    digest_add(digest, tree->name, strlen(tree->name) + 1) < 0 ||
	    digest_thing(digest, tree->source, f->thing) < 0 ||
	    (f->unknown && digest_thing(digest, tree->source, f->here) < 0) || digest_end(digest, sha256) < 0)
		return NULL;
	digest_hex(sha256, hex);
	return arena_strdup(g->arena, hex);
}

static void
count_new(const struct gate *g, struct gate_finding *f)
{
	f->new_hosts = f->hosts;
	for (size_t i = 0; g->policy->known && i < f->n_classes; i++) {
		const struct gate_class *c = &g->classes[f->classes[i]];

		for (size_t h = 0; h < c->n; h++)
			f->new_hosts -= g->policy->known(g->policy->baseline, f->fingerprint,
							 g->hosts[c->first + h].name);
	}
}

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
findings_order(struct gate *g)
{
	_cleanup_free_ struct place *place = calloc(g->n_findings + 1, sizeof(*place));
	_cleanup_free_ uint32_t *moved = calloc(g->n_findings + 1, sizeof(*moved));
	struct gate_finding *sorted = arena_alloc(g->arena, g->n_findings * sizeof(*sorted));
	_cleanup_digest_ struct digest *digest = digest_new();

	if (!place || !moved || !sorted || !digest)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_findings; i++)
		place[i] = (struct place){ .finding = &g->findings[i], .rule = rule_place(g->findings[i].rule) };
	qsort(place, g->n_findings, sizeof(*place), by_order);
	for (size_t i = 0; i < g->n_findings; i++) {
		moved[place[i].finding - g->findings] = (uint32_t) i;
		sorted[i] = *place[i].finding;
		sorted[i].fingerprint = fingerprint_of(g, &sorted[i], digest);
		if (!sorted[i].fingerprint)
			return -ENOMEM;
		count_new(g, &sorted[i]);
		g->n_waived += sorted[i].waiver != NULL;
	}
	g->findings = sorted;
	for (size_t i = 0; i < g->n_trees * g->n_classes; i++) {
		uint32_t *index = g->cells[i].finding;

		for (size_t k = 0; k < g->cells[i].n_finding; k++)
			index[k] = moved[index[k]];
		if (index)
			qsort(index, g->cells[i].n_finding, sizeof(*index), by_number);
	}
	return 0;
}

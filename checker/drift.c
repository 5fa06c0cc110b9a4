/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See drift.h. A finding is the same while its rule, its thing, its stage, its severity and its
 * lifetime are: the values on both sides may move ("41 of 1024 in use"), and do at every look.
 */
#include "checker/drift.h"

#include "base/arena.h"
#include "base/text.h"
#include "facts/limits.h"

#include <errno.h>
#include <stdlib.h>

typedef int compare_fn(const void *a, const void *b);

static int
compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int
compare_numbers(int a, int b)
{
	return (a > b) - (a < b);
}

static int
compare_findings(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	int r = compare_texts(x->rule->id, y->rule->id);

	if (r == 0)
		r = compare_texts(x->thing, y->thing);
	if (r == 0)
		r = compare_numbers((int) x->stage, (int) y->stage);
	if (r == 0)
		r = compare_numbers((int) x->severity, (int) y->severity);
	return r ? r : compare_numbers((int) x->lifetime, (int) y->lifetime);
}

static int
compare_requirements(const void *a, const void *b)
{
	const struct requirement *x = a, *y = b;
	int r = compare_texts(x->option, y->option);

	if (r == 0)
		r = compare_numbers((int) x->kind, (int) y->kind);
	if (r == 0)
		r = compare_numbers(x->offered, y->offered);
	return r ? r : compare_numbers((int) x->stage, (int) y->stage);
}

static int
compare_unknowns(const void *a, const void *b)
{
	const struct unknown *x = a, *y = b;
	int r = compare_texts(x->rule->id, y->rule->id);

	if (r == 0)
		r = compare_texts(x->thing, y->thing);
	if (r == 0)
		r = compare_texts(x->missing, y->missing);
	return r ? r : compare_numbers(x->at_destination, y->at_destination);
}

/* A list of records of `size` bytes. */
struct list {
	const void *p;
	size_t n, size;
};

/* Copies, in their order, those of `these` that `others` does not have. 0 or -ENOMEM. */
static int
only_in(struct arena *arena, struct list these, struct list others, compare_fn *compare, void *ret, size_t *ret_n)
{
	char *sorted = arena_memdup(arena, others.p, others.n * others.size);
	char *out = arena_alloc(arena, these.n * these.size);
	size_t n = 0;

	if (!sorted || !out)
		return -ENOMEM;
	if (others.n > 0)
		qsort(sorted, others.n, others.size, compare);
	for (size_t i = 0; i < these.n; i++) {
		const char *one = (const char *) these.p + i * these.size;

		if (others.n > 0 && bsearch(one, sorted, others.n, others.size, compare))
			continue;
		memcpy(out + n * these.size, one, these.size);
		n++;
	}
	memcpy(ret, &out, sizeof(out));
	*ret_n = n;
	return 0;
}

static int
both_ways(struct arena *arena, struct list before, struct list after, compare_fn *compare, void *ret_new,
	  size_t *ret_n_new, void *ret_gone, size_t *ret_n_gone)
{
	int r = only_in(arena, after, before, compare, ret_new, ret_n_new);

	return r < 0 ? r : only_in(arena, before, after, compare, ret_gone, ret_n_gone);
}

/* Of many unknowns of one rule only the first are kept: which these are says nothing. */
static bool
keeps_all(const struct assessment *a, const struct rule *rule)
{
	size_t kept = 0, all = 0;

	for (size_t i = 0; i < a->n_unknowns; i++)
		kept += a->unknowns[i].rule == rule;
	for (size_t i = 0; i < a->n_outcomes; i++)
		if (a->outcomes[i].rule == rule)
			all = a->outcomes[i].unknowns;
	return kept >= all;
}

static void
drop_not_sure(const struct assessment *other, struct unknown *unknown, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (keeps_all(other, unknown[i].rule))
			unknown[kept++] = unknown[i];
	*n = kept;
}

/* What is only offered stands with the finding that it would lift. */
static void
drop_offered(struct requirement *q, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (!q[i].offered)
			q[kept++] = q[i];
	*n = kept;
}

static bool
is_still_true(const struct drift *d)
{
	if (d->before->verdict != d->after->verdict || d->n_requirements_new > 0)
		return false;
	for (size_t i = 0; i < d->n_findings_new; i++)
		if (d->findings_new[i].severity == SEVERITY_BLOCKER)
			return false;
	for (size_t i = 0; i < d->n_unknowns_new; i++)
		if (d->unknowns_new[i].rule->severity == SEVERITY_BLOCKER)
			return false;
	return true;
}

int
drift_find(const struct assessment *before, const struct assessment *after, struct drift *ret)
{
	const struct assessment *a = before, *b = after;
	struct drift d = { .before = before, .after = after };
	int r;

	d.arena = arena_new(MAX_ARENA_BYTES);
	if (!d.arena)
		return -ENOMEM;
	r = both_ways(d.arena, (struct list){ a->findings, a->n_findings, sizeof(struct finding) },
		      (struct list){ b->findings, b->n_findings, sizeof(struct finding) }, compare_findings,
		      &d.findings_new, &d.n_findings_new, &d.findings_gone, &d.n_findings_gone);
	if (r == 0)
		r = both_ways(d.arena,
			      (struct list){ a->requirements, a->n_needed, sizeof(struct requirement) },
			      (struct list){ b->requirements, b->n_needed, sizeof(struct requirement) },
			      compare_requirements, &d.requirements_new, &d.n_requirements_new,
			      &d.requirements_gone, &d.n_requirements_gone);
	if (r == 0)
		r = both_ways(d.arena, (struct list){ a->unknowns, a->n_unknowns, sizeof(struct unknown) },
			      (struct list){ b->unknowns, b->n_unknowns, sizeof(struct unknown) },
			      compare_unknowns, &d.unknowns_new, &d.n_unknowns_new, &d.unknowns_gone,
			      &d.n_unknowns_gone);
	if (r < 0) {
		drift_free(&d);
		return r;
	}
	drop_offered(d.requirements_new, &d.n_requirements_new);
	drop_offered(d.requirements_gone, &d.n_requirements_gone);
	drop_not_sure(before, d.unknowns_new, &d.n_unknowns_new);
	drop_not_sure(after, d.unknowns_gone, &d.n_unknowns_gone);
	d.still_true = is_still_true(&d);
	*ret = d;
	return 0;
}

void
drift_free(struct drift *d)
{
	(void) arena_free(d->arena);
	*d = (struct drift){ 0 };
}

int
drift_exit_code(const struct drift *d)
{
	if (d->after->verdict == VERDICT_READY && d->n_requirements_new > 0)
		return EXIT_NEEDS_OTHERS;
	return verdict_exit_code(d->after->verdict);
}

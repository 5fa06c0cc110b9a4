/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See settling.h. A thing is known by its rule and its name, which is the same at each look.
 * It is gone when its rule was judged without finding it; where the rule could not be judged
 * (a gap), nothing is said of it.
 */
#include "checker/settling.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>

int
settling_init(struct settling *s)
{
	*s = (struct settling){ .arena = arena_new(MAX_ARENA_BYTES) };
	return s->arena ? 0 : -ENOMEM;
}

void
settling_free(struct settling *s)
{
	s->arena = arena_free(s->arena);
}

static bool
is_same(const struct settled *t, const struct rule *rule, const char *thing)
{
	return t->rule == rule && streq(t->thing, thing);
}

/* The finding of this thing that blocks, of whichever lifetime; NULL: none. */
static const struct finding *
find_blocker(const struct assessment *a, const struct settled *t)
{
	for (size_t i = 0; i < a->n_findings; i++) {
		const struct finding *f = &a->findings[i];

		if (f->severity == SEVERITY_BLOCKER && is_same(t, f->rule, f->thing))
			return f;
	}
	return NULL;
}

/* Findings of other things do not hide that of this one the rule knows nothing. */
static bool
is_unknown(const struct assessment *a, const struct rule *rule)
{
	for (size_t i = 0; i < a->n_outcomes; i++)
		if (a->outcomes[i].rule == rule)
			return a->outcomes[i].outcome == OUTCOME_UNKNOWN || a->outcomes[i].unknowns > 0;
	return true;
}

static void
update(struct settled *t, const struct assessment *a, uint64_t at_ms)
{
	const struct finding *f = find_blocker(a, t);

	if (f) {
		t->end = SETTLED_STAYED;
		t->lifetime = f->lifetime;
		t->until_ms = at_ms;
	} else if (is_unknown(a, t->rule)) {
		t->end = SETTLED_UNKNOWN;
		t->until_ms = at_ms;
	} else if (t->end != SETTLED_GONE) {
		t->end = SETTLED_GONE;
		t->until_ms = at_ms;
	}
}

static bool
can_pass(const struct settling *s, const struct finding *f)
{
	return f->severity == SEVERITY_BLOCKER && f->lifetime == LIFETIME_TRANSIENT &&
	       (!s->there_only || f->rule->destination_needs);
}

static bool
is_known(const struct settling *s, const struct finding *f)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_same(&s->things[i], f->rule, f->thing))
			return true;
	return false;
}

static int
add(struct settling *s, const struct finding *f, uint64_t at_ms)
{
	struct settled *t = arena_grow(s->arena, &s->things, &s->n, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct settled){
		.rule = f->rule,
		.thing = arena_strdup(s->arena, f->thing),
		.end = SETTLED_STAYED,
		.lifetime = f->lifetime,
		.came_ms = at_ms,
		.until_ms = at_ms,
	};
	return t->thing ? 0 : -ENOMEM;
}

int
settling_look(struct settling *s, const struct assessment *a, uint64_t at_ms)
{
	int r = 0;

	for (size_t i = 0; i < s->n; i++)
		update(&s->things[i], a, at_ms);
	for (size_t i = 0; i < a->n_findings && r == 0; i++)
		if (can_pass(s, &a->findings[i]) && !is_known(s, &a->findings[i]))
			r = add(s, &a->findings[i], at_ms);
	s->waited_ms = at_ms;
	return r;
}

size_t
settling_open(const struct settling *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->things[i].end == SETTLED_UNKNOWN ||
		     (s->things[i].end == SETTLED_STAYED && s->things[i].lifetime == LIFETIME_TRANSIENT);
	return n;
}

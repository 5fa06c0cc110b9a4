/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that the formats of a gate share: see gate-words.h.
 */
#include "reports/gate-words.h"

bool
gate_fails_on(const struct gate *g, enum gate_fail what)
{
	return (g->policy->fail_on & what) != 0;
}

const char *
gate_finding_kind(const struct gate_finding *f)
{
	return f->unknown ? "unknown" : lifetime_name(f->lifetime);
}

const char *
gate_finding_word(const struct gate_finding *f)
{
	return f->severity == SEVERITY_BLOCKER ? gate_finding_kind(f) : severity_name(f->severity);
}

enum gate_standing
gate_standing(const struct gate *g, const struct gate_finding *f)
{
	enum gate_fail kind = GATE_FAIL_UNDECIDED;

	if (f->waiver)
		return GATE_WAIVED;
	if (f->severity != SEVERITY_BLOCKER)
		return f->severity == SEVERITY_WARNING ? GATE_WARNS : GATE_NOTES;
	if (f->new_hosts == 0)
		return GATE_KNOWN;
	if (!f->unknown)
		kind = f->lifetime == LIFETIME_PERMANENT ? GATE_FAIL_PERMANENT : GATE_FAIL_TRANSIENT;
	return gate_fails_on(g, kind) ? GATE_COUNTS : GATE_TOLERATED;
}

struct gate_tally
gate_tally(const struct gate *g)
{
	struct gate_tally tally = { 0 };

	for (size_t i = 0; i < g->n_findings; i++)
		tally.of[gate_standing(g, &g->findings[i])]++;
	return tally;
}

const char *
gate_host_name(const struct gate_host *h)
{
	return h->name ? h->name : h->file;
}

const char *
gate_waiver_state(const struct gate *g, const struct waiver *w)
{
	if (w->until_ns <= g->now_ns)
		return "expired";
	return w->matched > 0 ? "used" : "unused";
}

void
gate_hosts_of_classes(struct pen *p, const struct gate *g, const size_t *classes, size_t n, size_t most,
		      pen_foreign *foreign)
{
	size_t told = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		const struct gate_class *c = &g->classes[classes[i]];

		for (size_t k = 0; k < c->n && told < most; k++) {
			if (told > 0)
				pen_put(p, ", ");
			foreign(p, gate_host_name(&g->hosts[c->first + k]));
			told++;
		}
		all += c->n;
	}
	if (told < all)
		pen_put(p, " and %zu more", all - told);
}

void
gate_hosts_of_class(struct pen *p, const struct gate *g, const struct gate_class *c, size_t most, pen_foreign *foreign)
{
	size_t class = (size_t) (c - g->classes);

	gate_hosts_of_classes(p, g, &class, 1, most, foreign);
}

static void
side(struct pen *p, const char **between, const char *label, const char *value, pen_foreign *foreign)
{
	if (!value)
		return;
	pen_put(p, "%s%s ", *between, label);
	foreign(p, value);
	*between = "; ";
}

void
gate_values(struct pen *p, const struct gate_finding *f, pen_foreign *foreign)
{
	const char *between = "";

	if (f->thing) {
		foreign(p, f->thing);
		between = ": ";
	}
	side(p, &between, f->unknown ? "not learned:" : "here", f->here, foreign);
	side(p, &between, f->unknown ? "because" : "there", f->there, foreign);
}

void
gate_waived(struct pen *p, const char *waived, const struct waiver *w, pen_foreign *foreign)
{
	pen_put(p, "%s", waived);
	if (w->owner) {
		pen_put(p, " by ");
		foreign(p, w->owner);
	}
	if (w->until) {
		pen_put(p, " until ");
		foreign(p, w->until);
	}
	if (w->reason) {
		pen_put(p, ": ");
		foreign(p, w->reason);
	}
}

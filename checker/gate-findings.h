/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings of a pool: what is the same on many classes is one, and says on which.
 */
#pragma once

#include "checker/gate.h"

/* Look-up of findings. All zero at first. */
struct finding_set {
	uint32_t *slot;			/* index into gate.findings, plus 1; 0: empty */
	size_t room, n;			/* room: a power of two */
};

/* Takes over what an assessment found and did not learn, and what waivers make of it. 0 or -ENOMEM. */
int findings_take(struct gate *g, struct finding_set *set, const struct assessment *a, size_t tree, size_t class);

void findings_forget(struct finding_set *set);

/* Puts all of them in order and makes fingerprints; the cells follow. 0 or -ENOMEM. */
int findings_order(struct gate *g);

/* Whether it stands in the way of its tree. */
static inline bool
finding_counts(const struct gate_finding *f)
{
	return f->severity == SEVERITY_BLOCKER && !f->waiver;
}

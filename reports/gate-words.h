/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the formats of a gate say alike, in words: what a finding means for the policy, which
 * hosts it is on, what was seen.
 */
#pragma once

#include "checker/gate.h"
#include "checker/waivers.h"
#include "reports/pen.h"

/* What a finding means for the policy, those that stand for the most first. */
enum gate_standing {
	GATE_COUNTS,			/* it is what the policy fails on */
	GATE_TOLERATED,			/* it stands in the way, but --fail-on does not name its kind */
	GATE_KNOWN,			/* it stands in the way, and the baseline knew it everywhere */
	GATE_WAIVED,
	GATE_WARNS,			/* it stands in nobody's way */
	GATE_NOTES,
	GATE_STANDINGS
};
enum gate_standing gate_standing(const struct gate *g, const struct gate_finding *f);

/* Of all findings. */
struct gate_tally {
	size_t of[GATE_STANDINGS];
};
struct gate_tally gate_tally(const struct gate *g);

/* "permanent", "transient", or "unknown" where what decides could not be learned. */
const char *gate_finding_kind(const struct gate_finding *f);

/* Whether the policy fails on what could not be learned: "not judged" is its like. */
bool gate_fails_on(const struct gate *g, enum gate_fail what);

/* Its name; that of its file where it could not be read. Foreign text. */
const char *gate_host_name(const struct gate_host *h);

/* "used" "unused" "expired" */
const char *gate_waiver_state(const struct gate *g, const struct waiver *w);

/* "node1, node2 and 98 more": of the hosts that stand in a row, at most `most` by name. */
void gate_hosts_of_class(struct pen *p, const struct gate *g, const struct gate_class *c, size_t most, pen_foreign *foreign);
void gate_hosts_of_classes(struct pen *p, const struct gate *g, const size_t *classes, size_t n, size_t most,
			   pen_foreign *foreign);

/* "/usr/lib/x: here 1 byte; there 2 bytes"; "/usr/lib/x: not learned: its size (EACCES)". */
void gate_values(struct pen *p, const struct gate_finding *f, pen_foreign *foreign);

/* "waived by ops@example.org until 2027-01-31: the reason"; `waived` is our word for it. */
void gate_waived(struct pen *p, const char *waived, const struct waiver *w, pen_foreign *foreign);

/* "permanent", "transient" or "unknown" of what stands in the way; else "warning" or "note". */
const char *gate_finding_word(const struct gate_finding *f);

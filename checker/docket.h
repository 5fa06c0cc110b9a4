/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules have said so far: private to the engine (check.c, judge.c, docket.c). Findings
 * are held by pointer while judging, so that a rule may refine the one it just made, and are
 * folded, sorted and laid out flat when all rules are done.
 */
#pragma once

#include "checker/judge.h"

enum {
	DOMAINS = 32,			/* more than Domain has */
	MAX_HOLDERS = 8,		/* stored for one finding; all are counted */
	MAX_THINGS = 16,		/* stored for one requirement */
	MAX_UNKNOWNS = 8,		/* stored for one rule; all are counted */
};

struct said {
	struct finding *finding;
	uint32_t rule;			/* its number in rule order */
};

struct option_slot;

struct docket {
	struct assessment *assessment;
	struct said *said;
	size_t n_said;
	uint32_t rule;			/* the number of the rule that is judging */
	const Gap *source_gap[DOMAINS];	/* the first gap of each domain that can hide something */
	const Gap *destination_gap[DOMAINS];
	const Gap *source_hides[DOMAINS];	/* the first that can hide a subject of a rule */
	struct option_slot *option;	/* requirements by what they are, requirements.c */
	size_t option_room, n_option;
	struct finding spare;		/* handed out when memory is short */
};

/*
 * Notes the first gap of each domain, and the first that can hide a subject (NULL: not
 * wanted): what could not be read of one file that is known hides no other.
 */
void docket_read_gaps(const Snapshot *s, const Gap **ret_first, const Gap **ret_hides);

/* How what is missing of this domain could be learned; NULL: nothing is known of it. */
const char *docket_remedy(struct judge *j, bool destination_side, Domain domain);

/* "EACCES reading /proc/42/map_files", in the assessment's arena. */
const char *docket_because(struct judge *j, const Gap *gap);

/*
 * After a rule's function returned: names who is concerned, softens what the user's own
 * options lift, for all findings from number `first` on.
 */
void docket_settle(struct judge *j, size_t first);

/*
 * When all rules are done: equal findings become one and are counted in their rules' outcomes;
 * all lists of the assessment are put into order. 0 or -ENOMEM.
 */
int docket_close(struct judge *j);

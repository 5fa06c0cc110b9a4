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

struct docket {
	struct assessment *assessment;
	struct finding **finding;
	size_t n_finding;
	size_t rule_start;		/* the first finding of the current rule */
	uint32_t said_unknown;		/* by the current rule */
	const Gap *source_gap[DOMAINS];	/* the first gap of each domain that can hide something */
	const Gap *destination_gap[DOMAINS];
	struct finding spare;		/* handed out when memory is short */
};

/* Notes the first gap of each domain. */
void docket_read_gaps(const Snapshot *s, const Gap **ret_first);

/* "EACCES reading /proc/42/map_files", in the assessment's arena. */
const char *docket_because(struct judge *j, const Gap *gap);

/*
 * After a rule's function returned: names who is concerned, softens what the user's own
 * options lift, for all findings from number `first` on.
 */
void docket_settle(struct judge *j, size_t first);

/* After a rule is done: equal findings become one. Returns how many are left of the rule. */
uint32_t docket_fold(struct judge *j);

/* When all rules are done: into the assessment, sorted and counted. 0 or -ENOMEM. */
int docket_close(struct docket *d);

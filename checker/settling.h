/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of transient blockers while somebody looks again and again. Pure: who looks
 * hands in each assessment and the time since the first.
 */
#pragma once

#include "checker/assessment.h"

enum settled_end {
	SETTLED_GONE,			/* not found any more */
	SETTLED_STAYED,			/* found at the last look too */
	SETTLED_UNKNOWN,		/* its rule could not be judged at the last look */
};

struct settled {
	const struct rule *rule;
	const char *thing;
	enum settled_end end;
	enum lifetime lifetime;		/* at the last look that found it */
	uint64_t came_ms;		/* when it was found first; 0: at the first look */
	uint64_t until_ms;		/* found gone then; or looked at last then */
};

struct settling {
	struct arena *arena;
	struct settled *things;		/* in the order of their coming */
	size_t n;
	bool there_only;		/* the source is a file: only what rests on the destination can pass */
	bool interrupted;
	unsigned int looks;		/* after the first */
	uint64_t limit_ms, waited_ms;
};

/* 0 or -ENOMEM. */
int settling_init(struct settling *s);
void settling_free(struct settling *s);

/* Takes in a look: what is new, what went, what is still there. 0 or -ENOMEM. */
int settling_look(struct settling *s, const struct assessment *a, uint64_t at_ms);

/* How many transient blockers are still to be waited for. */
size_t settling_open(const struct settling *s);

const char *settled_end_name(enum settled_end e);	/* "gone" "stayed" "unknown" */

static inline void
cleanup_settling(struct settling *s)
{
	settling_free(s);
}

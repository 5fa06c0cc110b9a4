/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a judgement when the same tree was looked at again: which findings, needed
 * options and open questions are new, and which are gone. Pure.
 */
#pragma once

#include "checker/assessment.h"

struct drift {
	struct arena *arena;
	const struct assessment *before, *after;
	struct finding *findings_new, *findings_gone;	/* in the order of their assessments */
	size_t n_findings_new, n_findings_gone;
	struct requirement *requirements_new, *requirements_gone;	/* not those that are only offered */
	size_t n_requirements_new, n_requirements_gone;
	struct unknown *unknowns_new, *unknowns_gone;
	size_t n_unknowns_new, n_unknowns_gone;
	bool still_true;		/* same verdict, and nothing new that blocks or is needed */
};

/* 0 or -ENOMEM. The assessments must outlive the result. */
int drift_find(const struct assessment *before, const struct assessment *after, struct drift *ret);
void drift_free(struct drift *d);

enum { EXIT_NEEDS_OTHERS = 5 };

/*
 * That of the verdict now; EXIT_NEEDS_OTHERS where it is ready, but with something that was not
 * needed before: who acts on 0 may take the options that the earlier report gave.
 */
int drift_exit_code(const struct drift *d);

static inline void
cleanup_drift(struct drift *d)
{
	drift_free(d);
}
#define _cleanup_drift_ cleanup(cleanup_drift)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What could not be learned is a fact too: a gap.
 */
#pragma once

#include "facts/snapshot.h"

/* Where gaps go while facts are collected; one a thread, joined later. */
struct gaps {
	struct arena *arena;
	Gap **gap;
	size_t n;
};

/*
 * Notes that `subject` (formatted; what was read) could not be learned because of `error`
 * (-errno). pid 0: about no single task. The effect follows from the error: EACCES and EPERM
 * are DENIED, ESRCH is VANISHED (the task is gone, which the caller knows), EBADMSG and EINVAL
 * UNPARSABLE, EINTR INTERRUPTED, ENOENT (what lives has no such file), EOPNOTSUPP, ENOSYS and
 * ENOTTY UNSUPPORTED, ETIMEDOUT TIMED_OUT, EFBIG and ENOMEM OVER_LIMIT,
 * anything else FAILED. Equal gaps (domain, collector, reason, subject) of many pids may be
 * noted once with the first pid. `remedy` may be NULL. Never fails: a gap that cannot be
 * stored for want of memory makes the collector's own error.
 */
void gap_note(struct gaps *g, Domain domain, const char *collector, int pid, int error,
	      const char *remedy, const char *subject, ...) __attribute__((format(printf, 7, 8)));

/* Joins the gaps of a thread to the snapshot's own list. 0 or -ENOMEM. */
int gaps_join(struct snapshot *s, const struct gaps *g);

/* "tasks" for DOMAIN_TASKS, … ; never NULL. */
const char *domain_name(Domain domain);

/* "denied" for GAP_EFFECT__GAP_DENIED, … */
const char *gap_effect_name(GapEffect effect);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crew: killable children that do path work. A look-up on a file system in user space or on
 * a dead server can hang for ever, and nothing in the same process can end it. So the list of
 * work is laid out before the fork, the children take items off it one by one, write each
 * result into memory shared with the parent, and the parent kills a child that shows no
 * progress for the deadline; its item becomes a time-out and a new child goes on.
 *
 * The children are ours, end before crew_run() returns, and run in idle moments when asked, so
 * that a busy target does not notice (idle.h). One exception the kernel makes: a child that
 * waits for a FUSE daemon which took its request and never answers cannot be killed. It is
 * left behind with SIGKILL pending, holding nothing of ours but what `keep` names.
 */
#pragma once

#include "base/cleanup.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew_slot;

/* Called by long work (hashing) to show that it is alive; cheap. `bytes_done` of this item. */
void crew_alive(struct crew_slot *slot, uint64_t bytes_done);

struct crew_progress {
	size_t done, total;		/* items */
	uint64_t bytes;
};

struct crew_job {
	size_t items;
	size_t result_size;		/* bytes of one result; results begin zeroed */
	unsigned int children;		/* 0: as many as online processors, at most the items */
	unsigned int deadline_ms;	/* without progress on one item; 0: none */
	const int *keep;		/* the only descriptors the work needs, rising; NULL: all are kept */
	size_t n_keep;
	bool idle;			/* begins at SCHED_IDLE and idle I/O priority */
	void *arg;
	/* Does item `i` in a child and fills `result`; what it allocates dies with the child. */
	void (*work)(size_t i, void *result, struct crew_slot *slot, void *arg);
	/*
	 * Which file system item `i` waits for, as any number but 0: once one of a group timed
	 * out, the rest of it is given up instead of waiting again. 0, or NULL: no group.
	 */
	uint64_t (*group)(size_t i, void *arg);
	/* Called in the parent now and then, and at the end; may be NULL. */
	void (*progress)(const struct crew_progress *p, void *arg);
};

struct crew_results;			/* shared memory with the results */

/*
 * Runs the job. 0 or -errno (nothing could be forked or mapped). With 0, *ret_results is to be
 * released by crew_results_free(). Each time-out halves the deadline of those that follow, down
 * to a sixteenth, and after 64 the rest is given up: a hostile list of work ends too.
 */
int crew_run(const struct crew_job *job, struct crew_results **ret_results);

/* The result of item `i`; NULL when the item timed out, was given up or its child died in it. */
const void *crew_result(const struct crew_results *r, size_t i);
void crew_results_free(struct crew_results *r);

static inline void
cleanup_crew_results(struct crew_results **r)
{
	crew_results_free(*r);
}
#define _cleanup_crew_results_ cleanup(cleanup_crew_results)

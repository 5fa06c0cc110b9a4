/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that waits for the idle moments of a machine, without waiting for ever: on a machine
 * that has none, a SCHED_IDLE task gets a few thousandths of a processor, and reading a few
 * libraries would take minutes. So a parent watches the child and lifts it a little.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct idle_watch {
	bool processor_lifted, disk_lifted;
	int64_t looked_ms, used_ms;	/* at the last look at its processor time */
};

/*
 * The caller, from now on: SCHED_IDLE and idle I/O priority. `member` of a crew of `members`:
 * each gets a processor of its own.
 */
void idle_become(unsigned int member, unsigned int members);

/*
 * Looks at the child `pid`, which began `ran_ms` ago and last showed progress `silent_ms` ago:
 * one that got less than a twentieth of a processor lately becomes an ordinary task of nice 10 on
 * any processor, one that waited a second for a disk gets the lowest ordinary I/O priority.
 * Each once.
 */
void idle_lift(struct idle_watch *w, pid_t pid, int64_t ran_ms, int64_t silent_ms);

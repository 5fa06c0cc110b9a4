/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priorities by sched(7), getpriority(2) and ioprio_set(2). Measured with 18 busy tasks on each
 * processor: 80 ms of work took a SCHED_IDLE child 7 s. And the kernel does not spread such
 * tasks: two of them shared one of two processors, the other idle, for most of a second.
 */
#include "base/idle.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	NICE_LIFTED = 10,
	NICE_LOWEST = 19,
	PATIENCE_MS = 50,		/* before the processor time is judged */
	PATIENCE_LATER_MS = 500,	/* and judged again */
	DISK_PATIENCE_MS = 1000,
	SHARE = 20,			/* a twentieth of a processor is enough */
	/* IOPRIO_PRIO_VALUE(class, level) of ioprio_set(2), which has no header in the C library. */
	IO_IDLE = 3 << 13,
	IO_LOWEST = 2 << 13 | 7,
	IO_OF_PROCESS = 1,
};

/* The caller runs on one of the processors it may run on, another for each member. */
static void
take_processor(unsigned int member)
{
	cpu_set_t may, own;
	unsigned int left;

	if (sched_getaffinity(0, sizeof(may), &may) < 0)
		return;
	left = member % (unsigned int) CPU_COUNT(&may);
	CPU_ZERO(&own);
	for (unsigned int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &may) || left-- > 0)
			continue;
		CPU_SET(i, &own);
		break;
	}
	(void) sched_setaffinity(0, sizeof(own), &own);
}

void
idle_become(unsigned int member, unsigned int members)
{
	struct sched_param none = { .sched_priority = 0 };

	if (members > 1)
		take_processor(member);
	/* Only root can be lifted out of SCHED_IDLE again: sched(7), RLIMIT_NICE. */
	if (geteuid() == 0)
		(void) sched_setscheduler(0, SCHED_IDLE, &none);
	else
		(void) setpriority(PRIO_PROCESS, 0, NICE_LOWEST);
	(void) syscall(SYS_ioprio_set, IO_OF_PROCESS, 0, IO_IDLE);
}

/* Processor time in milliseconds, or -1. */
static int64_t
time_used(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return -1;
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Out of SCHED_IDLE, to where we ourselves may run. */
static void
lift_processor(pid_t pid)
{
	struct sched_param none = { .sched_priority = 0 };
	cpu_set_t may;

	(void) setpriority(PRIO_PROCESS, (id_t) pid, NICE_LIFTED);
	(void) sched_setscheduler(pid, SCHED_OTHER, &none);
	if (sched_getaffinity(0, sizeof(may), &may) == 0)
		(void) sched_setaffinity(pid, sizeof(may), &may);
}

/* Whether the child got next to nothing since it was last looked at, some time ago. */
static bool
is_starving(struct idle_watch *w, pid_t pid, int64_t ran_ms)
{
	int64_t passed = ran_ms - w->looked_ms, used, got;

	if (passed < (w->looked_ms ? PATIENCE_LATER_MS : PATIENCE_MS))
		return false;
	used = time_used(pid);
	if (used < 0)
		return false;
	got = used - w->used_ms;
	w->looked_ms = ran_ms;
	w->used_ms = used;
	return got < passed / SHARE;
}

void
idle_lift(struct idle_watch *w, pid_t pid, int64_t ran_ms, int64_t silent_ms)
{
	if (!w->processor_lifted && is_starving(w, pid, ran_ms)) {
		w->processor_lifted = true;
		lift_processor(pid);
	}
	if (!w->disk_lifted && silent_ms >= DISK_PATIENCE_MS) {
		w->disk_lifted = true;
		(void) syscall(SYS_ioprio_set, IO_OF_PROCESS, pid, IO_LOWEST);
	}
}

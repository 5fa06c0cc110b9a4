/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/stat and /proc/PID/task/TID/stat: proc_pid_stat(5).
 */
#pragma once

#include "base/text.h"

/* PF_EXITING and PF_KTHREAD of the kernel's sched.h. */
#define TASK_FLAG_EXITING 0x00000004
#define TASK_FLAG_KTHREAD 0x00200000

struct task_stat {
	struct slice comm;		/* in the caller's bytes */
	char state;
	int32_t pid, ppid, pgid, sid;
	int32_t tty_nr, tty_pgrp;
	uint32_t flags;			/* PF_* */
	uint64_t reaped_faults;		/* minor faults of children waited for */
	int32_t nice;
	uint32_t threads;
	uint64_t start_time;		/* clock ticks since boot */
	uint64_t start_code, end_code, start_stack;	/* 0: not shown to us */
	uint64_t pending;		/* private signals, the low 31 */
	uint32_t rt_priority, policy;
	uint64_t arg_start;
	int32_t exit_code;		/* a stopped process: the signal; 0: not shown to us, or by this kernel */
};

/* 0, or -EBADMSG when it is not such a line. Fields of newer kernels are passed over. */
int stat_parse(struct slice text, struct task_stat *ret);

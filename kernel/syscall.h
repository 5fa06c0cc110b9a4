/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/task/TID/syscall: proc_pid_syscall(5).
 */
#pragma once

#include "base/text.h"

enum { SYSCALL_ARGUMENTS = 6 };

struct task_syscall {
	int32_t number;			/* as the task's own architecture counts; -1: blocked outside of a system call */
	uint64_t argument[SYSCALL_ARGUMENTS];
};

/* 1; 0 where the task runs, and shows nothing; -EBADMSG when it is no such line. */
int syscall_parse(struct slice text, struct task_syscall *ret);

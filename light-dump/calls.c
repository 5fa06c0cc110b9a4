/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call that a thread sleeps in. Only one that sleeps or is stopped is asked; the
 * kernel then looks at its saved registers, and the thread is not woken:
 *
 *     /proc/4211/task/4213/syscall    "232 0x7 0x7ffd3136f424 0x1 0xffffffff …"
 */
#include "light-dump/collectors.h"

#include "kernel/stat.h"
#include "kernel/syscall.h"
#include "light-dump/worker.h"

int
calls_collect(struct task_context *c)
{
	struct task_syscall s;
	Thread *t = c->thread;
	int r;

	if (!t->state || !strchr("ST", t->state[0]) || t->flags & TASK_FLAG_KTHREAD)
		return 0;
	r = procfile_read(&c->tid_proc, "syscall", c->text);
	/* Not every architecture has it. */
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	r = syscall_parse(buffer_slice(c->text), &s);
	if (r <= 0)
		return r;
	SET_FACT(t, syscall, s.number);
	if (s.number < 0)
		return 0;
	t->syscall_argument = arena_memdup(c->arena, s.argument, sizeof(s.argument));
	if (!t->syscall_argument)
		return -ENOMEM;
	t->n_syscall_argument = SYSCALL_ARGUMENTS;
	return 0;
}

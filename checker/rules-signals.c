/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals, and what being stopped does to a task. CRIU stops each with ptrace(2); the kernel
 * then takes a system call that sleeps up again as after any stop (signal(7)), with two
 * exceptions, measured with the real CRIU: what the kernel ends with EINTR itself, and what it
 * would go on with by a restart block, in whose place CRIU puts EINTR, in the original too.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include <signal.h>
#include <string.h>

enum { PENDING_SIGTRAP = 0x10 };	/* bit of signal 5 in SigPnd */

static bool
is_state(const char *state, char letter)
{
	return state && state[0] == letter;
}

/* Some threads stopped and others not, as it was at the last look. */
static bool
is_stopped(const StateSample *s)
{
	return is_state(s->state, 'T');
}

static bool
is_dead(const StateSample *s)
{
	return is_state(s->state, 'Z') || is_state(s->state, 'X');
}

static bool
has_sigtrap(const StateSample *s)
{
	return s->pending & PENDING_SIGTRAP;
}

static enum judgement
task_threads_stopped_individually(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	size_t stopped = 0, dead = 0;
	struct seen seen = { 0 };
	struct finding *f;

	if (p->n_thread < 2)
		return NOT_ABOUT;
	for (size_t i = 0; i < p->n_thread; i++) {
		const Thread *t = p->thread[i];
		struct seen is = seen_thread(t, is_state(t->state, 'T'), is_stopped);

		stopped += is.still;
		dead += seen_thread(t, is_state(t->state, 'Z') || is_state(t->state, 'X'), is_dead).still;
		if (is.looks > seen.looks)
			seen = is;
	}
	if (stopped == 0 || stopped + dead == p->n_thread)
		return FINE;
	f = judge_find(j, judge_process(j, p),
		       judge_text(j, "%zu of %zu threads are stopped", stopped, p->n_thread), NULL);
	f->here_from = judge_text(j, "/proc/%d/task", p->pid);
	f->observed = seen_text(j, "stopped, one of them,", seen);
	return FINDING;
}

/*
 * The kernel shows the signal until the parent has waited for the stop, as shells do at once: then a
 * background job on a terminal may be one of the refused.
 */
static enum judgement
task_stop_signal_unsupported(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	const char *name;
	struct finding *f;

	if (!is_state(p->state, 'T'))
		return NOT_ABOUT;
	if (p->has_stop_signal) {
		if (p->stop_signal == SIGSTOP || p->stop_signal == SIGTSTP)
			return FINE;
		name = sigabbrev_np((int) p->stop_signal);
		f = judge_find(j, judge_process(j, p),
			       name ? judge_text(j, "stopped by SIG%s", name) :
				      judge_text(j, "stopped by signal %u", p->stop_signal),
			       NULL);
	} else {
		if (!p->tty_nr || !p->has_tty_pgrp || p->tty_pgrp <= 0 || p->tty_pgrp == p->pgid)
			return FINE;
		f = judge_find(j, judge_process(j, p),
			       "stopped in the background of a terminal, by a signal that is not shown", NULL);
		f->detail = "Ctrl-Z (SIGTSTP) is dumped; SIGTTIN and SIGTTOU, for wanting the terminal, are refused.";
		f->confidence = CONFIDENCE_POSSIBLE;
		f->severity = SEVERITY_WARNING;
	}
	f->here_from = judge_text(j, "/proc/%d/stat", p->pid);
	f->command = judge_text(j, "kill -CONT %d", p->pid);
	return FINDING;
}

static enum judgement
task_pending_sigtrap(struct judge *j, const struct subject *s)
{
	const Thread *t = s->thread;
	struct finding *f;
	struct seen seen = seen_thread(t, (t->sig_pending | t->sig_shared_pending) & PENDING_SIGTRAP, has_sigtrap);

	if (!t->has_sig_pending && !t->has_sig_shared_pending)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	f = judge_find(j, judge_thread(j, s->process, s->thread), "SIGTRAP is pending", NULL);
	f->here_from = judge_text(j, "/proc/%d/task/%d/status", s->process->pid, s->thread->tid);
	f->observed = seen_text(j, "pending", seen);
	return FINDING;
}

/* Numbers of x86-64: those of 32-bit tasks are others. */
enum {
	CALL_READ = 0,
	CALL_FUTEX = 202,
	CALL_CLOCK_NANOSLEEP = 230,
	ABSOLUTE_TIME = 1,		/* TIMER_ABSTIME: slept again to the same moment */
	FUTEX_COMMAND = 0x7f,
	FUTEX_WAIT = 0,
	FUTEX_WAIT_BITSET = 9,
};

static const struct call {
	int32_t number;
	const char *name;
} cut_short[] = {
	{ 7, "poll" },
	{ 35, "nanosleep" },
	{ 65, "semop" },
	{ 128, "sigtimedwait" },
	{ CALL_FUTEX, "futex" },
	{ 208, "io_getevents" },
	{ 219, "restart_syscall" },
	{ 220, "semtimedop" },
	{ CALL_CLOCK_NANOSLEEP, "clock_nanosleep" },
	{ 232, "epoll_wait" },
	{ 281, "epoll_pwait" },
	{ 441, "epoll_pwait2" },
}, of_sockets[] = {
	{ CALL_READ, "read" }, { 1, "write" },	 { 19, "readv" },   { 20, "writev" },  { 43, "accept" },
	{ 44, "sendto" },      { 45, "recvfrom" }, { 46, "sendmsg" }, { 47, "recvmsg" }, { 288, "accept4" },
};

static const char *
call_name(const struct call *calls, size_t n, int32_t number)
{
	for (size_t i = 0; i < n; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}

/* Some calls take the same number with and without a limit of time. */
static bool
goes_on(const Thread *t)
{
	uint64_t command = t->syscall_argument[1] & FUTEX_COMMAND;

	if (t->syscall == CALL_CLOCK_NANOSLEEP)
		return t->syscall_argument[1] & ABSOLUTE_TIME;
	return t->syscall == CALL_FUTEX &&
	       ((command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET) || t->syscall_argument[3] == 0);
}

/* A call on a socket that gives up after a while (SO_RCVTIMEO, SO_SNDTIMEO). */
static bool
is_on_timed_socket(const Process *p, const Thread *t)
{
	for (size_t i = 0; i < p->n_fd; i++) {
		const Fd *fd = p->fd[i];

		if ((uint64_t) fd->number == t->syscall_argument[0])
			return fd->dup && fd->dup->timed;
	}
	return false;
}

static enum judgement
task_call_cut_short(struct judge *j, const struct subject *s)
{
	const Thread *t = s->thread;
	const char *name;

	if (!t->has_syscall || s->process->aux_32bit)
		return NOT_ABOUT;
	if (t->syscall < 0 || t->n_syscall_argument < 4)
		return FINE;
	name = call_name(cut_short, ARRAY_SIZE(cut_short), t->syscall);
	if (name && goes_on(t))
		return FINE;
	if (!name && is_on_timed_socket(s->process, t))
		name = call_name(of_sockets, ARRAY_SIZE(of_sockets), t->syscall);
	if (!name)
		return FINE;
	(void) judge_find(j, judge_text(j, "%s(2)", name), NULL, NULL);
	return FINDING;
}

static const struct rule rules[] = {
	{
		.id = "task-threads-stopped-individually",
		.title = "some threads of a process are stopped and others are not",
		.why = "CRIU knows a process as running or as stopped, and gives up on one that is both.",
		.remedy = "let it go on (kill -CONT), then look again",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a stop reaches all threads within moments; a half one is on its way",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_threads_stopped_individually,
	},
	{
		.id = "task-stop-signal-unsupported",
		.title = "a task was stopped by its terminal",
		.why = "CRIU dumps tasks that SIGSTOP or SIGTSTP stopped, and refuses one that SIGTTIN "
		       "or SIGTTOU stopped because it wanted its terminal from the background.",
		.remedy = "bring the job to the foreground or let it go on, then look again",
		.criu_says = "unsupported stop signal",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "it is stopped until somebody lets it go on",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.check = task_stop_signal_unsupported,
	},
	{
		.id = "task-pending-sigtrap",
		.title = "a SIGTRAP waits to be delivered",
		.why = "CRIU cannot tell it from the traps of its own ptrace(2), and refuses the task.",
		.remedy = "look again a moment later",
		.criu_says = "thread with a pending SIGTRAP",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a pending signal is delivered as soon as the task runs and does not block it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_pending_sigtrap,
	},
	{
		.id = "task-call-cut-short",
		.title = "a system call that waits will return EINTR",
		.why = "Being frozen cuts short what a thread waits in: it fails with EINTR in the copy, "
		       "and after --leave-running in the original. Most programs then wait again; one "
		       "that takes it for an error ends (tail -f into a pipe does).",
		.remedy = "try a dump with --leave-running on one that may fail, and see whether it lives on",
		.criu_says = "with interrupted system call",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a program that waits in a call will wait in it again",
		.severity = SEVERITY_NOTE,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_CALLS),
		.check = task_call_cut_short,
	},
};

const struct ruleset rules_signals = { "signals", rules, ARRAY_SIZE(rules) };

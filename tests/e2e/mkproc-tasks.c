/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States of tasks and shapes of trees: threads, zombies, stopped, traced, sessions and groups.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mkproc.h"

static void
threads(struct scene *s)
{
	long count = arg_number(s, "count");

	for (long i = 0; i < count; i++)
		fact(s, "tid", "%d", tree_thread(s, NULL));
}

static void
children(struct scene *s)
{
	long count = arg_number(s, "count");

	for (long i = 0; i < count; i++)
		tree_child(s, NULL);
	fact(s, "count", "%ld", count);
}

static void
chain_link(struct scene *s)
{
	if (--s->number > 0)
		tree_child(s, chain_link);
}

static void
chain(struct scene *s)
{
	s->number = arg_number(s, "depth");
	fact(s, "depth", "%ld", s->number);
	tree_child(s, chain_link);
}

static void
trace_root(struct scene *s)
{
	can(s, ptrace(PTRACE_SEIZE, s->root, 0, 0), "PTRACE_SEIZE");
	fact(s, "tracer", "%d", getpid());
}

static void
two_threads(struct scene *s)
{
	s->number = tree_thread(s, NULL);
	fact(s, "tid", "%ld", s->number);
}

static void
stop_root(struct scene *s)
{
	must(s, kill(s->root, SIGSTOP), "kill");
	wait_state(s, s->root, 'T');
}

static void
own_group(struct scene *s)
{
	must(s, setpgid(0, 0), "setpgid");
}

/*
 * SIGTSTP, SIGTTIN and SIGTTOU do not stop an orphaned group; a group whose parent is in the same
 * session but another group is not orphaned.
 */
static void
stoppable_child(struct scene *s)
{
	fact(s, "child", "%d", tree_child(s, own_group));
}

static void
stop_child(struct scene *s)
{
	const char *name = s->factory->arg;
	pid_t child = first_child(s->root);

	must(s, kill(child, strcmp(name, "ttin") == 0 ? SIGTTIN : strcmp(name, "ttou") == 0 ? SIGTTOU : SIGTSTP),
	     "kill");
	wait_state(s, child, 'T');
}

static void
zombie_child(struct scene *s)
{
	pid_t pid = (pid_t)must(s, fork(), "fork");

	if (pid == 0)
		_exit(3);
	wait_state(s, pid, 'Z');
	fact(s, "zombie", "%d", pid);
}

/* A zombie that was a session leader: its session and group live on in its own child. */
static void
session_then_fork(struct scene *s)
{
	must(s, setsid(), "setsid");
	tree_child(s, NULL);
	_exit(0);
}

static void
orphaned_session(struct scene *s)
{
	pid_t pid = (pid_t)must(s, fork(), "fork");

	if (pid == 0)
		session_then_fork(s);
	must(s, waitpid(pid, NULL, 0), "waitpid");
	fact(s, "session", "%d", pid);
}

/* As init of containers do: the child of the dead one becomes the root's. */
static void
be_subreaper(struct scene *s)
{
	must(s, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER");
	orphaned_session(s);
}

static _Noreturn void
exit_first_thread(struct scene *s)
{
	tree_ready(s);
	syscall(SYS_exit, 0);
	abort();
}

static void
zombie_leader(struct scene *s)
{
	fact(s, "tid", "%d", tree_thread(s, NULL));
	exit_first_thread(s);
}

static void
zombie_leader_child(struct scene *s)
{
	fact(s, "child", "%d", tree_child(s, zombie_leader));
}

static void
wait_zombie(struct scene *s)
{
	wait_state(s, s->root, 'Z');
}

static void
wait_zombie_child(struct scene *s)
{
	wait_state(s, first_child(s->root), 'Z');
}

static void
exit_at_once(struct scene *s)
{
	tree_ready(s);
	_exit(0);
}

/* vfork(2) is clone(CLONE_VM | CLONE_VFORK); the child leaves its caller blocked for ever. */
static void
vfork_pending(struct scene *s)
{
	tree_ready(s);
	tree_clone(s, CLONE_VM | CLONE_VFORK);
}

static void
wait_vfork(struct scene *s)
{
	wait_children(s, s->root, 1);
	wait_state(s, s->root, 'D');
}

static void
no_leader(struct scene *s)
{
	fact(s, "session", "%d", getsid(0));
}

static void
new_session(struct scene *s)
{
	must(s, setsid(), "setsid");
}

static void
child_session(struct scene *s)
{
	fact(s, "child", "%d", tree_child(s, new_session));
}

/* Children come and go as fast as they can. */
static void
churn(struct scene *s)
{
	tree_ready(s);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			usleep(1000);
	}
}

static void
raise_blocked(struct scene *s)
{
	int number = strcmp(s->factory->arg, "trap") == 0 ? SIGTRAP : SIGUSR1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	must(s, kill(getpid(), number), "kill");
	fact(s, "signal", "%d", number);
}

static void
exec_program(struct scene *s)
{
	const char *path = path_in(s, "program");

	path_make_program(s, path, atoi(s->factory->arg));
	fact(s, "exe", "%s", path);
	tree_exec(s, path);
}

const struct factory factories_tasks[] = {
	{ .name = "task-threads", .summary = "a task with more threads", .needs = "",
	  .criu = "ok", .rule = "", .args = "count=3", .inside = threads },
	{ .name = "task-children", .summary = "a task with children", .needs = "", .criu = "ok",
	  .rule = "", .args = "count=5", .inside = children },
	{ .name = "task-chain", .summary = "each task the only child of another", .needs = "",
	  .criu = "ok", .rule = "", .args = "depth=5", .inside = chain },
	{ .name = "task-traced", .summary = "a task that mkproc traces", .needs = "ptrace",
	  .criu = "refused", .rule = "task-traced", .inside = two_threads, .after = trace_root },
	{ .name = "task-stopped", .summary = "a task stopped by SIGSTOP", .needs = "",
	  .criu = "ok", .rule = "", .inside = two_threads, .after = stop_root },
	{ .name = "task-stopped-tstp", .summary = "a child stopped by SIGTSTP", .needs = "",
	  .criu = "ok", .rule = "", .arg = "tstp", .inside = stoppable_child,
	  .after = stop_child },
	{ .name = "task-stopped-ttin", .summary = "a child stopped by SIGTTIN", .needs = "",
	  .criu = "refused", .rule = "task-stop-signal-unsupported", .arg = "ttin",
	  .inside = stoppable_child, .after = stop_child },
	{ .name = "task-stopped-ttou", .summary = "a child stopped by SIGTTOU", .needs = "",
	  .criu = "refused", .rule = "task-stop-signal-unsupported", .arg = "ttou",
	  .inside = stoppable_child, .after = stop_child },
	{ .name = "task-zombie-child", .summary = "a dead child not waited for", .needs = "",
	  .criu = "ok", .rule = "", .inside = zombie_child },
	{ .name = "task-zombie-root", .summary = "the root task itself is dead", .needs = "",
	  .criu = "refused", .rule = "task-zombie-root", .inside = exit_at_once,
	  .after = wait_zombie },
	{ .name = "task-zombie-leader", .summary = "the first thread has ended, another lives",
	  .needs = "", .criu = "refused", .rule = "task-zombie-thread", .inside = zombie_leader,
	  .after = wait_zombie },
	{ .name = "task-zombie-leader-child", .summary = "a child whose first thread has ended",
	  .needs = "", .criu = "refused", .rule = "task-zombie-thread",
	  .inside = zombie_leader_child, .after = wait_zombie_child },
	{ .name = "task-vfork", .summary = "a vfork whose child has not called exec yet",
	  .needs = "", .criu = "refused", .rule = "task-vfork-pending", .inside = vfork_pending,
	  .after = wait_vfork },
	{ .name = "task-not-leader", .summary = "a root task that is no session leader",
	  .needs = "", .criu = "needs:--shell-job", .rule = "root-not-session-leader",
	  .not_leader = true, .inside = no_leader },
	{ .name = "task-child-session", .summary = "a child that leads a session of its own",
	  .needs = "", .criu = "ok", .rule = "", .inside = child_session },
	{ .name = "task-session-leader-dead", .summary = "a child whose session leader is dead",
	  .needs = "", .criu = "ok", .rule = "pgrp/sid-leader-dead", .inside = be_subreaper },
	{ .name = "task-churn", .summary = "children come and go as fast as they can",
	  .needs = "", .criu = "ok", .rule = "task-tree-unstable", .inside = churn },
	{ .name = "task-pending-sigtrap",
	  .summary = "a blocked SIGTRAP is pending", .needs = "",
	  .criu = "refused", .rule = "task-pending-sigtrap", .arg = "trap",
	  .inside = raise_blocked },
	{ .name = "task-pending-signal", .summary = "a blocked SIGUSR1 is pending", .needs = "",
	  .criu = "ok", .rule = "", .arg = "usr1", .inside = raise_blocked },
	{ .name = "task-32bit", .summary = "a 32-bit program", .needs = "ia32", .criu = "ok",
	  .rule = "task-32bit", .arg = "32", .inside = exec_program },
	{ .name = "task-static", .summary = "a program without any library", .needs = "",
	  .criu = "ok", .rule = "", .arg = "64", .inside = exec_program },
	{ .name = NULL },
};

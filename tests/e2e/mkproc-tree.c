/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a scene: how a task of the tree begins, makes further tasks, tells, and settles;
 * and the telling that works on both sides.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-tree.h"

enum { CLONE_STACK = 256 << 10 };

static bool
is_outside(const struct scene *s)
{
	return getpid() == s->outside;
}

static void
report(const struct scene *s, const char *text, size_t length)
{
	if (s->report >= 0 && write(s->report, text, length) < 0)
		_exit(1);
}

void
fact(struct scene *s, const char *key, const char *fmt, ...)
{
	char value[400], line[512];
	va_list list;
	int n;

	va_start(list, fmt);
	vsnprintf(value, sizeof(value), fmt, list);
	va_end(list);
	n = snprintf(line, sizeof(line), "=%s=%s\n", key, value);
	if (!is_outside(s)) {
		report(s, line, (size_t)n);
		return;
	}
	line[n - 1] = '\0';
	scene_fact(line + 1);
}

static _Noreturn void
give_up(struct scene *s, char kind, const char *reason)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%c%.480s\n", kind, reason);

	if (is_outside(s)) {
		line[n - 1] = '\0';
		scene_end(s, line);
	}
	report(s, line, (size_t)n);
	_exit(1);
}

_Noreturn void
skip(struct scene *s, const char *fmt, ...)
{
	char reason[400];
	va_list list;

	va_start(list, fmt);
	vsnprintf(reason, sizeof(reason), fmt, list);
	va_end(list);
	give_up(s, '-', reason);
}

_Noreturn void
fail(struct scene *s, const char *what)
{
	char reason[400];

	snprintf(reason, sizeof(reason), "%s: %s", what, strerror(errno));
	give_up(s, '!', reason);
}

long
must(struct scene *s, long value, const char *what)
{
	if (value < 0)
		fail(s, what);
	return value;
}

long
can(struct scene *s, long value, const char *what)
{
	if (value < 0)
		skip(s, "%s: %s", what, strerror(errno));
	return value;
}

const char *
arg_text(struct scene *s, const char *name)
{
	static char buffer[128];
	size_t length = strlen(name);
	const char *at;

	for (char **word = s->args; *word; word++)
		if (strncmp(*word, name, length) == 0 && (*word)[length] == '=')
			return *word + length + 1;
	for (at = s->factory->args; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncmp(at, name, length) != 0 || at[length] != '=')
			continue;
		snprintf(buffer, sizeof(buffer), "%.*s", (int)strcspn(at + length + 1, " "),
			 at + length + 1);
		return buffer;
	}
	errno = EINVAL;
	fail(s, name);
}

long
arg_number(struct scene *s, const char *name)
{
	const char *text = arg_text(s, name);
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		errno = EINVAL;
		fail(s, name);
	}
	return value;
}

static bool
is_kept(const struct scene *s, int fd)
{
	if (fd == s->report)
		return true;
	for (int i = 0; i < SCENE_FDS; i++)
		if (s->given[i] && s->fd[i] == fd)
			return true;
	return false;
}

void
tree_close_strays(const struct scene *s)
{
	int last = s->report;

	for (int i = 0; i < SCENE_FDS; i++)
		if (s->given[i] && s->fd[i] > last)
			last = s->fd[i];
	for (int fd = 3; fd <= last; fd++)
		if (!is_kept(s, fd))
			close(fd);
	close_range((unsigned)last + 1, ~0U, 0);
}

void
tree_ready(struct scene *s)
{
	report(s, "+\n", 2);
	if (s->report >= 0)
		close(s->report);
	s->report = -1;
}

_Noreturn void
tree_wait(void)
{
	for (;;)
		pause();
}

_Noreturn void
tree_settle(struct scene *s)
{
	tree_ready(s);
	tree_wait();
}

_Noreturn void
tree_exec(struct scene *s, const char *path)
{
	static char name[] = "program";
	char *argv[] = { name, NULL };
	char *envp[] = { NULL };

	/* The report closes itself at the exec: its end says that the new program runs. */
	report(s, "+\n", 2);
	execve(path, argv, envp);
	skip(s, "execve of %s: %s", path, strerror(errno));
}

/* By the system call: glibc refuses the signals 32 and 33, which it keeps for its threads. */
static void
default_action(int sig)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long mask;
	} action = { .handler = SIG_DFL };

	(void) syscall(SYS_rt_sigaction, sig, &action, NULL, sizeof(action.mask));
}

/* A known state, whatever mkproc was started from. */
static void
reset(struct scene *s)
{
	sigset_t none;
	int null;

	for (int sig = 1; sig < NSIG; sig++)
		default_action(sig);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	must(s, chdir("/"), "chdir");
	null = (int)must(s, open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
	for (int fd = 0; fd <= 2; fd++)
		must(s, dup2(null, fd), "dup2");
	close(null);
}

_Noreturn void
tree_begin_root(struct scene *s, void (*fn)(struct scene *s))
{
	if (!s->factory->not_leader)
		must(s, setsid(), "setsid");
	reset(s);
	tree_close_strays(s);
	passing_arm(s);
	fn(s);
	tree_settle(s);
}

_Noreturn void
tree_begin_outsider(struct scene *s, void (*fn)(struct scene *s))
{
	must(s, setsid(), "setsid");
	reset(s);
	fn(s);
	tree_settle(s);
}

pid_t
tree_child(struct scene *s, void (*fn)(struct scene *s))
{
	pid_t pid = (pid_t)must(s, fork(), "fork");

	if (pid == 0) {
		if (fn)
			fn(s);
		tree_settle(s);
	}
	return pid;
}

struct start {
	struct scene *scene;
	void (*fn)(struct scene *s);
	sem_t done;
	pid_t tid;
};

static void *
thread_main(void *arg)
{
	struct start *start = arg;

	start->tid = gettid();
	if (start->fn)
		start->fn(start->scene);
	sem_post(&start->done);
	tree_wait();
}

pid_t
tree_thread(struct scene *s, void (*fn)(struct scene *s))
{
	struct start start = { .scene = s, .fn = fn };
	pthread_t thread;

	must(s, sem_init(&start.done, 0, 0), "sem_init");
	errno = pthread_create(&thread, NULL, thread_main, &start);
	if (errno != 0)
		fail(s, "pthread_create");
	while (sem_wait(&start.done) < 0)
		;
	return start.tid;
}

struct clone_start {
	int report;
	bool shares_files;
};

static int
clone_main(void *arg)
{
	const struct clone_start *start = arg;

	if (!start->shares_files)
		close(start->report);
	passing_wait();
}

pid_t
tree_clone(struct scene *s, int flags)
{
	static struct clone_start start;
	char *stack = mmap(NULL, CLONE_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		fail(s, "mmap");
	start = (struct clone_start){
		.report = s->report,
		.shares_files = flags & CLONE_FILES,
	};
	return (pid_t)must(s, clone(clone_main, stack + CLONE_STACK, flags | SIGCHLD, &start),
			   "clone");
}

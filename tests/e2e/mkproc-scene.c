/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside of a scene: starts the tree, gathers what it reports, prints the line, waits for the
 * end of the input, and takes everything down again.
 *
 * The report is a pipe that every task of the tree holds until it has settled, so its end of file
 * means that all are ready. Its lines:
 *
 *	=fd=3			a fact
 *	+			the sender has settled
 *	-no free huge pages	cannot be made here
 *	!open: No such file	went wrong
 *
 * mkproc is the subreaper of the tree: a task whose parent died becomes its child, so "kill all
 * children until there are none" ends everything that was made, by pid.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-tree.h"

enum {
	SETTLE_MS = 20000,
	EXIT_FAILED = 1,
	EXIT_SKIPPED = 77,
};

/* What the tree said so far. */
static struct {
	char facts[8192];
	size_t length;
	char trouble[512];	/* "-reason" or "!reason" */
	int settled;
} told;

static void
take_fact(const char *text)
{
	size_t room = sizeof(told.facts) - told.length;
	int n = snprintf(told.facts + told.length, room, " %s", text);

	if (n > 0 && (size_t)n < room)
		told.length += (size_t)n;
}

static void
take_line(const char *line)
{
	if (*line == '=')
		take_fact(line + 1);
	else if (*line == '+')
		told.settled++;
	else if (!told.trouble[0])
		snprintf(told.trouble, sizeof(told.trouble), "%.500s", line);
}

static void
kill_children(void)
{
	char path[64], text[4096];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(text, sizeof(text), f)) {
		char *at = text, *end;

		for (long pid = strtol(at, &end, 10); end != at; pid = strtol(at, &end, 10)) {
			if (pid > 1)
				kill((pid_t)pid, SIGKILL);
			at = end;
		}
	}
	fclose(f);
}

/* Ends every task that was made. A killed one hands its children to us: hence the loop. */
static void
end_all(void)
{
	for (int i = 0; i < 1000; i++) {
		pid_t pid;

		kill_children();
		do
			pid = waitpid(-1, NULL, WNOHANG | __WALL);
		while (pid > 0);
		if (pid < 0 && errno == ECHILD)
			return;
		usleep(5000);
	}
	fprintf(stderr, "mkproc: tasks are left that do not die\n");
}

static void
take_down(struct scene *s)
{
	static bool done;

	if (done)
		return;
	done = true;
	if (s->factory->release)
		s->factory->release(s);
	end_all();
	if (s->factory->undo)
		s->factory->undo(s);
	if (s->dir[0])
		path_remove(s->dir);
}

_Noreturn void
scene_end(struct scene *s, const char *trouble)
{
	const char *name = s->factory->name;
	int status = trouble[0] == '-' ? EXIT_SKIPPED : EXIT_FAILED;

	take_down(s);
	if (status == EXIT_SKIPPED)
		printf("SKIP %s: %s\n", name, trouble + 1);
	else
		fprintf(stderr, "mkproc: %s: %s\n", name, trouble + 1);
	exit(status);
}

void
scene_fact(const char *key_value)
{
	take_fact(key_value);
}

void
scene_give(struct scene *s, int i)
{
	s->given[i] = true;
}

/* Reads lines until no task holds the report any more. */
static void
gather(struct scene *s)
{
	char text[4096];
	size_t length = 0;
	struct pollfd p = { .fd = s->report, .events = POLLIN };

	for (;;) {
		ssize_t n;

		if (poll(&p, 1, SETTLE_MS) == 0)
			scene_end(s, "!the tree did not settle in time");
		n = read(s->report, text + length, sizeof(text) - 1 - length);
		if (n <= 0)
			break;
		length += (size_t)n;
		text[length] = '\0';
		for (char *end = strchr(text, '\n'); end; end = strchr(text, '\n')) {
			*end = '\0';
			take_line(text);
			length -= (size_t)(end + 1 - text);
			memmove(text, end + 1, length + 1);
		}
	}
	close(s->report);
	s->report = -1;
	if (told.trouble[0])
		scene_end(s, told.trouble);
	if (!told.settled)
		scene_end(s, "!the tree ended before it had settled");
}

/* A process of ours that starts with begin(); the report is read until it and its own have settled. */
static pid_t
start(struct scene *s, void (*begin)(struct scene *s, void (*fn)(struct scene *)),
      void (*fn)(struct scene *))
{
	int ends[2];
	pid_t pid;

	must(s, pipe2(ends, O_CLOEXEC), "pipe");
	fflush(NULL);
	pid = (pid_t)must(s, fork(), "fork");
	if (pid == 0) {
		close(ends[0]);
		s->report = ends[1];
		begin(s, fn);
	}
	close(ends[1]);
	s->report = ends[0];
	return pid;
}

void
scene_outsider(struct scene *s, void (*fn)(struct scene *s))
{
	s->outsider = start(s, tree_begin_outsider, fn);
	gather(s);
	told.settled = 0;
}

/* Until the input ends, a line comes, or a signal asks us to end. */
static void
wait_for_end(const struct scene *s, int signals)
{
	struct pollfd p[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	siginfo_t info = { 0 };
	bool root_is_dead;

	waitid(P_PID, (id_t)s->root, &info, WEXITED | WNOHANG | WNOWAIT);
	root_is_dead = info.si_pid != 0;
	for (;;) {
		struct signalfd_siginfo got;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[0].revents)
			return;
		if (!p[1].revents || read(signals, &got, sizeof(got)) != sizeof(got))
			continue;
		if (got.ssi_signo != SIGCHLD)
			return;
		/* A tree that CRIU has taken away must not linger: its pid is wanted by the restore. */
		while (!root_is_dead && waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void
make_scratch(struct scene *s)
{
	const char *base = getenv("TMPDIR");

	if (!base || *base != '/')
		base = "/tmp";
	if ((size_t)snprintf(s->dir, sizeof(s->dir), "%s/mkproc.XXXXXX", base) >= sizeof(s->dir) - 64) {
		s->dir[0] = '\0';
		scene_end(s, "!TMPDIR is too long");
	}
	if (!mkdtemp(s->dir)) {
		s->dir[0] = '\0';
		fail(s, "mkdtemp");
	}
	must(s, chmod(s->dir, 0755), "chmod");
}

int
scene_run(const struct factory *f, char **args)
{
	struct scene s = { .factory = f, .args = args, .report = -1, .outside = getpid() };
	sigset_t set;
	int signals;

	for (int i = 0; i < SCENE_FDS; i++)
		s.fd[i] = -1;
	close_range(3, ~0U, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = (int)must(&s, signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
	must(&s, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper");
	make_scratch(&s);

	if (f->prepare)
		f->prepare(&s);
	s.root = start(&s, tree_begin_root, f->inside);
	for (int i = 0; i < SCENE_FDS; i++)
		if (s.given[i])
			close(s.fd[i]);
	gather(&s);
	if (f->after)
		f->after(&s);

	printf("%s %d%s\n", f->name, s.root, told.facts);
	fflush(stdout);
	wait_for_end(&s, signals);
	take_down(&s);
	return 0;
}

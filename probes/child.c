/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child that says something and ends: started by posix_spawn(3), which reports why an exec
 * failed, heard through a pipe, killed at the deadline.
 */
#include "probes/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_SAID = 8 * 1024, GRACE_MS = 1000 };

static int64_t
now_ms(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
spawn(const char *program, const char *const argv[], int output, pid_t *ret)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const environment[] = { path, locale, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	(void) sigemptyset(&none);
	(void) sigfillset(&all);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		/* A group of its own, so that what it starts is ended with it. */
		(void) posix_spawnattr_setflags(&attributes,
						POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							POSIX_SPAWN_SETSIGDEF);
		(void) posix_spawnattr_setpgroup(&attributes, 0);
		(void) posix_spawnattr_setsigdefault(&attributes, &all);
		(void) posix_spawnattr_setsigmask(&attributes, &none);
		r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
		if (r == 0)
			r = posix_spawn_file_actions_adddup2(&actions, output, 1);
		if (r == 0)
			r = posix_spawn_file_actions_adddup2(&actions, output, 2);
		if (r == 0)
			r = posix_spawn(ret, program, &actions, &attributes,
					(char *const *) (uintptr_t) argv, environment);
		(void) posix_spawnattr_destroy(&attributes);
	}
	(void) posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Hears it until it closes its output, has said enough, or the deadline is over. */
static int
hear(int fd, int64_t deadline, struct buffer *said)
{
	said->n = 0;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		ssize_t n;
		int r = buffer_reserve(said, MAX_SAID);

		if (r < 0)
			return r;
		if (left <= 0 || said->n >= MAX_SAID)
			return 0;
		if (poll(&p, 1, (int) left) <= 0)
			continue;
		n = read(fd, said->p + said->n, MAX_SAID - said->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		said->n += (size_t) n;
		said->p[said->n] = '\0';
	}
}

static bool
wait_until(int handle, int64_t deadline)
{
	struct pollfd p = { .fd = handle, .events = POLLIN };
	int64_t left;

	do
		left = deadline - now_ms();
	while (handle >= 0 && left > 0 && poll(&p, 1, (int) left) < 0 && errno == EINTR);
	return handle >= 0 && (p.revents & POLLIN);
}

/* Waits for the end of our own child; kills it, and what it started, at the deadline. */
static void
end(pid_t pid, int64_t deadline, struct child_result *ret)
{
	_cleanup_close_ int handle = pidfd_open(pid, 0);
	struct child_result result = {};
	int status = 0;

	if (!wait_until(handle, deadline)) {
		result.timed_out = true;
		(void) kill(-pid, SIGKILL);
		/* Without a handle there is no waiting in measure. */
		if (handle >= 0 && !wait_until(handle, now_ms() + GRACE_MS)) {
			*ret = result;
			return;
		}
	}
	(void) waitpid(pid, &status, 0);
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	*ret = result;
}

int
child_run(const char *program, const char *const argv[], unsigned int deadline_ms,
	  struct buffer *said, struct child_result *ret)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	int64_t deadline;
	int ends[2], r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	ours = ends[0];
	theirs = ends[1];
	r = spawn(program, argv, theirs, &pid);
	if (r < 0)
		return r;
	deadline = now_ms() + (deadline_ms ? deadline_ms : DEFAULT_DEADLINE_MS);
	cleanup_close(&theirs);
	theirs = -1;
	r = hear(ours, deadline, said);
	/* Whoever still writes gets EPIPE, and ends too. */
	cleanup_close(&ours);
	ours = -1;
	end(pid, r < 0 ? 0 : deadline, ret);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the rehearsal's worker: a child made by clone3(2), the one call that gives a process
 * an id of choice. It tells its result by its exit status, shifted since an attempt has three kinds:
 *
 *     0            done
 *     1 … 127      the errno of a refusal
 *     128 … 255    not tried: 128 + errno
 */
#include "probes/rehearse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { NOT_TRIED = 128, HIGHEST_ERRNO = 127 };

static int
status_of(int r)
{
	if (r == 0)
		return 0;
	if (r > 0)
		return NOT_TRIED + (r > HIGHEST_ERRNO ? EIO : r);
	return -r > HIGHEST_ERRNO ? EIO : -r;
}

static int
result_of(int status)
{
	if (!WIFEXITED(status))
		return EINTR;
	status = WEXITSTATUS(status);
	return status >= NOT_TRIED ? status - NOT_TRIED : -status;
}

/* Waits until the worker has closed its end of the pipe. */
static void
wait_for_worker(int ends[2])
{
	char byte;

	(void) close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
}

int
rehearsal_helper_with(uint64_t flags, pid_t id, int (*meanwhile)(pid_t helper, void *arg),
		      int (*work)(void *arg), void *arg)
{
	struct clone_args args = {
		.flags = flags,
		.exit_signal = SIGCHLD,
		.set_tid = id ? (uint64_t) (uintptr_t) &id : 0,
		.set_tid_size = id ? 1 : 0,
	};
	_cleanup_close_ int ours = -1, theirs = -1;
	int ends[2], status = 0, r = 0;
	long pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	theirs = ends[0];
	ours = ends[1];
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_for_worker(ends);
		_exit(work ? status_of(work(arg)) : 0);
	}
	if (meanwhile)
		r = meanwhile((pid_t) pid, arg);
	if (r != 0)
		(void) kill((pid_t) pid, SIGKILL);
	cleanup_close(&ours);
	ours = -1;
	while (waitpid((pid_t) pid, &status, 0) < 0 && errno == EINTR)
		;
	return r != 0 ? r : result_of(status);
}

int
rehearsal_helper(uint64_t flags, int (*work)(void *arg), void *arg)
{
	return rehearsal_helper_with(flags, 0, NULL, work, arg);
}

int
rehearsal_write(const struct root *r, const char *path, const char *text)
{
	_cleanup_close_ int fd = root_openat(r, path, O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that tell of events: eventfd, epoll, signalfd, timerfd, inotify, fanotify, pidfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mkproc.h"

/* The thread kind of pidfd_open(2), since Linux 6.9: the value of O_EXCL. */
enum { PIDFD_OF_THREAD = O_EXCL };

static void
make_eventfd(struct scene *s)
{
	int flags = *s->factory->arg == 's' ? EFD_SEMAPHORE : 0;

	fact_fd(s, "fd", (int)must(s, eventfd(7, flags), "eventfd"));
	fact(s, "count", "7");
}

static void
watch(struct scene *s, int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data = { .fd = fd } };

	must(s, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void
make_epoll(struct scene *s)
{
	int epoll = (int)must(s, epoll_create1(0), "epoll_create1");
	int event = (int)must(s, eventfd(0, 0), "eventfd");

	watch(s, epoll, event);
	fact_fd(s, "fd", epoll);
	fact(s, "tfd", "%d", event);
}

static void
epoll_nested(struct scene *s)
{
	int outer = (int)must(s, epoll_create1(0), "epoll_create1");
	int inner = (int)must(s, epoll_create1(0), "epoll_create1");

	watch(s, outer, inner);
	fact_fd(s, "fd", outer);
	fact(s, "tfd", "%d", inner);
}

/* The watched number was closed, but the open file lives on under another number. */
static void
epoll_moved(struct scene *s)
{
	int epoll = (int)must(s, epoll_create1(0), "epoll_create1");
	int event = (int)must(s, eventfd(0, 0), "eventfd");

	watch(s, epoll, event);
	fact_fd(s, "fd", epoll);
	fact(s, "tfd", "%d", event);
	fact(s, "dup", "%ld", must(s, dup(event), "dup"));
	close(event);
}

static void
hold(struct scene *s)
{
	close(s->fd[1]);
}

/* The open file lives on, but in another task only. */
static void
epoll_escaped(struct scene *s)
{
	s->fd[1] = (int)must(s, epoll_create1(0), "epoll_create1");
	s->fd[0] = (int)must(s, eventfd(0, 0), "eventfd");
	watch(s, s->fd[1], s->fd[0]);
	tree_child(s, hold);
	close(s->fd[0]);
	fact_fd(s, "fd", s->fd[1]);
	fact(s, "tfd", "%d", s->fd[0]);
}

static void
make_signalfd(struct scene *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fact_fd(s, "fd", (int)must(s, signalfd(-1, &set, 0), "signalfd"));
}

static void
make_timerfd(struct scene *s)
{
	static const struct {
		const char *arg;
		int clock;
	} clocks[] = {
		{ "realtime", CLOCK_REALTIME },
		{ "monotonic", CLOCK_MONOTONIC },
		{ "boottime", CLOCK_BOOTTIME },
		{ "realtime-alarm", CLOCK_REALTIME_ALARM },
		{ "boottime-alarm", CLOCK_BOOTTIME_ALARM },
	};
	struct itimerspec when = { .it_value = { .tv_sec = 3600 } };

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		int fd;

		if (strcmp(clocks[i].arg, s->factory->arg) != 0)
			continue;
		fd = (int)can(s, timerfd_create(clocks[i].clock, 0), "timerfd_create");
		can(s, timerfd_settime(fd, 0, &when, NULL), "timerfd_settime");
		fact_fd(s, "fd", fd);
		fact(s, "clockid", "%d", clocks[i].clock);
	}
}

static int
watch_path(struct scene *s, const char *path)
{
	int fd = (int)must(s, inotify_init1(IN_NONBLOCK), "inotify_init1");
	int wd = (int)must(s, inotify_add_watch(fd, path, IN_CREATE | IN_MODIFY), path);

	fact_fd(s, "fd", fd);
	fact(s, "wd", "%d", wd);
	fact(s, "path", "%s", path);
	return fd;
}

static void
inotify_plain(struct scene *s)
{
	watch_path(s, s->dir);
}

static void
inotify_queue(struct scene *s)
{
	watch_path(s, s->dir);
	close(path_make(s, path_in(s, "event"), 1));
}

/* The name of the watched file goes, an open descriptor keeps the inode, hence the watch, alive. */
static void
inotify_deleted(struct scene *s)
{
	const char *path = path_in(s, "watched");
	int fd = path_make(s, path, 1);

	watch_path(s, path);
	must(s, unlink(path), path);
	fact_fd(s, "keeps", fd);
}

static void
inotify_file_on_tmpfs(struct scene *s)
{
	if (access("/dev/shm", W_OK) < 0)
		skip(s, "no /dev/shm");
	watch_path(s, "/dev/shm");
}

static void
make_fanotify(struct scene *s)
{
	unsigned kind = 0;
	int fd = (int)can(s, fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY), "fanotify_init");

	if (strcmp(s->factory->arg, "mount") == 0)
		kind = FAN_MARK_MOUNT;
	else if (strcmp(s->factory->arg, "filesystem") == 0)
		kind = FAN_MARK_FILESYSTEM;
	can(s, fanotify_mark(fd, FAN_MARK_ADD | kind, FAN_CLOSE_WRITE, AT_FDCWD, s->dir),
	    "fanotify_mark");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", s->dir);
}

static void
pidfd_own(struct scene *s)
{
	pid_t pid = tree_child(s, NULL);

	fact_fd(s, "fd", (int)can(s, pidfd_open(pid, 0), "pidfd_open"));
	fact(s, "of", "%d", pid);
}

static void
pidfd_foreign(struct scene *s)
{
	fact_fd(s, "fd", (int)can(s, pidfd_open(s->outside, 0), "pidfd_open"));
	fact(s, "of", "%d", s->outside);
}

static void
pidfd_thread(struct scene *s)
{
	pid_t tid = tree_thread(s, NULL);

	fact_fd(s, "fd", (int)can(s, pidfd_open(tid, PIDFD_OF_THREAD), "pidfd_open(PIDFD_THREAD)"));
	fact(s, "of", "%d", tid);
}

static void
pidfd_dead(struct scene *s)
{
	pid_t pid = (pid_t)must(s, fork(), "fork");

	if (pid == 0) {
		close(s->report);
		tree_wait();
	}
	fact_fd(s, "fd", (int)can(s, pidfd_open(pid, 0), "pidfd_open"));
	fact(s, "of", "%d", pid);
	must(s, kill(pid, SIGKILL), "kill");
	must(s, waitpid(pid, NULL, 0), "waitpid");
}

const struct factory factories_events[] = {
	{ .name = "eventfd", .summary = "an eventfd of count 7", .needs = "", .criu = "ok",
	  .rule = "", .arg = "", .inside = make_eventfd },
	{ .name = "eventfd-semaphore", .summary = "an eventfd with EFD_SEMAPHORE", .needs = "",
	  .criu = "ok", .rule = "eventfd-semaphore", .arg = "s", .inside = make_eventfd },
	{ .name = "epoll", .summary = "an epoll that watches an eventfd", .needs = "",
	  .criu = "ok", .rule = "", .inside = make_epoll },
	{ .name = "epoll-nested", .summary = "an epoll that watches an epoll", .needs = "",
	  .criu = "ok", .rule = "", .inside = epoll_nested },
	{ .name = "epoll-moved",
	  .summary = "an epoll whose target lives on under another number",
	  .needs = "", .criu = "ok", .rule = "epoll-target-escaped", .inside = epoll_moved },
	{ .name = "epoll-escaped",
	  .summary = "an epoll whose target lives on in another task only",
	  .needs = "", .criu = "refused", .rule = "epoll-target-escaped",
	  .inside = epoll_escaped },
	{ .name = "signalfd", .summary = "a signalfd for SIGUSR1", .needs = "", .criu = "ok",
	  .rule = "", .inside = make_signalfd },
	{ .name = "timerfd-realtime", .summary = "a timerfd of CLOCK_REALTIME", .needs = "",
	  .criu = "ok", .rule = "", .arg = "realtime", .inside = make_timerfd },
	{ .name = "timerfd-monotonic", .summary = "a timerfd of CLOCK_MONOTONIC", .needs = "",
	  .criu = "ok", .rule = "", .arg = "monotonic", .inside = make_timerfd },
	{ .name = "timerfd-boottime", .summary = "a timerfd of CLOCK_BOOTTIME", .needs = "",
	  .criu = "ok", .rule = "", .arg = "boottime", .inside = make_timerfd },
	{ .name = "timerfd-alarm", .summary = "a timerfd of CLOCK_REALTIME_ALARM",
	  .needs = "root", .criu = "refused", .rule = "timerfd-clock", .arg = "realtime-alarm",
	  .inside = make_timerfd },
	{ .name = "timerfd-boottime-alarm", .summary = "a timerfd of CLOCK_BOOTTIME_ALARM",
	  .needs = "root", .criu = "refused", .rule = "timerfd-clock", .arg = "boottime-alarm",
	  .inside = make_timerfd },
	{ .name = "inotify",
	  .summary = "an inotify watch of a folder", .needs = "", .criu = "ok",
	  .rule = "inotify-handle", .inside = inotify_plain },
	{ .name = "inotify-queue", .summary = "an inotify with unread events", .needs = "",
	  .criu = "ok", .rule = "inotify-queue", .inside = inotify_queue },
	{ .name = "inotify-deleted",
	  .summary = "an inotify watch of a deleted file that is still open",
	  .needs = "", .criu = "ok", .rule = "inotify-no-path", .inside = inotify_deleted },
	{ .name = "inotify-tmpfs",
	  .summary = "an inotify watch of the root of a tmpfs", .needs = "",
	  .criu = "ok", .rule = "inotify-tmpfs-unlinked", .inside = inotify_file_on_tmpfs },
	{ .name = "fanotify-inode", .summary = "a fanotify mark of a folder", .needs = "root",
	  .criu = "ok", .rule = "", .arg = "inode", .inside = make_fanotify },
	{ .name = "fanotify-mount", .summary = "a fanotify mark of a mount", .needs = "root",
	  .criu = "ok", .rule = "fanotify-mount-unknown", .arg = "mount",
	  .inside = make_fanotify },
	{ .name = "fanotify-fs", .summary = "a fanotify mark of a whole file system",
	  .needs = "root", .criu = "ok", .rule = "fanotify-fs-mark", .arg = "filesystem",
	  .inside = make_fanotify },
	{ .name = "pidfd-own", .summary = "a pidfd of a child", .needs = "", .criu = "ok",
	  .rule = "", .inside = pidfd_own },
	{ .name = "pidfd-foreign",
	  .summary = "a pidfd of a task outside of the tree", .needs = "",
	  .criu = "refused", .rule = "pidfd-foreign", .inside = pidfd_foreign },
	{ .name = "pidfd-thread", .summary = "a pidfd of a thread", .needs = "kernel-6.9",
	  .criu = "refused", .rule = "pidfd-thread", .inside = pidfd_thread },
	{ .name = "pidfd-dead", .summary = "a pidfd of a task that is gone", .needs = "",
	  .criu = "ok", .rule = "", .inside = pidfd_dead },
	{ .name = NULL },
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that threads sleep in: those that fail with EINTR after criu froze them, and
 * those that go on.
 */
#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "mkproc.h"

enum { LONG_SECONDS = 100000 };

static const struct timespec long_time = { .tv_sec = LONG_SECONDS };
static uint32_t word;

static void *
in_poll(void *fd)
{
	struct pollfd p = { .fd = *(int *)fd, .events = POLLIN };

	poll(&p, 1, -1);
	return NULL;
}

static void *
in_epoll_wait(void *fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll, EPOLL_CTL_ADD, *(int *)fd, &event);
	epoll_wait(epoll, &event, 1, -1);
	return NULL;
}

static void *
in_timed_futex(void *fd)
{
	(void)fd;
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &long_time, NULL, 0);
	return NULL;
}

static void *
in_sleep(void *fd)
{
	(void)fd;
	clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
	return NULL;
}

static void *
in_timed_receive(void *fd)
{
	struct timeval limit = { .tv_sec = LONG_SECONDS };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte;

	(void)fd;
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	recv(s, &byte, 1, 0);
	return NULL;
}

static void *
in_ppoll(void *fd)
{
	struct pollfd p = { .fd = *(int *)fd, .events = POLLIN };

	ppoll(&p, 1, &long_time, NULL);
	return NULL;
}

static void *
in_select(void *fd)
{
	struct timeval limit = { .tv_sec = LONG_SECONDS };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(*(int *)fd, &set);
	select(*(int *)fd + 1, &set, NULL, NULL, &limit);
	return NULL;
}

static void *
in_sleep_until(void *fd)
{
	struct timespec end;

	(void)fd;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LONG_SECONDS;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
	return NULL;
}

static void *
in_futex(void *fd)
{
	(void)fd;
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

static void *
in_read(void *fd)
{
	char byte;

	return read(*(int *)fd, &byte, 1) < 0 ? fd : NULL;
}

static void *(*const cut_short[])(void *fd) = {
	in_poll, in_epoll_wait, in_timed_futex, in_sleep, in_timed_receive, NULL,
};
static void *(*const going_on[])(void *fd) = {
	in_ppoll, in_select, in_sleep_until, in_futex, in_read, NULL,
};

/* Each thread gets a moment to fall asleep: there is nothing that it could tell from within. */
static void
waits(struct scene *s)
{
	void *(*const *body)(void *) = *s->factory->arg == 'c' ? cut_short : going_on;
	struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	static int ends[2];
	pthread_t thread;

	must(s, pipe(ends), "pipe");
	for (; *body; body++) {
		errno = pthread_create(&thread, NULL, *body, &ends[0]);
		if (errno != 0)
			fail(s, "pthread_create");
	}
	nanosleep(&moment, NULL);
}

const struct factory factories_waits[] = {
	{ .name = "task-waits-cut-short",
	  .summary = "threads in poll, epoll_wait, sleeps and waits with a limit of time",
	  .needs = "", .criu = "ok", .rule = "task-call-cut-short", .arg = "c", .inside = waits },
	{ .name = "task-waits-going-on",
	  .summary = "threads in ppoll, select, read, a sleep until a moment, a futex",
	  .needs = "", .criu = "ok", .rule = "", .arg = "g", .inside = waits },
	{ .name = NULL },
};

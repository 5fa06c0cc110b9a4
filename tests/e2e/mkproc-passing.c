/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends, with any factory, by the environment that mkproc is started in:
 *
 *	MKPROC_WORKS_AFTER=3000	so many milliseconds after its begin the root task works off all that
 *				waits for it: accepts, reads, sends what it gathered, takes its
 *				signals, and starts nothing any more; a vfork child ends
 *	MKPROC_GIVES_BACK=1	at a SIGUSR1 the root task closes all descriptors but 0, 1 and 2
 *
 * Without these there is neither a timer nor a handler.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-tree.h"

enum { FDS = 4096 };

static bool
is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static void
work_off_socket(int fd)
{
	int off = 0, listens = 0;
	socklen_t size = sizeof(listens);
	char bytes[65536];

	(void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
	(void)setsockopt(fd, IPPROTO_UDP, UDP_CORK, &off, sizeof(off));
	for (int i = 0; i < FDS && is_readable(fd); i++) {
		if (listens)
			close(accept(fd, NULL, NULL));
		else if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			return;
	}
}

static void
work_off_pipe(int fd)
{
	char bytes[65536];

	while (is_readable(fd) && read(fd, bytes, sizeof(bytes)) > 0)
		;
}

static void
work_off(int sig)
{
	sigset_t all;

	(void)sig;
	for (int fd = 3; fd < FDS; fd++) {
		int type;
		socklen_t size = sizeof(type);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0)
			work_off_socket(fd);
		else if (fcntl(fd, F_GETPIPE_SZ) > 0)
			work_off_pipe(fd);
	}
	signal(SIGTRAP, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	tree_wait();
}

static void
give_back(int sig)
{
	(void)sig;
	close_range(3, ~0U, 0);
	tree_wait();
}

static long
works_after(void)
{
	const char *ms = getenv("MKPROC_WORKS_AFTER");

	return ms ? strtol(ms, NULL, 10) : 0;
}

void
passing_arm(struct scene *s)
{
	struct itimerval at = {
		.it_value = { .tv_sec = works_after() / 1000, .tv_usec = works_after() % 1000 * 1000 },
	};

	if (getenv("MKPROC_GIVES_BACK"))
		signal(SIGUSR1, give_back);
	if (works_after() <= 0)
		return;
	signal(SIGALRM, work_off);
	must(s, setitimer(ITIMER_REAL, &at, NULL), "setitimer");
}

_Noreturn void
passing_wait(void)
{
	if (works_after() > 0) {
		usleep((useconds_t)works_after() * 1000);
		_exit(0);
	}
	tree_wait();
}

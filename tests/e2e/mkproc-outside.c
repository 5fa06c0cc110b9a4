/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees that share something with a process outside: open files that were inherited (one
 * description, two holders), memory that both have mapped, and what clone(2) lets them share.
 * The outsider is mkproc itself, or a sibling of the root that was made with CLONE_PARENT.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "mkproc.h"

enum { SHARED_SIZE = 8192, FILE_SIZE = 4096 };

static char *shared;

static int
make_socket(struct scene *s, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = (int)must(s, socket(AF_INET, type, 0), "socket");

	must(s, bind(fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	if (type == SOCK_STREAM)
		must(s, listen(fd, 1), "listen");
	return fd;
}

static int
make_signalfd(struct scene *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return (int)must(s, signalfd(-1, &set, 0), "signalfd");
}

static int
make_locked(struct scene *s)
{
	int fd = path_make(s, path_in(s, "locked"), FILE_SIZE);

	must(s, flock(fd, LOCK_EX), "flock");
	return fd;
}

static int
make_open(struct scene *s)
{
	const char *kind = s->factory->arg;

	if (strcmp(kind, "eventfd") == 0)
		return (int)must(s, eventfd(3, 0), "eventfd");
	if (strcmp(kind, "epoll") == 0)
		return (int)must(s, epoll_create1(0), "epoll_create1");
	if (strcmp(kind, "timerfd") == 0)
		return (int)must(s, timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
	if (strcmp(kind, "signalfd") == 0)
		return make_signalfd(s);
	if (strcmp(kind, "inotify") == 0)
		return (int)must(s, inotify_init1(0), "inotify_init1");
	if (strcmp(kind, "listen") == 0)
		return make_socket(s, SOCK_STREAM);
	if (strcmp(kind, "udp") == 0)
		return make_socket(s, SOCK_DGRAM);
	if (strcmp(kind, "flock") == 0)
		return make_locked(s);
	return path_make(s, path_in(s, "file"), FILE_SIZE);
}

static void
open_prepare(struct scene *s)
{
	s->fd[0] = make_open(s);
	s->fd[1] = (int)must(s, dup(s->fd[0]), "dup");
	scene_give(s, 0);
}

static void
open_inside(struct scene *s)
{
	fact_fd(s, "fd", s->fd[0]);
}

/* Outside it gets its number back, as fork(2) would have left it. */
static void
open_after(struct scene *s)
{
	must(s, dup2(s->fd[1], s->fd[0]), "dup2");
}

static void
memory_prepare(struct scene *s)
{
	const char *kind = s->factory->arg;
	char name[64];
	int fd = -1, flags = MAP_SHARED;

	if (strcmp(kind, "memfd") == 0) {
		fd = (int)must(s, memfd_create("outside", MFD_CLOEXEC), "memfd_create");
	} else if (strcmp(kind, "file") == 0) {
		snprintf(name, sizeof(name), "/mkproc-%d", getpid());
		snprintf(s->path, sizeof(s->path), "/dev/shm%s", name);
		fd = (int)can(s, shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), "shm_open");
	} else {
		flags |= MAP_ANONYMOUS;
	}
	if (fd >= 0)
		must(s, ftruncate(fd, SHARED_SIZE), "ftruncate");
	shared = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (shared == MAP_FAILED)
		fail(s, "mmap");
	if (fd >= 0)
		close(fd);
}

static void
memory_inside(struct scene *s)
{
	shared[0] = 'x';
	fact(s, "at", "%lx", (unsigned long)shared);
}

static void
memory_undo(struct scene *s)
{
	if (s->path[0])
		unlink(s->path);
}

static void
clone_sibling(struct scene *s)
{
	static const struct {
		const char *arg;
		int flags;
	} kinds[] = {
		{ "vm", CLONE_VM },
		{ "fs", CLONE_FS },
		{ "files", CLONE_FILES },
		{ "sighand", CLONE_VM | CLONE_SIGHAND },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, s->factory->arg) == 0)
			fact(s, "sibling", "%d", tree_clone(s, kinds[i].flags | CLONE_PARENT));
}

#define INHERITED(kind, what, says) \
	{ .name = "outside-" kind, .summary = what, .needs = "", .criu = says, .rule = "fd-shared-outside", \
	  .arg = kind, .prepare = open_prepare, .inside = open_inside, .after = open_after }
#define MEMORY(kind, what) \
	{ .name = "outside-shm-" kind, .summary = what, .needs = "", .criu = "ok", \
	  .rule = "mem-shared-outside", .arg = kind, .prepare = memory_prepare, .inside = memory_inside, \
	  .undo = memory_undo }
#define SIBLING(kind, what) \
	{ .name = "outside-" kind, .summary = what, .needs = "", .criu = "ok", .rule = "task-shared-outside", \
	  .arg = kind, .inside = clone_sibling }

const struct factory factories_outside[] = {
	INHERITED("eventfd", "an eventfd that the parent holds too", "ok"),
	INHERITED("epoll", "an epoll that the parent holds too", "ok"),
	INHERITED("timerfd", "a timerfd that the parent holds too", "ok"),
	INHERITED("signalfd", "a signalfd that the parent holds too", "ok"),
	INHERITED("inotify", "an inotify that the parent holds too", "ok"),
	INHERITED("listen", "a listening TCP socket that the parent holds too", "ok"),
	INHERITED("udp", "a UDP socket that the parent holds too", "ok"),
	INHERITED("file", "an open file, and its position, that the parent holds too", "ok"),
	INHERITED("flock", "a locked file that the parent holds too", "needs:--file-locks"),
	MEMORY("anon", "anonymous shared memory that the parent has mapped too"),
	MEMORY("memfd", "a memfd that the parent has mapped too"),
	MEMORY("file", "a file of /dev/shm that the parent has mapped too"),
	SIBLING("vm", "an address space shared with a process that is not of the tree"),
	SIBLING("fs", "a working directory shared with a process that is not of the tree"),
	SIBLING("files", "a table of descriptors shared with a process that is not of the tree"),
	SIBLING("sighand", "handlers and memory shared with a process that is not of the tree"),
	{ .name = NULL },
};

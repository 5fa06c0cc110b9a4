/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNIX sockets: names, peers, and on which side of the tree's border they are.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-unix.h"

union unix_address {
	struct sockaddr any;
	struct sockaddr_un un;
};

static socklen_t
fill(struct scene *s, union unix_address *a, const char *name)
{
	size_t length = strlen(name);

	*a = (union unix_address){ .un = { .sun_family = AF_UNIX } };
	if (length >= sizeof(a->un.sun_path)) {
		errno = ENAMETOOLONG;
		fail(s, name);
	}
	memcpy(a->un.sun_path, name, length);
	if (*name != '@')
		return (socklen_t)sizeof(a->un);
	a->un.sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int
unix_bound(struct scene *s, int type, const char *name)
{
	union unix_address a;
	socklen_t size = fill(s, &a, name);
	int fd = (int)must(s, socket(AF_UNIX, type, 0), "socket");

	must(s, bind(fd, &a.any, size), "bind");
	return fd;
}

int
unix_listener(struct scene *s, int type, const char *name)
{
	int fd = unix_bound(s, type, name);

	must(s, listen(fd, 5), "listen");
	return fd;
}

int
unix_connected(struct scene *s, int type, const char *name)
{
	union unix_address a;
	socklen_t size = fill(s, &a, name);
	int fd = (int)must(s, socket(AF_UNIX, type, 0), "socket");

	must(s, connect(fd, &a.any, size), "connect");
	return fd;
}

const char *
unix_path(struct scene *s)
{
	return path_in(s, "socket");
}

void
unix_pair_outside(struct scene *s, int type)
{
	must(s, socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s->fd), "socketpair");
	scene_give(s, 0);
}

static int
type_of(struct scene *s)
{
	switch (*s->factory->arg) {
	case 'd':
		return SOCK_DGRAM;
	case 'q':
		return SOCK_SEQPACKET;
	default:
		return SOCK_STREAM;
	}
}

static void
pair(struct scene *s)
{
	must(s, socketpair(AF_UNIX, type_of(s), 0, s->fd), "socketpair");
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "peer", s->fd[1]);
}

static void
pair_half_shut(struct scene *s)
{
	pair(s);
	must(s, shutdown(s->fd[0], SHUT_WR), "shutdown");
}

static void
pair_peer_closed(struct scene *s)
{
	must(s, socketpair(AF_UNIX, SOCK_STREAM, 0, s->fd), "socketpair");
	close(s->fd[1]);
	fact_fd(s, "fd", s->fd[0]);
}

static void
unbound(struct scene *s)
{
	fact_fd(s, "fd", (int)must(s, socket(AF_UNIX, SOCK_STREAM, 0), "socket"));
}

static void
listener(struct scene *s)
{
	fact_fd(s, "fd", unix_listener(s, type_of(s), unix_path(s)));
	fact(s, "path", "%s", unix_path(s));
}

static void
listener_abstract(struct scene *s)
{
	char name[32];

	snprintf(name, sizeof(name), "@mkproc-%d", getpid());
	fact_fd(s, "fd", unix_listener(s, SOCK_STREAM, name));
	fact(s, "name", "%s", name);
}

static void
listener_deleted(struct scene *s)
{
	listener(s);
	must(s, unlink(unix_path(s)), "unlink");
}

static void
listener_relative(struct scene *s)
{
	must(s, chdir(s->dir), "chdir");
	fact_fd(s, "fd", unix_listener(s, SOCK_STREAM, "socket"));
	must(s, chdir("/"), "chdir");
	fact(s, "path", "%s", unix_path(s));
}

static void
connected_inside(struct scene *s)
{
	int fd = unix_listener(s, SOCK_STREAM, unix_path(s));
	int client = unix_connected(s, SOCK_STREAM, unix_path(s));

	fact_fd(s, "fd", (int)must(s, accept(fd, NULL, NULL), "accept"));
	fact_fd(s, "peer", client);
	fact_fd(s, "listener", fd);
	fact(s, "path", "%s", unix_path(s));
}

/* A program that talks to a daemon: the listener and its accepted end are outside. */
static void
to_daemon_prepare(struct scene *s)
{
	int type = type_of(s) | SOCK_CLOEXEC;

	s->fd[1] = unix_listener(s, type, unix_path(s));
	s->fd[0] = unix_connected(s, type, unix_path(s));
	s->fd[2] = (int)must(s, accept4(s->fd[1], NULL, NULL, SOCK_CLOEXEC), "accept");
	scene_give(s, 0);
}

static void
tell_outside(struct scene *s)
{
	fact_fd(s, "fd", s->fd[0]);
}

/* A daemon that is talked to: the accepted end is inside, the client outside. */
static void
from_client_prepare(struct scene *s)
{
	int fd = unix_listener(s, SOCK_STREAM | SOCK_CLOEXEC, unix_path(s));

	s->fd[1] = unix_connected(s, SOCK_STREAM | SOCK_CLOEXEC, unix_path(s));
	s->fd[0] = (int)must(s, accept4(fd, NULL, NULL, SOCK_CLOEXEC), "accept");
	close(fd);
	scene_give(s, 0);
}

static void
pair_outside_prepare(struct scene *s)
{
	unix_pair_outside(s, type_of(s));
}

/* As a program that writes to the system's log. */
static void
dgram_outside_prepare(struct scene *s)
{
	s->fd[1] = unix_bound(s, SOCK_DGRAM | SOCK_CLOEXEC, unix_path(s));
	s->fd[0] = unix_connected(s, SOCK_DGRAM | SOCK_CLOEXEC, unix_path(s));
	scene_give(s, 0);
}

static void
dgram_client_outside_prepare(struct scene *s)
{
	s->fd[0] = unix_bound(s, SOCK_DGRAM | SOCK_CLOEXEC, unix_path(s));
	s->fd[1] = unix_connected(s, SOCK_DGRAM | SOCK_CLOEXEC, unix_path(s));
	scene_give(s, 0);
}

static void
dgram_bound(struct scene *s)
{
	fact_fd(s, "fd", unix_bound(s, SOCK_DGRAM, unix_path(s)));
	fact(s, "path", "%s", unix_path(s));
}

static void
passcred(struct scene *s)
{
	int one = 1;

	pair(s);
	must(s, setsockopt(s->fd[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), "SO_PASSCRED");
}

/* The task then leaves the network namespace in which the socket was made. */
static void
foreign_netns(struct scene *s)
{
	must(s, socketpair(AF_UNIX, SOCK_STREAM, 0, s->fd), "socketpair");
	can(s, unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
	loopback_up(s);
	fact_fd(s, "fd", s->fd[0]);
}

const struct factory factories_unix[] = {
	{ .name = "unix-unbound", .summary = "a UNIX socket never used", .needs = "",
	  .criu = "ok", .rule = "", .inside = unbound },
	{ .name = "unix-stream-pair", .summary = "a socketpair of streams in one task",
	  .needs = "", .criu = "ok", .rule = "", .arg = "s", .inside = pair },
	{ .name = "unix-dgram-pair", .summary = "a socketpair of datagrams in one task",
	  .needs = "", .criu = "ok", .rule = "", .arg = "d", .inside = pair },
	{ .name = "unix-seqpacket-pair", .summary = "a socketpair of packets in one task",
	  .needs = "", .criu = "ok", .rule = "", .arg = "q", .inside = pair },
	{ .name = "unix-half-shut", .summary = "a socketpair shut down one way", .needs = "",
	  .criu = "ok", .rule = "", .arg = "s", .inside = pair_half_shut },
	{ .name = "unix-peer-closed", .summary = "a stream whose peer is closed", .needs = "",
	  .criu = "ok", .rule = "unix-dangling", .inside = pair_peer_closed },
	{ .name = "unix-passcred", .summary = "a socketpair with SO_PASSCRED, nothing queued",
	  .needs = "", .criu = "ok", .rule = "unix-queue-cmsg", .arg = "s", .inside = passcred },
	{ .name = "unix-listen", .summary = "a stream listener with a path", .needs = "",
	  .criu = "ok", .rule = "dst-unix-path", .arg = "s", .inside = listener },
	{ .name = "unix-listen-seqpacket", .summary = "a packet listener with a path",
	  .needs = "", .criu = "ok", .rule = "dst-unix-path", .arg = "q", .inside = listener },
	{ .name = "unix-listen-abstract", .summary = "a listener with an abstract name",
	  .needs = "", .criu = "ok", .rule = "dst-unix-abstract", .inside = listener_abstract },
	{ .name = "unix-listen-deleted", .summary = "a listener whose path was removed",
	  .needs = "", .criu = "ok", .rule = "unix-bound-noinode", .inside = listener_deleted,
	  .arg = "s" },
	{ .name = "unix-listen-relative",
	  .summary = "a listener bound to a relative path, the folder left",
	  .needs = "", .criu = "ok", .rule = "unix-name-resolve", .inside = listener_relative },
	{ .name = "unix-connected", .summary = "listener, client and accepted end in the tree",
	  .needs = "", .criu = "ok", .rule = "unix-accepted-name", .inside = connected_inside },
	{ .name = "unix-dgram-bound", .summary = "a datagram socket with a path", .needs = "",
	  .criu = "ok", .rule = "dst-unix-path", .inside = dgram_bound },
	{ .name = "unix-stream-outside", .summary = "a stream connected to a daemon outside",
	  .needs = "", .criu = "refused", .rule = "unix-external-stream", .arg = "s",
	  .prepare = to_daemon_prepare, .inside = tell_outside },
	{ .name = "unix-seqpacket-outside",
	  .summary = "a packet socket connected to a daemon outside",
	  .needs = "", .criu = "refused", .rule = "unix-external-stream", .arg = "q",
	  .prepare = to_daemon_prepare, .inside = tell_outside },
	{ .name = "unix-stream-outside-client",
	  .summary = "an accepted stream whose client is outside",
	  .needs = "", .criu = "refused", .rule = "unix-external-stream",
	  .prepare = from_client_prepare, .inside = tell_outside },
	{ .name = "unix-stream-outside-pair", .summary = "one half of a socketpair of streams",
	  .needs = "", .criu = "refused", .rule = "unix-external-stream", .arg = "s",
	  .prepare = pair_outside_prepare, .inside = tell_outside },
	{ .name = "unix-dgram-outside",
	  .summary = "a datagram socket connected to a named one outside",
	  .needs = "", .criu = "needs:--ext-unix-sk", .rule = "unix-external-dgram",
	  .prepare = dgram_outside_prepare, .inside = tell_outside },
	{ .name = "unix-dgram-outside-unnamed",
	  .summary = "one half of a socketpair of datagrams",
	  .needs = "", .criu = "refused", .rule = "unix-external-dgram-noname", .arg = "d",
	  .prepare = pair_outside_prepare, .inside = tell_outside },
	{ .name = "unix-dgram-outside-client",
	  .summary = "a named datagram socket that one outside is connected to",
	  .needs = "", .criu = "ok", .rule = "", .prepare = dgram_client_outside_prepare,
	  .inside = tell_outside },
	{ .name = "unix-foreign-netns",
	  .summary = "a socketpair of a network namespace that the task left",
	  .needs = "root netns", .criu = "refused", .rule = "unix-not-in-diag",
	  .inside = foreign_netns },
	{ .name = NULL },
};

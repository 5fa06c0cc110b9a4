/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits in UNIX sockets: unread bytes, connections not accepted, descriptors in flight.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-unix.h"

static void
data(struct scene *s)
{
	int type = *s->factory->arg == 'd' ? SOCK_DGRAM : SOCK_STREAM;

	must(s, socketpair(AF_UNIX, type, 0, s->fd), "socketpair");
	must(s, send(s->fd[1], "twelve bytes", 12, 0), "send");
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "peer", s->fd[1]);
	fact(s, "queued", "12");
}

static void
data_unread_dgram_outside(struct scene *s)
{
	s->fd[0] = unix_bound(s, SOCK_DGRAM | SOCK_CLOEXEC, unix_path(s));
	s->fd[1] = unix_connected(s, SOCK_DGRAM | SOCK_CLOEXEC, unix_path(s));
	must(s, send(s->fd[1], "twelve bytes", 12, 0), "send");
	scene_give(s, 0);
}

static void
tell(struct scene *s)
{
	fact_fd(s, "fd", s->fd[0]);
	fact(s, "path", "%s", unix_path(s));
}

/* A client in the backlog; by the row's argument it is also closed, or has written. */
static void
pending(struct scene *s)
{
	int client;

	s->fd[0] = unix_listener(s, SOCK_STREAM, unix_path(s));
	client = unix_connected(s, SOCK_STREAM, unix_path(s));
	if (strcmp(s->factory->arg, "data") == 0)
		must(s, send(client, "early", 5, 0), "send");
	if (strcmp(s->factory->arg, "closed") == 0)
		close(client);
	else
		fact_fd(s, "client", client);
	tell(s);
}

static void
pending_outside_prepare(struct scene *s)
{
	s->fd[0] = unix_listener(s, SOCK_STREAM | SOCK_CLOEXEC, unix_path(s));
	s->fd[1] = unix_connected(s, SOCK_STREAM | SOCK_CLOEXEC, unix_path(s));
	if (strcmp(s->factory->arg, "data") == 0)
		must(s, send(s->fd[1], "early", 5, 0), "send");
	scene_give(s, 0);
}

/* A client inside in the backlog of a daemon outside. */
static void
pending_at_daemon_prepare(struct scene *s)
{
	s->fd[1] = unix_listener(s, SOCK_STREAM | SOCK_CLOEXEC, unix_path(s));
	s->fd[0] = unix_connected(s, SOCK_STREAM | SOCK_CLOEXEC, unix_path(s));
	scene_give(s, 0);
}

static void
send_with(struct scene *s, int fd, int level_type, const void *payload, size_t size)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
	char byte = 'x';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(size),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = level_type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), payload, size);
	must(s, sendmsg(fd, &message, 0), "sendmsg");
}

static int
something_to_send(struct scene *s)
{
	const char *what = s->factory->arg;
	int ends[2];

	if (strcmp(what, "tty") == 0)
		return (int)can(s, open("/dev/ptmx", O_RDWR | O_NOCTTY), "/dev/ptmx");
	if (strcmp(what, "packet-pipe") == 0) {
		must(s, pipe2(ends, O_DIRECT), "pipe");
		close(ends[0]);
		return ends[1];
	}
	if (strcmp(what, "socket") == 0)
		return (int)must(s, socket(AF_INET, SOCK_DGRAM, 0), "socket");
	return path_make(s, path_in(s, "sent"), 64);
}

/* The descriptor is in flight only: the sender has closed its own. */
static void
scm_rights(struct scene *s)
{
	int sent = something_to_send(s);

	must(s, socketpair(AF_UNIX, SOCK_STREAM, 0, s->fd), "socketpair");
	send_with(s, s->fd[1], SCM_RIGHTS, &sent, sizeof(sent));
	close(sent);
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "peer", s->fd[1]);
}

static void
scm_credentials(struct scene *s)
{
	struct ucred me = { .pid = getpid() };
	int one = 1;

	must(s, socketpair(AF_UNIX, SOCK_STREAM, 0, s->fd), "socketpair");
	must(s, setsockopt(s->fd[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), "SO_PASSCRED");
	send_with(s, s->fd[1], SCM_CREDENTIALS, &me, sizeof(me));
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "peer", s->fd[1]);
}

/* Messages come with the time at which they are read, a datagram's and not a stream's. */
static void
timestamps(struct scene *s)
{
	int type = *s->factory->arg == 'd' ? SOCK_DGRAM : SOCK_STREAM, one = 1;

	must(s, socketpair(AF_UNIX, type, 0, s->fd), "socketpair");
	must(s, setsockopt(s->fd[0], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)), "SO_TIMESTAMP");
	must(s, send(s->fd[1], "twelve bytes", 12, 0), "send");
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "peer", s->fd[1]);
}

/* One half of a pair is in flight only, the other is held. */
static void
scm_half(struct scene *s)
{
	int type = *s->factory->arg == 'd' ? SOCK_DGRAM : SOCK_STREAM, pair[2];

	must(s, socketpair(AF_UNIX, type, 0, pair), "socketpair");
	must(s, socketpair(AF_UNIX, SOCK_STREAM, 0, s->fd), "socketpair");
	send_with(s, s->fd[1], SCM_RIGHTS, &pair[1], sizeof(pair[1]));
	close(pair[1]);
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "half", pair[0]);
}

/* One datagram that is larger than what the receiver's own send buffer would hold. */
static void
large_datagram(struct scene *s)
{
	static char bytes[100000];
	int large = 300000, small = 8192;

	must(s, socketpair(AF_UNIX, *s->factory->arg == 'd' ? SOCK_DGRAM : SOCK_SEQPACKET, 0, s->fd),
	     "socketpair");
	must(s, setsockopt(s->fd[1], SOL_SOCKET, SO_SNDBUF, &large, sizeof(large)), "SO_SNDBUF");
	must(s, setsockopt(s->fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), "SO_SNDBUF");
	must(s, send(s->fd[1], bytes, sizeof(bytes), 0), "send");
	fact_fd(s, "fd", s->fd[0]);
	fact_fd(s, "peer", s->fd[1]);
}

const struct factory factories_unix_queues[] = {
	{ .name = "unix-queue", .summary = "a stream with unread bytes", .needs = "",
	  .criu = "ok", .rule = "", .arg = "s", .inside = data },
	{ .name = "unix-queue-dgram", .summary = "a datagram socket with an unread datagram",
	  .needs = "", .criu = "ok", .rule = "", .arg = "d", .inside = data },
	{ .name = "unix-queue-dgram-outside", .summary = "a datagram from outside, unread",
	  .needs = "", .criu = "ok", .rule = "", .prepare = data_unread_dgram_outside,
	  .inside = tell },
	{ .name = "unix-queue-large",
	  .summary = "an unread datagram above the receiver's send buffer",
	  .needs = "", .criu = "refused", .rule = "unix-queue-truncated",
	  .arg = "d", .inside = large_datagram },
	{ .name = "unix-queue-large-seqpacket",
	  .summary = "an unread packet above the receiver's send buffer",
	  .needs = "", .criu = "refused", .rule = "unix-queue-truncated", .arg = "p",
	  .inside = large_datagram },
	{ .name = "unix-pending",
	  .summary = "a listener with a client not accepted, all inside",
	  .needs = "", .criu = "ok", .rule = "", .arg = "", .inside = pending },
	{ .name = "unix-pending-data", .summary = "as unix-pending, and the client has written",
	  .needs = "", .criu = "refused", .rule = "unix-inflight-data", .arg = "data",
	  .inside = pending },
	{ .name = "unix-pending-closed",
	  .summary = "as unix-pending, and the client has closed",
	  .needs = "", .criu = "refused", .rule = "unix-inflight-closed", .arg = "closed",
	  .inside = pending },
	{ .name = "unix-pending-outside",
	  .summary = "a listener with a client outside not accepted",
	  .needs = "", .criu = "ok", .rule = "", .arg = "",
	  .prepare = pending_outside_prepare, .inside = tell },
	{ .name = "unix-pending-outside-data",
	  .summary = "as unix-pending-outside, and it has written",
	  .needs = "", .criu = "ok", .rule = "unix-inflight-data", .arg = "data",
	  .prepare = pending_outside_prepare, .inside = tell },
	{ .name = "unix-pending-at-daemon",
	  .summary = "a client inside not accepted by a daemon outside",
	  .needs = "", .criu = "ok", .rule = "unix-dangling",
	  .prepare = pending_at_daemon_prepare, .inside = tell },
	{ .name = "unix-scm-file", .summary = "a file's descriptor in flight", .needs = "",
	  .criu = "ok", .rule = "unix-queue-scm-unsupported", .arg = "file",
	  .inside = scm_rights },
	{ .name = "unix-scm-socket", .summary = "a UDP socket in flight", .needs = "",
	  .criu = "ok", .rule = "unix-queue-scm-unsupported", .arg = "socket",
	  .inside = scm_rights },
	{ .name = "unix-scm-tty", .summary = "a terminal in flight", .needs = "devpts",
	  .criu = "refused", .rule = "tty-in-scm", .arg = "tty", .inside = scm_rights },
	{ .name = "unix-scm-packet-pipe",
	  .summary = "a pipe in packet mode in flight", .needs = "",
	  .criu = "refused", .rule = "unix-queue-scm-unsupported", .arg = "packet-pipe",
	  .inside = scm_rights },
	{ .name = "unix-scm-credentials", .summary = "credentials in flight with SO_PASSCRED",
	  .needs = "", .criu = "refused", .rule = "unix-queue-cmsg", .inside = scm_credentials },
	{ .name = "unix-scm-stream-half", .summary = "one half of a pair of streams in flight",
	  .needs = "", .criu = "ok", .rule = "unix-queue-scm-unsupported", .arg = "s", .inside = scm_half },
	{ .name = "unix-scm-dgram-half", .summary = "one half of a pair of datagram sockets in flight",
	  .needs = "", .criu = "ok", .rule = "unix-queue-scm-unsupported", .arg = "d", .inside = scm_half },
	{ .name = "unix-queue-timestamps", .summary = "an unread datagram, and SO_TIMESTAMP",
	  .needs = "", .criu = "refused", .rule = "unix-queue-cmsg", .arg = "d", .inside = timestamps },
	{ .name = "unix-queue-timestamps-stream", .summary = "an unread stream, and SO_TIMESTAMP",
	  .needs = "", .criu = "ok", .rule = "", .arg = "s", .inside = timestamps },
	{ .name = NULL },
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP sockets in the states that a descriptor can have, by their number in /proc/net/tcp:
 *
 *	  sl  local_address rem_address   st tx_queue rx_queue …   inode
 *	   0: 0100007F:A1B2 00000000:0000 0A 00000000:00000001 … 81233
 *
 * 01 ESTABLISHED, 02 SYN_SENT, 05 FIN_WAIT2, 07 CLOSE, 08 CLOSE_WAIT, 09 LAST_ACK, 0A LISTEN.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-inet.h"

/* The two ends of one connection: the accepted one, and the one that connected. */
struct pair {
	int server;
	int client;
};

static struct pair
tcp_pair(struct scene *s, int flags)
{
	struct pair p;
	int listener = tcp_listener(s, SOCK_CLOEXEC, 0);

	p.client = (int)must(s, socket(AF_INET, SOCK_STREAM | flags, 0), "socket");
	inet_connect(s, p.client, inet_port(s, listener));
	p.server = (int)must(s, accept4(listener, NULL, NULL, flags), "accept");
	close(listener);
	return p;
}

static void
wait_tcp_state(struct scene *s, int fd, int state)
{
	for (int i = 0; i < 400; i++) {
		struct tcp_info info = { 0 };
		socklen_t size = sizeof(info);

		must(s, getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
		if (info.tcpi_state == state)
			return;
		usleep(5000);
	}
	errno = ETIMEDOUT;
	fail(s, "wait for a TCP state");
}

static void
listen_plain(struct scene *s)
{
	inet_tell(s, tcp_listener(s, 0, 0));
}

static void
listen_v6(struct scene *s)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = (int)can(s, socket(AF_INET6, SOCK_STREAM, 0), "socket(AF_INET6)");

	can(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind to ::1");
	must(s, listen(fd, 5), "listen");
	inet_tell(s, fd);
}

static void
listen_any(struct scene *s)
{
	int one = 1;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_ANY) } };
	int fd = (int)must(s, socket(AF_INET, SOCK_STREAM, 0), "socket");

	must(s, setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), "SO_REUSEPORT");
	must(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	must(s, listen(fd, 5), "listen");
	inet_tell(s, fd);
}

/* 192.0.2.1 is of the block for documentation (RFC 5737): it is no address of this host. */
static void
listen_freebind(struct scene *s)
{
	int one = 1;
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = (int)must(s, socket(AF_INET, SOCK_STREAM, 0), "socket");

	inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
	must(s, setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one)), "IP_FREEBIND");
	must(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	must(s, listen(fd, 5), "listen");
	inet_tell(s, fd);
}

static void
listen_mptcp(struct scene *s)
{
	inet_tell(s, tcp_listener(s, 0, IPPROTO_MPTCP));
}

static void
closed_state(struct scene *s)
{
	if (*s->factory->arg == 'b')
		inet_tell(s, inet_bound(s, SOCK_STREAM, 0));
	else
		fact_fd(s, "fd", (int)must(s, socket(AF_INET, SOCK_STREAM, 0), "socket"));
}

/* Both ends in the tree; with "data" some bytes wait in the queue of one. */
static void
established(struct scene *s)
{
	struct pair p = tcp_pair(s, 0);

	if (strcmp(s->factory->arg, "data") == 0) {
		must(s, send(p.client, "unread bytes", 12, 0), "send");
		fact(s, "queued", "12");
	}
	inet_tell(s, p.server);
	fact_fd(s, "peer", p.client);
}

static void
outside_prepare(struct scene *s)
{
	struct pair p = tcp_pair(s, SOCK_CLOEXEC);

	s->fd[0] = p.server;
	s->fd[1] = p.client;
	scene_give(s, 0);
}

static void
outside_inside(struct scene *s)
{
	inet_tell(s, s->fd[0]);
}

static void
outside_fin(struct scene *s)
{
	close(s->fd[1]);
	s->fd[1] = -1;
}

/* Our end said that it will send no more; the other end, which we hold too, has not. */
static void
half_closed(struct scene *s)
{
	struct pair p = tcp_pair(s, 0);

	must(s, shutdown(p.client, SHUT_WR), "shutdown");
	wait_tcp_state(s, p.client, TCP_FIN_WAIT2);
	wait_tcp_state(s, p.server, TCP_CLOSE_WAIT);
	fact_fd(s, "fin-wait2", p.client);
	fact_fd(s, "close-wait", p.server);
}

static void
outside_shutdown_prepare(struct scene *s)
{
	outside_prepare(s);
	must(s, shutdown(s->fd[0], SHUT_WR), "shutdown");
	wait_tcp_state(s, s->fd[0], TCP_FIN_WAIT2);
}

static void
close_wait_prepare(struct scene *s)
{
	outside_prepare(s);
	outside_fin(s);
	wait_tcp_state(s, s->fd[0], TCP_CLOSE_WAIT);
}

static void
reset_prepare(struct scene *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	outside_prepare(s);
	must(s, setsockopt(s->fd[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), "SO_LINGER");
	outside_fin(s);
	wait_tcp_state(s, s->fd[0], TCP_CLOSE);
}

/* Both have said that they send no more, the other end first. */
static void
closed_prepare(struct scene *s)
{
	close_wait_prepare(s);
	must(s, shutdown(s->fd[0], SHUT_WR), "shutdown");
	wait_tcp_state(s, s->fd[0], TCP_CLOSE);
}

/* Nobody listens there; a socket that does not wait keeps the answer to itself. */
static void
refused(struct scene *s)
{
	int listener = tcp_listener(s, 0, 0), fd;
	struct sockaddr_in there = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)inet_port(s, listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	close(listener);
	fd = (int)must(s, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0 || errno != EINPROGRESS)
		fail(s, "connect");
	wait_tcp_state(s, fd, TCP_CLOSE);
	fact_fd(s, "fd", fd);
}

static void
queue_client(struct scene *s, int port)
{
	int fd = (int)must(s, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	inet_connect(s, fd, port);
	s->fd[1] = fd;
}

static void
accept_queue_inside(struct scene *s)
{
	int listener = tcp_listener(s, 0, 0);

	queue_client(s, inet_port(s, listener));
	inet_tell(s, listener);
	fact_fd(s, "client", s->fd[1]);
}

static void
accept_queue_prepare(struct scene *s)
{
	s->fd[0] = tcp_listener(s, SOCK_CLOEXEC, 0);
	queue_client(s, inet_port(s, s->fd[0]));
	scene_give(s, 0);
}

/*
 * A listener whose queue is full drops further SYNs: their senders stay in SYN_SENT. Listener and
 * queue are outside of the tree, in a network namespace that mkproc and the tree then share.
 */
static void
syn_sent_prepare(struct scene *s)
{
	inet_own_net(s);
	s->fd[0] = inet_bound(s, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(s, listen(s->fd[0], 0), "listen");
	s->number = inet_port(s, s->fd[0]);
	queue_client(s, (int)s->number);
}

static void
syn_sent(struct scene *s)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((uint16_t)s->number),
	};
	int fd = (int)must(s, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");

	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		fail(s, "connect");
	wait_tcp_state(s, fd, TCP_SYN_SENT);
	inet_tell(s, fd);
}

static void
established_own_net(struct scene *s)
{
	inet_own_net(s);
	established(s);
}

static void
mptcp_established(struct scene *s)
{
	int listener = tcp_listener(s, SOCK_CLOEXEC, IPPROTO_MPTCP);
	int client = (int)must(s, socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), "socket");

	inet_connect(s, client, inet_port(s, listener));
	inet_tell(s, (int)must(s, accept4(listener, NULL, NULL, 0), "accept"));
	close(listener);
	fact_fd(s, "peer", client);
}

const struct factory factories_tcp[] = {
	{ .name = "tcp-listen", .summary = "a TCP listener on 127.0.0.1", .needs = "",
	  .criu = "ok", .rule = "dst-port-in-use", .inside = listen_plain },
	{ .name = "tcp-listen-v6", .summary = "a TCP listener on ::1", .needs = "ipv6",
	  .criu = "ok", .rule = "dst-port-in-use", .inside = listen_v6 },
	{ .name = "tcp-listen-any",
	  .summary = "a TCP listener on any address with SO_REUSEPORT",
	  .needs = "", .criu = "ok", .rule = "dst-port-in-use", .inside = listen_any },
	{ .name = "tcp-listen-freebind",
	  .summary = "a TCP listener on an address that is not here",
	  .needs = "", .criu = "ok", .rule = "dst-addr-missing", .inside = listen_freebind },
	{ .name = "tcp-unbound",
	  .summary = "a TCP socket never used", .needs = "", .criu = "ok",
	  .rule = "", .arg = "", .inside = closed_state },
	{ .name = "tcp-bound", .summary = "a TCP socket bound and not listening", .needs = "",
	  .criu = "ok", .rule = "dst-port-in-use", .arg = "bound", .inside = closed_state },
	{ .name = "tcp-established",
	  .summary = "a connection, both ends in the tree", .needs = "",
	  .criu = "needs:--tcp-established", .rule = "tcp-established", .arg = "",
	  .inside = established },
	{ .name = "tcp-established-data",
	  .summary = "a connection with unread bytes", .needs = "",
	  .criu = "needs:--tcp-established", .rule = "tcp-established", .arg = "data",
	  .inside = established },
	{ .name = "tcp-established-outside",
	  .summary = "a connection, one end outside of the tree",
	  .needs = "", .criu = "needs:--tcp-established", .rule = "tcp-established",
	  .prepare = outside_prepare, .inside = outside_inside },
	{ .name = "tcp-established-netns",
	  .summary = "a connection in an own network namespace",
	  .needs = "root netns", .criu = "needs:--tcp-established", .rule = "tcp-established",
	  .arg = "", .inside = established_own_net },
	{ .name = "tcp-half-closed",
	  .summary = "FIN_WAIT2 and CLOSE_WAIT, both ends in the tree",
	  .needs = "", .criu = "needs:--tcp-established", .rule = "tcp-established",
	  .inside = half_closed },
	{ .name = "tcp-fin-wait2", .summary = "FIN_WAIT2, the other end outside", .needs = "",
	  .criu = "needs:--tcp-established", .rule = "tcp-established",
	  .prepare = outside_shutdown_prepare, .inside = outside_inside },
	{ .name = "tcp-close-wait", .summary = "CLOSE_WAIT, the other end outside and closed",
	  .needs = "", .criu = "needs:--tcp-established", .rule = "tcp-established",
	  .prepare = close_wait_prepare, .inside = outside_inside },
	{ .name = "tcp-reset", .summary = "a connection that the other end has reset",
	  .needs = "", .criu = "host:iptables", .rule = "tcp-closed-connection",
	  .prepare = reset_prepare, .inside = outside_inside },
	{ .name = "tcp-closed", .summary = "a connection that both ends have closed",
	  .needs = "", .criu = "host:iptables", .rule = "tcp-closed-connection",
	  .prepare = closed_prepare, .inside = outside_inside },
	{ .name = "tcp-refused", .summary = "a socket whose connection was refused",
	  .needs = "", .criu = "host:iptables", .rule = "tcp-closed-connection",
	  .inside = refused },
	{ .name = "tcp-accept-queue",
	  .summary = "a listener with a connection not accepted, client outside",
	  .needs = "", .criu = "needs:--skip-in-flight", .rule = "tcp-inflight-accept",
	  .prepare = accept_queue_prepare, .inside = outside_inside },
	{ .name = "tcp-accept-queue-inside",
	  .summary = "a listener with a connection not accepted, client inside",
	  .needs = "", .criu = "needs:--skip-in-flight --tcp-established", .rule = "tcp-inflight-accept",
	  .inside = accept_queue_inside },
	{ .name = "tcp-syn-sent",
	  .summary = "SYN_SENT to a listener that drops, in an own netns",
	  .needs = "root netns", .criu = "needs:--tcp-established", .rule = "tcp-established",
	  .prepare = syn_sent_prepare, .inside = syn_sent },
	{ .name = "mptcp-listen", .summary = "a multipath TCP listener", .needs = "mptcp",
	  .criu = "refused", .rule = "sock-inet-proto", .inside = listen_mptcp },
	{ .name = "mptcp-established",
	  .summary = "a multipath TCP connection", .needs = "mptcp",
	  .criu = "refused", .rule = "sock-inet-proto", .inside = mptcp_established },
	{ .name = NULL },
};

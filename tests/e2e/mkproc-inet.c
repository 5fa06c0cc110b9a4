/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers for sockets on the loopback, and the internet sockets that are not TCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-inet.h"


int
inet_bound(struct scene *s, int type, int protocol)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = (int)can(s, socket(AF_INET, type, protocol), "socket");

	must(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	return fd;
}

int
inet_port(struct scene *s, int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = { .any = { 0 } };
	socklen_t size = sizeof(at);

	must(s, getsockname(fd, &at.any, &size), "getsockname");
	return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

void
inet_connect(struct scene *s, int fd, int port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((uint16_t)port),
	};

	must(s, connect(fd, (const struct sockaddr *)&to, sizeof(to)), "connect");
}

void
inet_tell(struct scene *s, int fd)
{
	fact_fd(s, "fd", fd);
	fact(s, "port", "%d", inet_port(s, fd));
}

int
tcp_listener(struct scene *s, int flags, int protocol)
{
	int fd = inet_bound(s, SOCK_STREAM | flags, protocol);

	must(s, listen(fd, 5), "listen");
	return fd;
}

void
inet_own_net(struct scene *s)
{
	can(s, unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
	loopback_up(s);
}

static void
udp_plain(struct scene *s)
{
	inet_tell(s, inet_bound(s, SOCK_DGRAM, 0));
}

static void
udp_unbound(struct scene *s)
{
	fact_fd(s, "fd", (int)must(s, socket(AF_INET, SOCK_DGRAM, 0), "socket"));
}

/* To the port of discard (9) on the loopback; nothing is sent. */
static void
udp_connected(struct scene *s)
{
	int fd = inet_bound(s, SOCK_DGRAM, 0);

	inet_connect(s, fd, 9);
	inet_tell(s, fd);
}

static void
udp_queue(struct scene *s)
{
	int fd = inet_bound(s, SOCK_DGRAM, 0);
	int from = inet_bound(s, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_connect(s, from, inet_port(s, fd));
	must(s, send(from, "one datagram", 12, 0), "send");
	close(from);
	inet_tell(s, fd);
	fact(s, "queued", "12");
}

static void
udp_corked(struct scene *s)
{
	int one = 1;
	int fd = inet_bound(s, SOCK_DGRAM, 0);

	must(s, setsockopt(fd, IPPROTO_UDP, UDP_CORK, &one, sizeof(one)), "UDP_CORK");
	if (strcmp(s->factory->arg, "data") == 0) {
		inet_connect(s, fd, 9);
		must(s, send(fd, "held back", 9, 0), "send");
	}
	inet_tell(s, fd);
}

static void
udp_multicast(struct scene *s)
{
	struct ip_mreqn group = { .imr_address = { htonl(INADDR_LOOPBACK) } };
	int fd = inet_bound(s, SOCK_DGRAM, 0);

	inet_pton(AF_INET, "239.255.77.77", &group.imr_multiaddr);
	can(s, setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)),
	    "IP_ADD_MEMBERSHIP");
	inet_tell(s, fd);
}

/* Options that CRIU leaves out, and one that it carries along (SO_BROADCAST). */
static void
udp_options(struct scene *s)
{
	int fd = inet_bound(s, SOCK_DGRAM, 0), one = 1;

	must(s, setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)), "SO_BROADCAST");
	must(s, setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one)), "IP_RECVERR");
	must(s, setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &one, sizeof(one)), "IP_RECVTOS");
	inet_tell(s, fd);
}

static void
udp_v6(struct scene *s)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = (int)can(s, socket(AF_INET6, SOCK_DGRAM, 0), "socket(AF_INET6)");

	can(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind to ::1");
	inet_tell(s, fd);
}

static void
udplite(struct scene *s)
{
	inet_tell(s, inet_bound(s, SOCK_DGRAM, IPPROTO_UDPLITE));
}

/* net.ipv4.ping_group_range decides; in a network namespace of our own we may set it. */
static void
icmp_ping(struct scene *s)
{
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	if (fd < 0) {
		inet_own_net(s);
		path_write(s, "/proc/sys/net/ipv4/ping_group_range", "0 0");
		fd = (int)can(s, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), "socket(IPPROTO_ICMP)");
		fact(s, "netns", "own");
	}
	fact_fd(s, "fd", fd);
}

static void
make_raw(struct scene *s)
{
	int family = *s->factory->arg == '6' ? AF_INET6 : AF_INET;
	int protocol = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = (int)can(s, socket(family, SOCK_RAW, protocol), "socket(SOCK_RAW)");

	if (strcmp(s->factory->arg, "bound") == 0)
		must(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	fact_fd(s, "fd", fd);
}

static void
sctp(struct scene *s)
{
	fact_fd(s, "fd", (int)can(s, socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), "socket(SCTP)"));
}

static void
foreign_net(struct scene *s)
{
	inet_own_net(s);
	s->fd[0] = tcp_listener(s, 0, 0);
}

/* Made in another network namespace, which the task then left. */
static void
left_net(struct scene *s)
{
	int home = (int)must(s, open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "ns/net");

	foreign_net(s);
	must(s, setns(home, CLONE_NEWNET), "setns");
	close(home);
	inet_tell(s, s->fd[0]);
}

const struct factory factories_inet[] = {
	{ .name = "udp-unbound",
	  .summary = "a UDP socket never used", .needs = "", .criu = "ok",
	  .rule = "", .inside = udp_unbound },
	{ .name = "udp-bound",
	  .summary = "a UDP socket on 127.0.0.1", .needs = "", .criu = "ok",
	  .rule = "dst-port-in-use", .inside = udp_plain },
	{ .name = "udp-bound-v6",
	  .summary = "a UDP socket on ::1", .needs = "ipv6", .criu = "ok",
	  .rule = "dst-port-in-use", .inside = udp_v6 },
	{ .name = "udp-connected",
	  .summary = "a connected UDP socket", .needs = "", .criu = "ok",
	  .rule = "", .inside = udp_connected },
	{ .name = "udp-queue", .summary = "a UDP socket with an unread datagram", .needs = "",
	  .criu = "ok", .rule = "udp-queues", .inside = udp_queue },
	{ .name = "udp-corked", .summary = "a UDP socket with UDP_CORK, nothing held back",
	  .needs = "", .criu = "refused", .rule = "udp-corked", .arg = "", .inside = udp_corked },
	{ .name = "udp-corked-data",
	  .summary = "a UDP socket with UDP_CORK that holds bytes back",
	  .needs = "", .criu = "refused", .rule = "udp-corked", .arg = "data",
	  .inside = udp_corked },
	{ .name = "udp-multicast", .summary = "a UDP socket in a multicast group", .needs = "",
	  .criu = "ok", .rule = "sock-multicast", .inside = udp_multicast },
	{ .name = "udp-options", .summary = "a UDP socket with options that CRIU leaves out", .needs = "",
	  .criu = "ok", .rule = "sock-options-lost", .inside = udp_options },
	{ .name = "udplite-bound", .summary = "a UDP-Lite socket", .needs = "udplite",
	  .criu = "ok", .rule = "src-udplite-diag", .inside = udplite },
	{ .name = "icmp-ping",
	  .summary = "an ICMP echo socket (own netns where the host's range forbids)",
	  .needs = "root", .criu = "ok", .rule = "", .inside = icmp_ping },
	{ .name = "raw", .summary = "a raw ICMP socket", .needs = "root", .criu = "ok",
	  .rule = "raw-diag", .arg = "", .inside = make_raw },
	{ .name = "raw-bound",
	  .summary = "a raw ICMP socket bound to 127.0.0.1", .needs = "root",
	  .criu = "ok", .rule = "raw-diag", .arg = "bound", .inside = make_raw },
	{ .name = "raw-v6",
	  .summary = "a raw ICMPv6 socket", .needs = "root ipv6", .criu = "ok",
	  .rule = "raw-diag", .arg = "6", .inside = make_raw },
	{ .name = "sctp", .summary = "an SCTP socket", .needs = "sctp", .criu = "refused",
	  .rule = "sock-inet-proto", .inside = sctp },
	{ .name = "tcp-foreign-netns",
	  .summary = "a listener of a network namespace that the task left",
	  .needs = "root netns", .criu = "refused", .rule = "sock-netns-foreign",
	  .inside = left_net },
	{ .name = NULL },
};

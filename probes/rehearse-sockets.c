/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of sockets: each kind that the tree has is made in a network namespace that holds
 * nothing else, bound to its port at any address, and given the options that CRIU sets. That the port is
 * free on the host is another question: probes/net-sockets.c.
 *
 * A protocol is tried only where the kernel has it already, since asking for it could load a module:
 *
 *     /proc/net/protocols   TCPv6     2432      0 …
 *     /proc/net/netlink     sk               Eth Pid …       Pid 0: the kernel's own end
 */
#include "probes/rehearse.h"

#include "base/text.h"
#include "probes/brought.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

enum {
	TCP_STATE_CLOSE = 7,
	TCP_STATE_LISTEN = 10,
	BUFFER = 128 * 1024,
};

static const struct kind {
	SocketFamily family;
	uint32_t protocol;		/* of inet sockets; a raw one may have any */
	uint32_t type;
	const char *listed;		/* in /proc/net/protocols */
	const char *name;
} kinds[] = {
	{ SOCKET_FAMILY__SOCKET_INET, IPPROTO_TCP, SOCK_STREAM, "TCP", "tcp" },
	{ SOCKET_FAMILY__SOCKET_INET6, IPPROTO_TCP, SOCK_STREAM, "TCPv6", "tcp6" },
	{ SOCKET_FAMILY__SOCKET_INET, IPPROTO_UDP, SOCK_DGRAM, "UDP", "udp" },
	{ SOCKET_FAMILY__SOCKET_INET6, IPPROTO_UDP, SOCK_DGRAM, "UDPv6", "udp6" },
	{ SOCKET_FAMILY__SOCKET_INET, IPPROTO_UDPLITE, SOCK_DGRAM, "UDP-Lite", "udplite" },
	{ SOCKET_FAMILY__SOCKET_INET6, IPPROTO_UDPLITE, SOCK_DGRAM, "UDPLITEv6", "udplite6" },
	{ SOCKET_FAMILY__SOCKET_INET, 0, SOCK_RAW, "RAW", "raw" },
	{ SOCKET_FAMILY__SOCKET_INET6, 0, SOCK_RAW, "RAWv6", "raw6" },
	{ SOCKET_FAMILY__SOCKET_PACKET, 0, 0, "PACKET", "packet" },
};

/* ---- the plan ------------------------------------------------------------------------------- */

static const struct kind *
kind_of(const Socket *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].family == s->family && (kinds[i].type == 0 || kinds[i].type == s->type) &&
		    (kinds[i].protocol == 0 || kinds[i].protocol == s->protocol))
			return &kinds[i];
	return NULL;
}

/* Does a line of the file have `first` as its word number `word`, and `second` as the next (NULL: any)? */
static bool
is_listed(struct rehearsal *h, const char *file, unsigned int word, const char *first, const char *second)
{
	struct slice text, line, field = {};

	if (root_read(h->c->root, file, h->c->text, MAX_PROC_FILE) < 0)
		return false;
	text = buffer_slice(h->c->text);
	while (slice_line(&text, &line)) {
		bool more = true;

		for (unsigned int i = 0; more && i <= word; i++)
			more = slice_word(&line, &field);
		if (more && slice_eq(field, first) &&
		    (!second || (slice_word(&line, &field) && slice_eq(field, second))))
			return true;
	}
	return false;
}

static int
add_netlink(struct rehearsal *h, const Socket *s)
{
	const struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_SOCKET,
		.detail = "socket(2), bind(2) with its groups",
		.what = s,
	};
	char protocol[16];

	(void) snprintf(protocol, sizeof(protocol), "%u", s->protocol);
	if (!is_listed(h, "/proc/net/netlink", 1, protocol, "0"))
		return 0;
	return rehearsal_add(h, &t, "netlink protocol %u, groups %#x", s->protocol,
			     s->n_netlink_groups ? s->netlink_groups[0] : 0);
}

static int
add(struct rehearsal *h, const Socket *s)
{
	const struct kind *kind = kind_of(s);
	const struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_SOCKET,
		.detail = "socket(2), bind(2), the options that CRIU sets",
		.what = s,
	};
	const char *connected = s->state != TCP_STATE_LISTEN && s->state != TCP_STATE_CLOSE ? " connected" : "";

	if (s->family == SOCKET_FAMILY__SOCKET_NETLINK)
		return add_netlink(h, s);
	if (!kind || s->source_port > UINT16_MAX || !is_listed(h, "/proc/net/protocols", 0, kind->listed, NULL))
		return 0;
	if (kind->type == SOCK_RAW || kind->type == 0)
		return rehearsal_add(h, &t, "%s socket, protocol %u", kind->name, s->protocol);
	return rehearsal_add(h, &t, "%s%s port %u", kind->name, kind->type == SOCK_STREAM ? connected : "",
			     s->source_port);
}

static int
plan(struct rehearsal *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->c->source->n_socket; i++)
		if (h->c->source->socket[i]->in_tree)
			r = add(h, h->c->source->socket[i]);
	return r;
}

/* ---- in the worker -------------------------------------------------------------------------- */

/* The lowest port for everybody is a setting of the namespace: a tree in the host's has the host's. */
static int
prepare(struct rehearsal *h)
{
	const Snapshot *s = h->c->snapshot->facts;
	const Kernel *k = s->host->kernel;

	if (brought_along(h->c->source, NAMESPACE_KIND__NS_NET))
		return 0;
	for (size_t i = 0; k && i < k->n_sysctl; i++)
		if (k->sysctl[i]->value && streq(k->sysctl[i]->name, "net/ipv4/ip_unprivileged_port_start"))
			(void) rehearsal_write(&h->root, "/proc/sys/net/ipv4/ip_unprivileged_port_start",
					       k->sysctl[i]->value);
	return 0;
}

static int
bind_port(int fd, const Socket *s)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t) s->source_port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) s->source_port) };
	bool six = s->family == SOCKET_FAMILY__SOCKET_INET6;
	int r;

	if (s->type == SOCK_RAW)
		return 0;
	r = six ? bind(fd, (struct sockaddr *) &v6, sizeof(v6)) : bind(fd, (struct sockaddr *) &v4, sizeof(v4));
	return r < 0 ? -errno : 0;
}

/* Queues are put back with sizes that only CAP_NET_ADMIN may ask for. */
static int
repair(int fd)
{
	const int on = 1, size = BUFFER;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		return -errno;
	return 0;
}

static int
attempt_netlink(const Socket *s)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = s->n_netlink_groups ? s->netlink_groups[0] : 0,
	};
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int) s->protocol);

	if (fd < 0)
		return -errno;
	return bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
}

static int
attempt(struct rehearsal *h, const struct trial *t)
{
	const Socket *s = t->what;
	_cleanup_close_ int fd = -1;
	int r;

	(void) h;
	if (s->family == SOCKET_FAMILY__SOCKET_NETLINK)
		return attempt_netlink(s);
	/* A packet socket without a protocol receives nothing. */
	fd = socket((int) s->family, (int) (s->type & 0xf) | SOCK_CLOEXEC,
		    s->family == SOCKET_FAMILY__SOCKET_PACKET ? 0 : (int) s->protocol);
	if (fd < 0)
		return -errno;
	if (s->family == SOCKET_FAMILY__SOCKET_PACKET)
		return 0;
	r = bind_port(fd, s);
	if (r < 0 || s->type != SOCK_STREAM || s->state == TCP_STATE_CLOSE)
		return r;
	if (s->state == TCP_STATE_LISTEN)
		return listen(fd, 1) < 0 ? -errno : 0;
	return repair(fd);
}

const struct rehearsal_subject rehearse_sockets = {
	.name = "sockets",
	.namespaces = CLONE_NEWPID | CLONE_NEWNET,
	.plan = plan,
	.prepare = prepare,
	.attempt = attempt,
};

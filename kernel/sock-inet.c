/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel describes an IPv4 or IPv6 socket to sock_diag(7): struct inet_diag_msg of
 * linux/inet_diag.h, then attributes. A listener on 127.0.0.1:8080 (little endian):
 *
 *     02 0a 00 00            family AF_INET, state LISTEN, timer, retransmits
 *     1f 90 00 00            source and destination port, network order
 *     7f 00 00 01 00 .. 00   source address, 16 bytes; then the destination's 16
 *     00 00 00 00            the device it is bound to
 *     01 00 00 00 00 00 00 00  cookie
 *     00 00 00 00            milliseconds until the timer fires
 *     01 00 00 00 80 00 00 00  receive queue, send queue; a listener: accept queue, backlog
 *     00 00 00 00 39 30 00 00  uid, inode
 *     08 00 04 00 63 75 62 69 63 00 ..   attribute INET_DIAG_CONG "cubic"
 *
 * A raw socket has its protocol number where others have the source port.
 */
#include "kernel/sock-inet.h"

#include "base/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

enum {
	ANY_STATE = 0x3fff,
	TCP_CLOSE = 7,
	BOUND_INACTIVE = 13,		/* the name that a question gives to "bound only", since Linux 6.8 */
	ULP_NAME = 1,			/* INET_ULP_INFO_NAME */
};

void
sock_inet_request(int family, int protocol, struct sock_inet_request *ret)
{
	struct inet_diag_req_v2 q = {
		.sdiag_family = (uint8_t) family,
		.sdiag_protocol = (uint8_t) protocol,
		.idiag_ext = 1 << (INET_DIAG_CONG - 1) | 1 << (INET_DIAG_SKMEMINFO - 1) |
			     1 << (INET_DIAG_SHUTDOWN - 1),
		.idiag_states = ANY_STATE,
	};

	_Static_assert(sizeof(q) == sizeof(ret->bytes), "inet_diag_req_v2 has 56 bytes");
	memcpy(ret->bytes, &q, sizeof(q));
}

int
sock_inet_key(struct slice answer, struct sock_inet_key *ret)
{
	struct inet_diag_msg m;

	if (answer.n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, answer.p, sizeof(m));
	*ret = (struct sock_inet_key){
		.ino = m.idiag_inode,
		.state = m.idiag_state,
		.source_port = ntohs(m.id.idiag_sport),
	};
	return 0;
}

static int
add_text(struct slice value, struct arena *arena, char **ret)
{
	size_t n = strnlen(value.p, value.n);
	char *copy;

	if (n == 0)
		return 0;
	copy = arena_strndup(arena, value.p, n);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

static int
add_ulp(struct slice rest, struct arena *arena, Socket *s)
{
	unsigned int type;
	struct slice value;
	int r;

	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		if (type != ULP_NAME)
			continue;
		r = add_text(value, arena, &s->ulp);
		if (r < 0)
			return r;
	}
}

static int
add_attribute(unsigned int type, struct slice value, struct arena *arena, Socket *s)
{
	uint32_t drops;

	switch (type) {
	case INET_DIAG_CONG:
		return add_text(value, arena, &s->congestion);
	case INET_DIAG_ULP_INFO:
		return add_ulp(value, arena, s);
	case INET_DIAG_MD5SIG:
		SET_FACT(s, md5, value.n > 0);
		return 0;
	case INET_DIAG_SHUTDOWN:
		if (value.n >= 1)
			SET_FACT(s, shutdown, (uint8_t) value.p[0]);
		return 0;
	case INET_DIAG_SKV6ONLY:
		if (value.n >= 1)
			SET_FACT(s, v6only, value.p[0] != 0);
		return 0;
	case INET_DIAG_PROTOCOL:
		if (value.n >= 1)
			SET_FACT(s, protocol, (uint8_t) value.p[0]);
		return 0;
	case INET_DIAG_SKMEMINFO:
		if (value.n < (SK_MEMINFO_DROPS + 1) * sizeof(drops))
			return 0;
		memcpy(&drops, value.p + SK_MEMINFO_DROPS * sizeof(drops), sizeof(drops));
		SET_FACT(s, drops, drops);
		return 0;
	default:
		return 0;
	}
}

static int
add_address(const void *address, int family, struct arena *arena, ProtobufCBinaryData *ret)
{
	size_t n = family == AF_INET6 ? 16 : 4;
	uint8_t *copy = arena_memdup(arena, address, n);

	if (!copy)
		return -ENOMEM;
	*ret = (ProtobufCBinaryData){ .len = n, .data = copy };
	return 0;
}

static uint32_t
socket_type(int protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return SOCK_STREAM;
	case IPPROTO_RAW:
		return SOCK_RAW;
	default:
		return SOCK_DGRAM;
	}
}

static int
add_header(const struct inet_diag_msg *m, int protocol, struct arena *arena, Socket *s)
{
	int r;

	r = add_address(m->id.idiag_src, m->idiag_family, arena, &s->source);
	if (r < 0)
		return r;
	r = add_address(m->id.idiag_dst, m->idiag_family, arena, &s->destination);
	if (r < 0)
		return r;
	s->has_source = true;
	s->has_destination = true;
	SET_FACT(s, ino, m->idiag_inode);
	SET_FACT(s, family, (SocketFamily) m->idiag_family);
	SET_FACT(s, type, socket_type(protocol));
	SET_FACT(s, protocol, protocol == IPPROTO_RAW ? ntohs(m->id.idiag_sport) : (uint32_t) protocol);
	SET_FACT(s, state, m->idiag_state == BOUND_INACTIVE ? TCP_CLOSE : m->idiag_state);
	SET_FACT(s, source_port, protocol == IPPROTO_RAW ? 0 : ntohs(m->id.idiag_sport));
	SET_FACT(s, destination_port, ntohs(m->id.idiag_dport));
	SET_FACT(s, ifindex, m->id.idiag_if);
	SET_FACT(s, bound_to_device, m->id.idiag_if != 0);
	SET_FACT(s, uid, m->idiag_uid);
	SET_FACT(s, receive_queue, m->idiag_rqueue);
	SET_FACT(s, send_queue, m->idiag_wqueue);
	SET_FACT(s, timer, m->idiag_timer);
	SET_FACT(s, timer_ms, m->idiag_expires);
	SET_FACT(s, retransmits, m->idiag_retrans);
	return 0;
}

int
sock_inet_parse(struct slice answer, int protocol, struct arena *arena, Socket *s)
{
	struct inet_diag_msg m;
	unsigned int type;
	struct slice rest, value;
	int r;

	if (answer.n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, answer.p, sizeof(m));
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return -EBADMSG;
	r = add_header(&m, protocol, arena, s);
	if (r < 0)
		return r;
	rest = (struct slice){ .p = answer.p + sizeof(m), .n = answer.n - sizeof(m) };
	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		r = add_attribute(type, value, arena, s);
		if (r < 0)
			return r;
	}
}

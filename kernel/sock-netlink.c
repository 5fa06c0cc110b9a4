/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel describes a netlink(7) socket to sock_diag(7): struct netlink_diag_msg of
 * linux/netlink_diag.h, then attributes. A route monitor in the groups 1 and 5 with 768 bytes
 * unread (little endian):
 *
 *     10 03 00 07            family AF_NETLINK, type SOCK_RAW, protocol NETLINK_ROUTE, state
 *     92 10 00 00            port id 4242
 *     00 .. 00               port id and group of the peer
 *     39 30 00 00            inode 12345, then 8 bytes of cookie
 *     28 00 00 00 00 03 00 00 ..   NETLINK_DIAG_MEMINFO: SK_MEMINFO_* words: unread, …
 *     0c 00 01 00 11 00 00 00 00 00 00 00   NETLINK_DIAG_GROUPS: a bit a group, in longs
 */
#include "kernel/sock-netlink.h"

#include "base/netlink.h"

#include <errno.h>
#include <linux/netlink_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

enum { MAX_GROUP_WORDS = 4096 };

void
sock_netlink_request(struct sock_netlink_request *ret)
{
	struct netlink_diag_req q = {
		.sdiag_family = AF_NETLINK,
		.sdiag_protocol = NDIAG_PROTO_ALL,
		.ndiag_show = NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS,
	};

	_Static_assert(sizeof(q) == sizeof(ret->bytes), "netlink_diag_req has 20 bytes");
	memcpy(ret->bytes, &q, sizeof(q));
}

static int
take_header(struct slice answer, struct netlink_diag_msg *ret)
{
	if (answer.n < sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, answer.p, sizeof(*ret));
	return ret->ndiag_family == AF_NETLINK ? 0 : -EBADMSG;
}

int
sock_netlink_ino(struct slice answer, uint64_t *ret)
{
	struct netlink_diag_msg m;
	int r;

	r = take_header(answer, &m);
	if (r < 0)
		return r;
	*ret = m.ndiag_ino;
	return 0;
}

static uint32_t
word(struct slice value, size_t i)
{
	uint32_t w;

	memcpy(&w, value.p + i * sizeof(w), sizeof(w));
	return w;
}

static int
add_groups(struct slice value, struct arena *arena, Socket *s)
{
	size_t n = value.n / 4 < MAX_GROUP_WORDS ? value.n / 4 : MAX_GROUP_WORDS;

	s->n_netlink_groups = 0;
	s->netlink_groups = arena_alloc(arena, n * sizeof(*s->netlink_groups));
	if (!s->netlink_groups)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s->netlink_groups[i] = word(value, i);
	s->n_netlink_groups = n;
	return 0;
}

static int
add_attribute(unsigned int type, struct slice value, struct arena *arena, Socket *s)
{
	if (type == NETLINK_DIAG_GROUPS)
		return add_groups(value, arena, s);
	if (type != NETLINK_DIAG_MEMINFO)
		return 0;
	if (value.n >= 4 * (SK_MEMINFO_WMEM_ALLOC + 1)) {
		SET_FACT(s, receive_queue, word(value, SK_MEMINFO_RMEM_ALLOC));
		SET_FACT(s, send_queue, word(value, SK_MEMINFO_WMEM_ALLOC));
	}
	if (value.n >= 4 * (SK_MEMINFO_DROPS + 1))
		SET_FACT(s, drops, word(value, SK_MEMINFO_DROPS));
	return 0;
}

int
sock_netlink_parse(struct slice answer, struct arena *arena, Socket *s)
{
	struct netlink_diag_msg m;
	struct slice rest, value;
	unsigned int type;
	int r;

	r = take_header(answer, &m);
	if (r < 0)
		return r;
	SET_FACT(s, ino, m.ndiag_ino);
	SET_FACT(s, family, SOCKET_FAMILY__SOCKET_NETLINK);
	SET_FACT(s, type, m.ndiag_type);
	SET_FACT(s, protocol, m.ndiag_protocol);
	SET_FACT(s, state, m.ndiag_state);
	SET_FACT(s, port_id, m.ndiag_portid);
	SET_FACT(s, peer_port_id, m.ndiag_dst_portid);
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

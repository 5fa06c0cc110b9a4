/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel describes a packet(7) socket to sock_diag(7): struct packet_diag_msg of
 * linux/packet_diag.h, then attributes. A socket for all protocols on device 2, promiscuous,
 * with a receive ring (little endian):
 *
 *     11 03 03 00            family AF_PACKET, type SOCK_RAW, protocol ETH_P_ALL
 *     39 30 00 00            inode 12345, then 8 bytes of cookie
 *     1c 00 00 00 02 00 00 00 ..   PACKET_DIAG_INFO: device, version, reserve, …
 *     30 00 01 00 02 00 00 00 01 00 00 00 01 00 06 00 ..   PACKET_DIAG_MCLIST, 44 bytes each:
 *                            device, count, type PACKET_MR_PROMISC, address and its length
 *     20 00 02 00 ..         PACKET_DIAG_RX_RING, only where there is one
 *     24 00 07 00 ..         PACKET_DIAG_FILTER: struct sock_filter[], only where there is one
 */
#include "kernel/sock-packet.h"

#include "base/netlink.h"

#include <errno.h>
#include <linux/packet_diag.h>
#include <sys/socket.h>

void
sock_packet_request(struct sock_packet_request *ret)
{
	struct packet_diag_req q = {
		.sdiag_family = AF_PACKET,
		.pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_RING_CFG |
			      PACKET_SHOW_MEMINFO | PACKET_SHOW_FILTER,
	};

	_Static_assert(sizeof(q) == sizeof(ret->bytes), "packet_diag_req has 20 bytes");
	memcpy(ret->bytes, &q, sizeof(q));
}

static int
take_header(struct slice answer, struct packet_diag_msg *ret)
{
	if (answer.n < sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, answer.p, sizeof(*ret));
	return ret->pdiag_family == AF_PACKET ? 0 : -EBADMSG;
}

int
sock_packet_ino(struct slice answer, uint64_t *ret)
{
	struct packet_diag_msg m;
	int r;

	r = take_header(answer, &m);
	if (r < 0)
		return r;
	*ret = m.pdiag_ino;
	return 0;
}

static int
add_memberships(struct slice value, struct arena *arena, Socket *s)
{
	struct packet_diag_mclist entry;

	for (size_t at = 0; value.n - at >= sizeof(entry); at += sizeof(entry)) {
		PacketMembership *p = NEW_FACT(arena, PacketMembership, packet_membership);
		int r;

		if (!p)
			return -ENOMEM;
		memcpy(&entry, value.p + at, sizeof(entry));
		SET_FACT(p, ifindex, entry.pdmc_index);
		SET_FACT(p, count, entry.pdmc_count);
		SET_FACT(p, type, entry.pdmc_type);
		r = ADD_FACT(arena, s->packet_membership, s->n_packet_membership, p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_attribute(unsigned int type, struct slice value, struct arena *arena, Socket *s)
{
	struct packet_diag_info info;
	uint32_t unread;

	switch (type) {
	case PACKET_DIAG_INFO:
		if (value.n < sizeof(info))
			return -EBADMSG;
		memcpy(&info, value.p, sizeof(info));
		SET_FACT(s, packet_ifindex, info.pdi_index);
		return 0;
	case PACKET_DIAG_MCLIST:
		return add_memberships(value, arena, s);
	case PACKET_DIAG_RX_RING:
	case PACKET_DIAG_TX_RING:
		SET_FACT(s, packet_ring, true);
		return 0;
	case PACKET_DIAG_FILTER:
		SET_FACT(s, filter, value.n > 0);
		return 0;
	case PACKET_DIAG_MEMINFO:
		if (value.n >= sizeof(unread)) {
			memcpy(&unread, value.p, sizeof(unread));
			SET_FACT(s, receive_queue, unread);
		}
		return 0;
	default:
		return 0;
	}
}

int
sock_packet_parse(struct slice answer, struct arena *arena, Socket *s)
{
	struct packet_diag_msg m;
	struct slice rest, value;
	unsigned int type;
	int r;

	r = take_header(answer, &m);
	if (r < 0)
		return r;
	SET_FACT(s, ino, m.pdiag_ino);
	SET_FACT(s, family, SOCKET_FAMILY__SOCKET_PACKET);
	SET_FACT(s, type, m.pdiag_type);
	SET_FACT(s, protocol, m.pdiag_num);
	SET_FACT(s, packet_ring, false);
	SET_FACT(s, filter, false);
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

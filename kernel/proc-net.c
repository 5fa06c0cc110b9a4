/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's tables of sockets as text, proc(5). Addresses are words of four bytes in the
 * machine's own order, hexadecimal; a raw socket has its protocol where others have the port;
 * the timer counts in ticks of 1/100 s. A listener's rx_queue is its accept queue.
 *
 *   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 …
 *
 * unix: 00010000 in the flags says that it listens; '@' stands for each NUL of an abstract name.
 *
 *   Num       RefCount Protocol Flags    Type St Inode Path
 *   00000000bbc2f35b: 00000002 00000000 00010000 0001 01  1672 /run/dbus/system_bus_socket
 *
 * netlink: of the groups only the first 32.
 *
 *   sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
 *   000000006ab9ede6 0   4242       00000011 768      0        0     2        0        1594
 *
 * packet:
 *
 *   sk               RefCnt Type Proto  Iface R Rmem   User   Inode
 *   0000000012345678 3      3    0003   2     1 0      0      12345
 */
#include "kernel/proc-net.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum {
	MAX_WORDS = 13,
	INET_WORDS = 10,
	UNIX_WORDS = 7,
	NETLINK_WORDS = 10,
	PACKET_WORDS = 9,
	ACCEPTS = 0x10000,		/* __SO_ACCEPTCON: it listens */
	SS_CONNECTED = 3,
	TCP_ESTABLISHED = 1,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
	TICK_MS = 10,
};

/* A line cut into words; `rest` is what follows the last word that was taken. */
struct words {
	struct slice word[MAX_WORDS];
	size_t n;
	struct slice rest;
};

static void
cut(struct slice line, size_t most, struct words *w)
{
	*w = (struct words){ .rest = line };
	while (w->n < most && slice_word(&w->rest, &w->word[w->n]))
		w->n++;
}

static size_t
words_of(int family)
{
	switch (family) {
	case AF_INET:
	case AF_INET6:
		return INET_WORDS;
	case AF_UNIX:
		return UNIX_WORDS;
	case AF_NETLINK:
		return NETLINK_WORDS;
	default:
		return PACKET_WORDS;
	}
}

/* The inode is the last word of those that every line has. */
int
proc_net_ino(struct slice line, int family, uint64_t *ret)
{
	size_t n = words_of(family);
	struct words w;

	cut(line, n, &w);
	if (w.n != n || parse_u64(w.word[n - 1], 10, ret) < 0)
		return -EBADMSG;
	return 0;
}

/* Words `i` as numbers, all or none. */
static int
numbers(const struct words *w, const size_t *i, const int *base, uint32_t *out, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (parse_u32(w->word[i[k]], base[k], &out[k]) < 0)
			return -EBADMSG;
	return 0;
}

/* "00000000:00000001" */
static int
pair(struct slice s, uint32_t *ret_first, uint32_t *ret_second)
{
	struct slice first;

	if (!slice_field(&s, ':', &first) || parse_u32(first, 16, ret_first) < 0 ||
	    parse_u32(s, 16, ret_second) < 0)
		return -EBADMSG;
	return 0;
}

/* "0100007F:1F90" */
static int
address_port(struct slice s, int family, struct arena *arena, ProtobufCBinaryData *ret_address,
	     uint32_t *ret_port)
{
	size_t words = family == AF_INET6 ? 4 : 1;
	struct slice address;
	uint32_t word[4];
	uint8_t *copy;

	if (!slice_field(&s, ':', &address) || address.n != 8 * words ||
	    parse_u32(s, 16, ret_port) < 0 || *ret_port > UINT16_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < words; i++)
		if (parse_u32((struct slice){ .p = address.p + 8 * i, .n = 8 }, 16, &word[i]) < 0)
			return -EBADMSG;
	copy = arena_memdup(arena, word, 4 * words);
	if (!copy)
		return -ENOMEM;
	*ret_address = (ProtobufCBinaryData){ .len = 4 * words, .data = copy };
	return 0;
}

static int
inet_counts(const struct words *w, Socket *s)
{
	uint32_t value[3], first, second;
	int r;

	r = numbers(w, (const size_t[]){ 3, 6, 7 }, (const int[]){ 16, 16, 10 }, value, 3);
	if (r < 0)
		return r;
	SET_FACT(s, state, value[0]);
	SET_FACT(s, retransmits, value[1]);
	SET_FACT(s, uid, value[2]);
	r = pair(w->word[4], &first, &second);
	if (r < 0)
		return r;
	SET_FACT(s, send_queue, first);
	SET_FACT(s, receive_queue, second);
	r = pair(w->word[5], &first, &second);
	if (r < 0)
		return r;
	SET_FACT(s, timer, first);
	SET_FACT(s, timer_ms, second > UINT32_MAX / TICK_MS ? UINT32_MAX : second * TICK_MS);
	return 0;
}

static int
inet_parse(struct slice line, int family, int protocol, struct arena *arena, Socket *s)
{
	struct words w;
	uint32_t port, peer_port, drops;
	int r;

	cut(line, MAX_WORDS, &w);
	if (w.n < INET_WORDS)
		return -EBADMSG;
	r = address_port(w.word[1], family, arena, &s->source, &port);
	if (r < 0)
		return r;
	s->has_source = true;
	r = address_port(w.word[2], family, arena, &s->destination, &peer_port);
	if (r < 0)
		return r;
	s->has_destination = true;
	r = inet_counts(&w, s);
	if (r < 0)
		return r;
	if (protocol == IPPROTO_RAW) {
		SET_FACT(s, type, SOCK_RAW);
		SET_FACT(s, protocol, port);
		SET_FACT(s, source_port, 0);
	} else {
		SET_FACT(s, type, protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM);
		SET_FACT(s, protocol, (uint32_t) protocol);
		SET_FACT(s, source_port, port);
	}
	SET_FACT(s, destination_port, peer_port);
	if (protocol != IPPROTO_TCP && w.n == MAX_WORDS && parse_u32(w.word[12], 10, &drops) == 0)
		SET_FACT(s, drops, drops);
	return 0;
}

static int
unix_name(struct slice rest, struct arena *arena, Socket *s)
{
	uint8_t *copy;

	if (rest.n < 2)
		return 0;
	copy = arena_memdup(arena, rest.p + 1, rest.n - 1);
	if (!copy)
		return -ENOMEM;
	if (copy[0] == '@')
		copy[0] = '\0';
	s->has_unix_name = true;
	s->unix_name = (ProtobufCBinaryData){ .len = rest.n - 1, .data = copy };
	return 0;
}

static int
unix_parse(struct slice line, struct arena *arena, Socket *s)
{
	struct words w;
	uint32_t value[3];
	int r;

	cut(line, UNIX_WORDS, &w);
	if (w.n != UNIX_WORDS)
		return -EBADMSG;
	r = numbers(&w, (const size_t[]){ 3, 4, 5 }, (const int[]){ 16, 16, 16 }, value, 3);
	if (r < 0)
		return r;
	SET_FACT(s, type, value[1]);
	SET_FACT(s, protocol, 0);
	if (value[0] & ACCEPTS)
		SET_FACT(s, state, TCP_LISTEN);
	else
		SET_FACT(s, state, value[2] == SS_CONNECTED ? TCP_ESTABLISHED : TCP_CLOSE);
	return unix_name(w.rest, arena, s);
}

static int
netlink_parse(struct slice line, struct arena *arena, Socket *s)
{
	struct words w;
	uint32_t value[6];
	int r;

	cut(line, NETLINK_WORDS, &w);
	if (w.n != NETLINK_WORDS)
		return -EBADMSG;
	r = numbers(&w, (const size_t[]){ 1, 2, 3, 4, 5, 8 }, (const int[]){ 10, 10, 16, 10, 10, 10 },
		    value, 6);
	if (r < 0)
		return r;
	SET_FACT(s, protocol, value[0]);
	SET_FACT(s, port_id, value[1]);
	SET_FACT(s, receive_queue, value[3]);
	SET_FACT(s, send_queue, value[4]);
	SET_FACT(s, drops, value[5]);
	s->netlink_groups = arena_memdup(arena, &value[2], sizeof(value[2]));
	if (!s->netlink_groups)
		return -ENOMEM;
	s->n_netlink_groups = 1;
	return 0;
}

static int
packet_parse(struct slice line, Socket *s)
{
	struct words w;
	uint32_t value[5];
	int r;

	cut(line, PACKET_WORDS, &w);
	if (w.n != PACKET_WORDS)
		return -EBADMSG;
	r = numbers(&w, (const size_t[]){ 2, 3, 4, 6, 7 }, (const int[]){ 10, 16, 10, 10, 10 }, value, 5);
	if (r < 0)
		return r;
	SET_FACT(s, type, value[0]);
	SET_FACT(s, protocol, value[1]);
	SET_FACT(s, packet_ifindex, value[2]);
	SET_FACT(s, receive_queue, value[3]);
	SET_FACT(s, uid, value[4]);
	return 0;
}

int
proc_net_parse(struct slice line, int family, int protocol, struct arena *arena, Socket *s)
{
	uint64_t ino;
	int r;

	r = proc_net_ino(line, family, &ino);
	if (r < 0)
		return r;
	SET_FACT(s, ino, ino);
	SET_FACT(s, family, (SocketFamily) family);
	switch (family) {
	case AF_INET:
	case AF_INET6:
		return inet_parse(line, family, protocol, arena, s);
	case AF_UNIX:
		return unix_parse(line, arena, s);
	case AF_NETLINK:
		return netlink_parse(line, arena, s);
	case AF_PACKET:
		return packet_parse(line, s);
	default:
		return -EBADMSG;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets of the tree: what the kernel's tables say (sockets-ask.c), what only the
 * descriptors say (sockets-held.c), what becomes of it within a tenth of a second where it
 * tends to pass (a handshake, a queue, a client not yet accepted), where bound paths lead and
 * who holds the other ends outside (sockets-ends.c).
 */
#include "light-dump/collectors.h"
#include "light-dump/sockets-ask.h"
#include "light-dump/sockets-ends.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

enum {
	SYN_SENT = 2,
	FIN_WAIT1 = 4,
	FIN_WAIT2 = 5,
	LAST_ACK = 9,
	ESTABLISHED = 1,
	LISTEN = 10,
	CLOSING = 11,
	SAMPLES = 2,
};

static const long sample_pause_ms[SAMPLES] = { 30, 70 };

static uint64_t
now_us(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static bool
is_tcp_listener(const Socket *s)
{
	return (s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6) &&
	       s->type == SOCK_STREAM && s->state == LISTEN && s->has_source;
}

/* Whether a connection to `address` comes to a listener bound to `bound`. */
static bool
listens_at(const uint8_t bound[16], const uint8_t address[16])
{
	static const uint8_t any[16];
	static const uint8_t any4[16] = { [10] = 0xff, [11] = 0xff };

	return memcmp(bound, any, 16) == 0 || memcmp(bound, address, 16) == 0 ||
	       (memcmp(bound, any4, 16) == 0 && memcmp(address, any4, 12) == 0);
}

static void
count_half_open(const struct sockets *s)
{
	for (size_t i = 0; i < s->held.n; i++) {
		Socket *socket = s->held.held[i].socket;
		uint8_t bound[16];
		uint32_t n = 0;

		if (!socket || !is_tcp_listener(socket))
			continue;
		address_map(socket->source.data, socket->source.len, bound);
		for (size_t k = 0; k < s->n_half_open; k++)
			n += s->half_open[k].port == socket->source_port &&
			     listens_at(bound, s->half_open[k].address);
		SET_FACT(socket, half_open, n);
	}
}

static bool
tends_to_pass(const Socket *s)
{
	switch (s->family) {
	case SOCKET_FAMILY__SOCKET_INET:
	case SOCKET_FAMILY__SOCKET_INET6:
		if (s->type != SOCK_STREAM)
			return s->receive_queue > 0 || s->send_queue > 0;
		if (s->state == LISTEN)
			return s->receive_queue > 0 || s->half_open > 0;
		return s->state == SYN_SENT || s->state == FIN_WAIT1 || s->state == FIN_WAIT2 ||
		       s->state == LAST_ACK || s->state == CLOSING;
	case SOCKET_FAMILY__SOCKET_UNIX:
		if (s->state == LISTEN)
			return s->n_pending > 0;
		return s->receive_queue > 0 || s->send_queue > 0 ||
		       (s->type != SOCK_DGRAM && s->state == ESTABLISHED && s->peer == 0);
	case SOCKET_FAMILY__SOCKET_NETLINK:
		return s->receive_queue > 0;
	default:
		return false;
	}
}

struct sampling {
	struct sockets *s;
	struct arena *scratch;
	uint64_t at_us;
	uint64_t netns;
	size_t index;			/* of the sample, from 0 */
};

static int
add_sample(struct sampling *p, Socket *socket, const Socket *seen)
{
	SocketSample *sample = NEW_FACT(p->s->c->snapshot->arena, SocketSample, socket_sample);

	if (!sample)
		return -ENOMEM;
	SET_FACT(sample, at_us, p->at_us);
	if (seen) {
		SET_FACT(sample, state, seen->state);
		SET_FACT(sample, receive_queue, seen->receive_queue);
		SET_FACT(sample, send_queue, seen->send_queue);
		SET_FACT(sample, pending, (uint32_t) seen->n_pending);
	} else {
		SET_FACT(sample, gone, true);
	}
	return ADD_FACT(p->s->c->snapshot->arena, socket->sample, socket->n_sample, sample);
}

static int
each_again(const struct sock_entry *e, void *arg)
{
	struct sampling *p = arg;
	struct held_socket *h;
	Socket *seen;
	uint64_t ino;
	int r;

	r = sock_entry_ino(e, &ino);
	if (r < 0)
		return r;
	h = ino > 0 ? held_sockets_find(&p->s->held, ino) : NULL;
	if (!h || !h->watched || h->socket->n_sample > p->index)
		return 0;
	seen = NEW_FACT(p->scratch, Socket, socket);
	if (!seen)
		return -ENOMEM;
	r = sock_entry_parse(e, p->scratch, seen);
	return r < 0 ? r : add_sample(p, h->socket, seen);
}

static bool
is_watched(const struct sockets *s, const struct sock_kind *kind, uint64_t netns)
{
	for (size_t i = 0; i < s->held.n; i++) {
		const struct held_socket *h = &s->held.held[i];

		if (h->watched && h->kind == kind && h->socket->netns == netns)
			return true;
	}
	return false;
}

static int
sample_once(struct sampling *p)
{
	struct sock_walk w = { .each = each_again, .arg = p };
	struct sock_walked walked;
	int r;

	for (size_t k = 0; k < n_sock_kinds; k++) {
		for (size_t i = 0; i < p->s->netns.n; i++) {
			if (!is_watched(p->s, &sock_kinds[k], p->s->netns.netns[i].ino))
				continue;
			r = sockets_walk(p->s, i, &sock_kinds[k], &w, &walked);
			if (r < 0)
				return r;
		}
	}
	for (size_t i = 0; i < p->s->held.n; i++) {
		const struct held_socket *h = &p->s->held.held[i];

		if (!h->watched || h->socket->n_sample > p->index)
			continue;
		r = add_sample(p, h->socket, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Looks again at what tends to pass. 0 or -errno. */
static int
sample(struct sockets *s, uint64_t begin_us)
{
	_cleanup_arena_ struct arena *scratch = NULL;
	bool any = false;
	int r;

	for (size_t i = 0; i < s->held.n; i++) {
		struct held_socket *h = &s->held.held[i];

		h->watched = h->socket && h->kind && tends_to_pass(h->socket);
		any = any || h->watched;
	}
	if (!any || s->c->root->recorded)
		return 0;
	scratch = arena_new(MAX_RECORD_BYTES);
	if (!scratch)
		return -ENOMEM;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct timespec pause = { .tv_nsec = sample_pause_ms[i] * 1000000 };
		struct sampling p = { .s = s, .scratch = scratch, .index = i };

		(void) nanosleep(&pause, NULL);
		p.at_us = now_us() - begin_us;
		r = sample_once(&p);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Completes the records of the tree's own sockets. */
static int
finish_held(struct sockets *s)
{
	int r;

	for (size_t i = 0; i < s->held.n; i++) {
		struct held_socket *h = &s->held.held[i];

		if (!h->socket) {
			r = held_socket_fill(s->c->snapshot->arena, &s->netns, h);
			if (r < 0)
				return r;
		}
		SET_FACT(h->socket, in_tree, true);
		h->socket->protocol_name = h->protocol_name;
		/* The text of the netlink table does not say it. */
		if (!h->socket->has_type && h->dup && h->dup->has_so_type)
			SET_FACT(h->socket, type, h->dup->so_type);
		/* The table is that of TCP; the socket that the program made is MPTCP's. */
		if (h->name && h->name->protocol > UINT8_MAX)
			SET_FACT(h->socket, protocol, (uint32_t) h->name->protocol);
	}
	return 0;
}

static int
publish(struct sockets *s)
{
	Snapshot *facts = s->c->snapshot->facts;
	int r;

	for (size_t i = 0; i < s->held.n; i++) {
		r = ADD_FACT(s->c->snapshot->arena, facts->socket, facts->n_socket, s->held.held[i].socket);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < s->n_outside; i++) {
		SET_FACT(s->outside[i], in_tree, false);
		r = ADD_FACT(s->c->snapshot->arena, facts->socket, facts->n_socket, s->outside[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

int
sockets_collect(struct tree_context *c)
{
	_cleanup_sockets_ struct sockets s = { 0 };
	uint64_t begin_us = now_us();
	int r;

	r = sockets_open(c, &s);
	if (r < 0)
		return r;
	if (s.held.n == 0)
		return 0;
	r = sockets_ask(&s);
	if (r < 0)
		return r;
	count_half_open(&s);
	r = finish_held(&s);
	if (r < 0)
		return r;
	r = sample(&s, begin_us);
	if (r < 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", 0, r, NULL, "queues, looked at again");
	r = sockets_find_ends(&s);
	if (r < 0)
		return r;
	return publish(&s);
}

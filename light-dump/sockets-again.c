/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets seen again: those of which a finding hangs on what tends to pass (a handshake, a
 * queue, a client not yet accepted, a connection to nobody).
 */
#include "light-dump/sockets-again.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* enum of the kernel's include/net/tcp_states.h */
enum { ESTABLISHED = 1, SYN_RECV = 3, TIME_WAIT = 6, LISTEN = 10, CLOSING = 11 };

static bool
is_inet(const Socket *s)
{
	return s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6;
}

static bool
is_tcp_listener(const Socket *s)
{
	return is_inet(s) && s->type == SOCK_STREAM && s->state == LISTEN && s->has_source;
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

static uint32_t
count_half_open(const struct sockets *s, const Socket *listener)
{
	uint8_t bound[16];
	uint32_t n = 0;

	address_map(listener->source.data, listener->source.len, bound);
	for (size_t k = 0; k < s->n_half_open; k++)
		n += s->half_open[k].port == listener->source_port &&
		     listens_at(bound, s->half_open[k].address);
	return n;
}

/* A state that no connection and no listener stays in. */
static bool
is_on_its_way(uint32_t state)
{
	return state == SYN_RECV || state == TIME_WAIT || state > CLOSING;
}

/* Whether unread messages would be refused: they carry more than bytes and descriptors. */
static bool
wants_senders(const DupState *d)
{
	return !d || d->passcred || d->passsec || d->passpidfd;
}

static bool
tends_to_pass(const struct held_socket *h)
{
	const Socket *s = h->socket;

	switch (s->family) {
	case SOCKET_FAMILY__SOCKET_INET:
	case SOCKET_FAMILY__SOCKET_INET6:
		if (s->type != SOCK_STREAM)
			return s->receive_queue > 0 || s->send_queue > 0;
		if (s->state == LISTEN)
			return s->receive_queue > 0 || s->half_open > 0;
		return s->has_state && is_on_its_way(s->state);
	case SOCKET_FAMILY__SOCKET_UNIX:
		if (s->n_pending > 0)
			return true;
		return (s->receive_queue > 0 && wants_senders(h->dup)) ||
		       (s->type != SOCK_DGRAM && s->state == ESTABLISHED && s->peer == 0);
	case SOCKET_FAMILY__SOCKET_NETLINK:
		return s->receive_queue > 0;
	default:
		return false;
	}
}

struct look {
	struct sockets *s;
	struct arena *scratch;
	const struct sock_kind *kind;
	uint64_t at_us;
};

static int
add_sample(struct look *l, Socket *socket, const Socket *seen)
{
	struct arena *arena = l->s->c->snapshot->arena;
	SocketSample *sample = NEW_FACT(arena, SocketSample, socket_sample);

	if (!sample)
		return -ENOMEM;
	SET_FACT(sample, at_us, l->at_us);
	if (seen) {
		SET_FACT(sample, state, seen->state);
		SET_FACT(sample, receive_queue, seen->receive_queue);
		SET_FACT(sample, send_queue, seen->send_queue);
		SET_FACT(sample, pending, (uint32_t) seen->n_pending);
		SET_FACT(sample, peer, seen->peer);
	} else {
		SET_FACT(sample, gone, true);
	}
	return ADD_FACT(arena, socket->sample, socket->n_sample, sample);
}

static SocketSample *
last_sample(const Socket *s)
{
	return s->n_sample ? s->sample[s->n_sample - 1] : NULL;
}

static bool
was_seen(const struct look *l, const Socket *s)
{
	return last_sample(s) && last_sample(s)->at_us == l->at_us;
}

static int
each_again(const struct sock_entry *e, void *arg)
{
	struct look *l = arg;
	struct held_socket *h;
	Socket *seen;
	uint64_t ino;
	int r;

	r = sock_entry_ino(e, &ino);
	if (r < 0)
		return r;
	if (ino == 0)
		return sockets_keep_half_open(l->s, l->kind, e);
	h = held_sockets_find(&l->s->held, ino);
	if (!h || !h->watched || was_seen(l, h->socket))
		return 0;
	seen = NEW_FACT(l->scratch, Socket, socket);
	if (!seen)
		return -ENOMEM;
	r = sock_entry_parse(e, l->scratch, seen);
	return r < 0 ? r : add_sample(l, h->socket, seen);
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
walk_tables(struct look *l)
{
	struct sock_walk w = { .each = each_again, .arg = l };
	struct sock_walked walked;
	int r;

	for (size_t k = 0; k < n_sock_kinds; k++) {
		l->kind = &sock_kinds[k];
		for (size_t i = 0; i < l->s->netns.n; i++) {
			if (!is_watched(l->s, l->kind, l->s->netns.netns[i].ino))
				continue;
			r = sockets_walk(l->s, i, l->kind, &w, &walked);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int
look_again(struct tree_context *c, void *arg, uint64_t at_us)
{
	_cleanup_arena_ struct arena *scratch = arena_new(MAX_RECORD_BYTES);
	struct look l = { .s = arg, .scratch = scratch, .at_us = at_us };
	int r;

	(void) c;
	if (!scratch)
		return -ENOMEM;
	l.s->n_half_open = 0;
	r = walk_tables(&l);
	for (size_t i = 0; r == 0 && i < l.s->held.n; i++) {
		const struct held_socket *h = &l.s->held.held[i];

		if (!h->watched)
			continue;
		if (!was_seen(&l, h->socket))
			r = add_sample(&l, h->socket, NULL);
		else if (is_tcp_listener(h->socket))
			SET_FACT(last_sample(h->socket), half_open, count_half_open(l.s, h->socket));
	}
	return r;
}

static void
forget(void *arg)
{
	sockets_close(arg);
	free(arg);
}

int
sockets_see_again(struct sockets *s)
{
	struct sockets *kept;
	bool any = false;

	for (size_t i = 0; i < s->held.n; i++) {
		struct held_socket *h = &s->held.held[i];

		if (is_tcp_listener(h->socket))
			SET_FACT(h->socket, half_open, count_half_open(s, h->socket));
		h->watched = h->kind && tends_to_pass(h);
		any = any || h->watched;
	}
	if (!any)
		return 0;
	kept = malloc(sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = *s;
	*s = (struct sockets){ 0 };
	kept->c->again[kept->c->n_again++] = (struct second_look){
		.name = "sockets",
		.domain = DOMAIN__DOMAIN_SOCKETS,
		.arg = kept,
		.look = look_again,
		.free = forget,
	};
	return 0;
}

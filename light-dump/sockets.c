/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets of the tree: what the kernel's tables say (sockets-ask.c), what only the
 * descriptors say (sockets-held.c, multicast.c), where bound paths lead and who holds the other
 * ends outside (sockets-ends.c). What tends to pass is left to be seen again (sockets-again.c).
 */
#include "light-dump/collectors.h"
#include "light-dump/multicast.h"
#include "light-dump/sockets-again.h"
#include "light-dump/sockets-ask.h"
#include "light-dump/sockets-ends.h"

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
	int r;

	r = sockets_open(c, &s);
	if (r < 0)
		return r;
	if (s.held.n == 0)
		return 0;
	r = sockets_ask(&s);
	if (r < 0)
		return r;
	r = finish_held(&s);
	if (r < 0)
		return r;
	r = multicast_collect(&s);
	if (r < 0)
		return r;
	r = sockets_find_ends(&s);
	if (r < 0)
		return r;
	r = publish(&s);
	return r < 0 ? r : sockets_see_again(&s);
}

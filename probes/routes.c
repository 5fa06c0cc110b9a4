/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether there is a way from here to the peers of the tree's connections:
 *
 *     10.0.0.9   there is
 *     10.9.0.9   ENETUNREACH
 *
 * The kernel looks it up for connect(2), also for a connection that CRIU makes without a packet.
 * Addresses of one link (fe80::) are left out: their device has another number here.
 */
#include "kernel/rtroute.h"
#include "probes/probes.h"

#include "base/cleanup.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

enum { MAX_PEERS = 10 * 1000, IPV4_BYTES = 4, IPV6_BYTES = 16, MAPPED_PREFIX = 12 };

static bool
is_in_namespace_of_criu(const Snapshot *source, const Socket *s)
{
	if (!s->has_netns)
		return true;
	for (size_t i = 0; i < source->n_ns; i++)
		if (source->ns[i]->kind == NAMESPACE_KIND__NS_NET && source->ns[i]->ino == s->netns)
			return source->ns[i]->of_criu;
	return false;
}

/* The peer, without ::ffff: before an IPv4 address; empty where there is none to be asked about. */
static struct slice
peer_of(const Socket *s)
{
	struct slice peer = { .p = (const char *) s->destination.data, .n = s->destination.len };
	struct in6_addr a;

	if (!s->in_tree || !s->destination_port || (peer.n != IPV4_BYTES && peer.n != IPV6_BYTES))
		return (struct slice){ 0 };
	if (peer.n == IPV4_BYTES)
		return peer;
	memcpy(&a, peer.p, sizeof(a));
	if (IN6_IS_ADDR_LINKLOCAL(&a))
		return (struct slice){ 0 };
	if (IN6_IS_ADDR_V4MAPPED(&a))
		return (struct slice){ .p = peer.p + MAPPED_PREFIX, .n = IPV4_BYTES };
	return peer;
}

static int
by_address(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return memcmp(x->p, y->p, x->n);
}

static int
route_answer(struct probe_context *c, struct netlink *netlink, struct slice peer)
{
	struct arena *arena = c->snapshot->arena;
	Snapshot *s = c->snapshot->facts;
	RouteAnswer *answer = NEW_FACT(arena, RouteAnswer, route_answer);
	int error = 0, r = rtroute_ask(netlink, peer, &error);

	if (r < 0) {
		gap_note(c->gaps, DOMAIN__DOMAIN_NET, "routes", 0, r, NULL, "ways to the peers of connections");
		return r;
	}
	if (!answer)
		return -ENOMEM;
	answer->destination = (ProtobufCBinaryData){ .len = peer.n, .data = arena_memdup(arena, peer.p, peer.n) };
	if (!answer->destination.data)
		return -ENOMEM;
	answer->has_destination = true;
	SET_FACT(answer, error, error);
	return ADD_FACT(arena, s->route_answer, s->n_route_answer, answer);
}

int
routes_ask(struct probe_context *c)
{
	_cleanup_free_ struct slice *peer = NULL;
	_cleanup_netlink_ struct netlink *netlink = NULL;
	size_t n = 0;
	int r;

	if (!c->source)
		return 0;
	peer = calloc(c->source->n_socket + 1, sizeof(*peer));
	if (!peer)
		return -ENOMEM;
	for (size_t i = 0; i < c->source->n_socket; i++)
		if (is_in_namespace_of_criu(c->source, c->source->socket[i])) {
			peer[n] = peer_of(c->source->socket[i]);
			n += peer[n].n > 0;
		}
	if (n == 0)
		return 0;
	r = netlink_open(-1, NETLINK_ROUTE, &netlink);
	if (r < 0)
		return r;
	qsort(peer, n, sizeof(*peer), by_address);
	for (size_t i = 0; i < n && c->snapshot->facts->n_route_answer < MAX_PEERS; i++) {
		if (i > 0 && by_address(&peer[i - 1], &peer[i]) == 0)
			continue;
		r = route_answer(c, netlink, peer[i]);
		if (r < 0)
			return r == -ENOMEM ? r : 0;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the destination knows a way to the peers of the tree's connections, for those that will
 * live in the network namespace that was probed.
 *
 *     here   tcp 10.0.0.5:43210 to 10.0.0.9:5432      there  10.0.0.9: ENETUNREACH
 */
#include "checker/options.h"
#include "checker/place.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "base/names.h"

#include <netinet/in.h>

enum { STATE_ESTABLISHED = 1, STATE_CLOSE = 7, STATE_LISTEN = 10, STATE_TIME_WAIT = 6, MAPPED_PREFIX = 12 };

static int
compare(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.data, b.data, a.len) : 0;
}

/* ::ffff:10.0.0.9 is 10.0.0.9 to the kernel. */
static ProtobufCBinaryData
peer_of(const Socket *s)
{
	ProtobufCBinaryData peer = s->destination;
	struct in6_addr a;

	if (peer.len != sizeof(a))
		return peer;
	memcpy(&a, peer.data, sizeof(a));
	return IN6_IS_ADDR_V4MAPPED(&a) ? (ProtobufCBinaryData){ .len = peer.len - MAPPED_PREFIX,
								 .data = peer.data + MAPPED_PREFIX } :
					  peer;
}

/* The answers are in order: shorter addresses first, then by their bytes. */
static const RouteAnswer *
route_to(const Snapshot *there, ProtobufCBinaryData peer)
{
	size_t low = 0, high = there->n_route_answer;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(there->route_answer[middle]->destination, peer);

		if (order == 0)
			return there->route_answer[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* A connection that CRIU connects again: not one that it closes, and none that only waits for its end. */
static bool
is_connected_again(const struct judge *j, const Socket *s)
{
	if (s->protocol != j->rule->arg.number || !s->destination_port || !place_of_socket_is_probed(j, s))
		return false;
	if (s->protocol != IPPROTO_TCP)
		return s->state == STATE_ESTABLISHED;
	return s->state != STATE_CLOSE && s->state != STATE_LISTEN && s->state != STATE_TIME_WAIT &&
	       !options_last(j->options->criu_options, "tcp-close");
}

static enum judgement
way_to_peer(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const RouteAnswer *a;
	struct finding *f;

	if ((k->family != SOCKET_FAMILY__SOCKET_INET && k->family != SOCKET_FAMILY__SOCKET_INET6) ||
	    !is_connected_again(j, k))
		return NOT_ABOUT;
	a = route_to(j->destination, peer_of(k));
	if (!a || !a->has_error)
		return judge_lacks(j, true, DOMAIN__DOMAIN_NET) ?
			       judge_unknown(j, true, DOMAIN__DOMAIN_NET, value_address(j, peer_of(k), -1),
					     "whether there is a way to it") :
			       NOT_ABOUT;
	if (a->error == 0)
		return FINE;
	f = judge_find(j, value_address(j, peer_of(k), -1), judge_socket(j, k), errno_name(a->error));
	f->here_from = k->facts_from;
	f->there_from = "rtnetlink, RTM_GETROUTE";
	f->command = quote_command(j, "ip", "route", "get", value_address(j, a->destination, -1), NULL);
	return FINDING;
}

#define OF_WAYS                                                                                  \
	.stage = STAGE_RESTORE,                                                                 \
	.lifetime_why = "A route comes when somebody, or a routing daemon, makes it.",           \
	.about = ABOUT_SOCKET, .source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS),                   \
	.destination_needs = NEEDS(DOMAIN__DOMAIN_NET), .check = way_to_peer

static const struct rule rules[] = {
	{
		.id = "net-tcp-route",
		.title = "the destination knows no way to the peer of a TCP connection",
		.why = "CRIU connects the restored socket without sending a packet, but the kernel looks the way up "
		       "all the same, and refuses.",
		.remedy = "bring the network to the destination first (addresses, routes), or give up the "
			  "connections: --tcp-close",
		.criu_says = "Can't connect inet socket back",
		.arg.number = IPPROTO_TCP,
		OF_WAYS,
	},
	{
		.id = "net-udp-connect",
		.title = "the destination knows no way to the peer of a connected UDP socket",
		.why = "CRIU connects it again, and the kernel looks the way up.",
		.remedy = "bring the network to the destination first (addresses, routes)",
		.criu_says = "Can't connect inet socket back",
		.arg.number = IPPROTO_UDP,
		OF_WAYS,
	},
};

const struct ruleset rules_dst_routes = { .name = "dst-routes", .rules = rules, .n = ARRAY_SIZE(rules) };

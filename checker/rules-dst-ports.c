/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and ports of sockets that a restore binds again in the destination's own network
 * namespace.
 *
 *     here   tcp 10.0.0.5:8080 listening, fd 6 of web 4211
 *     there  no such address; tcp 0.0.0.0:8080 listening, held by nginx 881
 *
 * criu sets SO_REUSEADDR and SO_REUSEPORT before it binds. Measured on Linux 6.18: that gets
 * past a TIME_WAIT or a connection whose owner had set SO_REUSEADDR, and not past others.
 */
#include "checker/place.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <netinet/in.h>

enum {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_TIME_WAIT = 6,
	TCP_STATE_CLOSE = 7,
	TCP_STATE_LISTEN = 10,
	CAP_OF_NET_BIND_SERVICE = 10,
	CAP_OF_NET_ADMIN = 12,
};

static bool
is_inet(const Socket *s)
{
	return s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6;
}

static bool
has_ports(uint32_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE;
}

static uint64_t
netns_of_criu(const struct judge *j)
{
	const CriuPlace *place = j->source->criu_place;

	return place ? namespace_of(place->ns, NAMESPACE_KIND__NS_NET) : 0;
}

static const Net *
net_there(const struct judge *j)
{
	return j->destination->host ? j->destination->host->net : NULL;
}

static const char *
protocol_text(uint32_t protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" :
	       protocol == IPPROTO_UDPLITE ? "udplite" : "ip";
}

static const char *
socket_thing(struct judge *j, const Socket *s)
{
	return judge_text(j, "%s %s", protocol_text(s->protocol),
			  value_address(j, s->source, (int) s->source_port));
}

static bool
is_zero(ProtobufCBinaryData a)
{
	for (size_t i = 0; i < a.len; i++)
		if (a.data[i])
			return false;
	return true;
}

static bool
same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Wildcard, loopback, multicast and limited broadcast need no device. */
static bool
needs_no_device(const Socket *s)
{
	const uint8_t *a = s->source.data;

	return is_zero(s->source) || a[0] == 127 || a[0] >= 224;
}

static bool
is_broadcast_of(const NetAddress *own, const uint8_t *a)
{
	uint32_t host = own->prefix < 32 ? UINT32_MAX >> own->prefix : 0, mine, asked;

	if (own->address.len != 4)
		return false;
	mine = (uint32_t) own->address.data[0] << 24 | own->address.data[1] << 16 |
	       own->address.data[2] << 8 | own->address.data[3];
	asked = (uint32_t) a[0] << 24 | a[1] << 16 | a[2] << 8 | a[3];
	return (mine | host) == asked;
}

/* "addr=10.0.0.5" among what the move brings along. */
static bool
is_brought(const struct judge *j, const char *address)
{
	const Header *h = j->destination->header;

	for (size_t i = 0; h && i < h->n_brings; i++) {
		struct slice given = slice_of(h->brings[i]);

		if (slice_cut(&given, "addr=") && slice_eq(given, address))
			return true;
	}
	return false;
}

/* Without a gap, a machine that shows no IPv4 address has none. */
static bool
addresses_are_known(const struct judge *j, const Net *net)
{
	for (size_t i = 0; i < net->n_device; i++)
		for (size_t k = 0; k < net->device[i]->n_address; k++)
			if (net->device[i]->address[k]->address.len == 4)
				return true;
	for (size_t i = 0; i < j->destination->n_gap; i++)
		if (j->destination->gap[i]->domain == DOMAIN__DOMAIN_NET)
			return false;
	return net->n_device > 0;
}

static bool
has_address(const Net *net, const Socket *s)
{
	for (size_t i = 0; i < net->n_device; i++)
		for (size_t k = 0; k < net->device[i]->n_address; k++) {
			const NetAddress *a = net->device[i]->address[k];

			if (same_bytes(a->address, s->source))
				return true;
			if (s->protocol != IPPROTO_TCP && is_broadcast_of(a, s->source.data))
				return true;
		}
	return false;
}

static enum judgement
addr_missing(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const Net *net = net_there(j);
	const char *address;
	uint64_t nonlocal;
	struct finding *f;

	/* An IPv6 socket is bound with IP_FREEBIND and passes. */
	if (k->family != SOCKET_FAMILY__SOCKET_INET || k->source.len != 4 || needs_no_device(k) ||
	    !place_of_socket_is_probed(j, k))
		return NOT_ABOUT;
	address = value_address(j, k->source, -1);
	if (is_brought(j, address))
		return NOT_ABOUT;
	if (!net || !addresses_are_known(j, net))
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, address, "the addresses of the destination");
	if (has_address(net, k) || (value_sysctl(j, "net/ipv4/ip_nonlocal_bind", &nonlocal) && nonlocal))
		return FINE;
	f = judge_find(j, address, judge_text(j, "%s port %u", protocol_text(k->protocol), k->source_port),
		       "no device has it");
	f->command = judge_text(j, "ip address add %s/32 dev lo", address);
	return FINDING;
}

static bool
is_v4_mapped(ProtobufCBinaryData a)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return a.len == 16 && memcmp(a.data, prefix, sizeof(prefix)) == 0;
}

static ProtobufCBinaryData
unmapped(ProtobufCBinaryData a)
{
	if (is_v4_mapped(a))
		return (ProtobufCBinaryData){ .data = a.data + 12, .len = 4 };
	return a;
}

/* Whether two bound addresses can meet in one port. */
static bool
overlap(const Socket *s, const HostSocket *h)
{
	ProtobufCBinaryData a = unmapped(s->source), b = unmapped(h->source);

	if (s->ifindex && h->ifindex && s->ifindex != h->ifindex)
		return false;
	if (a.len == b.len)
		return is_zero(a) || is_zero(b) || same_bytes(a, b);
	/* One is IPv4: the other meets it only as a dual-stack wildcard. */
	return a.len == 16 ? is_zero(a) && !s->v6only : is_zero(b) && !h->v6only;
}

/* Whether the tree itself holds it, and nobody else, on this same machine. */
static bool
tree_holds(const struct judge *j, const HostSocket *h)
{
	const Socket *own = same_kernel(j) && h->ino ? index_socket(j->at, h->ino) : NULL;
	const Process *holder;
	const Fd *fd = NULL;

	if (own && own->in_tree) {
		(void) index_socket_holder(j->at, h->ino, &fd);
		return !fd || !fd->has_outside_pid;
	}
	if (!index_same_host(j->source, j->destination))
		return false;
	holder = h->has_holder_pid ? index_process(j->at, h->holder_pid) : NULL;
	return holder && (!h->has_holder_start_time || holder->start_time == h->holder_start_time);
}

/* What a connection of the tree's own has left behind, in the very namespace it is in. */
static bool
is_left_behind(const struct judge *j, const Socket *s, const HostSocket *h)
{
	const Net *net = net_there(j);

	return h->ino == 0 && same_kernel(j) && s->has_netns && net && net->has_netns &&
	       s->netns == net->netns;
}

static const char *
holder_text(struct judge *j, const HostSocket *h)
{
	const char *state = h->protocol != IPPROTO_TCP ?
				    (h->state == TCP_STATE_ESTABLISHED ? "connected" : "bound") :
			    h->state == TCP_STATE_LISTEN ? "listening" :
			    h->state == TCP_STATE_TIME_WAIT ? "in TIME_WAIT" :
			    h->state == TCP_STATE_CLOSE ? "bound" : "connected";
	const char *address = value_address(j, h->source, (int) h->source_port);

	if (h->has_holder_pid)
		return judge_text(j, "%s %s: %s %d", address, state, h->holder_comm ? h->holder_comm : "?",
				  h->holder_pid);
	return judge_text(j, "%s %s, uid %u", address, state, h->uid);
}

/*
 * Bound for good: a listener, or a socket without connections. A datagram socket that is
 * connected asks somebody something, and is no service.
 */
static bool
is_bound_for_good(const HostSocket *h)
{
	if (h->protocol != IPPROTO_TCP)
		return h->state != TCP_STATE_ESTABLISHED;
	return h->state == TCP_STATE_LISTEN || h->state == TCP_STATE_CLOSE;
}

static void
judge_holder(struct judge *j, const Socket *s, const HostSocket *h)
{
	struct finding *f = judge_find(j, socket_thing(j, s), judge_socket(j, s), holder_text(j, h));

	if (is_bound_for_good(h)) {
		if (h->has_uid && s->has_uid && h->uid == s->uid)
			f->detail = "They could share the port only if that one has set SO_REUSEPORT.";
		return;
	}
	f->lifetime = LIFETIME_TRANSIENT;
	f->confidence = CONFIDENCE_POSSIBLE;
	f->detail = "It stands in the way unless its owner had set SO_REUSEADDR.";
	if (h->state == TCP_STATE_TIME_WAIT && h->has_timer_ms)
		f->observed = judge_text(j, "TIME_WAIT, %u s left", (h->timer_ms + 999) / 1000);
	else
		f->observed = "a connection: it ends when its ends close it";
}

/* A connection of the tree's own listener on the same port: what is in the way is told of that. */
static bool
is_told_of_listener(const struct judge *j, const Socket *s)
{
	uint64_t of_criu = netns_of_criu(j);

	if (s->protocol != IPPROTO_TCP || s->state == TCP_STATE_LISTEN)
		return false;
	/* Its own listener is in the namespace it is in itself, or in one of which nothing is known. */
	return index_listens(j->at, s->source_port, of_criu ? of_criu : s->netns) ||
	       index_listens(j->at, s->source_port, 0);
}

/* criu binds a connection in repair mode, which meets nothing but that very connection. */
static bool
is_another_connection(const Socket *s, const HostSocket *h)
{
	if (s->protocol != IPPROTO_TCP || s->state == TCP_STATE_LISTEN || s->state == TCP_STATE_CLOSE)
		return false;
	return h->state == TCP_STATE_TIME_WAIT || h->destination_port != s->destination_port || !same_bytes(unmapped(h->source), unmapped(s->source)) ||
	       !same_bytes(unmapped(h->destination), unmapped(s->destination));
}

/* The socket there that stands in the way most, of those that do; NULL: none. */
static const HostSocket *
worst_holder(const struct judge *j, const Socket *s)
{
	const HostSocket *const *at, *worst = NULL;
	size_t n = index_port(j->there, s->protocol, s->source_port, &at);

	for (size_t i = 0; i < n && !(worst && is_bound_for_good(worst)); i++) {
		const HostSocket *h = at[i];

		if (!overlap(s, h) || is_another_connection(s, h) || tree_holds(j, h) || is_left_behind(j, s, h))
			continue;
		if (!worst || is_bound_for_good(h))
			worst = h;
	}
	return worst;
}

static enum judgement
port_in_use(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const Net *net = net_there(j);
	const HostSocket *worst;
	bool told;

	if (!is_inet(k) || !has_ports(k->protocol) || !k->source_port || !place_of_socket_is_probed(j, k))
		return NOT_ABOUT;
	if (!net)
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, socket_thing(j, k), "the sockets there");
	told = is_told_of_listener(j, k);
	if (told && net->sockets_complete)
		return FINE;
	worst = worst_holder(j, k);
	if (worst && told)
		return FINE;
	if (worst) {
		judge_holder(j, k, worst);
		return FINDING;
	}
	if (!net->sockets_complete)
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, socket_thing(j, k), "all sockets there");
	if (!index_tells_port(j->there, k->protocol, k->source_port))
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, socket_thing(j, k), "what is bound to this port there");
	return FINE;
}

/* arg.number: the capability that is needed. FINE: it is there. */
static enum judgement
judge_capability(struct judge *j, const char *thing, const char *here, const char *name)
{
	struct finding *f;
	uint64_t held;

	if (!place_capabilities_there(j, &held))
		return judge_unknown(j, true, DOMAIN__DOMAIN_SECURITY, thing, "the bounding set there");
	if (held >> j->rule->arg.number & 1)
		return FINE;
	f = judge_find(j, thing, here, judge_text(j, "no %s", name));
	f->there_from = place_there_file(j);
	return FINDING;
}

static enum judgement
priv_port(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	uint64_t start = 1024;

	if (!is_inet(k) || !has_ports(k->protocol) || !k->source_port || !place_of_socket_is_probed(j, k))
		return NOT_ABOUT;
	(void) value_sysctl(j, "net/ipv4/ip_unprivileged_port_start", &start);
	if (k->source_port >= start)
		return NOT_ABOUT;
	return judge_capability(j, socket_thing(j, k), judge_socket(j, k), "cap_net_bind_service");
}

static enum judgement
tcp_repair(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_inet(k) || k->protocol != IPPROTO_TCP || k->state == TCP_STATE_LISTEN ||
	    k->state == TCP_STATE_CLOSE || k->state < TCP_STATE_ESTABLISHED)
		return NOT_ABOUT;
	return judge_capability(j, "TCP connections", judge_socket(j, k), "cap_net_admin");
}

#define OF_NET NEEDS(DOMAIN__DOMAIN_NET)
#define SEEN_SOCKETS NEEDS(DOMAIN__DOMAIN_SOCKETS)

static const struct rule rules[] = {
	{
		.id = "net-addr-missing",
		.title = "an address of the tree's sockets is not on the destination",
		.why = "bind(2) fails with EADDRNOTAVAIL; IP_FREEBIND does not help, CRIU sets it later.",
		.remedy = "move the address first, or say that the move brings it: --brings addr=IP",
		.criu_says = "Can't bind inet socket",
		.stage = STAGE_RESTORE,
		.lifetime_why = "An address is there once someone sets it.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_NET,
		.check = addr_missing,
	},
	{
		.id = "net-port-in-use",
		.title = "a port of the tree is taken on the destination",
		.why = "CRIU binds each socket to its port again.",
		.remedy = "stop what holds it there, wait for it to pass, or choose another host",
		.criu_says = "Can't bind inet socket",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A listener stays; TIME_WAIT and connections pass.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_NET,
		.check = port_in_use,
	},
	{
		.id = "net-priv-port",
		.title = "a privileged port cannot be bound there",
		.why = "Ports below net.ipv4.ip_unprivileged_port_start take cap_net_bind_service.",
		.remedy = "run criu restore with that capability (a container: --cap-add NET_BIND_SERVICE)",
		.criu_says = "Can't bind inet socket",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A bounding set only shrinks.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_SECURITY),
		.check = priv_port,
		.arg.number = CAP_OF_NET_BIND_SERVICE,
	},
	{
		.id = "net-tcp-repair",
		.title = "TCP connections cannot be restored there",
		.why = "The repair mode of TCP takes cap_net_admin.",
		.remedy = "run criu restore with that capability (a container: --cap-add NET_ADMIN)",
		.criu_says = "Can't turn TCP repair mode ON",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A bounding set only shrinks.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_SECURITY),
		.check = tcp_repair,
		.arg.number = CAP_OF_NET_ADMIN,
	},
};

const struct ruleset rules_dst_ports = {
	.name = "dst-ports",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of every kind but unix: what CRIU has a way to make again, and in what state. States
 * are the kernel's: 1 ESTABLISHED … 10 LISTEN, 12 NEW_SYN_RECV.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include <netinet/in.h>
#include <sys/socket.h>

enum { IPPROTO_OF_MPTCP = 262 };

static const DupState *
dup_of(const struct judge *j, const Socket *s)
{
	const Fd *fd = NULL;

	return index_socket_holder(j->at, s->ino, &fd) && fd ? fd->dup : NULL;
}

static bool
is_inet(const Socket *s)
{
	return s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6;
}

/* The address family; 0 where nothing tells it. */
static uint32_t
domain_of(const struct judge *j, const Socket *s)
{
	const DupState *d = dup_of(j, s);

	if (d && d->has_so_domain)
		return d->so_domain;
	return s->family == SOCKET_FAMILY__SOCKET_OTHER ? 0 : (uint32_t) s->family;
}

static bool
is_known_domain(uint32_t domain)
{
	return domain == AF_UNIX || domain == AF_INET || domain == AF_INET6 || domain == AF_PACKET ||
	       domain == AF_NETLINK;
}

/* Names of system.sockprotoname for the families that CRIU knows. */
static bool
is_known_name(const char *name)
{
	static const char *const begins[] = { "TCP", "UDP",  "RAW",  "PING",	"UNIX",
					      "MPTCP", "SCTP", "DCCP", "NETLINK", "PACKET" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (slice_starts(slice_of(name), begins[i]))
			return true;
	return false;
}

static enum judgement
sock_family_unsupported(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	uint32_t domain = domain_of(j, k);

	if (is_known_domain(domain) || (!domain && k->protocol_name && is_known_name(k->protocol_name)))
		return FINE;
	if (!domain && !k->protocol_name)
		return judge_unknown(j, false, DOMAIN__DOMAIN_SOCKETS, judge_socket(j, k),
				     "which address family it is of");
	judge_find(j, judge_socket(j, k),
		   judge_text(j, "family %s%s%s", domain ? judge_text(j, "%u", domain) : "",
			      domain && k->protocol_name ? ", " : "", k->protocol_name ? k->protocol_name : ""),
		   NULL);
	return FINDING;
}

/* SO_PROTOCOL, or what stands for it; -1 where it is not known. */
static int64_t
protocol_of(const struct judge *j, const Socket *s)
{
	const DupState *d = dup_of(j, s);

	if (s->protocol_name && slice_starts(slice_of(s->protocol_name), "MPTCP"))
		return IPPROTO_OF_MPTCP;
	if (d && d->has_so_protocol)
		return d->so_protocol;
	return s->has_protocol ? (int64_t) s->protocol : -1;
}

static uint32_t
type_of(const struct judge *j, const Socket *s)
{
	const DupState *d = dup_of(j, s);

	return s->has_type ? s->type : d && d->has_so_type ? d->so_type : 0;
}

static bool
is_inet_socket(const struct judge *j, const Socket *s)
{
	uint32_t domain = domain_of(j, s);

	return domain == AF_INET || domain == AF_INET6;
}

static enum judgement
sock_inet_proto(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	int64_t protocol;
	struct finding *f;

	if (!is_inet_socket(j, k) || type_of(j, k) == SOCK_RAW)
		return NOT_ABOUT;
	protocol = protocol_of(j, k);
	switch (protocol) {
	case IPPROTO_IP:
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return FINE;
	case -1:
		return judge_unknown(j, false, DOMAIN__DOMAIN_SOCKETS, judge_socket(j, k), "its protocol");
	default:
		break;
	}
	f = judge_find(j, judge_socket(j, k),
		       k->protocol_name ? judge_text(j, "%s (protocol %lld)", k->protocol_name, (long long) protocol) :
					  judge_text(j, "protocol %lld", (long long) protocol),
		       NULL);
	if (protocol == IPPROTO_OF_MPTCP)
		f->remedy = "start a Go program with GODEBUG=multipathtcp=0; others have a switch of their own";
	return FINDING;
}

static enum judgement
sock_inet_type(struct judge *j, const struct subject *s)
{
	uint32_t type = type_of(j, s->socket);

	if (!is_inet_socket(j, s->socket) || !type)
		return NOT_ABOUT;
	if (type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_RAW)
		return FINE;
	judge_find(j, judge_socket(j, s->socket), judge_text(j, "type %u", type), NULL);
	return FINDING;
}

static const Process *
first_of_netns(const struct judge *j, uint64_t ino)
{
	const Namespace *ns = index_ns(j->at, NAMESPACE_KIND__NS_NET, ino);

	return ns && ns->has_member_pid ? index_process(j->at, ns->member_pid) : NULL;
}

/* fe80::/10, and multicast of link scope. */
static bool
needs_interface(const Socket *s)
{
	const uint8_t *a = s->source.data;

	if (s->family != SOCKET_FAMILY__SOCKET_INET6 || !s->has_source || s->source.len != 16)
		return false;
	return (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || (a[0] == 0xff && (a[1] & 0x0f) == 2);
}

static enum judgement
inet6_linklocal_ifname(struct judge *j, const struct subject *s)
{
	if (s->socket->family != SOCKET_FAMILY__SOCKET_INET6)
		return NOT_ABOUT;
	if (!needs_interface(s->socket) || s->socket->ifindex != 0 || s->socket->bound_to_device)
		return FINE;
	judge_find(j, judge_socket(j, s->socket), "bound to an address of one link, without the link", NULL);
	return FINDING;
}

static bool
has_queue(const SocketSample *s)
{
	return s->receive_queue > 0 || s->send_queue > 0;
}

static enum judgement
udp_queues(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, k->receive_queue > 0 || k->send_queue > 0, has_queue);

	if (!is_inet(k) || type_of(j, k) == SOCK_STREAM)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	judge_find(j, judge_socket(j, k),
		   judge_text(j, "%u bytes to read, %u to send", k->receive_queue, k->send_queue), NULL)
		->observed = seen_text(j, "with datagrams waiting", seen);
	return FINDING;
}

static enum judgement
packet_multi_membership(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (k->family != SOCKET_FAMILY__SOCKET_PACKET)
		return NOT_ABOUT;
	for (size_t i = 0; i < k->n_packet_membership; i++)
		if (k->packet_membership[i]->count != 1) {
			judge_find(j, judge_socket(j, k),
				   judge_text(j, "%u memberships of one kind", k->packet_membership[i]->count), NULL);
			return FINDING;
		}
	return FINE;
}

static enum judgement
packet_not_in_diag(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const DupState *d = dup_of(j, k);

	if (k->family == SOCKET_FAMILY__SOCKET_PACKET && k->has_netns)
		return FINE;
	if (!d || d->so_domain != AF_PACKET || k->has_netns)
		return NOT_ABOUT;
	if (d->has_netns && !first_of_netns(j, d->netns))
		return NOT_ABOUT;		/* sock-netns-foreign tells of it */
	judge_find(j, judge_socket(j, k), "not among the packet sockets that sock_diag lists", NULL);
	return FINDING;
}

static bool
has_unread(const SocketSample *s)
{
	return s->receive_queue > 0;
}

/* Only what is still there at the last look. */
static enum judgement
netlink_rx_data(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, k->receive_queue > 0, has_unread);

	if (k->family != SOCKET_FAMILY__SOCKET_NETLINK || !k->has_receive_queue)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	judge_find(j, judge_socket(j, k),
		   judge_text(j, "netlink protocol %u, %u bytes not read", k->protocol, k->receive_queue), NULL)
		->observed = seen_text(j, "with unread messages", seen);
	return FINDING;
}

static bool
any_group(const Socket *s)
{
	for (size_t i = 0; i < s->n_netlink_groups; i++)
		if (s->netlink_groups[i])
			return true;
	return false;
}

/* CRIU drops one trailing word that is zero and wants one word to be left. */
static enum judgement
netlink_groups_over_32(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	size_t n = k->n_netlink_groups;

	if (k->family != SOCKET_FAMILY__SOCKET_NETLINK || n == 0)
		return NOT_ABOUT;
	if (k->netlink_groups[n - 1] == 0)
		n--;
	if (n <= 1)
		return FINE;
	judge_find(j, judge_socket(j, k), judge_text(j, "netlink protocol %u, groups in %zu words", k->protocol, n),
		   NULL);
	return FINDING;
}

static enum judgement
netlink_groups_no_port(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (k->family != SOCKET_FAMILY__SOCKET_NETLINK || !any_group(k))
		return NOT_ABOUT;
	if (k->port_id != 0)
		return FINE;
	judge_find(j, judge_socket(j, k), "member of groups, but not bound", NULL);
	return FINDING;
}

#define OF_SOCKETS .about = ABOUT_SOCKET, .source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS)
#define UNTIL_CLOSED                    \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "the socket stays as it is until the program closes it"

static const struct rule rules[] = {
	{
		.id = "sock-family-unsupported",
		.title = "a socket of a family that CRIU does not know",
		.why = "CRIU makes unix, IPv4, IPv6, packet and netlink sockets again, no others (vsock, "
		       "ALG, XDP, CAN, Bluetooth and so on).",
		.remedy = "have the program close it before the dump, or start it without that feature",
		.criu_says = "Unknown socket collected (family",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = sock_family_unsupported,
	},
	{
		.id = "sock-inet-proto",
		.title = "an internet socket of a protocol that CRIU does not know",
		.why = "CRIU makes TCP, UDP, UDP-Lite and ICMP sockets again, not MPTCP, SCTP, DCCP or others.",
		.remedy = "start the program without that protocol (listeners of Go programs are MPTCP: "
			  "GODEBUG=multipathtcp=0)",
		.criu_says = "inet: Unsupported proto",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = sock_inet_proto,
	},
	{
		.id = "sock-inet-type",
		.title = "an internet socket of a type that CRIU does not know",
		.why = "CRIU makes stream, datagram and raw sockets again.",
		.remedy = "start the program without that type of socket",
		.criu_says = "Only stream, dgram and raw are supported",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = sock_inet_type,
	},
	{
		.id = "inet6-linklocal-ifname",
		.title = "a socket is bound to a link-local address without its link",
		.why = "CRIU needs the interface to bind it again, and the socket does not tell it.",
		.remedy = "have the program bind to the device (SO_BINDTODEVICE) or to another address",
		.criu_says = "couldn't find ifname for",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = inet6_linklocal_ifname,
	},
	{
		.id = "udp-queues",
		.title = "datagrams wait in a socket",
		.why = "CRIU drops what a UDP or raw socket has not delivered yet.",
		.remedy = "look again when it is quiet, if the program cannot bear the loss of a datagram",
		.criu_says = "Read queue is dropped for socket",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the program reads them, or the network takes them",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = udp_queues,
	},
	{
		.id = "packet-multi-membership",
		.title = "a packet socket has joined the same membership more than once",
		.why = "CRIU saves memberships that were joined once.",
		.remedy = "have the program leave the surplus ones before the dump",
		.criu_says = "Multiple MC membership not supported",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = packet_multi_membership,
	},
	{
		.id = "packet-not-in-diag",
		.title = "a packet socket that the kernel does not list",
		.why = "CRIU learns of packet sockets from sock_diag, and this one is not in its list.",
		.remedy = "load the module that lists it: modprobe af_packet_diag",
		.criu_says = "packet: Can't find packet socket",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = packet_not_in_diag,
	},
	{
		.id = "netlink-rx-data",
		.title = "a netlink socket has unread messages",
		.why = "CRIU cannot save messages from the kernel, and refuses rather than lose them.",
		.remedy = "look again a moment later; where it stays, the program does not read its socket",
		.criu_says = "netlink: The socket has data to read",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the program reads the messages when it runs",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = netlink_rx_data,
	},
	{
		.id = "netlink-groups-over-32",
		.title = "a netlink socket has joined a group above 32",
		.why = "CRIU keeps the groups of a netlink socket in 32 bits.",
		.remedy = "start the program without that subscription",
		.criu_says = "has more than 32 groups",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = netlink_groups_over_32,
	},
	{
		.id = "netlink-groups-no-port",
		.title = "a netlink socket has joined groups without being bound",
		.why = "CRIU restores groups together with the socket's port, and there is none.",
		.remedy = "have the program bind its socket",
		.criu_says = "is bound to groups but not to portid",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = netlink_groups_no_port,
	},
};

const struct ruleset rules_sockets = { "sockets", rules, ARRAY_SIZE(rules) };

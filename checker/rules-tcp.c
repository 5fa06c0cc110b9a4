/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP. A connection is saved with its queues and sequence numbers where the user asks for it
 * (--tcp-established), and dropped where he asks for that (--tcp-close); while CRIU works no
 * packet of it may pass, for which it needs a packet filter.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/options.h"
#include "checker/presence.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include "checker/values.h"
#include <netinet/in.h>
#include <sys/socket.h>

/* enum of the kernel's include/net/tcp_states.h */
enum {
	ESTABLISHED = 1,
	SYN_SENT = 2,
	FIN_WAIT1 = 4,
	FIN_WAIT2 = 5,
	CLOSED = 7,
	CLOSE_WAIT = 8,
	LAST_ACK = 9,
	LISTEN = 10,
	CLOSING = 11,
};

static bool
is_tcp(const Socket *s)
{
	return (s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6) &&
	       s->type == SOCK_STREAM && s->has_state && (!s->has_protocol || s->protocol == IPPROTO_TCP);
}

static bool
is_connected(uint32_t state)
{
	switch (state) {
	case ESTABLISHED:
	case SYN_SENT:
	case FIN_WAIT1:
	case FIN_WAIT2:
	case CLOSE_WAIT:
	case LAST_ACK:
	case CLOSING:
		return true;
	default:
		return false;
	}
}

/* "10.0.0.1:6379 to 10.0.0.2:40122, fd 8 of redis-server 4211" */
static const char *
connection_text(struct judge *j, const Socket *s)
{
	return judge_text(j, "%s to %s, %s", value_address(j, s->source, (int) s->source_port),
			  value_address(j, s->destination, (int) s->destination_port), judge_socket(j, s));
}

static const char *
listener_text(struct judge *j, const Socket *s)
{
	return judge_text(j, "%s, %s", value_address(j, s->source, (int) s->source_port), judge_socket(j, s));
}

/* One that no table listed, and of which no duplicate told either. */
static bool
state_is_not_known(const struct judge *j, const Socket *s)
{
	return (s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6) &&
	       s->type == SOCK_STREAM && !s->has_state && (!s->has_protocol || s->protocol == IPPROTO_TCP) &&
	       (judge_lacks(j, false, DOMAIN__DOMAIN_SOCKETS) || judge_lacks(j, false, DOMAIN__DOMAIN_FDS));
}

static enum judgement
tcp_established(struct judge *j, const struct subject *s)
{
	const char *who;

	if (state_is_not_known(j, s->socket))
		return judge_unknown(j, false, DOMAIN__DOMAIN_SOCKETS, judge_socket(j, s->socket),
				     "whether it is connected");
	if (!is_tcp(s->socket))
		return NOT_ABOUT;
	if (!is_connected(s->socket->state))
		return FINE;
	who = connection_text(j, s->socket);
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--tcp-established", who);
	judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--tcp-established", who);
	return FINE;
}

/*
 * A connection that has ended, or was refused, while its socket is still open. No table lists
 * it and its addresses are not shown; what it has sent and received tells it from a new one.
 */
static bool
was_connected(const struct judge *j, const Socket *s)
{
	const Fd *fd = NULL;

	if (!is_tcp(s) || s->state != CLOSED)
		return false;
	(void) index_socket_holder(j->at, s->ino, &fd);
	return fd && fd->dup && fd->dup->tcp_segments > 0;
}

static enum judgement
tcp_closed_connection(struct judge *j, const struct subject *s)
{
	if (!is_tcp(s->socket) || s->socket->state != CLOSED)
		return NOT_ABOUT;
	if (was_connected(j, s->socket))
		judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--tcp-established",
			      judge_text(j, "%s, whose connection has ended", judge_socket(j, s->socket)));
	return FINE;
}

/* Without a packet filter of the default kind the other one serves, if the kernel has it. */
static enum judgement
tcp_lock_host_netns(struct judge *j, const struct subject *s)
{
	enum presence iptables = presence_of_tool(j->here, "iptables-restore");
	enum presence nf_tables = presence_of_module(j->here, "nf_tables");
	const char *who;
	struct finding *f;
	bool known;

	if (!is_tcp(s->socket) || (!is_connected(s->socket->state) && !was_connected(j, s->socket)))
		return NOT_ABOUT;
	if (index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) || !known)
		return NOT_ABOUT;		/* src-iptables-missing tells of a namespace's own */
	if (options_last(j->options->criu_options, "tcp-close"))
		return FINE;			/* what is closed needs no lock */
	if (iptables == PRESENCE_HERE)
		return FINE;
	who = s->socket->state == CLOSED ? judge_socket(j, s->socket) : connection_text(j, s->socket);
	if (iptables == PRESENCE_NOT_KNOWN)
		return judge_unknown(j, false, DOMAIN__DOMAIN_TOOLS, who, "whether iptables is installed");
	if (nf_tables == PRESENCE_NOT_KNOWN)
		return judge_unknown(j, false, DOMAIN__DOMAIN_MODULES, who, "whether the kernel has nf_tables");
	if (nf_tables == PRESENCE_HERE) {
		judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--network-lock nftables", who);
		return FINE;
	}
	f = judge_find(j, who, "no iptables, and no nf_tables in the kernel", NULL);
	f->option = "--network-lock skip";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

static bool
has_waiting(const SocketSample *s)
{
	return s->receive_queue > 0;
}

static enum judgement
tcp_inflight_accept(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, k->receive_queue > 0, has_waiting);
	struct finding *f;

	if (!is_tcp(k) || k->state != LISTEN)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	f = judge_find(j, listener_text(j, k), judge_text(j, "%u connections not accepted yet", k->receive_queue),
		       NULL);
	f->observed = seen_text(j, "with connections waiting", seen);
	f->option = "--skip-in-flight";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

static bool
has_half_open(const SocketSample *s)
{
	return s->half_open > 0;
}

static enum judgement
tcp_half_open(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, k->half_open > 0, has_half_open);

	if (!is_tcp(k) || k->state != LISTEN || !k->has_half_open)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	judge_find(j, listener_text(j, k), judge_text(j, "%u handshakes under way", k->half_open), NULL)->observed =
		seen_text(j, "with handshakes under way", seen);
	return FINDING;
}

static bool
is_known(uint32_t state)
{
	return is_connected(state) || state == LISTEN || state == CLOSED;
}

static bool
is_unknown(const SocketSample *s)
{
	return !s->gone && !is_known(s->state);
}

static enum judgement
tcp_unknown_state(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen;

	if (!is_tcp(k))
		return NOT_ABOUT;
	seen = seen_socket(k, !is_known(k->state), is_unknown);
	if (!seen.still)
		return FINE;
	judge_find(j, connection_text(j, k), judge_text(j, "state %u", k->state), NULL)->observed =
		seen_text(j, "in such a state", seen);
	return FINDING;
}

static enum judgement
tcp_ulp_tls(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct finding *f;

	if (!is_tcp(k) || !is_connected(k->state))
		return NOT_ABOUT;
	if (!k->ulp)
		return FINE;
	f = judge_find(j, connection_text(j, k), judge_text(j, "%s in the kernel", k->ulp), NULL);
	f->option = "--tcp-close";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

static enum judgement
tcp_md5(struct judge *j, const struct subject *s)
{
	if (!is_tcp(s->socket) || !s->socket->has_md5)
		return NOT_ABOUT;
	if (!s->socket->md5)
		return FINE;
	judge_find(j, judge_socket(j, s->socket), "signs its segments (TCP MD5)", NULL);
	return FINDING;
}

static enum judgement
tcp_congestion(struct judge *j, const struct subject *s)
{
	const char *usual = index_sysctl(j->here, "net/ipv4/tcp_congestion_control");
	const Socket *k = s->socket;

	if (!is_tcp(k) || !k->congestion || !usual)
		return NOT_ABOUT;
	if (streq(k->congestion, usual))
		return FINE;
	judge_find(j, judge_socket(j, k), judge_text(j, "%s, where %s is usual", k->congestion, usual), NULL);
	return FINDING;
}

#define OF_SOCKETS .about = ABOUT_SOCKET, .source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS)

static const struct rule rules[] = {
	{
		.id = "tcp-established",
		.title = "TCP connections are open",
		.why = "CRIU saves a connection with its unsent and unread data when it is told to. The "
		       "address must move along, or the peers talk to nobody.",
		.remedy = "give criu --tcp-established at dump and restore (or --tcp-close, which ends them)",
		.criu_says = "inet: Connected TCP socket, consider using --tcp-established option.",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a connection lasts as long as both sides want it",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = tcp_established,
	},
	{
		.id = "tcp-closed-connection",
		.title = "a TCP socket is still open though its connection has ended",
		.why = "It was reset, refused or closed by both ends. CRIU dumps it without an option, but "
		       "still takes it for a connection: without the option the restore refuses.",
		.remedy = "give criu --tcp-established at the restore, or have the program close the socket",
		.criu_says = "inet: Connected TCP socket in image",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the socket stays until the program closes it",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = tcp_closed_connection,
	},
	{
		.id = "tcp-lock-host-netns",
		.title = "TCP connections are open, and iptables is not there",
		.why = "While it works CRIU lets no packet of a connection pass, by default with a rule of "
		       "iptables for each; without the program the dump fails.",
		.remedy = "give criu --network-lock nftables, or install iptables",
		.criu_says = "Iptables configuration failed",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "programs and modules appear when somebody installs them",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = tcp_lock_host_netns,
	},
	{
		.id = "tcp-inflight-accept",
		.title = "a listener has connections that are not accepted yet",
		.why = "CRIU can save neither the waiting connection nor the wait, and refuses.",
		.remedy = "look again a moment later; with --skip-in-flight the dump goes on and they are "
			  "reset",
		.criu_says = "inet: In-flight connection (l) for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the program accepts them as soon as it runs",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = tcp_inflight_accept,
	},
	{
		.id = "tcp-half-open",
		.title = "clients are just connecting to a listener",
		.why = "CRIU does not see a handshake that is under way: it is dropped, and the client "
		       "tries again or gives up.",
		.remedy = "look again a moment later, or live with the clients' retries",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a handshake takes one round trip",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = tcp_half_open,
	},
	{
		.id = "tcp-unknown-state",
		.title = "a TCP socket in a state that CRIU does not know",
		.why = "CRIU knows the states of connections and listeners, and refuses any other.",
		.remedy = "look again a moment later",
		.criu_says = "inet: Unknown inet socket",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "such states belong to a handshake or an end of a connection",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = tcp_unknown_state,
	},
	{
		.id = "tcp-ulp-tls",
		.title = "a connection is encrypted by the kernel",
		.why = "CRIU saves the connection without the kernel's TLS keys: after the restore neither "
		       "side understands the other.",
		.remedy = "start the program without kernel TLS (OpenSSL: no Options = KTLS), or drop the "
			  "connections with --tcp-close",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a connection stays encrypted until its end",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = tcp_ulp_tls,
	},
	{
		.id = "tcp-md5",
		.title = "a TCP socket signs its segments",
		.why = "CRIU does not save MD5 keys: after the restore the peer drops every segment.",
		.remedy = "have the program set the keys again after the restore (BGP daemons do at a reload)",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the keys are set until the program removes them",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = tcp_md5,
	},
	{
		.id = "tcp-congestion",
		.title = "a TCP socket has chosen its congestion control",
		.why = "CRIU does not save the choice: after the restore the destination's default holds.",
		.remedy = "make it the default there (net.ipv4.tcp_congestion_control), where it matters",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the choice stands as long as the socket",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = tcp_congestion,
	},
};

const struct ruleset rules_tcp = { "tcp", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a duplicate of a socket's descriptor tells (Fd.dup): its network namespace, whether
 * SO_GET_FILTER fails, UDP_CORK. Without one (--no-dup, no right, a recorded machine) there is a
 * gap in what is known of descriptors, and nothing here passes for want of a look:
 *
 *     dup { so_domain: 2 so_type: 2 so_protocol: 17 udp_cork: true filter_errno: 0 netns: 4026531840 }
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include "checker/values.h"
#include <errno.h>
#include <sys/socket.h>

static const DupState *
dup_of(const struct judge *j, const Socket *s)
{
	const Fd *fd = NULL;

	return index_socket_holder(j->at, s->ino, &fd) && fd ? fd->dup : NULL;
}

/* Of one that is in no table of descriptors (not accepted yet) there is nothing to duplicate. */
static bool
was_not_looked_at(const struct judge *j, const Socket *s)
{
	const DupState *d = dup_of(j, s);

	return index_socket_holder(j->at, s->ino, NULL) && (!d || d->has_denied_errno) &&
	       judge_lacks(j, false, DOMAIN__DOMAIN_FDS);
}

static enum judgement
not_looked_at(struct judge *j, const Socket *s, const char *missing)
{
	return judge_unknown(j, false, DOMAIN__DOMAIN_FDS, judge_socket(j, s), missing);
}

static enum judgement
sock_netns_foreign(struct judge *j, const struct subject *s)
{
	const DupState *d = dup_of(j, s->socket);
	const Namespace *ns;

	if (!s->socket->has_netns && was_not_looked_at(j, s->socket))
		return not_looked_at(j, s->socket, "its network namespace");
	if (!d || !d->has_netns)
		return NOT_ABOUT;
	ns = index_ns(j->at, NAMESPACE_KIND__NS_NET, d->netns);
	if (ns && (ns->has_member_pid || ns->of_criu))
		return FINE;
	judge_find(j, judge_socket(j, s->socket),
		   judge_text(j, "of net:[%llu], where no task of the tree is", (unsigned long long) d->netns), NULL);
	return FINDING;
}

static enum judgement
sock_filter_ebpf(struct judge *j, const struct subject *s)
{
	const DupState *d = dup_of(j, s->socket);

	if (was_not_looked_at(j, s->socket))
		return not_looked_at(j, s->socket, "whether it has an eBPF filter");
	if (!d || !d->has_filter_errno)
		return NOT_ABOUT;
	if (d->filter_errno != EACCES && d->filter_errno != -EACCES)
		return FINE;
	judge_find(j, judge_socket(j, s->socket), "has an eBPF filter", NULL)->here_from = "SO_GET_FILTER";
	return FINDING;
}

static bool
is_udp(const Socket *s)
{
	return (s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6) &&
	       (!s->has_type || s->type == SOCK_DGRAM);
}

/* One that is gone from here may be held elsewhere: a look of another time will tell. */
static bool
is_corked(const FdSample *s)
{
	return s->gone || s->udp_cork;
}

static enum judgement
udp_corked(struct judge *j, const struct subject *s)
{
	const DupState *d = dup_of(j, s->socket);
	const Fd *fd = NULL;
	struct seen seen;

	if (is_udp(s->socket) && was_not_looked_at(j, s->socket))
		return not_looked_at(j, s->socket, "whether UDP_CORK is set");
	if (!d || !d->has_udp_cork)
		return NOT_ABOUT;
	(void) index_socket_holder(j->at, s->socket->ino, &fd);
	seen = seen_fd(fd, d->udp_cork, is_corked);
	if (!seen.still)
		return FINE;
	judge_find(j, judge_socket(j, s->socket), "UDP_CORK is set", NULL)->observed = seen_text(j, "set", seen);
	return FINDING;
}

static enum judgement
sock_options_lost(struct judge *j, const struct subject *s)
{
	const DupState *d = dup_of(j, s->socket);
	const char *text = "";

	if (!d || !d->has_so_domain)
		return NOT_ABOUT;
	if (d->n_option == 0)
		return FINE;
	for (size_t i = 0; i < d->n_option; i++)
		text = judge_text(j, "%s%s%s", text, i > 0 ? ", " : "", d->option[i]);
	judge_find(j, judge_socket(j, s->socket), text, NULL)->here_from = "getsockopt(2)";
	return FINDING;
}

/* "239.1.2.3, ff02::fb" */
static const char *
groups_text(struct judge *j, const Socket *s)
{
	const char *text = "";

	for (size_t i = 0; i < s->n_multicast; i++)
		text = judge_text(j, "%s%s%s", text, i > 0 ? ", " : "", value_address(j, s->multicast[i], -1));
	return text;
}

static enum judgement
sock_multicast(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if ((k->family != SOCKET_FAMILY__SOCKET_INET && k->family != SOCKET_FAMILY__SOCKET_INET6) ||
	    k->type == SOCK_STREAM)
		return NOT_ABOUT;
	if (k->n_multicast == 0)
		return FINE;
	judge_find(j, judge_socket(j, k), judge_text(j, "has joined %s", groups_text(j, k)), NULL)->here_from =
		"MCAST_MSFILTER";
	return FINDING;
}

#define OF_SOCKETS .about = ABOUT_SOCKET, .source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS)
#define UNTIL_CLOSED                    \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "the socket stays as it is until the program closes it"

static const struct rule rules[] = {
	{
		.id = "sock-netns-foreign",
		.title = "a socket from a network namespace in which no task of the tree is",
		.why = "CRIU dumps the sockets of the namespaces of its tasks; this one was made in "
		       "another, or passed in from there.",
		.remedy = "have the program close it, or dump a tree that holds a task of that namespace",
		.criu_says = "obtained but expected",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = sock_netns_foreign,
	},
	{
		.id = "sock-filter-ebpf",
		.title = "a socket has an eBPF filter",
		.why = "CRIU reads filters of the classic kind; an eBPF program it cannot read.",
		.remedy = "have the program detach the filter before the dump",
		.criu_says = "Can't get socket filter",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = sock_filter_ebpf,
	},
	{
		.id = "sock-options-lost",
		.title = "a socket has options set that CRIU leaves out",
		.why = "CRIU carries the common options along; these are as in a new socket afterwards.",
		.remedy = "have the program set them again afterwards, or restart it there, if they matter",
		.stage = STAGE_AFTERWARDS,
		UNTIL_CLOSED,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = sock_options_lost,
	},
	{
		.id = "sock-multicast",
		.title = "a socket has joined a multicast group",
		.why = "CRIU makes the socket again, and does not join: nothing sent to the group arrives any "
		       "more.",
		.remedy = "have the program join again afterwards, or restart it there",
		.stage = STAGE_AFTERWARDS,
		UNTIL_CLOSED,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = sock_multicast,
	},
	{
		.id = "udp-corked",
		.title = "a UDP socket gathers data before it sends",
		.why = "What is gathered under UDP_CORK cannot be read back, so CRIU refuses.",
		.remedy = "look again a moment later; where it stays, the program forgets to take the cork out",
		.criu_says = "Can't dump corked dgram socket",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a cork is in for the time of one datagram",
		.severity = SEVERITY_BLOCKER,
		OF_SOCKETS,
		.check = udp_corked,
	},
};

const struct ruleset rules_socket_dups = { "socket-dups", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets. CRIU restores a pair when it has both ends. What a tree is connected to
 * outside (a logger, a bus, a container engine) it has only one end of:
 *
 *     stream, seqpacket     refused, whatever the option
 *     datagram              --ext-unix-sk, if the other end has a name to connect to again
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include <sys/socket.h>

enum { ESTABLISHED = 1, SHUT_BOTH = 3 };

static bool
is_unix(const Socket *s)
{
	return s->family == SOCKET_FAMILY__SOCKET_UNIX;
}

static bool
is_connecting(const Socket *s)
{
	return s->type == SOCK_STREAM || s->type == SOCK_SEQPACKET;
}

/* "/run/systemd/journal/stdout", "@abstract", "" */
static const char *
name_text(struct judge *j, const Socket *s)
{
	char name[128];
	size_t n = s->unix_name.len < sizeof(name) - 1 ? s->unix_name.len : sizeof(name) - 1;

	if (!s->has_unix_name || n == 0)
		return "";
	for (size_t i = 0; i < n; i++)
		name[i] = s->unix_name.data[i] ? (char) s->unix_name.data[i] : '@';
	name[n] = '\0';
	return judge_text(j, "%s", name);
}

/* "dockerd 900 at /run/docker.sock" */
static const char *
outside_text(struct judge *j, const Socket *peer)
{
	const char *name = name_text(j, peer);
	const char *who = peer->holder_comm ? judge_text(j, "%s %d", peer->holder_comm, peer->holder_pid) :
					      "a process outside the tree";

	return judge_text(j, "connected to %s%s%s", who, name[0] ? " at " : "", name);
}

static bool
has_descriptors_under_way(const struct judge *j)
{
	const Process *const *process;
	size_t n;

	process = index_processes(j->at, &n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < process[i]->n_fd; k++)
			if (process[i]->fd[k]->scm_fds > 0)
				return true;
	return false;
}

/*
 * The other end, where it is known and outside the tree; NULL otherwise. One that no process
 * holds is under way itself: in a queue of the tree, if descriptors are under way there, and
 * criu finds it.
 */
static const Socket *
outside_peer(const struct judge *j, const Socket *s)
{
	const Socket *peer = s->peer ? index_socket(j->at, s->peer) : NULL;

	if (!peer || peer->in_tree)
		return NULL;
	return peer->has_holder_pid || judge_lacks(j, false, DOMAIN__DOMAIN_SOCKETS) ||
			       !has_descriptors_under_way(j) ?
		       peer : NULL;
}

static enum judgement
unix_type(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || !k->has_type)
		return NOT_ABOUT;
	if (is_connecting(k) || k->type == SOCK_DGRAM)
		return FINE;
	judge_find(j, judge_socket(j, k), judge_text(j, "type %u", k->type), NULL);
	return FINDING;
}

static enum judgement
unix_not_in_diag(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const Fd *fd = NULL;

	(void) index_socket_holder(j->at, k->ino, &fd);
	if (!is_unix(k) && !(fd && fd->dup && fd->dup->so_domain == AF_UNIX))
		return NOT_ABOUT;
	if (k->has_netns)
		return FINE;
	judge_find(j, judge_socket(j, k), "not in the lists of the tree's network namespaces", NULL);
	return FINDING;
}

static enum judgement
unix_external_stream(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket, *peer;
	struct finding *f;

	if (!is_unix(k) || !is_connecting(k) || !k->peer)
		return NOT_ABOUT;
	peer = outside_peer(j, k);
	if (!peer)
		return FINE;
	f = judge_find(j, judge_socket(j, k), outside_text(j, peer), NULL);
	f->here_from = "sock_diag(7)";
	f->option = judge_text(j, "--external unix[%llu]", (unsigned long long) k->ino);
	f->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static enum judgement
unix_external_dgram(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket, *peer;
	const char *who;

	if (!is_unix(k) || k->type != SOCK_DGRAM || !k->peer)
		return NOT_ABOUT;
	peer = outside_peer(j, k);
	if (!peer || !peer->has_unix_name)
		return FINE;
	who = judge_text(j, "%s, %s", judge_socket(j, k), outside_text(j, peer));
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--ext-unix-sk", who);
	judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--ext-unix-sk", who);
	return FINE;
}

static enum judgement
unix_external_dgram_noname(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket, *peer;

	if (!is_unix(k) || k->type != SOCK_DGRAM || !k->peer)
		return NOT_ABOUT;
	peer = outside_peer(j, k);
	if (!peer || peer->has_unix_name)
		return FINE;
	judge_find(j, judge_socket(j, k), outside_text(j, peer), NULL);
	return FINDING;
}

static enum judgement
unix_peer_missing(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || !k->peer)
		return NOT_ABOUT;
	if (index_socket(j->at, k->peer))
		return FINE;
	judge_find(j, judge_socket(j, k),
		   judge_text(j, "its other end, socket %llu, is in no network namespace of the tree",
			      (unsigned long long) k->peer),
		   NULL);
	return FINDING;
}

static enum judgement
unix_peer_unreachable(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket, *peer;

	if (!is_unix(k) || !k->peer || k->type != SOCK_DGRAM)
		return NOT_ABOUT;
	peer = index_socket(j->at, k->peer);
	if (!peer || !peer->in_tree || peer->peer == k->ino || peer->has_unix_name)
		return FINE;
	judge_find(j, judge_socket(j, k),
		   judge_text(j, "connected to %s, which has no name and is not connected back",
			      judge_socket(j, peer)),
		   NULL);
	return FINDING;
}

static bool
is_dangling(const SocketSample *s)
{
	return !s->gone && s->state == ESTABLISHED && s->peer == 0;
}

static enum judgement
unix_dangling(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, !k->peer, is_dangling);
	const Socket *listener;

	if (!is_unix(k) || !is_connecting(k) || k->state != ESTABLISHED)
		return NOT_ABOUT;
	if (!seen.still || k->shutdown == SHUT_BOTH)
		return FINE;
	listener = index_waits_at(j->at, k->ino);
	if (listener && listener->in_tree)
		return FINE;
	judge_find(j, judge_socket(j, k),
		   listener ? judge_text(j, "%s, and not accepted yet", outside_text(j, listener)) :
			      "connected, but to nobody",
		   NULL)
		->observed = seen_text(j, "so", seen);
	return FINDING;
}

static bool
is_path(const Socket *s)
{
	return s->has_unix_name && s->unix_name.len > 0 && s->unix_name.data[0] != '\0';
}

static enum judgement
unix_name_resolve(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct finding *f;

	if (!is_unix(k) || !is_path(k))
		return NOT_ABOUT;
	if (k->unix_name.data[0] == '/')
		return FINE;
	f = judge_find(j, judge_socket(j, k), judge_text(j, "bound to %s", name_text(j, k)), NULL);
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

/* It bears the name of its listener, under which it was never bound. */
static enum judgement
unix_accepted_name(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || !is_connecting(k) || k->state != ESTABLISHED)
		return NOT_ABOUT;
	if (!k->has_unix_name)
		return FINE;
	(void) judge_find(j, judge_text(j, "connections accepted at %s", name_text(j, k)), NULL, NULL);
	return FINDING;
}

static enum judgement
unix_bound_noinode(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || !is_path(k) || !k->facts_from || !streq(k->facts_from, "sock_diag"))
		return NOT_ABOUT;
	if (k->has_unix_vfs_ino)
		return FINE;
	judge_find(j, judge_socket(j, k), judge_text(j, "bound to %s, without an inode", name_text(j, k)), NULL);
	return FINDING;
}

#define OF_SOCKETS                                                                          \
	.stage = STAGE_DUMP, .about = ABOUT_SOCKET, .source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS), \
	.severity = SEVERITY_BLOCKER
#define UNTIL_CLOSED                    \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "the socket stays as it is until the program closes it"
#define UNTIL_READ                      \
	.lifetime = LIFETIME_TRANSIENT, \
	.lifetime_why = "it ends when the program next looks at its socket"

static const struct rule rules[] = {
	{
		.id = "unix-external-stream",
		.title = "a unix connection leads out of the tree",
		.why = "CRIU has one end of the connection only, and cannot connect it again: a stream has "
		       "a state that both ends share. --ext-unix-sk does not help here.",
		.remedy = "have the program close the connection before the dump (stop logging to journald, "
			  "leave the bus), or dump a tree that holds both ends",
		.criu_says = "Can't dump half of stream unix connection",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_external_stream,
	},
	{
		.id = "unix-external-dgram",
		.title = "a unix datagram socket is connected to one outside the tree",
		.why = "CRIU connects it again to the same name on the destination when it is told to; "
		       "something must listen there (/dev/log, for example).",
		.remedy = "give criu --ext-unix-sk at dump and restore",
		.criu_says = "External socket is used. Consider using --ext-unix-sk option.",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_external_dgram,
	},
	{
		.id = "unix-external-dgram-noname",
		.title = "a unix datagram socket is connected to one outside that has no name",
		.why = "There is no name by which the restore could connect it again.",
		.remedy = "have the program close the connection before the dump",
		.criu_says = "Can't dump name-less external socket",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_external_dgram_noname,
	},
	{
		.id = "unix-peer-missing",
		.title = "the other end of a unix connection is in a foreign network namespace",
		.why = "CRIU lists the sockets of the tree's namespaces, and the other end is not there.",
		.remedy = "have the program close the connection before the dump",
		.criu_says = "unix: Unix socket",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_peer_missing,
	},
	{
		.id = "unix-peer-unreachable",
		.title = "a unix datagram socket is connected to one without a name",
		.why = "The restore connects by name or by pair, and here is neither.",
		.remedy = "have the program close the connection before the dump",
		.criu_says = "with unreachable peer",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_peer_unreachable,
	},
	{
		.id = "unix-type",
		.title = "a unix socket of a type that CRIU does not know",
		.why = "CRIU knows stream, datagram and seqpacket sockets.",
		.remedy = "have the program close it before the dump",
		.criu_says = "unix: Unsupported type",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_type,
	},
	{
		.id = "unix-not-in-diag",
		.title = "a unix socket that no network namespace of the tree lists",
		.why = "It was made in another namespace; CRIU does not find it.",
		.remedy = "have the program close it before the dump",
		.criu_says = "not found",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_not_in_diag,
	},
	{
		.id = "unix-dangling",
		.title = "a unix connection waits to be accepted by a listener outside the tree",
		.why = "CRIU finds no other end in the tree and dumps without a word; the restore then finds "
		       "none either, and refuses.",
		.remedy = "have the listener accept it, and the program close it before the dump",
		.criu_says = "FATAL: Peer",
		UNTIL_READ,
		.stage = STAGE_RESTORE,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_SOCKET,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS),
		.check = unix_dangling,
	},
	{
		.id = "unix-bound-noinode",
		.title = "a unix socket has a path but no inode",
		.why = "CRIU leaves such a socket out of its list, and then does not find it.",
		.remedy = "restart the program",
		UNTIL_CLOSED,
		OF_SOCKETS,
		.check = unix_bound_noinode,
	},
	{
		.id = "unix-accepted-name",
		.title = "accepted unix connections lose their name",
		.why = "CRIU makes them again as pairs: getsockname(2), and getpeername(2) at the client, then "
		       "give no name. Few programs ask.",
		.remedy = "nothing, unless the program asks for the name of a connection",
		.stage = STAGE_AFTERWARDS,
		UNTIL_CLOSED,
		.severity = SEVERITY_NOTE,
		.about = ABOUT_SOCKET,
		.check = unix_accepted_name,
	},
	{
		.id = "unix-name-resolve",
		.title = "a unix socket is bound to a relative path",
		.why = "CRIU must find out against which folder; where that was removed it gives up.",
		.remedy = "have the program bind to an absolute path",
		.criu_says = "unix: Can't resolve name for socket",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = unix_name_resolve,
	},
};

const struct ruleset rules_unix = { "unix", rules, ARRAY_SIZE(rules) };

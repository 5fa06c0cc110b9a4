/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits in unix sockets: clients that are not accepted yet, messages that are not read.
 * unix_diag tells of a listener the inodes of its waiting clients, 0 for one that has gone
 * again. It all passes when the program next looks at its socket.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include <sys/socket.h>

enum {
	LISTEN = 10,
	PEEK_OVERHEAD = 32,		/* CRIU reads that much less than SO_SNDBUF at once */
};

static bool
is_unix(const Socket *s)
{
	return s->family == SOCKET_FAMILY__SOCKET_UNIX;
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

static bool
has_pending(const SocketSample *s)
{
	return s->pending > 0;
}

/* Who waits to be accepted, over time. */
static struct seen
seen_waiting(const Socket *s)
{
	return seen_socket(s, s->n_pending > 0, has_pending);
}

static bool
still_waits(const Socket *s)
{
	return seen_waiting(s).still;
}

static void
find_waiting(struct judge *j, const Socket *k, const char *here)
{
	judge_find(j, judge_text(j, "%s, %s", name_text(j, k), judge_socket(j, k)), here, NULL)->observed =
		seen_text(j, "with clients waiting", seen_waiting(k));
}

static bool
has_unread(const SocketSample *s)
{
	return s->receive_queue > 0;
}

static enum judgement
unix_inflight_closed(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || k->state != LISTEN)
		return NOT_ABOUT;
	for (size_t i = 0; still_waits(k) && i < k->n_pending; i++)
		if (k->pending[i] == 0) {
			find_waiting(j, k, "a client that has gone again waits to be accepted");
			return FINDING;
		}
	return FINE;
}

static enum judgement
unix_inflight_data(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || k->state != LISTEN)
		return NOT_ABOUT;
	for (size_t i = 0; still_waits(k) && i < k->n_pending; i++) {
		const Socket *client = k->pending[i] ? index_socket(j->at, k->pending[i]) : NULL;

		if (!client || !client->in_tree || client->send_queue == 0)
			continue;
		find_waiting(j, k, judge_text(j, "a client that is not accepted yet has sent %u bytes",
					      client->send_queue));
		return FINDING;
	}
	return FINE;
}

static enum judgement
unix_inflight_outside(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	size_t outside = 0;

	if (!is_unix(k) || k->state != LISTEN)
		return NOT_ABOUT;
	for (size_t i = 0; still_waits(k) && i < k->n_pending; i++) {
		const Socket *client = k->pending[i] ? index_socket(j->at, k->pending[i]) : NULL;

		outside += k->pending[i] && !(client && client->in_tree);
	}
	if (!outside)
		return FINE;
	find_waiting(j, k, judge_text(j, "%zu clients from outside wait to be accepted", outside));
	return FINDING;
}

static enum judgement
unix_inflight_nonlisten(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;

	if (!is_unix(k) || k->n_pending == 0)
		return NOT_ABOUT;
	if (k->state == LISTEN || !still_waits(k))
		return FINE;
	judge_find(j, judge_socket(j, k), judge_text(j, "clients wait, in state %u", k->state), NULL)->observed =
		seen_text(j, "with clients waiting", seen_waiting(k));
	return FINDING;
}

static enum judgement
unix_queue_cmsg(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, k->receive_queue > 0, has_unread);
	const Fd *fd = NULL;
	const DupState *d;
	bool stamped;

	if (!is_unix(k) || k->state == LISTEN || !index_socket_holder(j->at, k->ino, &fd))
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	d = fd->dup;
	if ((!d || d->has_denied_errno) && judge_lacks(j, false, DOMAIN__DOMAIN_FDS))
		return judge_unknown(j, false, DOMAIN__DOMAIN_FDS, judge_socket(j, k),
				     "whether unread messages carry credentials");
	if (!d)
		return NOT_ABOUT;
	stamped = d->stamped && k->type != SOCK_STREAM;
	if (!d->passcred && !d->passsec && !d->passpidfd && !stamped)
		return FINE;
	judge_find(j, judge_socket(j, k),
		   judge_text(j, "%u bytes not read, with %s", k->receive_queue,
			      d->passcred  ? "credentials of their senders" :
			      d->passsec   ? "labels of their senders" :
			      d->passpidfd ? "pidfds of their senders" :
					     "timestamps"),
		   NULL)
		->observed = seen_text(j, "with unread messages", seen);
	return FINDING;
}

/*
 * sock_diag tells the length of a datagram socket's first message; of a seqpacket socket that
 * of all together.
 */
static enum judgement
unix_queue_truncated(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	struct seen seen = seen_socket(k, k->receive_queue > 0, has_unread);
	uint32_t length = k->n_sample ? k->sample[k->n_sample - 1]->receive_queue : k->receive_queue;
	const Fd *fd = NULL;
	struct finding *f;

	if (!is_unix(k) || k->type == SOCK_STREAM || k->state == LISTEN ||
	    !index_socket_holder(j->at, k->ino, &fd))
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	if ((!fd->dup || fd->dup->has_denied_errno) && judge_lacks(j, false, DOMAIN__DOMAIN_FDS))
		return judge_unknown(j, false, DOMAIN__DOMAIN_FDS, judge_socket(j, k),
				     "whether criu has room for its unread messages");
	if (!fd->dup || !fd->dup->has_send_buffer)
		return NOT_ABOUT;
	if (length + PEEK_OVERHEAD <= fd->dup->send_buffer)
		return FINE;
	f = judge_find(j, judge_socket(j, k),
		       judge_text(j, "%u bytes not read, of which criu reads %u", length,
				  fd->dup->send_buffer - PEEK_OVERHEAD),
		       NULL);
	f->here_from = "sock_diag(7)";
	f->observed = seen_text(j, "with unread messages", seen);
	if (k->type != SOCK_DGRAM)
		f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

static bool
has_scm(const FdSample *s)
{
	return s->scm_fds > 0;
}

static enum judgement
unix_queue_scm_unsupported(struct judge *j, const struct subject *s)
{
	struct seen seen = seen_fd(s->fd, s->fd->scm_fds > 0, has_scm);
	struct finding *f;

	if (!s->fd->has_scm_fds)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	f = judge_find(j, judge_fd(j, s->process, s->fd),
		       judge_text(j, "%u descriptors under way in its queue", s->fd->scm_fds), NULL);
	f->here_from = judge_fdinfo(j, s->process, s->fd);
	f->confidence = CONFIDENCE_POSSIBLE;
	f->observed = seen_text(j, "with descriptors under way", seen);
	return FINDING;
}

#define OF_SOCKETS                                                                          \
	.stage = STAGE_DUMP, .about = ABOUT_SOCKET, .source_needs = NEEDS(DOMAIN__DOMAIN_SOCKETS), \
	.severity = SEVERITY_BLOCKER
#define UNTIL_READ                      \
	.lifetime = LIFETIME_TRANSIENT, \
	.lifetime_why = "it ends when the program next looks at its socket"

static const struct rule rules[] = {
	{
		.id = "unix-inflight-closed",
		.title = "a client that has gone again waits to be accepted",
		.why = "CRIU restores waiting clients by connecting them again, and this one is closed.",
		.remedy = "look again a moment later",
		.criu_says = "Found a closed in-flight socket to",
		UNTIL_READ,
		OF_SOCKETS,
		.check = unix_inflight_closed,
	},
	{
		.id = "unix-inflight-data",
		.title = "a client has sent data before it was accepted",
		.why = "CRIU restores waiting clients by connecting them again, but not what they sent.",
		.remedy = "look again a moment later",
		.criu_says = "Non-empty write queue on an in-flight socket",
		UNTIL_READ,
		OF_SOCKETS,
		.check = unix_inflight_data,
	},
	{
		.id = "unix-inflight-nonlisten",
		.title = "clients wait at a unix socket that does not listen",
		.why = "CRIU takes it for damage and refuses.",
		.remedy = "look again a moment later",
		.criu_says = "In-flight connection on non-listening socket",
		UNTIL_READ,
		OF_SOCKETS,
		.check = unix_inflight_nonlisten,
	},
	{
		.id = "unix-inflight-outside",
		.title = "clients from outside the tree wait to be accepted",
		.why = "CRIU dumps without a word, and the clients are lost with what they have sent.",
		.remedy = "look again a moment later",
		.stage = STAGE_AFTERWARDS,
		UNTIL_READ,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_SOCKET,
		.check = unix_inflight_outside,
	},
	{
		.id = "unix-queue-cmsg",
		.title = "unread messages carry their senders' credentials, or timestamps",
		.why = "CRIU saves messages and descriptors under way, but not credentials, labels, pidfds "
		       "and timestamps, with which they come where the socket asks for such.",
		.remedy = "look again when the program has read its messages",
		.criu_says = "skqueue: Control messages in queue, not supported",
		UNTIL_READ,
		OF_SOCKETS,
		.check = unix_queue_cmsg,
	},
	{
		.id = "unix-queue-truncated",
		.title = "an unread message is larger than what CRIU reads at once",
		.why = "CRIU reads each message into as much room as the socket's own SO_SNDBUF, and refuses "
		       "one that does not fit: its sender had a larger buffer.",
		.remedy = "look again when the program has read its messages",
		.criu_says = "skqueue: sys_recvmsg failed: truncated",
		UNTIL_READ,
		OF_SOCKETS,
		.check = unix_queue_truncated,
	},
	{
		.id = "unix-queue-scm-unsupported",
		.title = "descriptors are under way in a unix socket",
		.why = "CRIU saves files, pipes and sockets under way, and refuses others (a terminal, "
		       "io_uring). Which they are cannot be seen from outside.",
		.remedy = "look again when the program has taken them out",
		.stage = STAGE_DUMP,
		UNTIL_READ,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_FD,
		.check = unix_queue_scm_unsupported,
	},
};

const struct ruleset rules_unix_queues = { "unix-queues", rules, ARRAY_SIZE(rules) };

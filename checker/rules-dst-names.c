/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that a restore takes again: of unix sockets, in folders and in the abstract space, and
 * numbers of pseudo terminals.
 *
 *     /run/app/control.sock   there: a socket, held by app 712
 *     @app-bus                there: in use
 *     pts 5                   there: free, 3 free below it
 */
#include "checker/mounts.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <sys/socket.h>

enum {
	MAX_NAME = 108,
	PTMX_TRIES = 32,		/* how often criu opens ptmx to come by a number */
	TTY_SLAVE_MAJOR = 136,
};

/* "/run/x.sock", "@app-bus": a NUL stands as "@". */
static const char *
name_text(struct judge *j, ProtobufCBinaryData name)
{
	char text[MAX_NAME + 1];
	size_t n = name.len < MAX_NAME ? name.len : MAX_NAME;

	if (n && name.data[0] && !name.data[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		text[i] = name.data[i] ? (char) name.data[i] : '@';
	text[n] = '\0';
	return judge_text(j, "%s", text);
}

static bool
tree_holds(const struct judge *j, const UnixAnswer *a)
{
	const Socket *own = same_kernel(j) && a->has_ino ? index_socket(j->at, a->ino) : NULL;
	const Process *holder;

	if (own && own->in_tree)
		return true;
	if (!index_same_host(j->source, j->destination))
		return false;
	holder = a->has_holder_pid ? index_process(j->at, a->holder_pid) : NULL;
	return holder && (!a->has_holder_start_time || holder->start_time == a->holder_start_time);
}

static const char *
holder_text(struct judge *j, const UnixAnswer *a)
{
	if (!a->has_holder_pid)
		return "in use";
	return judge_text(j, "held by %s %d", a->holder_comm ? a->holder_comm : "?", a->holder_pid);
}

static bool
is_named(const Socket *s, bool abstract)
{
	return s->family == SOCKET_FAMILY__SOCKET_UNIX && s->unix_name.len > 0 &&
	       (abstract ? s->unix_name.data[0] == '\0' : s->unix_name.data[0] == '/');
}

static enum judgement
folder_missing(struct judge *j, const Socket *s, const char *name)
{
	const char *folder = judge_text(j, "%.*s", (int) (strrchr(name, '/') - name), name);
	const PathAnswer *a = index_path(j->there, folder);
	struct finding *f;

	if (a && a->declared)
		return NOT_ABOUT;
	f = judge_find(j, name, judge_socket(j, s), "its folder is missing");
	f->command = quote_command(j, "mkdir", "-p", folder, NULL);
	return FINDING;
}

static bool
is_read_only(struct judge *j, const char *name)
{
	const Mount *m = mount_there(j, judge_text(j, "%.*s", (int) (strrchr(name, '/') - name), name));

	return m && mount_is_marked(m, "ro");
}

static enum judgement
unix_path(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const UnixAnswer *a;
	const char *name;
	struct finding *f;
	bool known;

	if (!is_named(k, false) || index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	name = name_text(j, k->unix_name);
	a = index_unix(j->there, k->unix_name);
	if (!a || (!a->has_kind && !a->parent_missing))
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, name, "what is at this name there");
	if (a->parent_missing)
		return folder_missing(j, k, name);
	if (is_read_only(j, name)) {
		(void) judge_find(j, name, judge_socket(j, k), "a file system mounted read-only");
		return FINDING;
	}
	if (a->kind == PATH_KIND__PATH_KIND_NONE || tree_holds(j, a))
		return FINE;
	if (a->kind != PATH_KIND__PATH_KIND_SOCKET) {
		(void) judge_find(j, name, judge_socket(j, k), "something that is no socket");
		return FINDING;
	}
	/* A leftover, which criu unlinks, or a client's, whose connection goes on without the name. */
	if (!a->listening || a->connected)
		return FINE;
	f = judge_find(j, name, judge_socket(j, k), holder_text(j, a));
	f->stage = STAGE_AFTERWARDS;
	f->detail = "CRIU unlinks it, and cuts off who listens there.";
	return FINDING;
}

static enum judgement
unix_abstract(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	const UnixAnswer *a;
	const char *name;
	struct finding *f;
	bool known;

	if (!is_named(k, true) || index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	name = name_text(j, k->unix_name);
	a = index_unix(j->there, k->unix_name);
	if (!a || !a->has_listening)
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, name, "whether the name is in use there");
	if (!a->listening || tree_holds(j, a))
		return FINE;
	f = judge_find(j, name, judge_socket(j, k), holder_text(j, a));
	if (a->connected) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->observed = "a connection: it ends when its ends close it";
	}
	return FINDING;
}

/* A datagram socket whose peer stays outside is connected again, by the peer's name. */
static enum judgement
unix_external(struct judge *j, const struct subject *s)
{
	const Socket *peer = s->socket->peer ? index_socket(j->at, s->socket->peer) : NULL;
	bool abstract = peer && is_named(peer, true), known;
	const UnixAnswer *a;

	if (s->socket->family != SOCKET_FAMILY__SOCKET_UNIX || s->socket->type != SOCK_DGRAM || !peer ||
	    peer->in_tree || (!abstract && !is_named(peer, false)) ||
	    index_dumps_ns(j->at, abstract ? NAMESPACE_KIND__NS_NET : NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	a = index_unix(j->there, peer->unix_name);
	if (!a || !(abstract ? a->has_listening : a->has_kind))
		return judge_unknown(j, true, DOMAIN__DOMAIN_NET, name_text(j, peer->unix_name),
				     "whether someone listens at it there");
	if (a->listening && (abstract || a->kind == PATH_KIND__PATH_KIND_SOCKET))
		return FINE;
	(void) judge_find(j, name_text(j, peer->unix_name), judge_socket(j, s->socket),
			  !abstract && a->kind == PATH_KIND__PATH_KIND_NONE ? "nothing" : "nobody listens");
	return FINDING;
}

static const TerminalAnswer *
terminal_answer(const struct judge *j, uint32_t index)
{
	for (size_t i = 0; i < j->destination->n_terminal_answer; i++)
		if (j->destination->terminal_answer[i]->index == index)
			return j->destination->terminal_answer[i];
	return NULL;
}

static enum judgement
pty_index(struct judge *j, const struct subject *s)
{
	const TerminalState *t = s->fd->terminal;
	const TerminalAnswer *a;
	const Mount *pts;
	const char *thing;
	struct finding *f;
	uint64_t max;
	bool known;

	if (!t || !t->master || !t->has_index || index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	thing = judge_text(j, "pts %u", t->index);
	pts = mount_there(j, "/dev/pts");
	if (pts && pts->fs_type && !streq(pts->fs_type, "devpts")) {
		f = judge_find(j, thing, "a terminal of the tree", "no devpts is mounted at /dev/pts");
		f->lifetime = LIFETIME_PERMANENT;
		return FINDING;
	}
	a = terminal_answer(j, t->index);
	if (!a || !a->has_in_use)
		return judge_unknown(j, true, DOMAIN__DOMAIN_TERMINALS, thing, "whether it is free there");
	if (value_sysctl(j, "kernel/pty/max", &max) && t->index >= max) {
		f = judge_find(j, thing, "a terminal of the tree",
			       judge_text(j, "kernel.pty.max is %llu", (unsigned long long) max));
		f->lifetime = LIFETIME_PERMANENT;
		return FINDING;
	}
	if (a->in_use && !index_same_host(j->source, j->destination)) {
		f = judge_find(j, thing, "a terminal of the tree", "in use");
		f->observed = "a terminal that is open now";
		return FINDING;
	}
	if (a->free_below < PTMX_TRIES)
		return FINE;
	f = judge_find(j, thing, "a terminal of the tree",
		       judge_text(j, "%u lower numbers are free", a->free_below));
	f->lifetime = LIFETIME_PERMANENT;
	f->detail = "The kernel gives the lowest free number, and CRIU asks 32 times.";
	f->remedy = "open terminals there until fewer than 32 lower numbers are free, or run the tree with a "
		    "devpts of its own";
	return FINDING;
}

static bool
has_master(const struct judge *j, uint32_t index)
{
	for (size_t i = 0; i < j->source->n_process; i++)
		for (size_t k = 0; k < j->source->process[i]->n_fd; k++) {
			const TerminalState *t = j->source->process[i]->fd[k]->terminal;

			if (t && t->master && t->has_index && t->index == index)
				return true;
		}
	return false;
}

/* A slave whose master stays behind takes the terminal that criu restore itself stands on. */
static enum judgement
stdin_inherit(struct judge *j, const struct subject *s)
{
	const TerminalState *t = s->fd->terminal;
	const CriuPlace *place = j->destination->criu_place;
	bool named = place && place->given && place->has_stdin_is_tty;
	struct finding *f;

	if (!t || t->master || !t->has_index || s->fd->rdev_major != TTY_SLAVE_MAJOR ||
	    has_master(j, t->index))
		return NOT_ABOUT;
	if (named && place->stdin_is_tty)
		return FINE;
	f = judge_find(j, judge_text(j, "pts %u", t->index), "the terminal of a shell",
		       named ? "criu would have none as its standard input" : NULL);
	if (named) {
		f->severity = SEVERITY_BLOCKER;
		f->there_from = judge_text(j, "/proc/%d/fd/0", place->pid);
	}
	return FINDING;
}

#define OF_NET NEEDS(DOMAIN__DOMAIN_NET)
#define OF_TERMINALS NEEDS(DOMAIN__DOMAIN_TERMINALS)
#define SEEN_SOCKETS NEEDS(DOMAIN__DOMAIN_SOCKETS)

static const struct rule rules[] = {
	{
		.id = "net-unix-path",
		.title = "the name of a unix socket cannot be bound there",
		.why = "CRIU binds it at the same path: the folder must be there, and nobody else at "
		       "the name.",
		.remedy = "make the folder, or stop what listens there",
		.criu_says = "unix: Can't bind id",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A listener stays, and a folder does not appear by itself.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = OF_NET,
		.check = unix_path,
	},
	{
		.id = "net-unix-abstract",
		.title = "an abstract name of a unix socket is in use there",
		.why = "CRIU binds the same name, in the same network namespace as who holds it.",
		.remedy = "stop what holds it there, or choose another host",
		.criu_says = "unix: Can't bind id",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A listener stays; a client that has bound a name gives it back with its "
				"connection.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_NET,
		.check = unix_abstract,
	},
	{
		.id = "net-unix-external",
		.title = "nobody listens there at the name that a datagram socket is connected to",
		.why = "With --ext-unix-sk CRIU connects it again by that name.",
		.remedy = "start the service there (syslog, for /dev/log)",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A service is there once someone starts it.",
		.about = ABOUT_SOCKET,
		.source_needs = SEEN_SOCKETS,
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_NET,
		.check = unix_external,
	},
	{
		.id = "tty-pty-index",
		.title = "the number of a pseudo terminal cannot be had there",
		.why = "CRIU opens /dev/ptmx up to 32 times until it is given the same number.",
		.remedy = "wait until that terminal is closed, or run the tree with a devpts of its own",
		.criu_says = "Can't open master pty",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "Terminals come and go with logins.",
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TERMINALS) | NEEDS(DOMAIN__DOMAIN_FDS),
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_TERMINALS,
		.check = pty_index,
	},
	{
		.id = "tty-stdin-inherit",
		.title = "the restore must be run on a terminal",
		.why = "The tree holds a terminal whose other end stays behind; with --shell-job CRIU "
		       "puts the one in its place that it runs on itself.",
		.remedy = "run criu restore with --shell-job from a terminal, not from a service or a "
			  "plain ssh command (ssh -t)",
		.criu_says = "without correspond master peer",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The terminal belongs to a shell that does not move.",
		.severity = SEVERITY_NOTE,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TERMINALS) | NEEDS(DOMAIN__DOMAIN_FDS),
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_TERMINALS,
		.check = stdin_inherit,
	},
};

const struct ruleset rules_dst_names = {
	.name = "dst-names",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tables of which network namespaces are walked, and what of them is kept: the sockets
 * that the tree holds, unix sockets that are connected to one of these or have one in their
 * backlog, and half-open connections. Everything else of the host is passed over unparsed.
 */
#include "light-dump/sockets-ask.h"

#include "kernel/sock-inet.h"
#include "kernel/sock-unix.h"
#include "light-dump/procfile.h"

#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { SYN_RECV = 3, ROUNDS = 2 };

/* One walk of one table. */
struct walk {
	struct sockets *s;
	uint64_t netns;
	const struct sock_kind *kind;
	size_t outside_before, half_open_before;
	size_t kept;
};

static void
forget(void *arg)
{
	struct walk *w = arg;

	for (size_t i = 0; i < w->s->held.n; i++)
		if (w->s->held.held[i].socket && w->s->held.held[i].round == w->s->round)
			w->s->held.held[i].socket = NULL;
	w->s->n_outside = w->outside_before;
	w->s->n_half_open = w->half_open_before;
	w->kept = 0;
}

void
address_map(const uint8_t *address, size_t n, uint8_t ret[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (n == 16) {
		memcpy(ret, address, 16);
		return;
	}
	memset(ret, 0, 16);
	if (n == 4) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + sizeof(mapped), address, 4);
	}
}

static int
add_half_open(struct sockets *s, const Socket *request)
{
	if (s->n_half_open == s->room_half_open) {
		size_t room = s->room_half_open ? 2 * s->room_half_open : 64;
		struct half_open *grown = reallocarray(s->half_open, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->half_open = grown;
		s->room_half_open = room;
	}
	address_map(request->source.data, request->source.len, s->half_open[s->n_half_open].address);
	s->half_open[s->n_half_open++].port = request->source_port;
	return 0;
}

int
sockets_keep_half_open(struct sockets *s, const struct sock_kind *kind, const struct sock_entry *e)
{
	_cleanup_arena_ struct arena *scratch = NULL;
	struct sock_inet_key key = { .state = SYN_RECV };
	Socket *request;
	int r;

	if (kind->protocol != IPPROTO_TCP)
		return 0;
	if (!e->text) {
		r = sock_inet_key(e->bytes, &key);
		if (r < 0)
			return r;
	}
	if (key.state != SYN_RECV)
		return 0;
	scratch = arena_new(64 * 1024);
	request = scratch ? NEW_FACT(scratch, Socket, socket) : NULL;
	if (!request)
		return -ENOMEM;
	r = sock_entry_parse(e, scratch, request);
	if (r < 0 || request->state != SYN_RECV)
		return r;
	return add_half_open(s, request);
}

int
sockets_keep(struct sockets *s, uint64_t netns, const struct sock_entry *e, Socket **ret)
{
	Socket *socket = NEW_FACT(s->c->snapshot->arena, Socket, socket);
	int r;

	if (!socket)
		return -ENOMEM;
	r = sock_entry_parse(e, s->c->snapshot->arena, socket);
	if (r < 0)
		return r;
	SET_FACT(socket, netns, netns);
	*ret = socket;
	return 0;
}

static bool
is_held(uint64_t ino, const void *arg)
{
	const struct sockets *s = arg;

	return held_sockets_find(&s->held, ino) != NULL;
}

static int
each_entry(const struct sock_entry *e, void *arg)
{
	struct walk *w = arg;
	struct held_socket *h;
	uint64_t ino;
	int r;

	r = sock_entry_ino(e, &ino);
	if (r < 0)
		return r;
	if (ino == 0)
		return sockets_keep_half_open(w->s, w->kind, e);
	h = held_sockets_find(&w->s->held, ino);
	if (h && !h->socket) {
		r = sockets_keep(w->s, w->netns, e, &h->socket);
		w->kept++;
		h->kind = w->kind;
		h->round = w->s->round;
		return r;
	}
	if (h || w->kind->family != AF_UNIX || e->text)
		return 0;
	r = sock_unix_concerns(e->bytes, is_held, w->s);
	return r > 0 ? sockets_keep_outside(w->s, w->netns, e) : r;
}

int
sockets_walk(struct sockets *s, size_t netns, const struct sock_kind *kind,
	     const struct sock_walk *w, struct sock_walked *ret)
{
	struct sock_tables tables = {
		.netlink = s->netlink[netns],
		.handlers = &s->handlers,
		.proc = &s->netns.netns[netns].proc,
		.text = &s->text,
	};

	return sock_table_walk(&tables, kind, w, ret);
}

/* Why the text had to do, and what would help: writes the remedy, returns -errno. */
static int
why_text(const struct sockets *s, size_t netns, const struct sock_kind *kind,
	 const struct sock_walked *walked, char *remedy, size_t room)
{
	if (s->c->root->recorded) {
		(void) snprintf(remedy, room, "dump the live machine");
		return -EOPNOTSUPP;
	}
	if (!s->netlink[netns]) {
		(void) snprintf(remedy, room, "run as root");
		return -EPERM;
	}
	if (walked->asked && walked->diag_error != -ENOENT) {
		(void) snprintf(remedy, room, "try again");
		return walked->diag_error;
	}
	if (walked->asked)
		(void) snprintf(remedy, room, "a kernel with %s", kind->module);
	else
		(void) snprintf(remedy, room, "modprobe %s, or --load-modules", kind->module);
	return -EOPNOTSUPP;
}

static void
note_gaps(struct sockets *s, size_t netns, const struct sock_kind *kind,
	  const struct sock_walked *walked, size_t kept, int r)
{
	int pid = s->netns.netns[netns].pid;
	char remedy[96];

	if (r < 0 && (r != -ENOENT || !sock_kind_may_be_missing(kind))) {
		gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", pid,
			 procfile_error(s->c->root, pid, r), NULL, "/proc/%d/%s", pid, kind->text);
		return;
	}
	if (walked->odd_lines > 0)
		gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", pid, -EBADMSG, NULL,
			 "/proc/%d/%s", pid, kind->text);
	if (!walked->text || !kind->untold || kept == 0)
		return;
	r = why_text(s, netns, kind, walked, remedy, sizeof(remedy));
	gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", pid, r, remedy, "sock_diag %s: %s",
		 kind->service, kind->untold);
}

static int
ask_kind(struct sockets *s, size_t netns, const struct sock_kind *kind)
{
	struct walk walk = {
		.s = s,
		.netns = s->netns.netns[netns].ino,
		.kind = kind,
		.outside_before = s->n_outside,
		.half_open_before = s->n_half_open,
	};
	struct sock_walk w = { .each = each_entry, .restart = forget, .arg = &walk };
	struct sock_walked walked;
	int r;

	s->round++;
	r = sockets_walk(s, netns, kind, &w, &walked);
	if (r == -ENOMEM)
		return r;
	note_gaps(s, netns, kind, &walked, walk.kept, r);
	return 0;
}

int
sockets_ask(struct sockets *s)
{
	int r;

	for (int round = 0; round < ROUNDS; round++) {
		for (size_t k = 0; k < n_sock_kinds; k++) {
			const struct sock_kind *kind = &sock_kinds[k];

			if (round == 0 ? !held_sockets_need(&s->held, kind) :
					 !held_sockets_miss(&s->held, kind))
				continue;
			for (size_t i = 0; i < s->netns.n; i++) {
				if (s->netns.netns[i].proc.fd < 0)
					continue;
				r = ask_kind(s, i, kind);
				if (r < 0)
					return r;
			}
		}
	}
	return sockets_ask_for_peers(s);
}

static void
hold_netns(struct sockets *s, size_t i)
{
	struct netns *n = &s->netns.netns[i];
	int r;

	r = netns_hold(s->c->root, n);
	if (r == 0 && !s->c->root->recorded)
		r = netlink_open(n->fd, NETLINK_SOCK_DIAG, &s->netlink[i]);
	if (r < 0)
		gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", n->pid, procfile_error(s->c->root, n->pid, r),
			 r == -EPERM || r == -EACCES ? "run as root" : NULL, "/proc/%d/ns/net", n->pid);
}

int
sockets_open(struct tree_context *c, struct sockets *ret)
{
	_cleanup_sockets_ struct sockets s = { .c = c };
	int r;

	r = held_sockets_make(c->snapshot->facts, &s.held);
	if (r < 0)
		return r;
	r = held_sockets_name(c, &s.held);
	if (r < 0)
		return r;
	r = netns_list_make(c->snapshot->facts, &s.netns);
	if (r < 0)
		return r;
	s.netlink = calloc(s.netns.n + 1, sizeof(struct netlink *));
	if (!s.netlink)
		return -ENOMEM;
	if (s.held.n > 0) {
		r = sock_handlers_read(c->root, c->options->load_modules, &s.handlers);
		if (r < 0)
			return r;
		for (size_t i = 0; i < s.netns.n; i++)
			hold_netns(&s, i);
	}
	*ret = s;
	s = (struct sockets){ 0 };
	return 0;
}

void
sockets_close(struct sockets *s)
{
	for (size_t i = 0; s->netlink && i < s->netns.n; i++)
		netlink_close(s->netlink[i]);
	free(s->netlink);
	held_sockets_free(&s->held);
	netns_list_free(&s->netns);
	sock_handlers_free(&s->handlers);
	buffer_free(&s->text);
	free(s->half_open);
}

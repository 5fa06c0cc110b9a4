/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bound inet sockets of the network namespace under our feet, in every state: a port in
 * TIME_WAIT or of an established connection is taken as well. With a source tree to answer,
 * only those at ports of the tree, and who holds them.
 */
#include "probes/net-sockets.h"

#include "kernel/sock-holders.h"
#include "kernel/sock-inet.h"

#include <netinet/in.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum { SCRATCH_BYTES = 4 * 1024 * 1024 };

/* Protocol and port of a socket of the tree, as Net.asked_port has them: 6 << 16 | 8080. */
struct ports {
	uint32_t *key;
	size_t n;
	bool all;			/* no tree: every port */
};

struct telling {
	struct probe_context *c;
	Net *net;
	struct ports ports;
	const struct sock_kind *kind;	/* of the table being walked */
	size_t before;			/* sockets told before it */
	struct arena *scratch;		/* for what is parsed and passed over; renewed when half full */
};

static int
by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool
has_port(const Socket *s)
{
	uint32_t protocol = s->protocol;

	if (!s->in_tree || s->source_port == 0)
		return false;
	if (s->family != SOCKET_FAMILY__SOCKET_INET && s->family != SOCKET_FAMILY__SOCKET_INET6)
		return false;
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_MPTCP;
}

static uint32_t
port_key(uint32_t protocol, uint32_t port)
{
	return (protocol == IPPROTO_MPTCP ? IPPROTO_TCP : protocol) << 16 | (port & UINT16_MAX);
}

static int
ports_make(const Snapshot *source, struct ports *ret)
{
	struct ports p = { .all = !source };

	if (source && source->n_socket > 0) {
		p.key = calloc(source->n_socket, sizeof(*p.key));
		if (!p.key)
			return -ENOMEM;
		for (size_t i = 0; i < source->n_socket; i++) {
			const Socket *s = source->socket[i];

			if (has_port(s))
				p.key[p.n++] = port_key(s->protocol, s->source_port);
		}
		qsort(p.key, p.n, sizeof(*p.key), by_number);
	}
	*ret = p;
	return 0;
}

static bool
ports_have(const struct ports *p, uint32_t protocol, uint32_t port)
{
	uint32_t key = port_key(protocol, port);

	if (port == 0)
		return false;
	return p->all || (p->n > 0 && bsearch(&key, p->key, p->n, sizeof(key), by_number));
}

static int
copy_bytes(struct arena *arena, ProtobufCBinaryData from, ProtobufCBinaryData *ret)
{
	uint8_t *copy = arena_memdup(arena, from.data, from.len);

	if (!copy)
		return -ENOMEM;
	*ret = (ProtobufCBinaryData){ .len = from.len, .data = copy };
	return 0;
}

static int
tell(struct telling *p, const Socket *s)
{
	struct arena *arena = p->c->snapshot->arena;
	HostSocket *h = NEW_FACT(arena, HostSocket, host_socket);
	int r;

	if (!h)
		return -ENOMEM;
	r = copy_bytes(arena, s->source, &h->source);
	if (r < 0)
		return r;
	r = copy_bytes(arena, s->destination, &h->destination);
	if (r < 0)
		return r;
	h->has_source = h->has_destination = true;
	SET_FACT(h, family, (uint32_t) p->kind->family);
	SET_FACT(h, protocol, s->protocol);
	SET_FACT(h, state, s->state);
	SET_FACT(h, source_port, s->source_port);
	SET_FACT(h, destination_port, s->destination_port);
	SET_FACT(h, uid, s->uid);
	SET_FACT(h, ino, s->ino);
	SET_FACT(h, timer, s->timer);
	SET_FACT(h, timer_ms, s->timer_ms);
	if (s->has_v6only)
		SET_FACT(h, v6only, s->v6only);
	SET_FACT(h, ifindex, s->ifindex);
	return ADD_FACT(arena, p->net->socket, p->net->n_socket, h);
}

static int
each_socket(const struct sock_entry *e, void *arg)
{
	struct telling *p = arg;
	struct sock_inet_key key;
	Socket *s;
	int r;

	if (!e->text) {
		r = sock_inet_key(e->bytes, &key);
		if (r < 0)
			return r;
		if (!ports_have(&p->ports, (uint32_t) p->kind->protocol, key.source_port))
			return 0;
	}
	if (p->scratch && arena_used(p->scratch) > SCRATCH_BYTES / 2)
		p->scratch = arena_free(p->scratch);
	if (!p->scratch)
		p->scratch = arena_new(SCRATCH_BYTES);
	s = p->scratch ? NEW_FACT(p->scratch, Socket, socket) : NULL;
	if (!s)
		return -ENOMEM;
	r = sock_entry_parse(e, p->scratch, s);
	if (r < 0)
		return r;
	return ports_have(&p->ports, s->protocol, s->source_port) ? tell(p, s) : 0;
}

static void
forget(void *arg)
{
	struct telling *p = arg;

	p->net->n_socket = p->before;
}

static bool
has_ports(const struct sock_kind *kind)
{
	return kind->protocol == IPPROTO_TCP || kind->protocol == IPPROTO_UDP ||
	       kind->protocol == IPPROTO_UDPLITE;
}

/* 0 or -ENOMEM; a table that cannot be read is a gap. */
static int
tell_sockets(struct telling *p, const struct sock_tables *tables)
{
	struct sock_walk w = { .each = each_socket, .restart = forget, .arg = p };
	struct sock_walked walked;
	bool complete = true;
	int r;

	for (size_t k = 0; k < n_sock_kinds; k++) {
		p->kind = &sock_kinds[k];
		p->before = p->net->n_socket;
		if (!has_ports(p->kind))
			continue;
		r = sock_table_walk(tables, p->kind, &w, &walked);
		if (r == 0 || (r == -ENOENT && sock_kind_may_be_missing(p->kind)))
			continue;
		if (r == -ENOMEM)
			return r;
		complete = false;
		gap_note(p->c->gaps, DOMAIN__DOMAIN_NET, "net", 0, r, NULL, "/proc/%s", p->kind->text);
	}
	SET_FACT(p->net, sockets_complete, complete);
	return 0;
}

static int
name_holders(struct telling *p)
{
	_cleanup_free_ struct sock_holder *holder = NULL;
	size_t n = 0, unseen;
	int r;

	if (p->ports.all || p->net->n_socket == 0)
		return 0;
	holder = calloc(p->net->n_socket, sizeof(*holder));
	if (!holder)
		return -ENOMEM;
	for (size_t i = 0; i < p->net->n_socket; i++)
		if (p->net->socket[i]->ino > 0)
			holder[n++].ino = p->net->socket[i]->ino;
	r = sock_holders_find(p->c->root, holder, n, &unseen);
	if (r < 0 || unseen > 0)
		gap_note(p->c->gaps, DOMAIN__DOMAIN_NET, "net", 0, r < 0 ? r : -EACCES, "run as root",
			 "who holds the ports in use");
	for (size_t i = 0; r == 0 && i < p->net->n_socket; i++) {
		HostSocket *s = p->net->socket[i];
		const struct sock_holder *h = sock_holder_of(holder, n, s->ino);

		if (!h || h->pid == 0)
			continue;
		SET_FACT(s, holder_pid, h->pid);
		SET_FACT(s, holder_start_time, h->start_time);
		s->holder_comm = arena_strdup(p->c->snapshot->arena, h->comm);
		if (!s->holder_comm)
			return -ENOMEM;
	}
	return 0;
}

/* So that a checker who asks of another port knows that it was not looked at. */
static int
tell_ports(struct arena *arena, Net *net, const struct ports *p)
{
	if (p->all)
		return 0;
	SET_FACT(net, only_asked, true);
	for (size_t i = 0; i < p->n; i++) {
		uint32_t *place;

		if (i > 0 && p->key[i] == p->key[i - 1])
			continue;
		place = arena_grow(arena, &net->asked_port, &net->n_asked_port, sizeof(*place));
		if (!place)
			return -ENOMEM;
		*place = p->key[i];
	}
	return 0;
}

int
net_sockets_tell(struct probe_context *c, Net *net, const struct sock_tables *tables)
{
	struct telling t = { .c = c, .net = net };
	int r;

	r = ports_make(c->source, &t.ports);
	if (r < 0)
		return r;
	r = tell_ports(c->snapshot->arena, net, &t.ports);
	if (r == 0)
		r = tell_sockets(&t, tables);
	if (r == 0)
		r = name_holders(&t);
	(void) arena_free(t.scratch);
	free(t.ports.key);
	return r;
}

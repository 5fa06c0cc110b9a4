/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a tree's sockets from their descriptors alone: the inode of the link text
 * ("socket:[12345]", in Fd.ino), the protocol's name (an extended attribute, see
 * kernel/sock-name.c), and what a duplicate said (Fd.dup). An inet socket that is neither bound
 * nor connected is in none of the kernel's tables; this is all there is to say of it.
 */
#include "light-dump/sockets-held.h"

#include <sys/socket.h>

enum { TCP_CLOSE = 7, NAME_ROOM = 64 };

static size_t
count_sockets(const Snapshot *facts)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->n_process; i++)
		for (size_t k = 0; k < facts->process[i]->n_fd; k++)
			n += facts->process[i]->fd[k]->kind == FD_KIND__FD_SOCKET;
	return n;
}

static int
by_ino_and_holder(const void *a, const void *b)
{
	const struct held_socket *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

/* Leaves one of each inode, with the duplicate of whichever descriptor had one. */
static void
merge(struct held_sockets *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct held_socket *last = n > 0 ? &l->held[n - 1] : NULL;

		if (!last || last->ino != l->held[i].ino)
			l->held[n++] = l->held[i];
		else if (!last->dup || !last->dup->has_so_domain)
			last->dup = l->held[i].dup ? l->held[i].dup : last->dup;
	}
	l->n = n;
}

int
held_sockets_make(const Snapshot *facts, struct held_sockets *ret)
{
	struct held_sockets l = { .n = 0 };
	size_t n = count_sockets(facts);

	if (n == 0) {
		*ret = l;
		return 0;
	}
	l.held = calloc(n, sizeof(*l.held));
	if (!l.held)
		return -ENOMEM;
	for (size_t i = 0; i < facts->n_process; i++) {
		const Process *p = facts->process[i];

		for (size_t k = 0; k < p->n_fd; k++) {
			const Fd *fd = p->fd[k];

			if (fd->kind != FD_KIND__FD_SOCKET || !fd->has_ino)
				continue;
			l.held[l.n++] = (struct held_socket){
				.ino = fd->ino,
				.pid = p->pid,
				.fd = fd->number,
				.dup = fd->dup,
			};
		}
	}
	qsort(l.held, l.n, sizeof(*l.held), by_ino_and_holder);
	merge(&l);
	*ret = l;
	return 0;
}

void
held_sockets_free(struct held_sockets *l)
{
	free(l->held);
	*l = (struct held_sockets){ 0 };
}

static int
read_name(const struct root *proc, struct arena *arena, struct held_socket *h)
{
	char link[32], name[NAME_ROOM];
	int r;

	(void) snprintf(link, sizeof(link), "fd/%d", h->fd);
	r = root_magic_xattr(proc, link, SOCK_NAME_ATTRIBUTE, name, sizeof(name));
	if (r < 0)
		return 0;
	/* The value may end with a NUL of its own. */
	h->name = sock_name_find(slice_of(name));
	h->protocol_name = arena_strdup(arena, name);
	return h->protocol_name ? 0 : -ENOMEM;
}

int
held_sockets_name(struct tree_context *c, struct held_sockets *l)
{
	_cleanup_root_ struct root proc = ROOT_NONE;
	int pid = 0, r;
	char path[32];

	for (size_t i = 0; i < l->n; i++) {
		struct held_socket *h = &l->held[i];

		if (h->pid != pid) {
			root_close(&proc);
			pid = h->pid;
			(void) snprintf(path, sizeof(path), "/proc/%d", pid);
			if (root_sub(c->root, path, &proc) < 0)
				proc = ROOT_NONE;
		}
		if (proc.fd < 0)
			continue;
		r = read_name(&proc, c->snapshot->arena, h);
		if (r < 0)
			return r;
	}
	return 0;
}

struct held_socket *
held_sockets_find(const struct held_sockets *l, uint64_t ino)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->held[middle].ino == ino)
			return &l->held[middle];
		if (l->held[middle].ino < ino)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
held_sockets_need(const struct held_sockets *l, const struct sock_kind *kind)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct held_socket *h = &l->held[i];

		if (!h->protocol_name)
			return true;
		if (h->name && h->name->service && streq(h->name->service, kind->service))
			return true;
	}
	return false;
}

/* What is always in its table: unix and packet sockets, and TCP that is not closed. */
static bool
must_be_found(const struct held_socket *h)
{
	if (!h->name || !h->name->service)
		return false;
	if (h->name->family == AF_UNIX || h->name->family == AF_PACKET)
		return true;
	return h->name->type == SOCK_STREAM && h->dup && h->dup->has_tcp_state &&
	       h->dup->tcp_state != TCP_CLOSE;
}

bool
held_sockets_miss(const struct held_sockets *l, const struct sock_kind *kind)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct held_socket *h = &l->held[i];

		if (!h->socket && must_be_found(h) && streq(h->name->service, kind->service))
			return true;
	}
	return false;
}

static SocketFamily
family_of(uint32_t domain)
{
	switch (domain) {
	case AF_UNIX:
	case AF_INET:
	case AF_INET6:
	case AF_NETLINK:
	case AF_PACKET:
		return (SocketFamily) domain;
	default:
		return SOCKET_FAMILY__SOCKET_OTHER;
	}
}

static void
fill_by_name(const struct held_socket *h, Socket *s)
{
	if (!h->protocol_name)
		return;
	SET_FACT(s, family, h->name ? family_of((uint32_t) h->name->family) : SOCKET_FAMILY__SOCKET_OTHER);
	if (h->name && h->name->type > 0)
		SET_FACT(s, type, (uint32_t) h->name->type);
	if (h->name && h->name->protocol >= 0)
		SET_FACT(s, protocol, (uint32_t) h->name->protocol);
}

static void
fill_by_dup(const DupState *dup, const struct netns_list *netns, Socket *s)
{
	if (dup->has_so_domain)
		SET_FACT(s, family, family_of(dup->so_domain));
	if (dup->has_so_type)
		SET_FACT(s, type, dup->so_type);
	if (dup->has_so_protocol)
		SET_FACT(s, protocol, dup->so_protocol);
	if (dup->has_tcp_state)
		SET_FACT(s, state, dup->tcp_state);
	for (size_t i = 0; dup->has_netns && i < netns->n; i++)
		if (netns->netns[i].ino == dup->netns)
			SET_FACT(s, netns, dup->netns);
}

int
held_socket_fill(struct arena *arena, const struct netns_list *netns, struct held_socket *h)
{
	Socket *s = NEW_FACT(arena, Socket, socket);

	if (!s)
		return -ENOMEM;
	SET_FACT(s, ino, h->ino);
	fill_by_name(h, s);
	if (h->dup)
		fill_by_dup(h->dup, netns, s);
	h->socket = s;
	return 0;
}

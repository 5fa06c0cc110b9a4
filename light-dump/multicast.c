/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel lists the groups of an interface, not those of a socket; but a socket answers, of
 * each group, whether it has joined it. So the groups of a network namespace are read first,
 * and only where programs have joined any are the tree's sockets there asked.
 */
#include "light-dump/multicast.h"

#include "kernel/igmp.h"
#include "light-dump/procfile.h"
#include "light-dump/worker.h"

#include <sys/socket.h>

enum { MAX_GROUPS = 256 };		/* of a namespace; the rest is not asked about */

struct groups {
	struct multicast_group group[MAX_GROUPS];
	size_t n;
};

static bool
can_join(const struct held_socket *h, uint64_t netns)
{
	const Socket *s = h->socket;

	return (s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6) &&
	       s->type != SOCK_STREAM && s->netns == netns;
}

static bool
any_can_join(const struct sockets *s, uint64_t netns)
{
	for (size_t i = 0; i < s->held.n; i++)
		if (can_join(&s->held.held[i], netns))
			return true;
	return false;
}

static int
add_group(const struct multicast_group *g, void *arg)
{
	struct groups *all = arg;

	if (all->n < MAX_GROUPS)
		all->group[all->n++] = *g;
	return 0;
}

/* A kernel without IPv6, or without multicast, has no such file. */
static int
read_groups(struct sockets *s, const struct netns *netns, struct groups *all)
{
	static const struct {
		const char *name;
		bool ipv6;
	} files[] = { { "net/igmp", false }, { "net/igmp6", true } };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		r = procfile_read_all(&netns->proc, files[i].name, &s->text);
		if (r == 0)
			r = igmp_parse(buffer_slice(&s->text), files[i].ipv6, add_group, all);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENOENT)
			gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", netns->pid,
				 procfile_error(s->c->root, netns->pid, r), NULL, "/proc/%d/%s", netns->pid,
				 files[i].name);
	}
	return 0;
}

static int
add_joined(struct arena *arena, Socket *socket, const struct multicast_group *g)
{
	size_t n = socket->n_multicast;
	ProtobufCBinaryData *place = arena_grow(arena, &socket->multicast, &n, sizeof(*place));

	if (!place)
		return -ENOMEM;
	place->len = g->ipv6 ? 16 : 4;
	place->data = arena_memdup(arena, g->address, place->len);
	if (!place->data)
		return -ENOMEM;
	socket->n_multicast = n;
	return 0;
}

static int
ask(struct sockets *s, const struct held_socket *h, const struct groups *all)
{
	bool joined[MAX_GROUPS] = { false };
	int r;

	dup_ask_groups(h->pid, h->fd, h->ino, all->group, all->n, joined);
	for (size_t i = 0; i < all->n; i++) {
		if (!joined[i])
			continue;
		r = add_joined(s->c->snapshot->arena, h->socket, &all->group[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

int
multicast_collect(struct sockets *s)
{
	int r;

	if (s->c->options->no_dup || s->c->root->recorded)
		return 0;
	for (size_t i = 0; i < s->netns.n; i++) {
		const struct netns *netns = &s->netns.netns[i];
		struct groups all = { .n = 0 };

		if (netns->proc.fd < 0 || !any_can_join(s, netns->ino))
			continue;
		r = read_groups(s, netns, &all);
		for (size_t k = 0; r >= 0 && all.n > 0 && k < s->held.n; k++)
			if (can_join(&s->held.held[k], netns->ino))
				r = ask(s, &s->held.held[k], &all);
		if (r < 0)
			return r;
	}
	return 0;
}

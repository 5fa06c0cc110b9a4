/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unix sockets at the other ends, which the tree does not hold. Those that know of a socket
 * of the tree (by their peer or their backlog) were kept in the first walk; those that only a
 * socket of the tree knows of, as /dev/log of the programs that write to it, are looked for in
 * a second one.
 */
#include "light-dump/sockets-ask.h"

#include <sys/socket.h>

/* One walk for what is wanted. */
struct search {
	struct sockets *s;
	uint64_t netns;
	const uint64_t *wanted;		/* inodes, sorted */
	size_t n_wanted;
	size_t outside_before;
};

static int
by_ino(const void *a, const void *b)
{
	const Socket *const *x = a, *const *y = b;

	return (*x)->ino < (*y)->ino ? -1 : (*x)->ino > (*y)->ino;
}

/* By rising inode, each once. */
static void
sort_outside(struct sockets *s)
{
	size_t n = 0;

	if (s->n_outside == 0)
		return;
	qsort(s->outside, s->n_outside, sizeof(*s->outside), by_ino);
	for (size_t i = 0; i < s->n_outside; i++)
		if (n == 0 || s->outside[n - 1]->ino != s->outside[i]->ino)
			s->outside[n++] = s->outside[i];
	s->n_outside = n;
}

static Socket *
find_outside(const struct sockets *s, uint64_t ino)
{
	Socket key = { .ino = ino };
	Socket *const pointer = &key;
	Socket **found;

	if (s->n_outside == 0)
		return NULL;
	found = bsearch(&pointer, s->outside, s->n_outside, sizeof(*s->outside), by_ino);
	return found ? *found : NULL;
}

int
sockets_keep_outside(struct sockets *s, uint64_t netns, const struct sock_entry *e)
{
	Socket *socket;
	int r;

	r = sockets_keep(s, netns, e, &socket);
	if (r < 0)
		return r;
	return ADD_FACT(s->c->snapshot->arena, s->outside, s->n_outside, socket);
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int
each_wanted(const struct sock_entry *e, void *arg)
{
	struct search *w = arg;
	uint64_t ino;
	int r;

	r = sock_entry_ino(e, &ino);
	if (r < 0)
		return r;
	if (!bsearch(&ino, w->wanted, w->n_wanted, sizeof(ino), by_number))
		return 0;
	return sockets_keep_outside(w->s, w->netns, e);
}

static void
forget(void *arg)
{
	struct search *w = arg;

	w->s->n_outside = w->outside_before;
}

static int
want(const struct sockets *s, uint64_t *wanted, size_t n, uint64_t ino)
{
	if (ino == 0 || held_sockets_find(&s->held, ino) || find_outside(s, ino))
		return 0;
	if (wanted)
		wanted[n] = ino;
	return 1;
}

/* Inodes that sockets of the tree name and that were not met. Counts only where NULL is given. */
static size_t
list_wanted(const struct sockets *s, uint64_t *wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < s->held.n; i++) {
		const Socket *socket = s->held.held[i].socket;

		if (!socket || socket->family != SOCKET_FAMILY__SOCKET_UNIX)
			continue;
		n += (size_t) want(s, wanted, n, socket->peer);
		for (size_t k = 0; k < socket->n_pending; k++)
			n += (size_t) want(s, wanted, n, socket->pending[k]);
	}
	return n;
}

static int
search(struct sockets *s, const uint64_t *wanted, size_t n_wanted, size_t netns,
       const struct sock_kind *kind)
{
	struct search search = {
		.s = s,
		.netns = s->netns.netns[netns].ino,
		.wanted = wanted,
		.n_wanted = n_wanted,
		.outside_before = s->n_outside,
	};
	struct sock_walk w = { .each = each_wanted, .restart = forget, .arg = &search };
	struct sock_walked walked;
	int r;

	if (s->netns.netns[netns].proc.fd < 0)
		return 0;
	/* What is not found stays unknown: the first walk has noted why, where it could not read. */
	r = sockets_walk(s, netns, kind, &w, &walked);
	return r == -ENOMEM ? r : 0;
}

int
sockets_ask_for_peers(struct sockets *s)
{
	_cleanup_free_ uint64_t *wanted = NULL;
	size_t n;
	int r;

	sort_outside(s);
	n = list_wanted(s, NULL);
	if (n == 0)
		return 0;
	wanted = calloc(n, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	n = list_wanted(s, wanted);
	qsort(wanted, n, sizeof(*wanted), by_number);
	for (size_t k = 0; k < n_sock_kinds; k++) {
		for (size_t i = 0; sock_kinds[k].family == AF_UNIX && i < s->netns.n; i++) {
			r = search(s, wanted, n, i, &sock_kinds[k]);
			if (r < 0)
				return r;
		}
	}
	sort_outside(s);
	return 0;
}

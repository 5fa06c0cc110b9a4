/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespaces of a tree, namespaces(7). Each is known by its inode, the number in
 * the link text of /proc/PID/ns/net ("net:[4026531840]"), and entered through that link of a
 * task that lives in it, opened read-only.
 */
#include "light-dump/netns.h"

#include <fcntl.h>

static int
add(struct netns_list *l, size_t *room, uint64_t ino, int pid, int tid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->netns[i].ino == ino)
			return 0;
	if (l->n == *room) {
		size_t more = *room ? 2 * *room : 8;
		struct netns *grown = reallocarray(l->netns, more, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		l->netns = grown;
		*room = more;
	}
	l->netns[l->n++] = (struct netns){
		.ino = ino,
		.pid = pid,
		.tid = tid,
		.fd = -1,
		.proc = ROOT_NONE,
	};
	return 0;
}

static int
by_ino(const void *a, const void *b)
{
	const struct netns *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

int
netns_list_make(const Snapshot *facts, struct netns_list *ret)
{
	_cleanup_netns_list_ struct netns_list l = { 0 };
	size_t room = 0;
	int r;

	/* The root first: of all members it is the one that is still there when the others change. */
	for (size_t i = 0; i < facts->n_process; i++) {
		const Process *p = facts->process[i];

		if (!facts->tree || p->pid != facts->tree->root_pid || !p->ns || !p->ns->has_net)
			continue;
		r = add(&l, &room, p->ns->net, p->pid, 0);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < facts->n_process; i++) {
		const Process *p = facts->process[i];

		if (p->ns && p->ns->has_net) {
			r = add(&l, &room, p->ns->net, p->pid, 0);
			if (r < 0)
				return r;
		}
		for (size_t k = 0; k < p->n_thread; k++) {
			const Thread *t = p->thread[k];

			if (!t->ns || !t->ns->has_net)
				continue;
			r = add(&l, &room, t->ns->net, p->pid, t->tid);
			if (r < 0)
				return r;
		}
	}
	if (l.n > 0)
		qsort(l.netns, l.n, sizeof(*l.netns), by_ino);
	*ret = l;
	l = (struct netns_list){ 0 };
	return 0;
}

void
netns_list_free(struct netns_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->netns[i].fd >= 0)
			(void) close(l->netns[i].fd);
		root_close(&l->netns[i].proc);
	}
	free(l->netns);
	*l = (struct netns_list){ 0 };
}

static bool
is_own(const struct root *root, uint64_t ino)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	struct statx st;

	return root_sub(root, "/proc/self", &self) == 0 &&
	       root_magic_statx(&self, "ns/net", &st) == 0 && st.stx_ino == ino;
}

int
netns_hold(const struct root *root, struct netns *n)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	struct stat st;
	int r;

	if (n->tid > 0)
		(void) snprintf(path, sizeof(path), "/proc/%d/task/%d", n->pid, n->tid);
	else
		(void) snprintf(path, sizeof(path), "/proc/%d", n->pid);
	r = root_sub(root, path, &n->proc);
	if (r < 0)
		return r;
	if (root->recorded)
		return 0;
	fd = root_magic_open(&n->proc, "ns/net", O_RDONLY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != n->ino)
		return -ESTALE;
	n->own = is_own(root, n->ino);
	if (!n->own)
		n->fd = steal_fd(&fd);
	return 0;
}

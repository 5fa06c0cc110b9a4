/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash tables over the source, built once a check, so that each look-up of a rule is O(1).
 * Where a snapshot names a thing twice, the first one stands.
 */
#include "checker/index.h"
#include "checker/mounts-index.h"
#include "checker/table.h"
#include "base/text.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { TCP_STATE_LISTEN = 10 };

struct tree_index {
	struct mounts_index mounts;
	const Snapshot *source;
	const Process **process;	/* by pid */
	size_t n_process;
	const Process *root;
	struct table by_pid, by_tid, socket, socket_fd, master, mount, ns, listener, pending;
	struct table fd, fd_inode;	/* of processes that hold an epoll */
};

static int
by_pid(const void *a, const void *b)
{
	const Process *x = *(const Process *const *) a, *y = *(const Process *const *) b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static uint64_t
hash_listener(uint32_t port, uint64_t netns)
{
	return hash_number(hash_number(netns) + port);
}

static bool
is_listener(const Socket *s)
{
	return s->in_tree && s->protocol == IPPROTO_TCP && s->state == TCP_STATE_LISTEN &&
	       (s->family == SOCKET_FAMILY__SOCKET_INET || s->family == SOCKET_FAMILY__SOCKET_INET6);
}

static bool
is_master(const Fd *fd)
{
	return fd->terminal && fd->terminal->master && fd->terminal->has_index;
}

static void
add_fd(struct tree_index *t, const Process *p, const Fd *fd)
{
	if (fd->kind == FD_KIND__FD_SOCKET) {
		if (!index_socket_holder(t, fd->ino, NULL))
			table_add(&t->socket_fd, hash_number(fd->ino), fd, p);
	} else if (is_master(fd) && !index_terminal_master(t, fd->terminal->index)) {
		table_add(&t->master, hash_number(fd->terminal->index), fd, p);
	}
}

/* One listener a port and network namespace. */
static int
index_listeners(struct tree_index *t, struct arena *a)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < t->source->n_socket; i++)
		n += is_listener(t->source->socket[i]);
	r = table_init(&t->listener, a, n);
	for (size_t i = 0; r == 0 && i < t->source->n_socket; i++) {
		const Socket *s = t->source->socket[i];
		uint64_t hash = hash_listener(s->source_port, s->netns);

		if (is_listener(s) && !TABLE_FIND(&t->listener, hash, Socket,
						  found->source_port == s->source_port &&
						  found->netns == s->netns))
			table_add(&t->listener, hash, s, NULL);
	}
	return r;
}

/* Who waits to be accepted, by the number of its socket. */
static int
index_pending(struct tree_index *t, struct arena *a)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < t->source->n_socket; i++)
		n += t->source->socket[i]->n_pending;
	r = table_init(&t->pending, a, n);
	for (size_t i = 0; r == 0 && i < t->source->n_socket; i++) {
		const Socket *s = t->source->socket[i];

		for (size_t k = 0; k < s->n_pending; k++)
			if (!index_waits_at(t, s->pending[k]))
				table_add(&t->pending, hash_number(s->pending[k]), &s->pending[k], s);
	}
	return r;
}

static bool
holds_epoll(const Process *p)
{
	for (size_t i = 0; i < p->n_fd; i++)
		if (p->fd[i]->kind == FD_KIND__FD_EPOLL)
			return true;
	return false;
}

static uint64_t
hash_fd(const Process *p, uint64_t number)
{
	return hash_number(hash_number((uintptr_t) p) + number);
}

/* The first two of an inode: one of them may be the one that asks. */
static void
add_watched(struct tree_index *t, const Process *p, const Fd *fd)
{
	const Fd *first;

	if (!index_fd(t, p, fd->number))
		table_add(&t->fd, hash_fd(p, (uint32_t) fd->number), fd, p);
	if (!fd->has_ino)
		return;
	first = index_fd_of_inode(t, p, fd->ino, NULL);
	if (!first || !index_fd_of_inode(t, p, fd->ino, first))
		table_add(&t->fd_inode, hash_fd(p, fd->ino), fd, p);
}

/* What an epoll may watch. */
static int
index_watched(struct tree_index *t, struct arena *a)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < t->n_process; i++)
		n += holds_epoll(t->process[i]) ? t->process[i]->n_fd : 0;
	r = table_init(&t->fd, a, n);
	if (r == 0)
		r = table_init(&t->fd_inode, a, n);
	for (size_t i = 0; r == 0 && i < t->n_process; i++)
		if (holds_epoll(t->process[i]))
			for (size_t k = 0; k < t->process[i]->n_fd; k++)
				add_watched(t, t->process[i], t->process[i]->fd[k]);
	return r;
}

static int
index_tasks(struct tree_index *t, struct arena *a)
{
	size_t n_threads = 0, n_sockets = 0, n_masters = 0;
	int r;

	t->n_process = t->source->n_process;
	t->process = arena_alloc(a, t->n_process * sizeof(Process *));
	if (!t->process)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_process; i++)
		t->process[i] = t->source->process[i];
	if (t->n_process > 1)
		qsort(t->process, t->n_process, sizeof(*t->process), by_pid);

	for (size_t i = 0; i < t->n_process; i++) {
		n_threads += t->process[i]->n_thread;
		for (size_t k = 0; k < t->process[i]->n_fd; k++) {
			n_sockets += t->process[i]->fd[k]->kind == FD_KIND__FD_SOCKET;
			n_masters += is_master(t->process[i]->fd[k]);
		}
	}
	r = table_init(&t->by_pid, a, t->n_process);
	if (r == 0)
		r = table_init(&t->by_tid, a, n_threads);
	if (r == 0)
		r = table_init(&t->socket_fd, a, n_sockets);
	if (r == 0)
		r = table_init(&t->master, a, n_masters);
	if (r < 0)
		return r;

	for (size_t i = 0; i < t->n_process; i++) {
		const Process *p = t->process[i];

		if (!index_process(t, p->pid))
			table_add(&t->by_pid, hash_number((uint32_t) p->pid), p, NULL);
		for (size_t k = 0; k < p->n_thread; k++)
			if (!index_thread(t, p->thread[k]->tid, NULL))
				table_add(&t->by_tid, hash_number((uint32_t) p->thread[k]->tid), p->thread[k], p);
		for (size_t k = 0; k < p->n_fd; k++)
			add_fd(t, p, p->fd[k]);
	}
	return 0;
}

int
tree_index_new(struct arena *a, const Snapshot *source, struct tree_index **ret)
{
	struct tree_index *t;
	int r;

	t = arena_alloc(a, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->source = source;
	r = index_tasks(t, a);
	if (r == 0)
		r = index_watched(t, a);
	if (r == 0)
		r = index_listeners(t, a);
	if (r == 0)
		r = index_pending(t, a);
	if (r == 0)
		r = TABLE_FILL(&t->socket, a, source->socket, source->n_socket, hash_number(item->ino),
			       found->ino == item->ino);
	if (r == 0)
		r = TABLE_FILL(&t->mount, a, source->mount, source->n_mount,
			       hash_number(hash_number(item->mnt_ns) + item->id),
			       found->mnt_ns == item->mnt_ns && found->id == item->id);
	if (r == 0)
		r = mounts_index_fill(&t->mounts, a, source);
	if (r == 0)
		r = TABLE_FILL(&t->ns, a, source->ns, source->n_ns, hash_number(item->ino),
			       found->ino == item->ino && found->kind == item->kind);
	if (r < 0)
		return r;
	if (source->tree && source->tree->has_root_pid)
		t->root = index_process(t, source->tree->root_pid);
	*ret = t;
	return 0;
}

const Process *const *
index_processes(const struct tree_index *t, size_t *ret_n)
{
	*ret_n = t->n_process;
	return t->process;
}

const Process *
index_process(const struct tree_index *t, int pid)
{
	return TABLE_FIND(&t->by_pid, hash_number((uint32_t) pid), Process, found->pid == pid);
}

const struct mounts_index *
index_mounts(const struct tree_index *t)
{
	return &t->mounts;
}

const Process *
index_root(const struct tree_index *t)
{
	return t->root;
}

const Thread *
index_thread(const struct tree_index *t, int tid, const Process **ret_process)
{
	uint64_t hash = hash_number((uint32_t) tid), at = hash;
	const struct slot *s;

	for (s = table_next(&t->by_tid, hash, &at); s; s = table_next(&t->by_tid, hash, &at)) {
		const Thread *thread = s->value;

		if (thread->tid != tid)
			continue;
		if (ret_process)
			*ret_process = s->owner;
		return thread;
	}
	return NULL;
}

bool
index_terminal_master(const struct tree_index *t, uint32_t index)
{
	return TABLE_FIND(&t->master, hash_number(index), Fd, found->terminal->index == index) != NULL;
}

const Socket *
index_socket(const struct tree_index *t, uint64_t ino)
{
	return TABLE_FIND(&t->socket, hash_number(ino), Socket, found->ino == ino);
}

const Socket *
index_waits_at(const struct tree_index *t, uint64_t ino)
{
	uint64_t hash = hash_number(ino), at = hash;
	const struct slot *s;

	for (s = table_next(&t->pending, hash, &at); s; s = table_next(&t->pending, hash, &at))
		if (*(const uint32_t *) s->value == ino)
			return s->owner;
	return NULL;
}

bool
index_listens(const struct tree_index *t, uint32_t port, uint64_t netns)
{
	return TABLE_FIND(&t->listener, hash_listener(port, netns), Socket,
			  found->source_port == port && found->netns == netns) != NULL;
}

const Process *
index_socket_holder(const struct tree_index *t, uint64_t ino, const Fd **ret_fd)
{
	uint64_t hash = hash_number(ino), at = hash;
	const struct slot *s;

	for (s = table_next(&t->socket_fd, hash, &at); s; s = table_next(&t->socket_fd, hash, &at)) {
		const Fd *fd = s->value;

		if (fd->ino != ino)
			continue;
		if (ret_fd)
			*ret_fd = fd;
		return s->owner;
	}
	return NULL;
}

const Fd *
index_fd(const struct tree_index *t, const Process *p, int number)
{
	uint64_t hash = hash_fd(p, (uint32_t) number), at = hash;
	const struct slot *s;

	for (s = table_next(&t->fd, hash, &at); s; s = table_next(&t->fd, hash, &at))
		if (s->owner == p && ((const Fd *) s->value)->number == number)
			return s->value;
	return NULL;
}

const Fd *
index_fd_of_inode(const struct tree_index *t, const Process *p, uint64_t ino, const Fd *except)
{
	uint64_t hash = hash_fd(p, ino), at = hash;
	const struct slot *s;

	for (s = table_next(&t->fd_inode, hash, &at); s; s = table_next(&t->fd_inode, hash, &at))
		if (s->owner == p && s->value != except && ((const Fd *) s->value)->ino == ino)
			return s->value;
	return NULL;
}

const File *
index_file(const struct tree_index *t, bool has, uint32_t file)
{
	return has && file < t->source->n_file ? t->source->file[file] : NULL;
}

const Mount *
index_mount(const struct tree_index *t, uint64_t mnt_ns, uint32_t id)
{
	return TABLE_FIND(&t->mount, hash_number(hash_number(mnt_ns) + id), Mount,
			  found->mnt_ns == mnt_ns && found->id == id);
}

const Namespace *
index_ns(const struct tree_index *t, NamespaceKind kind, uint64_t ino)
{
	return TABLE_FIND(&t->ns, hash_number(ino), Namespace, found->ino == ino && found->kind == kind);
}

bool
index_dumps_ns(const struct tree_index *t, NamespaceKind kind, bool *ret_known)
{
	const CriuPlace *place = t->source->criu_place;
	uint64_t ours = t->root ? namespace_of(t->root->ns, kind) : 0;
	uint64_t criu = place ? namespace_of(place->ns, kind) : 0;

	*ret_known = ours && criu;
	return *ret_known && ours != criu;
}

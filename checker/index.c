/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash tables over two snapshots, built once a check, so that each look-up of a rule is O(1).
 * A table holds pointers into the snapshot under a hash; the look-up compares the thing itself.
 * Where a snapshot names a thing twice, the first one stands.
 */
#include "checker/index.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>

struct slot {
	uint64_t hash;
	const void *value;		/* NULL: empty */
	const void *owner;		/* a thread's process, a socket descriptor's process */
};

struct table {
	struct slot *slot;
	size_t mask;
};

struct tree_index {
	const Snapshot *source;
	const Process **process;	/* by pid */
	size_t n_process;
	const Process *root;
	struct table by_pid, by_tid, socket, socket_fd, master, mount, ns;
};

struct host_index {
	const Snapshot *destination;
	struct table path, pid, cgroup, module, tool, sysctl, config, feature, filesystem;
};

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	return x;
}

static uint64_t
hash_text(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; s && *s; s++)
		h = (h ^ (unsigned char) *s) * 0x100000001b3ULL;
	return mix(h);
}

static uint64_t
hash_cgroup(const char *controllers, const char *path)
{
	return mix(hash_text(controllers) * 31 + hash_text(path));
}

static bool
same_text(const char *a, const char *b)
{
	return a && b && streq(a, b);
}

/* Room for n things at half load at most. */
static int
table_init(struct table *t, struct arena *a, size_t n)
{
	size_t room = 8;

	while (room < n * 2)
		room *= 2;
	t->slot = arena_alloc(a, room * sizeof(*t->slot));
	if (!t->slot)
		return -ENOMEM;
	t->mask = room - 1;
	return 0;
}

static void
table_add(struct table *t, uint64_t hash, const void *value, const void *owner)
{
	size_t i = hash & t->mask;

	while (t->slot[i].value)
		i = (i + 1) & t->mask;
	t->slot[i] = (struct slot){ .hash = hash, .value = value, .owner = owner };
}

/* Steps through what has this hash, in the order added; *i starts as hash. NULL at the end. */
static const struct slot *
table_next(const struct table *t, uint64_t hash, uint64_t *i)
{
	for (;;) {
		const struct slot *s = &t->slot[*i & t->mask];

		if (!s->value)
			return NULL;
		(*i)++;
		if (s->hash == hash)
			return s;
	}
}

/* The first thing of the table for which `same` (an expression on `found`) holds. */
#define TABLE_FIND(table, hash_of, Type, same)                             \
	({                                                                 \
		uint64_t hash_ = (hash_of), at_ = hash_;                   \
		const struct slot *slot_;                                  \
		const Type *result_ = NULL;                                \
		while (!result_) {                                         \
			slot_ = table_next((table), hash_, &at_);          \
			if (!slot_)                                        \
				break;                                     \
			const Type *found = slot_->value;                  \
			if (same)                                          \
				result_ = found;                           \
		}                                                          \
		result_;                                                   \
	})

/* Fills one table from a repeated field. */
#define TABLE_FILL(table, arena, array, count, key)                        \
	({                                                                 \
		int r_ = table_init((table), (arena), (count));            \
		for (size_t i_ = 0; r_ == 0 && i_ < (count); i_++) {       \
			const typeof(**(array)) *item = (array)[i_];       \
			table_add((table), (key), item, NULL);             \
		}                                                          \
		r_;                                                        \
	})

static int
by_pid(const void *a, const void *b)
{
	const Process *x = *(const Process *const *) a, *y = *(const Process *const *) b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static bool
is_master(const Fd *fd)
{
	return fd->terminal && fd->terminal->master && fd->terminal->has_index;
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

		table_add(&t->by_pid, mix((uint32_t) p->pid), p, NULL);
		for (size_t k = 0; k < p->n_thread; k++)
			table_add(&t->by_tid, mix((uint32_t) p->thread[k]->tid), p->thread[k], p);
		for (size_t k = 0; k < p->n_fd; k++) {
			if (p->fd[k]->kind == FD_KIND__FD_SOCKET)
				table_add(&t->socket_fd, mix(p->fd[k]->ino), p->fd[k], p);
			else if (is_master(p->fd[k]))
				table_add(&t->master, mix(p->fd[k]->terminal->index), p->fd[k], p);
		}
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
		r = TABLE_FILL(&t->socket, a, source->socket, source->n_socket, mix(item->ino));
	if (r == 0)
		r = TABLE_FILL(&t->mount, a, source->mount, source->n_mount,
			       mix(mix(item->mnt_ns) + item->id));
	if (r == 0)
		r = TABLE_FILL(&t->ns, a, source->ns, source->n_ns, mix(item->ino));
	if (r < 0)
		return r;
	if (source->tree && source->tree->has_root_pid)
		t->root = index_process(t, source->tree->root_pid);
	*ret = t;
	return 0;
}

int
host_index_new(struct arena *a, const Snapshot *destination, struct host_index **ret)
{
	static const Host nothing = HOST__INIT;
	const Host *host = destination->host ? destination->host : &nothing;
	struct host_index *h;
	int r;

	h = arena_alloc(a, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->destination = destination;
	r = TABLE_FILL(&h->path, a, destination->path_answer, destination->n_path_answer,
		       hash_text(item->path));
	if (r == 0)
		r = TABLE_FILL(&h->pid, a, destination->pid_answer, destination->n_pid_answer,
			       mix((uint32_t) item->id));
	if (r == 0)
		r = TABLE_FILL(&h->cgroup, a, destination->cgroup_answer, destination->n_cgroup_answer,
			       hash_cgroup(item->controllers, item->path));
	if (r == 0)
		r = TABLE_FILL(&h->tool, a, host->tool, host->n_tool, hash_text(item->name));
	if (r == 0)
		r = TABLE_FILL(&h->module, a, host->modules ? host->modules->module : NULL,
			       host->modules ? host->modules->n_module : 0, hash_text(item->asked));
	if (r == 0)
		r = TABLE_FILL(&h->sysctl, a, host->kernel ? host->kernel->sysctl : NULL,
			       host->kernel ? host->kernel->n_sysctl : 0, hash_text(item->name));
	if (r == 0)
		r = TABLE_FILL(&h->config, a, host->kernel ? host->kernel->config : NULL,
			       host->kernel ? host->kernel->n_config : 0, hash_text(item->name));
	if (r == 0)
		r = TABLE_FILL(&h->feature, a, host->kernel ? host->kernel->feature : NULL,
			       host->kernel ? host->kernel->n_feature : 0, hash_text(item->name));
	if (r == 0)
		r = TABLE_FILL(&h->filesystem, a, host->filesystems ? host->filesystems->registered : NULL,
			       host->filesystems ? host->filesystems->n_registered : 0, hash_text(item));
	if (r < 0)
		return r;
	*ret = h;
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
	return TABLE_FIND(&t->by_pid, mix((uint32_t) pid), Process, found->pid == pid);
}

const Process *
index_root(const struct tree_index *t)
{
	return t->root;
}

const Thread *
index_thread(const struct tree_index *t, int tid, const Process **ret_process)
{
	uint64_t hash = mix((uint32_t) tid), at = hash;
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
	return TABLE_FIND(&t->master, mix(index), Fd, found->terminal->index == index) != NULL;
}

const Socket *
index_socket(const struct tree_index *t, uint64_t ino)
{
	return TABLE_FIND(&t->socket, mix(ino), Socket, found->ino == ino);
}

const Process *
index_socket_holder(const struct tree_index *t, uint64_t ino, const Fd **ret_fd)
{
	uint64_t hash = mix(ino), at = hash;
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

const File *
index_file(const struct tree_index *t, bool has, uint32_t file)
{
	return has && file < t->source->n_file ? t->source->file[file] : NULL;
}

const Mount *
index_mount(const struct tree_index *t, uint64_t mnt_ns, uint32_t id)
{
	return TABLE_FIND(&t->mount, mix(mix(mnt_ns) + id), Mount,
			  found->mnt_ns == mnt_ns && found->id == id);
}

const Namespace *
index_ns(const struct tree_index *t, NamespaceKind kind, uint64_t ino)
{
	return TABLE_FIND(&t->ns, mix(ino), Namespace, found->ino == ino && found->kind == kind);
}

uint64_t
namespace_of(const NamespaceSet *set, NamespaceKind kind)
{
	if (!set)
		return 0;
	switch (kind) {
	case NAMESPACE_KIND__NS_CGROUP:
		return set->cgroup;
	case NAMESPACE_KIND__NS_IPC:
		return set->ipc;
	case NAMESPACE_KIND__NS_MNT:
		return set->mnt;
	case NAMESPACE_KIND__NS_NET:
		return set->net;
	case NAMESPACE_KIND__NS_PID:
		return set->pid;
	case NAMESPACE_KIND__NS_TIME:
		return set->time;
	case NAMESPACE_KIND__NS_USER:
		return set->user;
	case NAMESPACE_KIND__NS_UTS:
		return set->uts;
	default:
		return 0;
	}
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

const PathAnswer *
index_path(const struct host_index *h, const char *path)
{
	return TABLE_FIND(&h->path, hash_text(path), PathAnswer, same_text(found->path, path));
}

const PidAnswer *
index_pid(const struct host_index *h, int id)
{
	return TABLE_FIND(&h->pid, mix((uint32_t) id), PidAnswer, found->id == id);
}

const CgroupAnswer *
index_cgroup(const struct host_index *h, const char *controllers, const char *path)
{
	return TABLE_FIND(&h->cgroup, hash_cgroup(controllers, path), CgroupAnswer,
			  same_text(found->controllers, controllers) && same_text(found->path, path));
}

const Module *
index_module(const struct host_index *h, const char *asked)
{
	return TABLE_FIND(&h->module, hash_text(asked), Module, same_text(found->asked, asked));
}

const Tool *
index_tool(const struct host_index *h, const char *name)
{
	return TABLE_FIND(&h->tool, hash_text(name), Tool, same_text(found->name, name));
}

static const char *
setting_value(const struct table *t, const char *name)
{
	const Setting *s = TABLE_FIND(t, hash_text(name), Setting, same_text(found->name, name));

	return s ? s->value : NULL;
}

const char *
index_sysctl(const struct host_index *h, const char *name)
{
	return setting_value(&h->sysctl, name);
}

const char *
index_config(const struct host_index *h, const char *name)
{
	return setting_value(&h->config, name);
}

const Feature *
index_feature(const struct host_index *h, const char *name)
{
	return TABLE_FIND(&h->feature, hash_text(name), Feature, same_text(found->name, name));
}

bool
index_filesystem(const struct host_index *h, const char *name)
{
	return TABLE_FIND(&h->filesystem, hash_text(name), char, streq(found, name)) != NULL;
}

bool
index_same_host(const Snapshot *source, const Snapshot *destination)
{
	const Host *a = source->host, *b = destination ? destination->host : NULL;

	return a && b && same_text(a->boot_id, b->boot_id) && a->has_pid_ns && b->has_pid_ns &&
	       a->pid_ns == b->pid_ns;
}

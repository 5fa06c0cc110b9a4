/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces that the tree lives in, each once, and those that criu would run in:
 *
 *     net:[4026532302]   owned by user:[4026532300], seen through /proc/4211/ns/net
 *
 * Owner and parent come from ioctl_ns(2) on the link, opened for reading: it changes nothing
 * and enters nothing. What System V IPC objects there are can be read of our own namespace
 * alone, /proc/sysvipc; of others it stays unknown.
 */
#include "kernel/nslink.h"
#include "kernel/timens.h"
#include "light-dump/collectors.h"
#include "light-dump/procfile.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

enum { MAX_SYSVIPC = 16 * 1024 * 1024 };

static const struct link {
	const char *name;		/* below /proc/PID */
	NamespaceKind kind;
	size_t value, has;		/* in NamespaceSet */
} links[] = {
#define LINK(link, of, field) \
	{ link, of, offsetof(NamespaceSet, field), offsetof(NamespaceSet, has_##field) }
	LINK("ns/cgroup", NAMESPACE_KIND__NS_CGROUP, cgroup),
	LINK("ns/ipc", NAMESPACE_KIND__NS_IPC, ipc),
	LINK("ns/mnt", NAMESPACE_KIND__NS_MNT, mnt),
	LINK("ns/net", NAMESPACE_KIND__NS_NET, net),
	LINK("ns/pid", NAMESPACE_KIND__NS_PID, pid),
	LINK("ns/pid_for_children", NAMESPACE_KIND__NS_PID, pid_for_children),
	LINK("ns/time", NAMESPACE_KIND__NS_TIME, time),
	LINK("ns/time_for_children", NAMESPACE_KIND__NS_TIME, time_for_children),
	LINK("ns/user", NAMESPACE_KIND__NS_USER, user),
	LINK("ns/uts", NAMESPACE_KIND__NS_UTS, uts),
};

static uint64_t
ino_of(const NamespaceSet *set, const struct link *l)
{
	protobuf_c_boolean has;
	uint64_t ino;

	memcpy(&has, (const char *) set + l->has, sizeof(has));
	memcpy(&ino, (const char *) set + l->value, sizeof(ino));
	return has ? ino : 0;
}

static Namespace *
find(const Snapshot *s, NamespaceKind kind, uint64_t ino)
{
	for (size_t i = 0; i < s->n_ns; i++)
		if (s->ns[i]->kind == kind && s->ns[i]->ino == ino)
			return s->ns[i];
	return NULL;
}

/* ---- one namespace --------------------------------------------------------------------- */

/* The inode of the namespace that `request` leads to from `fd`: 0 or -errno. */
static int
related_ino(int fd, unsigned long request, uint64_t *ret)
{
	_cleanup_close_ int other = ioctl(fd, request);
	struct stat st;

	if (other < 0 || fstat(other, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static int
relations_read(const struct root *proc, const struct link *l, Namespace *ns)
{
	_cleanup_close_ int fd = root_magic_open(proc, l->name, O_RDONLY);
	struct stat st;
	uint64_t ino;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != ns->ino)
		return -ESTALE;
	/* EPERM: beyond the user namespace that we are in ourselves, or the first one of all. */
	if (l->kind == NAMESPACE_KIND__NS_USER || l->kind == NAMESPACE_KIND__NS_PID) {
		r = related_ino(fd, NS_GET_PARENT, &ino);
		if (r == 0)
			SET_FACT(ns, parent, ino);
		else if (r != -EPERM)
			return r;
	}
	if (l->kind == NAMESPACE_KIND__NS_USER)
		return 0;
	r = related_ino(fd, NS_GET_USERNS, &ino);
	if (r == 0)
		SET_FACT(ns, owner, ino);
	return r;
}

static int
id_maps_read(struct tree_context *c, const struct root *proc, Namespace *ns, struct buffer *text)
{
	struct arena *arena = c->snapshot->arena;
	int r;

	r = root_read(proc, "uid_map", text, MAX_PROC_FILE);
	if (r == 0)
		r = idmap_parse(buffer_slice(text), arena, &ns->uid_map, &ns->n_uid_map);
	if (r == 0)
		r = root_read(proc, "gid_map", text, MAX_PROC_FILE);
	if (r == 0)
		r = idmap_parse(buffer_slice(text), arena, &ns->gid_map, &ns->n_gid_map);
	return r;
}

/* The file speaks of the children's namespace: only where that is the same one. */
static int
clocks_read(const struct root *proc, const NamespaceSet *set, Namespace *ns, struct buffer *text)
{
	struct timens t;
	int r;

	if (set->time != set->time_for_children)
		return 0;
	r = root_read(proc, "timens_offsets", text, MAX_PROC_FILE);
	if (r == 0)
		r = timens_parse(buffer_slice(text), &t);
	if (r < 0)
		return r;
	SET_FACT(ns, monotonic_offset_ns, t.monotonic_ns);
	SET_FACT(ns, boottime_offset_ns, t.boottime_ns);
	return 0;
}

static void
gap(struct tree_context *c, int pid, int error, const char *what)
{
	if (pid > 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_NAMESPACES, "namespaces", pid,
			 procfile_error(c->root, pid, error), NULL, "/proc/%d/%s", pid, what);
	else
		gap_note(c->gaps, DOMAIN__DOMAIN_NAMESPACES, "namespaces", 0, error, NULL, "/proc/self/%s",
			 what);
}

static int
details_read(struct tree_context *c, const struct root *proc, const struct link *l,
	     const NamespaceSet *set, Namespace *ns, struct buffer *text)
{
	int pid = ns->has_member_pid ? ns->member_pid : 0, r;

	r = c->root->recorded ? 0 : relations_read(proc, l, ns);
	if (r < 0)
		gap(c, pid, r, l->name);
	if (l->kind == NAMESPACE_KIND__NS_USER) {
		r = id_maps_read(c, proc, ns, text);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap(c, pid, r, "uid_map");
	}
	if (l->kind == NAMESPACE_KIND__NS_TIME) {
		r = clocks_read(proc, set, ns, text);
		if (r < 0)
			gap(c, pid, r, "timens_offsets");
	}
	return 0;
}

/* ---- all of them ----------------------------------------------------------------------- */

/*
 * Records what `set` names and is not yet known. `folder` is /proc/PID of who lives there:
 * `pid`, or 0 for ourselves.
 */
static int
set_record(struct tree_context *c, const char *folder, int pid, const NamespaceSet *set,
	   const NamespaceSet *own, struct buffer *text)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_root_ struct root proc = ROOT_NONE;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		const struct link *l = &links[i];
		uint64_t ino = ino_of(set, l);
		Namespace *ns;

		if (ino == 0 || find(s, l->kind, ino))
			continue;
		ns = NEW_FACT(c->snapshot->arena, Namespace, namespace);
		if (!ns || ADD_FACT(c->snapshot->arena, s->ns, s->n_ns, ns) < 0)
			return -ENOMEM;
		SET_FACT(ns, kind, l->kind);
		SET_FACT(ns, ino, ino);
		if (pid > 0)
			SET_FACT(ns, member_pid, pid);
		SET_FACT(ns, of_criu, ino_of(own, l) == ino);
		if (proc.fd < 0)
			r = root_sub(c->root, folder, &proc);
		else
			r = 0;
		if (r == 0)
			r = details_read(c, &proc, l, set, ns, text);
		else
			gap(c, pid, r, l->name);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

/* The lines of a /proc/sysvipc file without its heading: 0 or -errno. */
static int
objects_count(struct tree_context *c, const char *path, struct buffer *text, uint32_t *ret)
{
	struct slice rest, line;
	uint32_t n = 0;
	int r;

	r = root_read(c->root, path, text, MAX_SYSVIPC);
	if (r < 0)
		return r;
	rest = buffer_slice(text);
	while (slice_line(&rest, &line))
		n++;
	*ret = n > 0 ? n - 1 : 0;
	return 0;
}

static void
sysv_read(struct tree_context *c, const NamespaceSet *own, struct buffer *text)
{
	Namespace *ns = find(c->snapshot->facts, NAMESPACE_KIND__NS_IPC, own->ipc);
	uint32_t segments, semaphores, queues;
	int r;

	if (!ns || !own->has_ipc)
		return;
	r = objects_count(c, "proc/sysvipc/shm", text, &segments);
	if (r == 0)
		r = objects_count(c, "proc/sysvipc/sem", text, &semaphores);
	if (r == 0)
		r = objects_count(c, "proc/sysvipc/msg", text, &queues);
	if (r < 0) {
		gap_note(c->gaps, DOMAIN__DOMAIN_NAMESPACES, "namespaces", 0, r, NULL, "/proc/sysvipc");
		return;
	}
	SET_FACT(ns, sysv_segments, segments);
	SET_FACT(ns, sysv_semaphores, semaphores);
	SET_FACT(ns, sysv_queues, queues);
}

/* Where we run: so would criu, unless the snapshot says where it would. */
static int
own_read(struct tree_context *c, NamespaceSet *ret)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	int r;

	r = root_sub(c->root, "proc/self", &self);
	return r < 0 ? r : nsset_read(&self, ret);
}

static int
process_record(struct tree_context *c, const Process *p, const NamespaceSet *own,
	       struct buffer *text)
{
	char folder[64];
	int r = 0;

	(void) snprintf(folder, sizeof(folder), "proc/%d", p->pid);
	if (p->ns)
		r = set_record(c, folder, p->pid, p->ns, own, text);
	for (size_t i = 0; r == 0 && i < p->n_thread; i++) {
		const Thread *t = p->thread[i];

		if (!t->ns)
			continue;
		(void) snprintf(folder, sizeof(folder), "proc/%d/task/%d", p->pid, t->tid);
		r = set_record(c, folder, p->pid, t->ns, own, text);
	}
	return r;
}

int
namespaces_collect(struct tree_context *c)
{
	const Snapshot *s = c->snapshot->facts;
	_cleanup_buffer_ struct buffer text = {};
	NamespaceSet own = NAMESPACE_SET__INIT, place;
	char folder[32] = "proc/self";
	int r;

	r = own_read(c, &own);
	if (r < 0)
		gap(c, 0, r, "ns");
	place = own;
	if (s->criu_place && s->criu_place->ns) {
		place = *s->criu_place->ns;
		(void) snprintf(folder, sizeof(folder), "proc/%d", s->criu_place->pid);
	}
	r = 0;
	/* The root first: of all members it is the one that is still there when the others change. */
	for (size_t i = 0; r == 0 && i < s->n_process; i++)
		if (s->tree && s->process[i]->pid == s->tree->root_pid)
			r = process_record(c, s->process[i], &place, &text);
	for (size_t i = 0; r == 0 && i < s->n_process; i++)
		r = process_record(c, s->process[i], &place, &text);
	if (r == 0)
		r = set_record(c, folder, 0, &place, &place, &text);
	if (r == 0 && !c->root->recorded)
		sysv_read(c, &own, &text);
	return r;
}

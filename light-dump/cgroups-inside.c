/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths of the tree's cgroups as its own cgroup namespace shows them. The kernel writes
 * them for whoever reads: the same file says
 *
 *     11:pids:/                   here
 *     11:pids:/..                 to a reader in a namespace with its root at /job
 *
 * and only the latter tells that the task was moved above that root. So a thread of ours enters
 * the namespace, reads, and ends; nobody in there notices.
 */
#include "kernel/cgroup.h"
#include "light-dump/collectors.h"
#include "light-dump/procfile.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>

static const char NAME[] = "cgroups-inside";

/* A thread of the tree that has a cgroup set, and the namespace it has it in. */
struct member {
	int pid, tid;
	uint64_t ns;
};

struct reading {
	int ns_fd;
	const struct root *task;
	struct buffer text;
	int r;
};

static void
cleanup_reading(struct reading *o)
{
	cleanup_close(&o->ns_fd);
	buffer_free(&o->text);
}

static void *
read_there(void *arg)
{
	struct reading *o = arg;

	o->r = setns(o->ns_fd, CLONE_NEWCGROUP) < 0 ? -errno :
						      root_read(o->task, "cgroup", &o->text, MAX_PROC_FILE);
	return NULL;
}

/* The text of the member's cgroup file for a reader in its namespace. 0 or -errno. */
static int
inside_read(const struct root *task, uint64_t ino, struct reading *o)
{
	pthread_t thread;
	struct stat st;
	int r;

	o->task = task;
	o->ns_fd = root_magic_open(task, "ns/cgroup", O_RDONLY);
	if (o->ns_fd < 0)
		return o->ns_fd;
	if (fstat(o->ns_fd, &st) < 0)
		return -errno;
	if (st.st_ino != ino)
		return -ESTALE;
	r = pthread_create(&thread, NULL, read_there, o);
	if (r > 0)
		return -r;
	r = pthread_join(thread, NULL);
	return r > 0 ? -r : o->r;
}

static Cgroup *
find(const Snapshot *s, const CgroupMembership *m)
{
	for (size_t i = 0; i < s->n_cgroup; i++)
		if (streq(s->cgroup[i]->controllers, m->controllers) && streq(s->cgroup[i]->path, m->path))
			return s->cgroup[i];
	return NULL;
}

/* Both texts have the hierarchies in the same order. */
static void
note(const Snapshot *s, const CgroupSet *here, const CgroupSet *inside)
{
	for (size_t i = 0; i < here->n_membership && i < inside->n_membership; i++) {
		Cgroup *g = find(s, here->membership[i]);

		if (g && streq(here->membership[i]->controllers, inside->membership[i]->controllers))
			g->inside_path = inside->membership[i]->path;
	}
}

static int
look(struct tree_context *c, const struct member *m, const CgroupSet *here)
{
	struct arena *arena = c->snapshot->arena;
	cleanup(cleanup_reading) struct reading o = { .ns_fd = -1 };
	_cleanup_root_ struct root task = ROOT_NONE;
	CgroupSet *inside = NEW_FACT(arena, CgroupSet, cgroup_set);
	char path[64];
	int r;

	(void) snprintf(path, sizeof(path), "/proc/%d/task/%d", m->pid, m->tid);
	r = inside ? root_sub(c->root, path, &task) : -ENOMEM;
	if (r == 0)
		r = inside_read(&task, m->ns, &o);
	if (r == 0)
		r = cgroup_parse((struct slice){ arena_memdup(arena, o.text.p, o.text.n), o.text.n },
				 arena, inside);
	if (r == 0)
		note(c->snapshot->facts, here, inside);
	return r;
}

static uint64_t
own_namespace(const struct root *root)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	struct statx st;

	if (root_sub(root, "/proc/self", &self) < 0 || root_magic_statx(&self, "ns/cgroup", &st) < 0)
		return 0;
	return st.stx_ino;
}

/* The first thread with each set that is not in our own namespace; pid 0: there is none. */
static void
members_find(const Snapshot *s, uint64_t own, struct member *member)
{
	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];

		for (size_t k = 0; k < p->n_thread; k++) {
			const Thread *t = p->thread[k];
			const NamespaceSet *ns = t->ns ? t->ns : p->ns;

			if (!t->has_cgroup_set || !ns || !ns->has_cgroup || ns->cgroup == own ||
			    member[t->cgroup_set].pid != 0)
				continue;
			member[t->cgroup_set] = (struct member){ p->pid, t->tid, ns->cgroup };
		}
	}
}

int
cgroups_inside_collect(struct tree_context *c)
{
	const Snapshot *s = c->snapshot->facts;
	_cleanup_free_ struct member *member = calloc(s->n_cgroup_set + 1, sizeof(*member));
	uint64_t own = own_namespace(c->root);
	int r;

	if (!member)
		return -ENOMEM;
	if (c->root->recorded || own == 0)
		return 0;
	members_find(s, own, member);
	for (size_t i = 0; i < s->n_cgroup_set; i++) {
		r = member[i].pid != 0 ? look(c, &member[i], s->cgroup_set[i]) : 0;
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENOENT && r != -ESRCH)
			gap_note(c->gaps, DOMAIN__DOMAIN_CGROUPS, NAME, member[i].pid, r, NULL,
				 "/proc/PID/cgroup, read in its own cgroup namespace");
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who else lives in the PID namespace that begins with the root of the tree: what came in from
 * outside (podman exec, nsenter) is a child of those who sent it, and no part of the tree.
 *
 *     /proc/28192/ns/pid -> pid:[4026532388]     28192 is the container's first process
 *     /proc/28333/ns/pid -> pid:[4026532388]     28333 has its parent outside
 */
#include "light-dump/collectors.h"

#include "kernel/nslink.h"
#include "kernel/stat.h"
#include "light-dump/join.h"
#include "light-dump/procfile.h"

#include <limits.h>

enum { MAX_ENTERED = 64 };		/* that are told of */

static bool
is_first_of_namespace(const Process *p)
{
	return p->ns && p->ns->pid && p->n_ns_pid > 1 && p->ns_pid[p->n_ns_pid - 1] == 1;
}

static bool
lives_in(const struct root *proc, uint64_t pid_ns)
{
	char text[PATH_MAX];
	NamespaceKind kind;
	uint64_t ino;

	return root_magic_readlink(proc, "ns/pid", text, sizeof(text)) >= 0 &&
	       nslink_parse(slice_of(text), &kind, &ino) == 0 && ino == pid_ns;
}

/* A child that the tree has had since it was walked is a newcomer, and no guest. */
static int
look_at(struct tree_context *c, const struct root *all, int pid, Process *first, struct buffer *text)
{
	const Snapshot *s = c->snapshot->facts;
	_cleanup_root_ struct root proc = ROOT_NONE;
	struct task_stat stat;
	Outsider *o;
	char name[16];

	(void) snprintf(name, sizeof(name), "%d", pid);
	if (root_sub(all, name, &proc) < 0 || !lives_in(&proc, first->ns->pid))
		return 0;
	if (procfile_read(&proc, "stat", text) < 0 || stat_parse(buffer_slice(text), &stat) < 0 ||
	    process_of_tree(s, stat.ppid))
		return 0;
	o = NEW_FACT(c->snapshot->arena, Outsider, outsider);
	if (!o)
		return -ENOMEM;
	SET_FACT(o, tie, TIE__TIE_PID_NAMESPACE);
	SET_FACT(o, pid, pid);
	o->comm = arena_strndup(c->snapshot->arena, stat.comm.p, stat.comm.n);
	if (!o->comm)
		return -ENOMEM;
	return ADD_FACT(c->snapshot->arena, first->outsider, first->n_outsider, o);
}

int
entered_collect(struct tree_context *c)
{
	const Snapshot *s = c->snapshot->facts;
	Process *first = s->tree ? process_of_tree(s, s->tree->root_pid) : NULL;
	_cleanup_root_ struct root all = ROOT_NONE;
	_cleanup_numbers_ struct numbers pids = { 0 };
	_cleanup_buffer_ struct buffer text = { 0 };
	int r;

	if (!first || !is_first_of_namespace(first))
		return 0;
	r = root_sub(c->root, "proc", &all);
	if (r == 0)
		r = procfile_numbers(&all, ".", MAX_TASKS, &pids);
	for (size_t i = 0; r >= 0 && i < pids.n && first->n_outsider < MAX_ENTERED; i++)
		if (!process_of_tree(s, pids.number[i]))
			r = look_at(c, &all, pids.number[i], first, &text);
	return r < 0 ? r : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespaces that the processes of the tree live in, and the way into each.
 */
#pragma once

#include "base/root.h"
#include "facts/snapshot.h"

struct netns {
	uint64_t ino;
	int pid, tid;			/* a task of the tree that lives in it; tid 0: all of the process */
	int fd;				/* ns/net, opened; -1 where it is our own or cannot be entered */
	bool own;
	struct root proc;		/* /proc/PID (or its task/TID), held: its net/ is of that namespace */
};

struct netns_list {
	struct netns *netns;		/* by rising inode */
	size_t n;
};

/* Lists them; none is opened. 0 or -ENOMEM. */
int netns_list_make(const Snapshot *facts, struct netns_list *ret);
void netns_list_free(struct netns_list *l);

/*
 * Holds the task's folder and, of another namespace than ours, opens the namespace, which is
 * checked to be the one listed. 0 or -errno: without `proc` nothing of it can be learned;
 * -ESTALE when the task has changed its namespace. A recorded root has no namespace to enter.
 */
int netns_hold(const struct root *root, struct netns *n);

static inline void
cleanup_netns_list(struct netns_list *l)
{
	netns_list_free(l);
}
#define _cleanup_netns_list_ cleanup(cleanup_netns_list)

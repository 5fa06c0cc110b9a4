/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in snapshots that many rules share, built once a check: O(1) each. Results are NULL
 * where there is no such thing. All pointers are into the snapshots.
 */
#pragma once

#include "facts/namespaces.h"
#include "facts/snapshot.h"
#include <stdbool.h>

struct tree_index;
struct host_index;
struct mounts_index;

int tree_index_new(struct arena *a, const Snapshot *source, struct tree_index **ret);
int host_index_new(struct arena *a, const Snapshot *destination, struct host_index **ret);

/* All processes, by pid: the order in which the engine walks them. */
const Process *const *index_processes(const struct tree_index *t, size_t *ret_n);
const Process *index_process(const struct tree_index *t, int pid);
const Process *index_root(const struct tree_index *t);		/* the root of the tree */
const Thread *index_thread(const struct tree_index *t, int tid, const Process **ret_process);
const Socket *index_socket(const struct tree_index *t, uint64_t ino);
/* The first process, by pid, that holds the socket, and its descriptor. */
const Process *index_socket_holder(const struct tree_index *t, uint64_t ino, const Fd **ret_fd);
/* The unix listener, of the tree or not, at which this socket waits to be accepted. */
const Socket *index_waits_at(const struct tree_index *t, uint64_t ino);
/* Whether a TCP socket of the tree listens on the port in this network namespace (0: not known). */
bool index_listens(const struct tree_index *t, uint32_t port, uint64_t netns);
/* Whether the tree holds the master of this pseudo terminal. */
bool index_terminal_master(const struct tree_index *t, uint32_t index);
/* Descriptors of a process that holds an epoll: by number; the first but one of an inode. */
const Fd *index_fd(const struct tree_index *t, const Process *p, int number);
const Fd *index_fd_of_inode(const struct tree_index *t, const Process *p, uint64_t ino, const Fd *except);
const File *index_file(const struct tree_index *t, bool has, uint32_t file);
/* Mounts by place, device and peer group: mounts-index.h. */
const struct mounts_index *index_mounts(const struct tree_index *t);
const Mount *index_mount(const struct tree_index *t, uint64_t mnt_ns, uint32_t id);
const Namespace *index_ns(const struct tree_index *t, NamespaceKind kind, uint64_t ino);

/*
 * Whether criu would dump this kind of namespace: the root task's differs from that of the
 * place where criu will run (criu-facts, part 0). False also where either is not known:
 * then *ret_known is false.
 */
bool index_dumps_ns(const struct tree_index *t, NamespaceKind kind, bool *ret_known);

/*
 * What is at a path of the tree, links followed; NULL: it was not asked. A host that was asked for whole folders
 * (probe --paths) answers for what is not in them, too. The second: a link itself. The third: a path of the host
 * itself (a mount's source, an overlay's layer).
 */
const PathAnswer *index_path(const struct host_index *h, const char *path);
const PathAnswer *index_path_itself(const struct host_index *h, const char *path);
const PathAnswer *index_host_path(const struct host_index *h, const char *path);
const PidAnswer *index_pid(const struct host_index *h, int id);
const CgroupAnswer *index_cgroup(const struct host_index *h, const char *controllers, const char *path);
const UnixAnswer *index_unix(const struct host_index *h, ProtobufCBinaryData name);
/* The sockets of this protocol bound to this port: how many, and the first of them. */
size_t index_port(const struct host_index *h, uint32_t protocol, uint32_t port,
		  const HostSocket *const **ret);
/* Whether the host has told of all that is bound to this port: it looked at all, or was asked. */
bool index_tells_port(const struct host_index *h, uint32_t protocol, uint32_t port);
const Module *index_module(const struct host_index *h, const char *asked);
const Tool *index_tool(const struct host_index *h, const char *name);
const char *index_sysctl(const struct host_index *h, const char *name);
const char *index_config(const struct host_index *h, const char *name);
const Feature *index_feature(const struct host_index *h, const char *name);
bool index_filesystem(const struct host_index *h, const char *name);

/* Whether source and destination are the same running machine with the same pid namespace. */
bool index_same_host(const Snapshot *source, const Snapshot *destination);

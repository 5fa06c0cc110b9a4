/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which namespaces a task lives in: the links of /proc/PID/ns, namespaces(7); and the id maps
 * of user namespaces, user_namespaces(7).
 */
#pragma once

#include "base/root.h"
#include "facts/snapshot.h"

/* "net:[4026531840]": 0, or -EINVAL when it is no such text. */
int nslink_parse(struct slice text, NamespaceKind *ret_kind, uint64_t *ret_ino);

/*
 * Reads the links of a held /proc/PID or /proc/PID/task/TID folder into *ret, which was
 * initialised. Links that are not there (an old kernel, a zombie) stay absent. 0, or the first
 * other -errno.
 */
int nsset_read(const struct root *proc_pid, NamespaceSet *ret);

/*
 * The same for a thread that is not the leader, of whose process *leader is: only the
 * namespaces that a thread can enter alone are read, the rest is taken from the leader.
 */
int nsset_read_thread(const struct root *proc_tid, const NamespaceSet *leader, NamespaceSet *ret);

bool nsset_equal(const NamespaceSet *a, const NamespaceSet *b);

/* Appends the lines of uid_map or gid_map. 0, -EBADMSG or -ENOMEM. */
int idmap_parse(struct slice text, struct arena *arena, IdRange ***range, size_t *n);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what the workers read to one snapshot.
 */
#pragma once

#include "light-dump/worker.h"

/*
 * Puts the processes of `record` (n of them, sorted by pid) into the snapshot: their files and
 * cgroup sets get the snapshot's indexes, in the order of their first use, and the files how
 * they are used; equal gaps of many tasks become one. The memory stays the workers'. 0 or
 * -ENOMEM.
 */
int join_records(struct snapshot *s, struct record *const *record, size_t n);

/* The process of the tree with this pid, after the join: they stand in the order of pids. NULL: none. */
Process *process_of_tree(const Snapshot *s, int pid);

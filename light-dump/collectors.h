/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions behind the rows of collectors.c. Each returns 0 or -errno; with an error the
 * runner notes a gap under the row's domain and goes on.
 */
#pragma once

#include "light-dump/collector.h"

/* A thread: tid_proc and thread are set. */
int threads_collect(struct task_context *c);
int thread_namespaces_collect(struct task_context *c);
int thread_cgroups_collect(struct task_context *c);
int labels_collect(struct task_context *c);
int vector_use_collect(struct task_context *c);
int calls_collect(struct task_context *c);

/* A process. */
int identity_collect(struct task_context *c);
int limits_collect(struct task_context *c);
int timers_collect(struct task_context *c);
int auxv_collect(struct task_context *c);
int id_maps_collect(struct task_context *c);
int paths_collect(struct task_context *c);
int fds_collect(struct task_context *c);
int mappings_collect(struct task_context *c);

/* The tree. */
int sharing_collect(struct tree_context *c);
int mounts_collect(struct tree_context *c);
int mount_contents_collect(struct tree_context *c);
int namespaces_collect(struct tree_context *c);
int sockets_collect(struct tree_context *c);
int states_collect(struct tree_context *c);
int passing_collect(struct tree_context *c);
int netdevs_collect(struct tree_context *c);
int cgroups_collect(struct tree_context *c);
int cgroups_inside_collect(struct tree_context *c);
int within_collect(struct tree_context *c);
int watches_collect(struct tree_context *c);
int outside_collect(struct tree_context *c);
int outside_memory_collect(struct tree_context *c);
int kin_collect(struct tree_context *c);
int entered_collect(struct tree_context *c);
int files_collect(struct tree_context *c);
int reaped_collect(struct tree_context *c);

/* Frees what was kept to be seen again. */
void passing_end(struct tree_context *c);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes that the table in probes.c names, one file each. All return 0 or -errno; the
 * runner makes a gap of an error.
 */
#pragma once

#include "probes/probe.h"

int identity_ask(struct probe_context *c);
int cpu_ask(struct probe_context *c);
int kernel_ask(struct probe_context *c);
int sysctls_ask(struct probe_context *c);
int features_ask(struct probe_context *c);
int modules_ask(struct probe_context *c);
int memory_ask(struct probe_context *c);
int security_ask(struct probe_context *c);
int tools_ask(struct probe_context *c);
int place_ask(struct probe_context *c);
int cgroups_ask(struct probe_context *c);
int pids_ask(struct probe_context *c);
int filesystems_ask(struct probe_context *c);
int mount_options_ask(struct probe_context *c);
int paths_ask(struct probe_context *c);
int path_locks_ask(struct probe_context *c);
int net_ask(struct probe_context *c);
int routes_ask(struct probe_context *c);
int unix_names_ask(struct probe_context *c);
int terminals_ask(struct probe_context *c);
int rehearse_ask(struct probe_context *c);

/* Not in the table: asked for by --paths. */
int paths_ask_themselves(struct probe_context *c);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rulesets, one a file rules-NAME.c, which ends with its own. rulesets.c lists them.
 */
#pragma once

#include "checker/rule.h"

extern const struct ruleset rules_criu;
extern const struct ruleset rules_privileges;
extern const struct ruleset rules_outside;
extern const struct ruleset rules_options;
extern const struct ruleset rules_programs;
extern const struct ruleset rules_tasks;
extern const struct ruleset rules_signals;
extern const struct ruleset rules_tree;
extern const struct ruleset rules_attributes;
extern const struct ruleset rules_namespaces;
extern const struct ruleset rules_mappings;
extern const struct ruleset rules_file_mounts;
extern const struct ruleset rules_files;
extern const struct ruleset rules_locks;
extern const struct ruleset rules_descriptors;
extern const struct ruleset rules_pipes;
extern const struct ruleset rules_events;
extern const struct ruleset rules_terminals;
extern const struct ruleset rules_sockets;
extern const struct ruleset rules_socket_dups;
extern const struct ruleset rules_tcp;
extern const struct ruleset rules_unix;
extern const struct ruleset rules_unix_queues;
extern const struct ruleset rules_mounts;
extern const struct ruleset rules_mount_trees;
extern const struct ruleset rules_netdevs;
extern const struct ruleset rules_dst_cpu;
extern const struct ruleset rules_dst_fpu;
extern const struct ruleset rules_dst_abi;
extern const struct ruleset rules_dst_pids;
extern const struct ruleset rules_dst_files;
extern const struct ruleset rules_dst_locks;
extern const struct ruleset rules_dst_paths;
extern const struct ruleset rules_dst_ghosts;
extern const struct ruleset rules_dst_cgroups;
extern const struct ruleset rules_dst_limits;
extern const struct ruleset rules_dst_ports;
extern const struct ruleset rules_dst_names;
extern const struct ruleset rules_dst_net;
extern const struct ruleset rules_dst_settings;
extern const struct ruleset rules_dst_mounts;
extern const struct ruleset rules_dst_routes;
extern const struct ruleset rules_dst_memory;
extern const struct ruleset rules_space;
extern const struct ruleset rules_dst_build;
extern const struct ruleset rules_dst_kernel;
extern const struct ruleset rules_dst_features;
extern const struct ruleset rules_dst_namespaces;
extern const struct ruleset rules_dst_host;
extern const struct ruleset rules_rehearsal;

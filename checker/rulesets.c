/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rules there are, in the order of the report: what criu dump does with the source first,
 * then what the restore needs of the destination.
 */
#include "checker/rulesets.h"
#include "base/cleanup.h"
#include "base/text.h"

const struct ruleset *const rulesets[] = {
	&rules_criu,
	&rules_privileges,
	&rules_options,
	&rules_programs,
	&rules_tasks,
	&rules_signals,
	&rules_tree,
	&rules_outside,
	&rules_attributes,
	&rules_namespaces,
	&rules_mappings,
	&rules_file_mounts,
	&rules_files,
	&rules_locks,
	&rules_descriptors,
	&rules_pipes,
	&rules_events,
	&rules_terminals,
	&rules_sockets,
	&rules_socket_dups,
	&rules_tcp,
	&rules_unix,
	&rules_unix_queues,
	&rules_mounts,
	&rules_mount_trees,
	&rules_netdevs,
	&rules_dst_host,
	&rules_dst_build,
	&rules_dst_kernel,
	&rules_dst_features,
	&rules_dst_namespaces,
	&rules_dst_mounts,
	&rules_dst_cpu,
	&rules_dst_fpu,
	&rules_dst_abi,
	&rules_dst_files,
	&rules_dst_paths,
	&rules_dst_locks,
	&rules_dst_ghosts,
	&rules_dst_pids,
	&rules_dst_cgroups,
	&rules_dst_limits,
	&rules_dst_ports,
	&rules_dst_names,
	&rules_dst_net,
	&rules_dst_settings,
	&rules_dst_routes,
	&rules_dst_memory,
	&rules_space,
	&rules_rehearsal,
};
const size_t n_rulesets = ARRAY_SIZE(rulesets);

const struct rule *
rule_find(const char *id)
{
	for (size_t i = 0; i < n_rulesets; i++)
		for (size_t k = 0; k < rulesets[i]->n; k++)
			if (streq(rulesets[i]->rules[k].id, id))
				return &rulesets[i]->rules[k];
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rules there are, in the order of the report: what criu dump does with the source first,
 * then what the restore needs of the destination.
 */
#include "checker/rulesets.h"
#include "base/cleanup.h"
#include "base/text.h"

const struct ruleset *const rulesets[] = {
	&rules_tasks,
	&rules_tree,
	&rules_attributes,
	&rules_namespaces,
	&rules_mappings,
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

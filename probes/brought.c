/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tree brings: see brought.h.
 */
#include "probes/brought.h"

#include "facts/namespaces.h"

static const NamespaceSet *
namespaces_of_root(const Snapshot *source)
{
	for (size_t i = 0; source->tree && source->tree->has_root_pid && i < source->n_process; i++)
		if (source->process[i]->pid == source->tree->root_pid)
			return source->process[i]->ns;
	return NULL;
}

bool
brought_along(const Snapshot *source, NamespaceKind kind)
{
	uint64_t theirs = namespace_of(namespaces_of_root(source), kind);
	uint64_t place = source->criu_place ? namespace_of(source->criu_place->ns, kind) : 0;

	return theirs != 0 && place != 0 && theirs != place;
}

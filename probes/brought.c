/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tree brings: see brought.h.
 */
#include "probes/brought.h"

static uint64_t
inode_of(const NamespaceSet *set, NamespaceKind kind)
{
	switch (kind) {
	case NAMESPACE_KIND__NS_CGROUP:
		return set->cgroup;
	case NAMESPACE_KIND__NS_IPC:
		return set->ipc;
	case NAMESPACE_KIND__NS_MNT:
		return set->mnt;
	case NAMESPACE_KIND__NS_NET:
		return set->net;
	case NAMESPACE_KIND__NS_PID:
		return set->pid;
	case NAMESPACE_KIND__NS_TIME:
		return set->time;
	case NAMESPACE_KIND__NS_USER:
		return set->user;
	case NAMESPACE_KIND__NS_UTS:
		return set->uts;
	default:
		return 0;
	}
}

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
	const NamespaceSet *root = namespaces_of_root(source);
	const NamespaceSet *criu = source->criu_place ? source->criu_place->ns : NULL;
	uint64_t theirs = root ? inode_of(root, kind) : 0;
	uint64_t place = criu ? inode_of(criu, kind) : 0;

	return theirs != 0 && place != 0 && theirs != place;
}

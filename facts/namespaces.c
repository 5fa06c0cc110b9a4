/* SPDX-License-Identifier: Apache-2.0 */
/* Which field of a set holds which kind: see namespaces.h. */
#include "facts/namespaces.h"

uint64_t
namespace_of(const NamespaceSet *set, NamespaceKind kind)
{
	if (!set)
		return 0;
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

bool
namespace_is_there(const NamespaceSet *set, NamespaceKind kind)
{
	if (namespace_of(set, kind))
		return true;
	if (!set)
		return false;
	/* Of these a profile in a pool does not tell the number: facts/moment.h. */
	switch (kind) {
	case NAMESPACE_KIND__NS_IPC:
		return set->has_ipc;
	case NAMESPACE_KIND__NS_MNT:
		return set->has_mnt;
	case NAMESPACE_KIND__NS_NET:
		return set->has_net;
	case NAMESPACE_KIND__NS_PID:
		return set->has_pid;
	case NAMESPACE_KIND__NS_UTS:
		return set->has_uts;
	default:
		return false;
	}
}

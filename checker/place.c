/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where criu would run, and what it may do there: see place.h.
 *
 *     CapInh 0, CapBnd 000001fffeffffff, user 0     after exec(2): all but cap_sys_resource
 */
#include "checker/place.h"

#include "base/cleanup.h"

static const char *const capability_names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
	"setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
	"ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
	"lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
	"wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};

const CriuPlace *
place_here(const struct judge *j)
{
	return j->source->criu_place;
}

static const CriuPlace *
place_there(const struct judge *j)
{
	return j->destination ? j->destination->criu_place : NULL;
}

const Credentials *
place_there_credentials(const struct judge *j)
{
	const CriuPlace *place = place_there(j);
	const Host *host = j->destination ? j->destination->host : NULL;

	if (place && place->credentials)
		return place->credentials;
	return host && host->security ? host->security->own : NULL;
}

static bool
capabilities_of(const CriuPlace *place, const Credentials *c, uint64_t *ret)
{
	bool root = c && c->has_euid && c->euid == 0;

	if (!c || (!c->has_cap_bounding && !c->has_cap_effective))
		return false;
	if (!c->has_cap_bounding || (c->has_cap_effective && !root && place && place->given)) {
		*ret = c->cap_effective;
		return true;
	}
	*ret = c->cap_bounding | c->cap_inheritable;
	if (root && c->no_new_privs && c->has_cap_permitted)	/* capabilities(7): exec adds nothing then */
		*ret &= c->cap_permitted;
	return true;
}

bool
place_capabilities_here(const struct judge *j, uint64_t *ret)
{
	const CriuPlace *place = place_here(j);

	return capabilities_of(place, place ? place->credentials : NULL, ret);
}

bool
place_capabilities_there(const struct judge *j, uint64_t *ret)
{
	return capabilities_of(place_there(j), place_there_credentials(j), ret);
}

const char *
place_there_file(struct judge *j)
{
	const CriuPlace *place = place_there(j);

	return place && place->given ? judge_text(j, "/proc/%d/status", place->pid) : "/proc/self/status";
}

const char *
place_name(struct judge *j, const CriuPlace *place)
{
	return judge_text(j, "criu, started from %s %d", place->comm ? place->comm : "?", place->pid);
}

const char *
capability_name(struct judge *j, unsigned int number)
{
	return number < ARRAY_SIZE(capability_names) ? judge_text(j, "cap_%s", capability_names[number]) :
						       judge_text(j, "cap_%u", number);
}

const char *
capability_list(struct judge *j, uint64_t set)
{
	const char *list = NULL;

	for (unsigned int i = 0; i < 64; i++)
		if (set >> i & 1)
			list = list ? judge_text(j, "%s %s", list, capability_name(j, i)) :
				      capability_name(j, i);
	return list ? list : "none";
}

bool
place_of_socket_is_probed(const struct judge *j, const Socket *s)
{
	const CriuPlace *place = place_here(j);
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_NET) : 0;
	bool known;

	if (s->has_netns && of_criu)
		return s->netns == of_criu;
	return !index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known);
}

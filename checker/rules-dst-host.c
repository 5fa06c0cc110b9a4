/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the destination must have beside its kernel: CRIU and the programs it runs, the
 * capabilities that a restored task gets back, and the security module that knows its label.
 *
 *     criu            /usr/sbin/criu   Version: 4.2.1
 *     CapBnd of criu  000001fffeffffff (no cap_sys_resource)
 *     nginx 4211      CapPrm 000001ffffffffff, label "docker-default (enforce)"
 */
#include "checker/place.h"
#include "checker/presence.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

static const Security *
security_of(const Snapshot *s)
{
	return s->host ? s->host->security : NULL;
}

static enum judgement
criu_present(struct judge *j, const struct subject *s)
{
	const Tool *t = index_tool(j->there, "criu");
	const Header *h = j->destination->header;
	const char *named = h ? h->criu_path : NULL;
	struct finding *f;

	(void) s;
	if (!t || !t->has_state || t->state == TOOL_STATE__TOOL_CANNOT_TELL)
		return judge_unknown(j, true, DOMAIN__DOMAIN_TOOLS, "criu", "whether it is there and starts");
	if (t->state == TOOL_STATE__TOOL_RUNS)
		return FINE;
	if (t->state == TOOL_STATE__TOOL_MISSING && !named) {
		judge_require(j, REQUIRE_INSTALL, STAGE_RESTORE, "criu", "not found in PATH");
		return FINE;
	}
	f = judge_find(j, named ? named : "criu", NULL,
		       t->state == TOOL_STATE__TOOL_MISSING ? "not there" :
		       judge_text(j, "does not start: %s", t->error ? t->error : "it failed"));
	f->there_from = t->path;
	if (t->path)
		f->command = quote_command(j, t->path, "check", NULL);
	return FINDING;
}

/* "Version: 4.2.1" as a number that compares; 0 where it is not one. */
static uint64_t
version_number(const Tool *t)
{
	struct slice rest = slice_of(t && t->version ? t->version : ""), part;
	uint64_t version = 0;
	unsigned int parts = 0;
	uint32_t n;

	slice_cut(&rest, "Version:");
	rest = slice_trim(rest);
	while (parts < 3 && slice_field(&rest, '.', &part)) {
		if (parse_u32(part, 10, &n) < 0 || n > 0xffff)
			break;
		version = version << 16 | n;
		parts++;
	}
	return parts ? version << (16 * (3 - parts)) : 0;
}

static enum judgement
criu_version(struct judge *j, const struct subject *s)
{
	const Tool *here = index_tool(j->here, "criu"), *there = index_tool(j->there, "criu");
	uint64_t own = version_number(here), other = version_number(there);
	struct finding *f;

	(void) s;
	if (!own || !other)
		return NOT_ABOUT;
	if (other >= own)
		return FINE;
	f = judge_find(j, "criu", here->version, there->version);
	f->here_from = here->path;
	f->there_from = there->path;
	return FINDING;
}

/* What is judged was read out of this one, and is held against it. */
static enum judgement
criu_older(struct judge *j, const struct subject *s)
{
	const uint64_t judged = UINT64_C(4) << 32 | 2 << 16;
	const Tool *here = index_tool(j->here, "criu"), *there = index_tool(j->there, "criu");
	uint64_t own = version_number(here), other = version_number(there);
	struct finding *f;

	(void) s;
	if (!own && !other)
		return NOT_ABOUT;
	if ((!own || own >= judged) && (!other || other >= judged))
		return FINE;
	f = judge_find(j, "criu", own ? here->version : NULL, other ? there->version : NULL);
	f->here_from = own ? here->path : NULL;
	f->there_from = other ? there->path : NULL;
	return FINDING;
}

/*
 * criu 4.2 gives up at its start where it cannot even ask about nftables; a kernel that answers that it
 * has none will do. What nf_tables is built on comes with it.
 */
static enum judgement
criu_nftables(struct judge *j, const struct subject *s)
{
	const Module *m = index_module(j->there, "nfnetlink");
	const Tool *t = index_tool(j->there, "criu");
	struct finding *f;

	(void) s;
	if (presence_of_module(j->there, "nf_tables") == PRESENCE_HERE)
		return FINE;
	if (!m || m->state == MODULE_STATE__MODULE_CANNOT_TELL)
		return judge_unknown(j, true, DOMAIN__DOMAIN_MODULES, "nfnetlink", "whether the kernel has it");
	if (m->state != MODULE_STATE__MODULE_ABSENT)
		return FINE;
	f = judge_find(j, "nfnetlink", NULL, "no such module");
	f->there_from = m->seen;
	if (version_number(t) && version_number(t) < ((uint64_t) 4 << 32)) {
		f->severity = SEVERITY_WARNING;
		f->detail = "This CRIU is older than those that are known to need it.";
	}
	return FINDING;
}

static enum judgement
caps(struct judge *j, const struct subject *s)
{
	const Credentials *c = s->thread->credentials;
	uint64_t held, missing, there;
	struct finding *f;
	bool known;

	if (!c || !c->has_cap_permitted || index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	if (!place_capabilities_there(j, &there))
		return judge_unknown(j, true, DOMAIN__DOMAIN_SECURITY, "capabilities",
				     "the bounding set of the destination");
	held = c->cap_permitted | c->cap_inheritable | c->cap_effective;
	missing = held & ~there;
	if (!missing)
		return FINE;
	f = judge_find(j, capability_list(j, missing), "permitted", "not in the bounding set");
	f->here_from = judge_text(j, "/proc/%d/status", s->process->pid);
	f->there_from = place_there_file(j);
	return FINDING;
}

static enum judgement
confined(struct judge *j, const struct subject *s)
{
	const Credentials *criu = place_there_credentials(j);
	struct finding *f;

	(void) s;
	if (!criu || !criu->has_seccomp)
		return NOT_ABOUT;
	if (criu->seccomp == 0)
		return FINE;
	f = judge_find(j, "seccomp", NULL, judge_text(j, "%u filters", criu->seccomp_filters));
	f->there_from = place_there_file(j);
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

/* The name of a label that criu stores; "" for none: "docker-default (enforce)" without its mode. */
static const char *
stored_label(struct judge *j, const Thread *t)
{
	const char *label = t->lsm_label, *mode;

	if (!label || !*label || slice_starts(slice_of(label), "unconfined") || streq(label, "kernel"))
		return "";
	mode = strstr(label, " (");
	return mode ? judge_text(j, "%.*s", (int) (mode - label), label) : label;
}

static enum judgement
lsm_type(struct judge *j, const struct subject *s)
{
	const Security *here = security_of(j->source), *there = security_of(j->destination);
	const char *label = stored_label(j, s->thread);
	bool apparmor = here && here->apparmor, selinux = here && here->selinux;
	struct finding *f;

	if (!*label || (!apparmor && !selinux))
		return NOT_ABOUT;
	if (!there || (apparmor ? !there->has_apparmor : !there->has_selinux))
		return judge_unknown(j, true, DOMAIN__DOMAIN_SECURITY, label, "its security modules");
	if (apparmor ? there->apparmor : there->selinux)
		return FINE;
	f = judge_find(j, label, apparmor ? "AppArmor" : "SELinux",
		       there->apparmor ? "AppArmor" : there->selinux ? "SELinux" : "neither");
	f->here_from = judge_text(j, "/proc/%d/attr/current", s->process->pid);
	f->there_from = "/sys/kernel/security/lsm";
	f->option = "--lsm-profile=none:";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

static enum judgement
lsm_profile(struct judge *j, const struct subject *s)
{
	const Security *here = security_of(j->source), *there = security_of(j->destination);
	const char *label = stored_label(j, s->thread);
	struct finding *f;

	if (!*label || !here || !here->apparmor || !there || !there->apparmor)
		return NOT_ABOUT;
	if (index_same_host(j->source, j->destination))
		return FINE;
	if (!there->n_apparmor_profile)
		return judge_unknown(j, true, DOMAIN__DOMAIN_SECURITY, label, "the profiles loaded there");
	for (size_t i = 0; i < there->n_apparmor_profile; i++)
		if (streq(there->apparmor_profile[i], label))
			return FINE;
	f = judge_find(j, label, "loaded", "not loaded");
	f->here_from = judge_text(j, "/proc/%d/attr/current", s->process->pid);
	f->there_from = "/sys/kernel/security/apparmor/profiles";
	f->option = "--lsm-profile=none:";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

/* A program that criu runs for what it restores; arg.text names it. */
static enum judgement
judge_tool(struct judge *j, const char *for_what)
{
	const char *name = j->rule->arg.text;
	const Tool *t = index_tool(j->there, name);
	struct finding *f;

	if (!t || !t->has_state || t->state == TOOL_STATE__TOOL_CANNOT_TELL)
		return judge_unknown(j, true, DOMAIN__DOMAIN_TOOLS, name, "whether it is there and starts");
	if (t->state == TOOL_STATE__TOOL_RUNS)
		return FINE;
	f = judge_find(j, name, for_what, t->state == TOOL_STATE__TOOL_MISSING ? "not found" :
		       t->error ? t->error : "does not start");
	f->there_from = t->path;
	return FINDING;
}

static enum judgement
tool_for_netns(struct judge *j, const struct subject *s)
{
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	return judge_tool(j, "a network namespace is restored");
}

static enum judgement
tool_for_tmpfs(struct judge *j, const struct subject *s)
{
	if (!s->mount->fs_type || !streq(s->mount->fs_type, "tmpfs") || !s->mount->root ||
	    !streq(s->mount->root, "/"))
		return NOT_ABOUT;
	return judge_tool(j, "a tmpfs is restored with its content");
}

#define OF_TOOLS NEEDS(DOMAIN__DOMAIN_TOOLS)
#define OF_SECURITY NEEDS(DOMAIN__DOMAIN_SECURITY)

static const struct rule rules[] = {
	{
		.id = "dst-criu-present",
		.title = "CRIU is not there, or does not start",
		.why = "It is what restores the tree.",
		.remedy = "install it there, or name it with --criu PATH; where it does not start, see "
			  "what `criu check` says",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It stays so until someone installs or mends it.",
		.about = ABOUT_HOST,
		.destination_needs = OF_TOOLS,
		.check = criu_present,
	},
	{
		.id = "dst-criu-version",
		.title = "the destination's CRIU is older than the source's",
		.why = "An older CRIU may ignore or refuse what a newer one has written.",
		.remedy = "install the same version of CRIU on both hosts",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A version stays until someone installs another.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_HOST,
		.destination_needs = OF_TOOLS,
		.check = criu_version,
	},
	{
		.id = "criu-older",
		.title = "CRIU is older than the one that migcheck judges (4.2)",
		.why = "An older CRIU refuses more: up to 4.1 it cannot dump TCP connections on Linux 6.16 and "
		       "later, and 3.17 does not even start on new kernels.",
		.remedy = "install CRIU 4.2 or later, or see what the old one says: criu check",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A version stays until someone installs another.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_HOST,
		.destination_needs = OF_TOOLS,
		.check = criu_older,
	},
	{
		.id = "dst-criu-nftables",
		.title = "the destination's kernel cannot be asked about nftables",
		.why = "CRIU built with nftables asks for sets of it at its start, over a netlink socket of "
		       "netfilter, and gives up where there is none.",
		.remedy = "install the kernel's modules, or a CRIU built without nftables",
		.criu_says = "kerndat_has_nftables_concat failed",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel or package.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_MODULES),
		.check = criu_nftables,
	},
	{
		.id = "dst-caps",
		.title = "a task holds capabilities that cannot be had on the destination",
		.why = "CRIU gives each task its capabilities back; what is not in the bounding set "
		       "there nobody can give.",
		.remedy = "drop the capability before the dump, or restore where it is allowed",
		.criu_says = "Unable to restore capabilities",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A bounding set only shrinks.",
		.about = ABOUT_THREAD,
		.source_needs = OF_SECURITY,
		.destination_needs = OF_SECURITY,
		.check = caps,
	},
	{
		.id = "dst-io-denied",
		.title = "criu would be confined by seccomp on the destination",
		.why = "The filter of who starts it holds for CRIU too, and may refuse what it needs.",
		.remedy = "run CRIU outside of the container",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A filter stays for the life of the task.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_HOST,
		.destination_needs = OF_SECURITY,
		.check = confined,
	},
	{
		.id = "dst-lsm-type",
		.title = "a task is labelled by a security module that the destination does not run",
		.why = "CRIU stores the label and refuses a host of another kind.",
		.remedy = "choose a host with the same module, or give up on the label with "
			  "--lsm-profile none:",
		.criu_says = "mismatched lsm types",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Security modules are chosen at boot.",
		.about = ABOUT_THREAD,
		.source_needs = OF_SECURITY,
		.destination_needs = OF_SECURITY,
		.check = lsm_type,
	},
	{
		.id = "dst-lsm-profile",
		.title = "an AppArmor profile is not loaded there",
		.why = "CRIU puts each task back under its profile.",
		.remedy = "load the source's profile there (apparmor_parser -r FILE), or choose another "
			  "at the restore (--lsm-profile apparmor:NAME)",
		.criu_says = "can't write lsm profile",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A profile is there once someone loads it.",
		.about = ABOUT_THREAD,
		.source_needs = OF_SECURITY,
		.destination_needs = OF_SECURITY,
		.check = lsm_profile,
	},
	{
		.id = "net-iproute",
		.title = "the destination lacks ip(8) of iproute2",
		.why = "CRIU restores addresses, routes and rules of a network namespace with it.",
		.remedy = "install iproute2",
		.criu_says = "IP tool failed",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It is there once someone installs it.",
		.about = ABOUT_HOST,
		.destination_needs = OF_TOOLS,
		.check = tool_for_netns,
		.arg.text = "ip",
	},
	{
		.id = "net-iptables",
		.title = "the destination lacks iptables-restore(8)",
		.why = "CRIU restores the packet filter of a network namespace with it, if there is one.",
		.remedy = "install iptables",
		.criu_says = "Can't restore iptables",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It is there once someone installs it.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_HOST,
		.destination_needs = OF_TOOLS,
		.check = tool_for_netns,
		.arg.text = "iptables-restore",
	},
	{
		.id = "mnt-tmpfs-tar",
		.title = "the destination lacks tar(1)",
		.why = "CRIU keeps the content of each tmpfs of a mount namespace as an archive.",
		.remedy = "install tar and gzip",
		.criu_says = "Can't restore tmpfs content",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It is there once someone installs it.",
		.about = ABOUT_MOUNT,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.destination_needs = OF_TOOLS,
		.check = tool_for_tmpfs,
		.arg.text = "tar",
	},
};

const struct ruleset rules_dst_host = {
	.name = "dst-host",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

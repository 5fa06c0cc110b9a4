/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that criu calls while it dumps: iptables-restore to keep packets off, ip for routes and
 * addresses, tar and gzip for a tmpfs, apparmor_parser for a namespace of AppArmor.
 *
 *     tool { name: "iptables-restore" state: TOOL_RUNS path: "/usr/sbin/iptables-restore" }
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/options.h"
#include "checker/presence.h"
#include "checker/rulesets.h"

/* A program that criu calls at the dump of a namespace, missing or unable to start. */
static enum judgement
tool_is_missing(struct judge *j, const char *name, struct finding **ret)
{
	const Tool *t = index_tool(j->here, name);

	*ret = NULL;
	switch (presence_of_tool(j->here, name)) {
	case PRESENCE_HERE:
		return FINE;
	case PRESENCE_NOT_KNOWN:
		return judge_unknown(j, false, DOMAIN__DOMAIN_TOOLS, name, "whether it is installed");
	default:
		break;
	}
	*ret = judge_find(j, name,
			  t->state == TOOL_STATE__TOOL_MISSING ? "not in PATH" :
			  t->error				 ? t->error :
								   "does not start",
			  NULL);
	(*ret)->here_from = t->path;
	return FINDING;
}

static enum judgement
src_iptables_missing(struct judge *j, const struct subject *s)
{
	const char *who = "the network namespace of the tree";
	const Tool *t = index_tool(j->here, "iptables-restore");
	enum presence nf_tables = presence_of_module(j->here, "nf_tables");
	struct finding *f;
	enum judgement said;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	if (t && t->state == TOOL_STATE__TOOL_MISSING && nf_tables == PRESENCE_NOT_KNOWN)
		return judge_unknown(j, false, DOMAIN__DOMAIN_MODULES, who, "whether the kernel has nf_tables");
	if (t && t->state == TOOL_STATE__TOOL_MISSING && nf_tables == PRESENCE_HERE) {
		judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--network-lock nftables", who);
		return FINE;
	}
	said = tool_is_missing(j, "iptables-restore", &f);
	if (f) {
		f->option = "--network-lock skip";
		f->option_kind = REQUIRE_LOSSY;
	}
	return said;
}

/* The restore takes the lock away by the program that set it. */
static enum judgement
net_lock_method(struct judge *j, const struct subject *s)
{
	const struct given_option *lock = options_last(j->options->criu_options, "network-lock");
	const char *who = "the network namespace of the tree";
	struct finding *f;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) ||
	    presence_of_tool(j->here, "iptables-restore") != PRESENCE_HERE)
		return NOT_ABOUT;
	if (lock && lock->value && !streq(lock->value, "iptables"))
		return FINE;
	switch (presence_of_tool(j->there, "iptables-restore")) {
	case PRESENCE_HERE:
		return FINE;
	case PRESENCE_NOT_KNOWN:
		return judge_unknown(j, true, DOMAIN__DOMAIN_TOOLS, who, "whether iptables is installed there");
	default:
		break;
	}
	if (presence_of_module(j->here, "nf_tables") == PRESENCE_HERE) {
		judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--network-lock nftables", who);
		return FINE;
	}
	f = judge_find(j, who, "locked with iptables", "no iptables");
	f->option = "--network-lock skip";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

/* Rows whose arg.text is a program that the dump of the network namespace calls. */
static enum judgement
src_tool_of_netns(struct judge *j, const struct subject *s)
{
	struct finding *f;
	enum judgement said;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	said = tool_is_missing(j, j->rule->arg.text, &f);
	if (f) {
		f->option = "--empty-ns net";
		f->option_kind = REQUIRE_LOSSY;
	}
	return said;
}

static enum judgement
src_tar_missing(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;
	struct finding *f;
	enum judgement said;

	if (!m->fs_type || !streq(m->fs_type, "tmpfs") || !m->root || !streq(m->root, "/"))
		return NOT_ABOUT;
	said = tool_is_missing(j, "tar", &f);
	return said == FINE ? tool_is_missing(j, "gzip", &f) : said;
}

static enum judgement
src_apparmor_parser(struct judge *j, const struct subject *s)
{
	struct finding *f;

	if (!s->thread->lsm_label || s->thread->lsm_label[0] != ':')
		return NOT_ABOUT;
	return tool_is_missing(j, "apparmor_parser", &f);
}

#define OF_HOST .stage = STAGE_DUMP, .severity = SEVERITY_BLOCKER, .lifetime = LIFETIME_PERMANENT
#define UNTIL_INSTALLED .lifetime_why = "programs and modules appear when somebody installs them"

static const struct rule rules[] = {
	{
		.id = "net-lock-method",
		.title = "the tree would be locked with iptables, which the destination lacks",
		.why = "CRIU keeps packets off a network namespace while it dumps it, and its restore takes "
		       "the lock away by the same program. Without iptables there the restore fails.",
		.remedy = "give criu dump --network-lock nftables, or install iptables on the destination",
		.criu_says = "iptables-restore -V failed",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "It is there once someone installs it.",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_TOOLS),
		.check = net_lock_method,
	},
	{
		.id = "src-iptables-missing",
		.title = "the tree has a network namespace, and iptables is not there",
		.why = "CRIU locks the namespace with iptables-restore even when there is no connection.",
		.remedy = "give criu --network-lock nftables, or install iptables",
		.criu_says = "execvp(\"iptables-restore\", ...) failed",
		OF_HOST,
		UNTIL_INSTALLED,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = src_iptables_missing,
	},
	{
		.id = "src-iproute-missing",
		.title = "the tree has a network namespace, and iproute2 is not there",
		.why = "CRIU saves addresses and routes with `ip addr save` and `ip route save`; the ip of "
		       "busybox cannot do that.",
		.remedy = "install iproute2; or give criu --empty-ns net at dump and restore, and set the "
			  "network up again yourself",
		OF_HOST,
		UNTIL_INSTALLED,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = src_tool_of_netns,
		.arg.text = "ip",
	},
	{
		.id = "src-tar-missing",
		.title = "a tmpfs of the container must be saved, and tar or gzip is not there",
		.why = "CRIU packs the content of a tmpfs with tar --gzip.",
		.remedy = "install GNU tar and gzip",
		.criu_says = "Can't dump tmpfs content",
		OF_HOST,
		UNTIL_INSTALLED,
		.about = ABOUT_MOUNT,
		.check = src_tar_missing,
	},
	{
		.id = "src-apparmor-parser",
		.title = "a task is in an AppArmor namespace, and apparmor_parser is not there",
		.why = "CRIU suspends the policies of the namespace while it works, with that program.",
		.remedy = "install apparmor",
		.criu_says = "apparmor parsing failed",
		OF_HOST,
		UNTIL_INSTALLED,
		.about = ABOUT_THREAD,
		.check = src_apparmor_parser,
	},
};

const struct ruleset rules_programs = { "programs", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu needs of the source host before it touches a task: files below /proc and the kernel's
 * lists of sockets. The programs that it calls are in rules-programs.c, what it must be allowed
 * to do in rules-privileges.c.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/presence.h"
#include "checker/rulesets.h"

enum {
	CAPS_CRIU_HOLDS = 64,
	PTRACE_SCOPE_NONE = 3,
};

static enum judgement
src_cap_last(struct judge *j, const struct subject *s)
{
	const Security *sec = j->source->host ? j->source->host->security : NULL;

	(void) s;
	if (!sec || !sec->has_cap_last)
		return NOT_ABOUT;
	if (sec->cap_last < CAPS_CRIU_HOLDS)
		return FINE;
	judge_find(j, "kernel/cap_last_cap", judge_text(j, "%u", sec->cap_last), NULL)->here_from =
		"/proc/sys/kernel/cap_last_cap";
	return FINDING;
}

static enum judgement
src_ptrace_denied(struct judge *j, const struct subject *s)
{
	const Security *sec = j->source->host ? j->source->host->security : NULL;

	(void) s;
	if (!sec || !sec->has_yama_ptrace_scope)
		return NOT_ABOUT;
	if (sec->yama_ptrace_scope < PTRACE_SCOPE_NONE)
		return FINE;
	judge_find(j, "kernel/yama/ptrace_scope", judge_text(j, "%u", sec->yama_ptrace_scope), NULL)->here_from =
		"/proc/sys/kernel/yama/ptrace_scope";
	return FINDING;
}

/* Rows whose arg.text is the name of a feature of the kernel. */
static enum judgement
src_feature(struct judge *j, const struct subject *s)
{
	const Feature *f = index_feature(j->here, j->rule->arg.text);

	(void) s;
	if (!f || !f->has_present)
		return judge_unknown(j, false, DOMAIN__DOMAIN_KERNEL, j->rule->arg.text,
				     "whether the kernel has it");
	if (f->present)
		return FINE;
	judge_find(j, f->name, "the kernel does not have it", NULL)->here_from = f->seen;
	return FINDING;
}

static const SockDiag *
diag_of(const struct judge *j, const char *name)
{
	const Net *net = j->source->host ? j->source->host->net : NULL;

	for (size_t i = 0; net && i < net->n_diag; i++)
		if (net->diag[i]->name && streq(net->diag[i]->name, name))
			return net->diag[i];
	return NULL;
}

/* Whether the kernel can list these sockets: asked by CRIU, it loads the module for it. */
static enum judgement
diag_is_missing(struct judge *j, const char *name, const char *module, const char *thing)
{
	const SockDiag *d = diag_of(j, name);
	const Module *m = index_module(j->here, module);
	enum presence there = presence_of_module(j->here, module);
	struct finding *f;

	if ((d && d->present) || there == PRESENCE_HERE)
		return FINE;
	if (there == PRESENCE_NOT_KNOWN)
		return judge_unknown(j, false, DOMAIN__DOMAIN_MODULES, thing,
				     judge_text(j, "whether the module %s can be loaded", module));
	f = judge_find(j, thing, judge_text(j, "no module %s", module), NULL);
	f->here_from = m ? m->seen : NULL;
	f->command = judge_text(j, "modprobe %s", module);
	return FINDING;
}

static const struct {
	const char *name, *module;
	SocketFamily family;
} services[] = {
	{ "unix", "unix_diag", SOCKET_FAMILY__SOCKET_UNIX },
	{ "tcp", "tcp_diag", SOCKET_FAMILY__SOCKET_INET },
	{ "udp", "udp_diag", SOCKET_FAMILY__SOCKET_INET },
	{ "packet", "af_packet_diag", SOCKET_FAMILY__SOCKET_PACKET },
	{ "netlink", "netlink_diag", SOCKET_FAMILY__SOCKET_NETLINK },
};

static enum judgement
src_sock_diag_missing(struct judge *j, const struct subject *s)
{
	enum judgement worst = NOT_ABOUT;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		enum judgement said = diag_is_missing(j, services[i].name, services[i].module,
						      judge_text(j, "%s sockets", services[i].name));

		if (said > worst)
			worst = said;
	}
	return worst;
}

/* The service that lists a socket of the tree; where the namespace is criu's, only these matter. */
static enum judgement
sock_diag_proto_missing(struct judge *j, const struct subject *s)
{
	const Socket *k = s->socket;
	bool inet = k->family == SOCKET_FAMILY__SOCKET_INET || k->family == SOCKET_FAMILY__SOCKET_INET6;
	bool known;

	if (index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) || !known)
		return NOT_ABOUT;
	if (k->facts_from && streq(k->facts_from, "sock_diag"))
		return FINE;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (inet ? !streq(services[i].name, k->type == 1 ? "tcp" : "udp") :
			   services[i].family != k->family)
			continue;
		return diag_is_missing(j, services[i].name, services[i].module, judge_socket(j, k));
	}
	return NOT_ABOUT;
}

static enum judgement
src_udplite_diag(struct judge *j, const struct subject *s)
{
	const SockDiag *udp = diag_of(j, "udp"), *lite = diag_of(j, "udplite");
	struct finding *f;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known) || !udp || !udp->present || !lite)
		return NOT_ABOUT;
	if (lite->present)
		return FINE;
	f = judge_find(j, "udplite sockets", "the kernel does not list them", NULL);
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

#define OF_HOST .stage = STAGE_DUMP, .severity = SEVERITY_BLOCKER, .lifetime = LIFETIME_PERMANENT
#define KERNEL_FEATURE(feature)                                                                \
	OF_HOST, .lifetime_why = "a kernel has the feature or not", .about = ABOUT_TREE,       \
	.remedy = "boot a kernel built with CONFIG_CHECKPOINT_RESTORE and the option named above", \
	.check = src_feature, .arg.text = (feature)
#define UNTIL_INSTALLED .lifetime_why = "programs and modules appear when somebody installs them"

static const struct rule rules[] = {
	{
		.id = "src-cap-last",
		.title = "the kernel has more capabilities than CRIU can hold",
		.why = "CRIU keeps 64 of them, and gives up where there are more.",
		.remedy = "use a newer CRIU",
		OF_HOST,
		.lifetime_why = "the number is the kernel's",
		.about = ABOUT_TREE,
		.check = src_cap_last,
	},
	{
		.id = "src-ptrace-denied",
		.title = "the kernel allows nobody to trace",
		.why = "With kernel.yama.ptrace_scope = 3 no task can be seized, by root neither.",
		.remedy = "boot with kernel.yama.ptrace_scope below 3; once set, 3 stays until the next boot",
		OF_HOST,
		.lifetime_why = "the setting cannot be taken back before the next boot",
		.about = ABOUT_TREE,
		.check = src_ptrace_denied,
	},
	{
		.id = "src-map-files",
		.title = "the kernel has no /proc/PID/map_files",
		.why = "CRIU opens mapped files through it.",
		KERNEL_FEATURE("map_files"),
	},
	{
		.id = "src-kcmp",
		.title = "the kernel has no kcmp(2)",
		.why = "CRIU learns by it what tasks share (CONFIG_KCMP).",
		KERNEL_FEATURE("kcmp"),
	},
	{
		.id = "src-proc-children",
		.title = "the kernel has no /proc/PID/task/TID/children",
		.why = "CRIU walks the tree by it (CONFIG_PROC_CHILDREN).",
		KERNEL_FEATURE("children"),
	},
	{
		.id = "src-posix-timers-proc",
		.title = "the kernel has no /proc/PID/timers",
		.why = "CRIU reads POSIX timers there (CONFIG_POSIX_TIMERS).",
		.criu_says = "timers on procfs",
		KERNEL_FEATURE("timers"),
	},
	{
		.id = "src-sock-diag-missing",
		.title = "the kernel cannot list sockets of the tree's network namespace",
		.why = "CRIU asks for all unix, TCP, UDP, packet and netlink sockets of a namespace that "
		       "it dumps, whether there are any or not.",
		.remedy = "load them: modprobe -a unix_diag tcp_diag udp_diag af_packet_diag netlink_diag; "
			  "where modprobe does not find them, install the modules of the running kernel",
		OF_HOST,
		UNTIL_INSTALLED,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = src_sock_diag_missing,
	},
	{
		.id = "sock-diag-proto-missing",
		.title = "the kernel cannot list a socket of the tree",
		.why = "CRIU learns the state of a socket by sock_diag(7), and the handler for this kind is "
		       "not there.",
		.remedy = "load the module that lists such sockets (modprobe tcp_diag, udp_diag, "
			  "raw_diag, unix_diag, af_packet_diag or netlink_diag), or install the modules "
			  "of the running kernel",
		OF_HOST,
		UNTIL_INSTALLED,
		.about = ABOUT_SOCKET,
		.check = sock_diag_proto_missing,
	},
	{
		.id = "src-udplite-diag",
		.title = "the kernel does not list UDP-Lite sockets",
		.why = "Newer kernels have no UDP-Lite; an older CRIU takes the missing answer for an error.",
		.remedy = "use a CRIU that knows such kernels",
		.stage = STAGE_DUMP,
		.severity = SEVERITY_WARNING,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a kernel has the feature or not",
		.about = ABOUT_TREE,
		.check = src_udplite_diag,
	},
};

const struct ruleset rules_criu = { "criu", rules, ARRAY_SIZE(rules) };

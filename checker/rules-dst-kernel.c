/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the destination's kernel must be able to do, for what this tree uses: features, kinds
 * of namespaces, file systems. A feature is a name and whether it was seen:
 *
 *     fanotify    present      CONFIG_FANOTIFY in /boot/config-6.1.0-18-amd64
 *     timens      not present  /proc/self/timens_offsets
 */
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

enum { CAP_OF_AUDIT_CONTROL = 30, SECCOMP_FILTER = 2, SCHEDULED_FIFO = 1, SCHEDULED_RR = 2 };

#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#endif

/* Whether the kernel there has a feature that `who` needs. */
static enum judgement
judge_feature(struct judge *j, const char *name, const char *who)
{
	const Feature *feature = index_feature(j->there, name);
	struct finding *f;

	if (!feature || !feature->has_present)
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, name, "whether the kernel can do it");
	if (feature->present)
		return FINE;
	f = judge_find(j, name, who, "not there");
	f->there_from = feature->seen;
	return FINDING;
}

/* Rows about a kind of descriptor: arg.fd says which, the id's table which feature. */
static enum judgement
feature_for_fd(struct judge *j, const struct subject *s)
{
	static const struct {
		FdKind kind;
		const char *feature;
	} features[] = {
		{ FD_KIND__FD_FANOTIFY, "fanotify" },
		{ FD_KIND__FD_INOTIFY, "inotify" },
		{ FD_KIND__FD_MEMFD, "memfd" },
		{ FD_KIND__FD_BPF_MAP, "bpf" },
		{ FD_KIND__FD_TIMERFD, "timerfd" },
	};

	if (s->fd->kind != j->rule->arg.fd)
		return NOT_ABOUT;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].kind == s->fd->kind)
			return judge_feature(j, features[i].feature, judge_process(j, s->process));
	return NOT_ABOUT;
}

static enum judgement
feature_for_seccomp(struct judge *j, const struct subject *s)
{
	const Credentials *c = s->thread->credentials;

	if (!c || c->seccomp != SECCOMP_FILTER)
		return NOT_ABOUT;
	return judge_feature(j, "seccomp", judge_process(j, s->process));
}

static enum judgement
feature_for_mapping(struct judge *j, const struct subject *s)
{
	const char *name = s->mapping->name;
	bool aio = streq(j->rule->arg.text, "aio");

	if (!name || !(aio ? strstr(name, "[aio]") != NULL : streq(name, "[vdso]")))
		return NOT_ABOUT;
	return judge_feature(j, j->rule->arg.text, judge_process(j, s->process));
}

static enum judgement
feature_for_rseq(struct judge *j, const struct subject *s)
{
	for (size_t i = 0; i < s->process->n_aux; i++)
		if (s->process->aux[i]->key == AT_RSEQ_FEATURE_SIZE && s->process->aux[i]->value)
			return judge_feature(j, "rseq", judge_process(j, s->process));
	return NOT_ABOUT;
}

static enum judgement
feature_for_restore(struct judge *j, const struct subject *s)
{
	(void) s;
	return judge_feature(j, j->rule->arg.text, "every restore");
}

static enum judgement
loginuid(struct judge *j, const struct subject *s)
{
	const Security *there = j->destination->host ? j->destination->host->security : NULL;
	const Feature *feature = index_feature(j->there, "loginuid");
	struct finding *f;

	if (!s->process->has_loginuid || s->process->loginuid == UINT32_MAX)
		return NOT_ABOUT;
	if (!feature || !feature->present || !there || !there->own || !there->own->has_cap_bounding)
		return NOT_ABOUT;
	if (there->own->cap_bounding >> CAP_OF_AUDIT_CONTROL & 1)
		return FINE;
	f = judge_find(j, judge_process(j, s->process), judge_text(j, "login uid %u", s->process->loginuid),
		       "no cap_audit_control");
	f->here_from = judge_text(j, "/proc/%d/loginuid", s->process->pid);
	f->there_from = "/proc/self/status";
	return FINDING;
}

static enum judgement
rt_sched(struct judge *j, const struct subject *s)
{
	const Feature *groups = index_feature(j->there, "rt_group_scheduling");
	struct finding *f;

	if (s->thread->sched_policy != SCHEDULED_FIFO && s->thread->sched_policy != SCHEDULED_RR)
		return NOT_ABOUT;
	if (!groups || !groups->has_present || !groups->present)
		return FINE;
	f = judge_find(j, judge_process(j, s->process), "real-time policy",
		       "real-time groups (CONFIG_RT_GROUP_SCHED)");
	f->there_from = groups->seen;
	return FINDING;
}

static const char *const ns_names[] = {
	[NAMESPACE_KIND__NS_CGROUP] = "cgroup",
	[NAMESPACE_KIND__NS_IPC] = "ipc",
	[NAMESPACE_KIND__NS_MNT] = "mnt",
	[NAMESPACE_KIND__NS_NET] = "net",
	[NAMESPACE_KIND__NS_PID] = "pid",
	[NAMESPACE_KIND__NS_TIME] = "time",
	[NAMESPACE_KIND__NS_USER] = "user",
	[NAMESPACE_KIND__NS_UTS] = "uts",
};

static bool
has_own_row(NamespaceKind kind)
{
	return kind == NAMESPACE_KIND__NS_CGROUP || kind == NAMESPACE_KIND__NS_TIME ||
	       kind == NAMESPACE_KIND__NS_USER;
}

static enum judgement
ns_exhausted(struct judge *j, const char *name)
{
	uint64_t max;
	struct finding *f;

	if (!value_sysctl(j, judge_text(j, "user/max_%s_namespaces", name), &max) || max > 0)
		return FINE;
	f = judge_find(j, judge_text(j, "user.max_%s_namespaces", name), "a namespace is restored", "0");
	f->there_from = judge_text(j, "/proc/sys/user/max_%s_namespaces", name);
	f->command = judge_text(j, "sysctl -w user.max_%s_namespaces=1024", name);
	return FINDING;
}

/* arg.ns 0: all kinds that have no row of their own. */
static enum judgement
ns_possible(struct judge *j, const struct subject *s)
{
	const NamespaceKind kind = s->ns->kind;
	const Host *there = j->destination->host;
	const char *name;
	struct finding *f;
	bool known;

	if ((j->rule->arg.ns ? kind != j->rule->arg.ns : has_own_row(kind)) || s->ns->of_criu ||
	    (size_t) kind >= ARRAY_SIZE(ns_names) || !ns_names[kind] || !index_dumps_ns(j->at, kind, &known))
		return NOT_ABOUT;
	name = ns_names[kind];
	if (!there || !there->ns)
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, judge_text(j, "%s namespaces", name),
				     "whether the kernel has them");
	if (namespace_of(there->ns, kind))
		return ns_exhausted(j, name);
	f = judge_find(j, judge_text(j, "%s namespaces", name), "restored", "not there");
	f->there_from = judge_text(j, "/proc/self/ns/%s", name);
	return FINDING;
}

/* Objects of System V are made anew under their ids, which takes the *_next_id settings. */
static enum judgement
ipc_sysctls(struct judge *j, const struct subject *s)
{
	bool known;

	if (s->ns->kind != NAMESPACE_KIND__NS_IPC || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_IPC, &known) ||
	    !(s->ns->sysv_segments || s->ns->sysv_semaphores || s->ns->sysv_queues))
		return NOT_ABOUT;
	return judge_feature(j, "checkpoint_restore", "objects of System V");
}

/* Those that criu mounts by themselves; anything else is bound in from outside. */
static bool
criu_mounts(const char *fs_type)
{
	static const char *const types[] = {
		"proc", "sysfs", "devtmpfs", "binfmt_misc", "tmpfs", "devpts", "simfs", "pstore",
		"mqueue", "securityfs", "fusectl", "debugfs", "cgroup", "cgroup2", "aufs", "overlay",
		"autofs",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], fs_type))
			return true;
	return false;
}

static enum judgement
fs_module(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	const Module *m;
	const char *type = s->mount->fs_type;
	struct finding *f;

	/* The root of the tree is bound from the folder given to --root. */
	if (!type || !criu_mounts(type) || !s->mount->mountpoint || streq(s->mount->mountpoint, "/"))
		return NOT_ABOUT;
	if (index_filesystem(j->there, type))
		return FINE;
	m = index_module(j->there, judge_text(j, "fs-%s", type));
	if (!h || !h->filesystems || !h->filesystems->n_registered || !m ||
	    m->state == MODULE_STATE__MODULE_CANNOT_TELL)
		return judge_unknown(j, true, DOMAIN__DOMAIN_MODULES, type, "whether it can be mounted");
	if (m->state != MODULE_STATE__MODULE_ABSENT && !h->modules->loading_disabled)
		return FINE;
	f = judge_find(j, type, judge_text(j, "mounted at %s", s->mount->mountpoint),
		       m->state == MODULE_STATE__MODULE_ABSENT ? "no such module" :
		       "not loaded, and loading is disabled");
	f->there_from = "/proc/filesystems";
	return FINDING;
}

/* What a restore of a mount namespace is always told: where its root is. */
static enum judgement
root_option(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	judge_require(j, REQUIRE_ARRANGED, STAGE_RESTORE,
		      judge_text(j, "--root %s", h && h->root ? h->root : "DIR"),
		      "a mount namespace is restored: DIR is its root, and a mount point");
	return FINE;
}

#define OF_KERNEL NEEDS(DOMAIN__DOMAIN_KERNEL)
#define SEEN(domain) NEEDS(DOMAIN__DOMAIN_##domain)

/* What all rows about a feature share. */
#define FEATURE_ROW                                                                             \
	.remedy = "choose a host whose kernel has it",                                          \
	.stage = STAGE_RESTORE, .lifetime_why = "It needs another kernel.",                     \
	.destination_needs = OF_KERNEL

#define FD_ROW                                                                                  \
	FEATURE_ROW, .about = ABOUT_FD, .source_needs = SEEN(FDS), .check = feature_for_fd

static const struct rule rules[] = {
	{
		.id = "dst-checkpoint-restore",
		.title = "the destination's kernel was built without checkpoint and restore",
		.why = "CRIU needs CONFIG_CHECKPOINT_RESTORE.",
		.criu_says = "map_files is inaccessible",
		.about = ABOUT_HOST,
		.check = feature_for_restore,
		.arg.text = "checkpoint_restore",
		FEATURE_ROW,
	},
	{
		.id = "dst-fanotify",
		.title = "the tree watches with fanotify, and the destination has none",
		.why = "CRIU makes the groups and marks anew.",
		.criu_says = "fsnotify: Can't init fanotify mark",
		.arg.fd = FD_KIND__FD_FANOTIFY,
		FD_ROW,
	},
	{
		.id = "dst-inotify",
		.title = "the tree watches with inotify, and the destination has none",
		.why = "CRIU makes the watches anew.",
		.criu_says = "fsnotify: Can't create inotify for",
		.arg.fd = FD_KIND__FD_INOTIFY,
		FD_ROW,
	},
	{
		.id = "dst-memfd",
		.title = "the tree holds a memfd, and the destination has no memfd_create(2)",
		.why = "CRIU makes it anew.",
		.criu_says = "Can't create memfd",
		.arg.fd = FD_KIND__FD_MEMFD,
		FD_ROW,
	},
	{
		.id = "bpf-map",
		.title = "the tree holds a BPF map, and the destination has no bpf(2)",
		.why = "CRIU makes the map anew.",
		.arg.fd = FD_KIND__FD_BPF_MAP,
		FD_ROW,
	},
	{
		.id = "dst-timerfd-ticks",
		.title = "the tree holds a timerfd, and the destination has none",
		.why = "CRIU makes the timer anew and sets its ticks.",
		.criu_says = "Can't restore ticks/time for timerfd",
		.arg.fd = FD_KIND__FD_TIMERFD,
		FD_ROW,
	},
	{
		.id = "dst-seccomp",
		.title = "a task has seccomp filters, and the destination knows none",
		.why = "CRIU loads each filter again.",
		.criu_says = "seccomp",
		.about = ABOUT_THREAD,
		.source_needs = SEEN(SECURITY),
		.check = feature_for_seccomp,
		FEATURE_ROW,
	},
	{
		.id = "dst-aio",
		.title = "the tree uses kernel AIO, and the destination has none",
		.why = "CRIU makes the rings anew at their addresses.",
		.criu_says = "Ring setup failed with",
		.about = ABOUT_MAPPING,
		.source_needs = SEEN(MAPPINGS),
		.check = feature_for_mapping,
		.arg.text = "aio",
		FEATURE_ROW,
	},
	{
		.id = "dst-vdso",
		.title = "the destination's kernel gives no vDSO",
		.why = "The tree has one mapped, and calls into it.",
		.criu_says = "vdso",
		.about = ABOUT_MAPPING,
		.source_needs = SEEN(MAPPINGS),
		.check = feature_for_mapping,
		.arg.text = "vdso",
		FEATURE_ROW,
	},
	{
		.id = "dst-rseq",
		.title = "the C library has registered restartable sequences; the destination knows none",
		.why = "CRIU registers them again in each thread.",
		.criu_says = "rseq: can't restore as kernel doesn't support it",
		.about = ABOUT_PROCESS,
		.source_needs = SEEN(TASKS),
		.check = feature_for_rseq,
		FEATURE_ROW,
	},
	{
		.id = "dst-loginuid",
		.title = "a task's login uid cannot be set there",
		.why = "CRIU writes /proc/PID/loginuid, which takes cap_audit_control.",
		.remedy = "restore where that capability is allowed",
		.criu_says = "Setting loginuid for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A bounding set only shrinks.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_PROCESS,
		.source_needs = SEEN(TASKS),
		.destination_needs = OF_KERNEL,
		.check = loginuid,
	},
	{
		.id = "rt-sched",
		.title = "a task has a real-time policy, and the destination groups real-time time",
		.why = "A cgroup of v1 begins without real-time bandwidth: setting the policy fails "
		       "with EPERM.",
		.remedy = "give the cgroup cpu.rt_runtime_us there",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel, or a setting.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_THREAD,
		.source_needs = SEEN(TASKS),
		.destination_needs = OF_KERNEL,
		.check = rt_sched,
	},
	{
		.id = "dst-userns",
		.title = "no user namespace can be made on the destination",
		.why = "The tree lives in one.",
		.remedy = "allow user namespaces there",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN(NAMESPACES),
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
		.arg.ns = NAMESPACE_KIND__NS_USER,
	},
	{
		.id = "dst-timens",
		.title = "no time namespace can be made on the destination",
		.why = "The tree lives in one, and its clocks are kept by it.",
		.remedy = "choose a host with CONFIG_TIME_NS",
		.criu_says = "Unable to create a new time namespace",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN(NAMESPACES),
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
		.arg.ns = NAMESPACE_KIND__NS_TIME,
	},
	{
		.id = "cg-ns",
		.title = "no cgroup namespace can be made on the destination",
		.why = "The tree lives in one.",
		.remedy = "choose a host with cgroup namespaces",
		.criu_says = "couldn't unshare cgns",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN(NAMESPACES),
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
		.arg.ns = NAMESPACE_KIND__NS_CGROUP,
	},
	{
		.id = "dst-ns-limits",
		.title = "a namespace of the tree cannot be made on the destination",
		.why = "The kernel lacks the kind, or its limit is 0.",
		.remedy = "raise user.max_*_namespaces, or choose another host",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN(NAMESPACES),
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
	},
	{
		.id = "ipc-sysctls",
		.title = "objects of System V cannot be made under their ids",
		.why = "CRIU sets kernel.shm_next_id, sem_next_id and msg_next_id, which need "
		       "CONFIG_CHECKPOINT_RESTORE.",
		.criu_says = "sem_next_id is inaccessible",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN(NAMESPACES),
		.check = ipc_sysctls,
		FEATURE_ROW,
	},
	{
		.id = "mnt-fs-module",
		.title = "a file system of the tree's mounts is not to be had there",
		.why = "CRIU mounts it anew.",
		.remedy = "load its module, or install the kernel's modules",
		.criu_says = "Can't mount at",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A kernel without the module stays without it.",
		.about = ABOUT_MOUNT,
		.source_needs = SEEN(MOUNTS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS) | NEEDS(DOMAIN__DOMAIN_MODULES),
		.check = fs_module,
	},
	{
		.id = "mnt-root-option",
		.title = "the restore must be told where the root of the mount namespace is",
		.why = "Without --root CRIU rebuilds the mounts over the host's own root.",
		.remedy = "give criu restore --root DIR; DIR must be a mount point (bind it on itself)",
		.criu_says = "The --root option is required to restore a mount namespace",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It is how a mount namespace is restored.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS),
		.check = root_option,
	},
};

const struct ruleset rules_dst_kernel = {
	.name = "dst-kernel",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

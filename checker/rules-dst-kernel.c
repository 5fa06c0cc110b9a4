/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the destination's kernel must be able to do, for what this tree uses. A feature is a
 * name and whether it was seen:
 *
 *     fanotify    present      CONFIG_FANOTIFY in /boot/config-6.1.0-18-amd64
 *     aio         not present  /proc/sys/fs/aio-max-nr
 */
#include "checker/place.h"
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
	f->severity = SEVERITY_BLOCKER;
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

	if (!name || !(name[0] == '[' ? streq(name, "[vdso]") && streq(j->rule->arg.text, "vdso") :
		       strstr(name, "/[aio]") && streq(j->rule->arg.text, "aio")))
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
	const Feature *feature = index_feature(j->there, "loginuid");
	struct finding *f;
	uint64_t held;

	if (!s->process->has_loginuid || s->process->loginuid == UINT32_MAX)
		return NOT_ABOUT;
	if (!feature || !feature->present || !place_capabilities_there(j, &held))
		return NOT_ABOUT;
	if (held >> CAP_OF_AUDIT_CONTROL & 1)
		return FINE;
	f = judge_find(j, judge_process(j, s->process), judge_text(j, "login uid %u", s->process->loginuid),
		       "no cap_audit_control");
	f->here_from = judge_text(j, "/proc/%d/loginuid", s->process->pid);
	f->there_from = place_there_file(j);
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

#define OF_KERNEL NEEDS(DOMAIN__DOMAIN_KERNEL)
#define SEEN(domain) NEEDS(DOMAIN__DOMAIN_##domain)

/*
 * What all rows about a feature share. A feature that is missing is a blocker always. Those
 * that kernels have had for ten years and that show in no file are warnings otherwise, so that
 * a kernel whose configuration cannot be read leaves the verdict alone.
 */
#define FEATURE_ROW                                                                             \
	.remedy = "boot a kernel there that was built with it, or choose another host",          \
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
		.severity = SEVERITY_WARNING,
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
		.severity = SEVERITY_WARNING,
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
		.severity = SEVERITY_WARNING,
		FD_ROW,
	},
	{
		.id = "dst-seccomp",
		.title = "a task has seccomp filters, and the destination knows none",
		.why = "CRIU loads each filter again.",
		.criu_says = "seccomp",
		.about = ABOUT_THREAD,
		.source_needs = SEEN(SECURITY),
		.severity = SEVERITY_WARNING,
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
		.severity = SEVERITY_WARNING,
		.check = feature_for_rseq,
		FEATURE_ROW,
	},
	{
		.id = "dst-loginuid",
		.title = "a task's login uid cannot be set there",
		.why = "CRIU writes /proc/PID/loginuid, which takes cap_audit_control.",
		.remedy = "run criu restore with that capability (a container: --cap-add AUDIT_CONTROL)",
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
};

const struct ruleset rules_dst_kernel = {
	.name = "dst-kernel",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

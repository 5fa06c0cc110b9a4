/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a task carries with it: credentials, labels, filters, scheduling, timers, its kind of
 * code.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include <sched.h>

enum {
	STATUS_LINE = 4095,		/* what criu reads of a line of /proc/PID/status, newline included */
	POLICY_EXT = 7,			/* SCHED_EXT */
};

static const Security *
security_of(const Snapshot *s)
{
	return s->host ? s->host->security : NULL;
}

static const char *
thread_file(struct judge *j, const struct subject *s, const char *name)
{
	return judge_text(j, "/proc/%d/task/%d/%s", s->process->pid, s->thread->tid, name);
}

static enum judgement
task_32bit(struct judge *j, const struct subject *s)
{
	if (!s->process->has_aux_32bit)
		return NOT_ABOUT;
	if (!s->process->aux_32bit)
		return FINE;
	judge_find(j, judge_process(j, s->process), "runs 32-bit code", NULL)->here_from =
		judge_text(j, "/proc/%d/auxv", s->process->pid);
	return FINDING;
}

static enum judgement
task_no_exec_vma(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;

	if (p->n_mapping == 0)
		return NOT_ABOUT;
	for (size_t i = 0; i < p->n_mapping; i++)
		if ((p->mapping[i]->prot & 4) && p->mapping[i]->end <= 0x7ffffffff000)
			return FINE;
	judge_find(j, judge_process(j, p), "no executable mapping", NULL)->here_from =
		judge_text(j, "/proc/%d/maps", p->pid);
	return FINDING;
}

/* The line is "Groups:", a tab, each number with a blank behind it, a newline. */
static size_t
groups_line(const Credentials *c)
{
	size_t n = sizeof("Groups:\t\n") - 1;

	for (size_t i = 0; i < c->n_group; i++) {
		n += 2;
		for (uint32_t g = c->group[i]; g >= 10; g /= 10)
			n++;
	}
	return n;
}

static enum judgement
task_groups_too_many(struct judge *j, const struct subject *s)
{
	const Credentials *c = s->thread->credentials;

	if (!c)
		return NOT_ABOUT;
	if (groups_line(c) <= STATUS_LINE)
		return FINE;
	judge_find(j, judge_process(j, s->process),
		   judge_text(j, "%zu groups, a line of %zu bytes", c->n_group, groups_line(c)), NULL)
		->here_from = thread_file(j, s, "status");
	return FINDING;
}

/* CRIU suspends the filters while it works, which the kernel allows only to one without any. */
static enum judgement
task_seccomp_filters(struct judge *j, const struct subject *s)
{
	const Credentials *c = s->thread->credentials;
	const CriuPlace *place = j->source->criu_place;

	if (!c || !c->has_seccomp || c->seccomp == 0)
		return NOT_ABOUT;
	if (!place || !place->credentials || !place->credentials->has_seccomp)
		return judge_unknown(j, false, DOMAIN__DOMAIN_SECURITY, judge_process(j, s->process),
				     "whether criu would run under a seccomp filter");
	if (place->credentials->seccomp == 0)
		return FINE;
	judge_find(j, judge_process(j, s->process),
		   judge_text(j, "has seccomp mode %u, and criu would run under seccomp mode %u itself",
			      c->seccomp, place->credentials->seccomp),
		   NULL)
		->here_from = thread_file(j, s, "status");
	return FINDING;
}

static enum judgement
task_apparmor_ns(struct judge *j, const struct subject *s)
{
	const char *label = s->thread->lsm_label;

	if (!label || !security_of(j->source) || !security_of(j->source)->apparmor)
		return NOT_ABOUT;
	if (label[0] != ':')
		return FINE;
	judge_find(j, judge_process(j, s->process), label, NULL)->here_from =
		thread_file(j, s, "attr/current");
	return FINDING;
}

static enum judgement
task_selinux_label(struct judge *j, const struct subject *s)
{
	const char *label = s->thread->lsm_label;
	int colons = 0;

	if (!label || !security_of(j->source) || !security_of(j->source)->selinux)
		return NOT_ABOUT;
	for (const char *c = label; *c; c++)
		colons += *c == ':';
	if (colons >= 3)
		return FINE;
	judge_find(j, judge_process(j, s->process), label, NULL)->here_from =
		thread_file(j, s, "attr/current");
	return FINDING;
}

static enum judgement
task_sched_policy_unsupported(struct judge *j, const struct subject *s)
{
	const Thread *t = s->thread;

	if (!t->has_sched_policy)
		return NOT_ABOUT;
	switch (t->sched_policy) {
	case SCHED_OTHER:
	case SCHED_FIFO:
	case SCHED_RR:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return FINE;
	default:
		break;
	}
	judge_find(j, judge_process(j, s->process),
		   t->sched_policy == SCHED_DEADLINE ? "SCHED_DEADLINE" :
		   t->sched_policy == POLICY_EXT     ? "SCHED_EXT" :
						       judge_text(j, "policy %u", t->sched_policy),
		   NULL)
		->here_from = thread_file(j, s, "stat");
	return FINDING;
}

/* How many processors a list like "0-3,8" names; 0 where it is no list. */
static uint64_t
count_cpus(const char *list)
{
	struct slice rest = slice_of(list), range, first;
	uint64_t total = 0;
	uint32_t from, to;

	while (slice_field(&rest, ',', &range)) {
		if (!slice_field(&range, '-', &first) || parse_u32(first, 10, &from) < 0)
			return 0;
		to = from;
		if (range.n && (parse_u32(range, 10, &to) < 0 || to < from))
			return 0;
		total += (uint64_t) to - from + 1;
	}
	return total;
}

static enum judgement
task_cpu_affinity(struct judge *j, const struct subject *s)
{
	const Cpu *cpu = j->source->host ? j->source->host->cpu : NULL;
	uint64_t n;
	struct finding *f;

	if (!s->thread->cpus_allowed || !cpu || !cpu->online)
		return NOT_ABOUT;
	n = count_cpus(s->thread->cpus_allowed);
	if (n == 0 || n >= cpu->online)
		return FINE;
	f = judge_find(j, judge_text(j, "allowed on CPUs %s of %u", s->thread->cpus_allowed, cpu->online),
		       NULL, NULL);
	f->here_from = thread_file(j, s, "status");
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

/* A timer that signals one thread is translated by NSpid. */
static enum judgement
task_posix_timer_thread(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;

	for (size_t i = 0; i < p->n_timer; i++) {
		if (!p->timer[i]->notify || !strstr(p->timer[i]->notify, "/tid."))
			continue;
		if (p->n_ns_pid > 0)
			return FINE;
		judge_find(j, judge_process(j, p),
			   judge_text(j, "timer %d: %s", p->timer[i]->id, p->timer[i]->notify), NULL)
			->here_from = judge_text(j, "/proc/%d/timers", p->pid);
		return FINDING;
	}
	return NOT_ABOUT;
}

static const struct rule rules[] = {
	{
		.id = "task-32bit",
		.title = "a task runs 32-bit code",
		.why = "Only a CRIU built with compat support, on a kernel that can map a 32-bit vdso "
		       "where it is told, can dump it.",
		.remedy = "see that `criu check --feature compat_cr` succeeds on both hosts",
		.criu_says = "running in 32-bit mode",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a program stays what it was compiled to",
		.severity = SEVERITY_NOTE,
		.about = ABOUT_PROCESS,
		.check = task_32bit,
	},
	{
		.id = "task-no-exec-vma",
		.title = "a task has no executable mapping",
		.why = "CRIU works from inside the task: it lets it execute a system call where its own "
		       "code is mapped, and needs a place for that.",
		.remedy = "no way around; a real program always has such a mapping",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "mappings change only by the program's own act",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.check = task_no_exec_vma,
	},
	{
		.id = "task-groups-too-many",
		.title = "a task is in more groups than CRIU can hold",
		.why = "CRIU reads lines of /proc/PID/status of up to 4095 bytes, which the list of some 700 "
		       "groups fills.",
		.remedy = "start the program as a user in fewer groups",
		.criu_says = "bfd: The bfd buffer is too small",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a running process keeps its groups",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SECURITY),
		.check = task_groups_too_many,
	},
	{
		.id = "task-seccomp-filters",
		.title = "a task has seccomp filters, and criu would run under a filter itself",
		.why = "CRIU must suspend the task's filters (PTRACE_O_SUSPEND_SECCOMP) and read them, "
		       "which the kernel allows only to a process without filters.",
		.remedy = "run criu outside the container or the sandbox",
		.criu_says = "couldn't suspend seccomp",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a filter cannot be taken off",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SECURITY),
		.check = task_seccomp_filters,
	},
	{
		.id = "task-apparmor-ns",
		.title = "a task is confined in an AppArmor namespace",
		.why = "CRIU dumps the namespace's policies only where the kernel has AppArmor's stacking; "
		       "otherwise the confinement is lost with a warning.",
		.remedy = "see that /sys/kernel/security/apparmor/features/domain/stack says yes on both hosts",
		.criu_says = "Apparmor namespace present but dumping not enabled",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a label stays until the next exec",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_THREAD,
		.check = task_apparmor_ns,
	},
	{
		.id = "task-selinux-label",
		.title = "a task has an SELinux label that CRIU cannot read",
		.why = "CRIU expects user:role:type:level, and refuses a label with fewer parts.",
		.remedy = "relabel the program's file and start it again",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a label stays until the next exec",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SECURITY),
		.check = task_selinux_label,
	},
	{
		.id = "task-sched-policy-unsupported",
		.title = "a task has a scheduling policy that CRIU cannot restore",
		.why = "The dump succeeds, and the restore then refuses the task: CRIU knows OTHER, FIFO, "
		       "RR, BATCH and IDLE.",
		.remedy = "give the task another policy before the dump (chrt --other -p 0 PID), and the old "
			  "one back after the restore",
		.criu_says = "Inconsistent sched params received",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task keeps its policy until it is given another",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_sched_policy_unsupported,
	},
	{
		.id = "task-cpu-affinity",
		.title = "a task may run on some processors only",
		.why = "CRIU does not save which processors a task may use: after the restore it runs on "
		       "all that its new cgroup allows.",
		.remedy = "bind it again after the restore (taskset -ap LIST PID), where it matters",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the mask stays until it is changed",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_THREAD,
		.check = task_cpu_affinity,
	},
	{
		.id = "task-posix-timer-thread",
		.title = "a timer signals one thread, and the kernel does not tell its number inside",
		.why = "CRIU translates the thread's number by NSpid of /proc/PID/status, which kernels "
		       "before 4.1 do not have.",
		.remedy = "use a newer kernel",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "it is a property of the kernel",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TIMERS),
		.check = task_posix_timer_thread,
	},
};

const struct ruleset rules_attributes = { "attributes", rules, ARRAY_SIZE(rules) };

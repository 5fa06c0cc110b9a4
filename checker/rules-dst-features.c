/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Newer or rarer abilities of a kernel that a restore asks for. Whether a task uses some of them is
 * written in its memory alone (guard pages, droppable pages, membarrier registrations): where the
 * source's kernel has such a one and the destination's has not, a task may use it.
 *
 *     here   guard_pages, madvise(2)      there  guard_pages not present
 */
#include "checker/mounts.h"
#include "checker/options.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

enum { IDS_IN_NO_TIME = 100 * 1000 };

static bool
is_missing(const Feature *f)
{
	return f && f->has_present && !f->present;
}

/* What every restore needs: numbers of processes that are not simply the next one. */
static enum judgement
pid_set_tid(struct judge *j, const struct subject *s)
{
	const Feature *set_tid = index_feature(j->there, "clone3_set_tid");
	const Feature *last_pid = index_feature(j->there, "ns_last_pid");
	struct finding *f;

	(void) s;
	if (!is_missing(set_tid) || !is_missing(last_pid))
		return set_tid && set_tid->has_present ? FINE : NOT_ABOUT;
	f = judge_find(j, "PIDs", "are to be what they were", "neither clone3 with set_tid nor ns_last_pid");
	f->there_from = set_tid->seen;
	return FINDING;
}

static enum judgement
pidfd(struct judge *j, const struct subject *s)
{
	const Feature *there = index_feature(j->there, "pidfd");
	struct finding *f;

	if (s->fd->kind != FD_KIND__FD_PIDFD)
		return NOT_ABOUT;
	if (!is_missing(there))
		return there && there->has_present ? FINE : NOT_ABOUT;
	f = judge_find(j, judge_fd(j, s->process, s->fd), "a pidfd", "no pidfd_open(2)");
	f->there_from = there->seen;
	return FINDING;
}

/* Without the newer call CRIU makes and deletes timers until it gets the number. */
static enum judgement
timer_ids(struct judge *j, const struct subject *s)
{
	const Feature *there = index_feature(j->there, "timer_restore_ids");
	int highest = -1;
	struct finding *f;

	for (size_t i = 0; i < s->process->n_timer; i++)
		if (s->process->timer[i]->id > highest)
			highest = s->process->timer[i]->id;
	if (highest < 0)
		return NOT_ABOUT;
	if (highest < IDS_IN_NO_TIME || !is_missing(there))
		return FINE;
	f = judge_find(j, judge_process(j, s->process), judge_text(j, "a timer with id %d", highest),
		       "ids only one after another");
	f->here_from = judge_text(j, "/proc/%d/timers", s->process->pid);
	f->there_from = there->seen;
	return FINDING;
}

/* arg.text: the feature that tasks may have been using. */
static enum judgement
newer_here(struct judge *j, const struct subject *s)
{
	const Feature *here = index_feature(j->here, j->rule->arg.text);
	const Feature *there = index_feature(j->there, j->rule->arg.text);
	struct finding *f;

	(void) s;
	if (!here || !here->has_present || !here->present || !there || !there->has_present)
		return NOT_ABOUT;
	if (there->present)
		return FINE;
	f = judge_find(j, here->seen ? here->seen : here->name, "there", "not there");
	f->confidence = CONFIDENCE_POSSIBLE;
	f->here_from = here->seen;
	f->there_from = there->seen;
	return FINDING;
}

/* Kernels between: they make such pages, and do not tell CRIU of them. */
static enum judgement
guard_pages(struct judge *j, const struct subject *s)
{
	const Feature *guards = index_feature(j->here, "guard_pages");
	const Feature *reported = index_feature(j->here, "guard_pages_reported");
	struct finding *f;

	(void) s;
	if (!guards || !guards->has_present || !guards->present || !reported || !reported->has_present)
		return NOT_ABOUT;
	if (reported->present)
		return FINE;
	f = judge_find(j, "MADV_GUARD_INSTALL", "guard pages can be made, and are not reported", NULL);
	f->confidence = CONFIDENCE_POSSIBLE;
	f->here_from = reported->seen;
	return FINDING;
}

static enum judgement
movemount(struct judge *j, const struct subject *s)
{
	const Feature *there = index_feature(j->there, "mount_set_group");
	const Mount *m = s->mount;
	struct finding *f;

	if (mount_of_criu(j, m) || mount_is_ns_root(j, m) || !(m->shared || m->master))
		return NOT_ABOUT;
	if (!is_missing(there))
		return there && there->has_present ? FINE : NOT_ABOUT;
	f = judge_find(j, m->mountpoint ? m->mountpoint : "", m->master ? "gets mount events" : "shares mount events",
		       "no MOVE_MOUNT_SET_GROUP");
	f->confidence = CONFIDENCE_POSSIBLE;
	f->there_from = there->seen;
	return FINDING;
}

static enum judgement
uffd(struct judge *j, const struct subject *s)
{
	const Feature *there = index_feature(j->there, "userfaultfd");
	struct finding *f;

	(void) s;
	if (!options_last(j->options->criu_options, "lazy-pages"))
		return NOT_ABOUT;
	if (!there || !there->has_present)
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "userfaultfd(2)", "whether the kernel has it");
	if (there->present)
		return FINE;
	f = judge_find(j, "userfaultfd(2)", "--lazy-pages", "not there");
	f->there_from = there->seen;
	return FINDING;
}

#define OF_KERNEL .destination_needs = NEEDS(DOMAIN__DOMAIN_KERNEL)
#define ANOTHER_KERNEL .lifetime_why = "It needs another kernel."

/* Whether a task uses it is not known: a warning. */
#define MAY_BE_USED(feature)                                                                     \
	.remedy = "choose a host whose kernel is not older than the source's",                  \
	.stage = STAGE_RESTORE, .severity = SEVERITY_WARNING, ANOTHER_KERNEL,                   \
	.about = ABOUT_HOST, OF_KERNEL, .check = newer_here, .arg.text = feature

static const struct rule rules[] = {
	{
		.id = "pid-set-tid",
		.title = "the destination gives no way to make a process under a chosen PID",
		.why = "A restored task must have the PID it had. CRIU asks clone3(2) for it (Linux 5.5), or writes "
		       "the number before into /proc/sys/kernel/ns_last_pid; here a kernel or a seccomp "
		       "filter gives it neither.",
		.remedy = "run criu restore outside of the container or sandbox whose filter hides clone3(2), or on a "
			  "kernel with CONFIG_CHECKPOINT_RESTORE",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel or filter.",
		.about = ABOUT_HOST,
		OF_KERNEL,
		.check = pid_set_tid,
	},
	{
		.id = "pidfd",
		.title = "the tree holds a pidfd, and the destination has none",
		.why = "CRIU makes it anew with pidfd_open(2), Linux 5.3.",
		.remedy = "choose a host with a newer kernel",
		.criu_says = "pidfd_open syscall is not supported",
		.stage = STAGE_RESTORE,
		ANOTHER_KERNEL,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		OF_KERNEL,
		.check = pidfd,
	},
	{
		.id = "dst-timer-ids",
		.title = "a timer's id is so high that making it again takes very long",
		.why = "A POSIX timer (timer_create(2)) must get its old id. A kernel before 6.15 gives ids one "
		       "after another: CRIU makes and deletes timers until the id comes, and may run out of "
		       "time.",
		.remedy = "restart the program, so that its timers begin at 0, or choose a host with Linux 6.15 or "
			  "newer (PR_TIMER_CREATE_RESTORE_IDS)",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Ids only grow while the program runs.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TIMERS),
		OF_KERNEL,
		.check = timer_ids,
	},
	{
		.id = "vma-guard-pages",
		.title = "the source's kernel makes guard pages that CRIU cannot see",
		.why = "Linux 6.13 and 6.14 have MADV_GUARD_INSTALL, which newer C libraries use below the stacks of "
		       "threads, but do not report such pages (PAGE_IS_GUARD). CRIU then fails on the first one that "
		       "it reads.",
		.remedy = "boot Linux 6.15 or newer at the source, or one before 6.13",
		.criu_says = "doesn't support PAGE_IS_GUARD flag",
		.stage = STAGE_DUMP,
		.severity = SEVERITY_WARNING,
		ANOTHER_KERNEL,
		.about = ABOUT_TREE,
		.check = guard_pages,
	},
	{
		.id = "dst-madv-guard",
		.title = "the source's kernel has guard pages, and the destination's has not",
		.why = "Newer C libraries put one below each thread's stack (MADV_GUARD_INSTALL, Linux 6.13), which "
		       "only the task's page tables show. CRIU cannot make them again there, and the restore "
		       "fails.",
		.criu_says = "MADV_GUARD_INSTALL) failed",
		MAY_BE_USED("guard_pages"),
	},
	{
		.id = "dst-droppable",
		.title = "the source's kernel has droppable memory, and the destination's has not",
		.why = "Newer C libraries keep the state of getrandom(3) in such pages (MAP_DROPPABLE, Linux 6.11), "
		       "which only smaps shows. CRIU cannot map them there, and the restore fails.",
		.criu_says = "mapping with",
		MAY_BE_USED("droppable"),
	},
	{
		.id = "dst-membarrier",
		.title = "the destination's kernel lacks kinds of membarrier(2) that the source's has",
		.why = "A program that registered for one (the .NET and Java runtimes, liburcu) is registered again at "
		       "the restore, which then fails. Who is registered shows only inside a task.",
		.criu_says = "Can't restore membarrier",
		MAY_BE_USED("membarriers"),
	},
	{
		.id = "dst-madvise-ksm",
		.title = "the destination's kernel cannot merge equal pages, and the source's can",
		.why = "A program that gave memory to KSM (madvise(2), MADV_MERGEABLE: virtual machines, some browsers) has it "
		       "given again, and a kernel without CONFIG_KSM refuses. Which memory it is shows only smaps.",
		.criu_says = "madvise(",
		MAY_BE_USED("ksm"),
	},
	{
		.id = "dst-madvise-thp",
		.title = "the destination's kernel has no transparent huge pages, and the source's has",
		.why = "A program that asked for them (madvise(2), MADV_HUGEPAGE: Java, Go, databases, allocators) has it "
		       "asked again, and a kernel without CONFIG_TRANSPARENT_HUGEPAGE refuses. Which memory it is "
		       "shows only smaps.",
		.criu_says = "madvise(",
		MAY_BE_USED("transparent_hugepage"),
	},
	{
		.id = "dst-movemount",
		.title = "the destination's kernel cannot copy how mounts share events",
		.why = "Without MOVE_MOUNT_SET_GROUP (Linux 5.15) CRIU makes mounts in its older way, which fails for "
		       "some trees of shared and slave mounts.",
		.remedy = "choose a host with Linux 5.15 or newer, or make the container's mounts private",
		.stage = STAGE_RESTORE,
		.severity = SEVERITY_WARNING,
		ANOTHER_KERNEL,
		.about = ABOUT_MOUNT,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		OF_KERNEL,
		.check = movemount,
	},
	{
		.id = "dst-uffd",
		.title = "--lazy-pages is given, and the destination's kernel has no userfaultfd(2)",
		.why = "Lazy restore brings a page when it is touched, which takes userfaultfd(2).",
		.remedy = "restore without --lazy-pages, or choose a host with CONFIG_USERFAULTFD",
		.criu_says = "Unable to open an userfaultfd descriptor",
		.stage = STAGE_RESTORE,
		ANOTHER_KERNEL,
		.about = ABOUT_HOST,
		OF_KERNEL,
		.check = uffd,
	},
};

const struct ruleset rules_dst_features = { .name = "dst-features", .rules = rules, .n = ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a subtree shares with processes that are not of it. CRIU looks at the tree alone: it dumps
 * what is shared without a word, and the copy has it for itself.
 *
 *     fd 3 of worker 4211, also held by bash 4200       one open file, two holders
 *     7faa6c6fc000, also mapped by worker 4190          memory
 *     shares its working folder with bash 4200          clone(2)
 */
#include "checker/judge.h"
#include "checker/rulesets.h"

#include "base/cleanup.h"
#include "checker/values.h"

static const char *
outsider_text(struct judge *j, const char *comm, int pid)
{
	return judge_text(j, "%s %d", comm ? comm : "process", pid);
}

static bool
is_pipe(const Fd *fd)
{
	return fd->kind == FD_KIND__FD_PIPE || fd->kind == FD_KIND__FD_FIFO;
}

static const char *
what_is_lost(const Fd *fd)
{
	switch (fd->kind) {
	case FD_KIND__FD_SOCKET:
		return "What comes in goes to either of them now; the copy has a socket of its own, and where the "
		       "other still holds the old one its address is taken.";
	case FD_KIND__FD_REGULAR:
		return fd->n_lock ? "The lock on it belongs to both: on the same host the restore waits until the "
				    "other lets go of it." :
				    "They move one position: after the move each has its own, and may write over "
				    "what the other has written.";
	case FD_KIND__FD_MEMFD:
		return "What one writes the other no longer sees.";
	default:
		return "What one of them does to it the other no longer sees.";
	}
}

static enum judgement
fd_shared_outside(struct judge *j, const struct subject *s)
{
	const Fd *fd = s->fd;
	struct finding *f;

	if (!fd->has_outside_pid || is_pipe(fd))
		return NOT_ABOUT;
	f = judge_find(j, judge_fd(j, s->process, fd),
		       judge_text(j, "%s → %s", judge_fd_target(j, fd),
				  outsider_text(j, fd->outside_comm, fd->outside_pid)), NULL);
	f->here_from = "kcmp(2)";
	f->detail = what_is_lost(fd);
	return FINDING;
}

static enum judgement
mem_shared_outside(struct judge *j, const struct subject *s)
{
	const Mapping *m = s->mapping;
	const File *file = index_file(j->at, m->has_file, m->file);
	struct finding *f;

	if (!m->has_outside_pid)
		return NOT_ABOUT;
	f = judge_find(j, judge_text(j, "%s of %s", file && file->path ? file->path : m->name ? m->name : "memory",
				     judge_process(j, s->process)),
		       judge_text(j, "→ %s", outsider_text(j, m->outside_comm, m->outside_pid)), NULL);
	f->here_from = judge_text(j, "/proc/%d/maps", m->outside_pid);
	return FINDING;
}

static const char *
tie_text(Tie tie)
{
	switch (tie) {
	case TIE__TIE_VM:
		return "its address space";
	case TIE__TIE_FILES:
		return "its table of descriptors";
	case TIE__TIE_FS:
		return "its working folder, root and umask";
	case TIE__TIE_SIGHAND:
		return "its signal handlers";
	default:
		return NULL;
	}
}

static enum judgement
task_shared_outside(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; i < s->process->n_outsider; i++) {
		const Outsider *o = s->process->outsider[i];
		const char *what = tie_text(o->tie);

		if (!what)
			continue;
		judge_find(j, judge_process(j, s->process),
			   judge_text(j, "shares %s with %s", what, outsider_text(j, o->comm, o->pid)), NULL)
			->here_from = "kcmp(2)";
		said = FINDING;
	}
	return said;
}

/* Those who lead the root's session and group are named by root-not-session-leader. */
static enum judgement
session_led_outside(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; i < p->n_outsider; i++) {
		const Outsider *o = p->outsider[i];
		bool session = o->tie == TIE__TIE_SESSION;

		if (!session && o->tie != TIE__TIE_GROUP)
			continue;
		judge_find(j, judge_text(j, "%s %d", session ? "session" : "process group", o->pid),
			   o->comm ? judge_text(j, "led by %s", outsider_text(j, o->comm, o->pid)) :
				     "its leader has ended", NULL)
			->here_from = judge_text(j, "/proc/%d/stat", p->pid);
		said = FINDING;
	}
	return said;
}

static enum judgement
task_entered(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; i < s->process->n_outsider; i++) {
		const Outsider *o = s->process->outsider[i];

		if (o->tie != TIE__TIE_PID_NAMESPACE)
			continue;
		judge_find(j, outsider_text(j, o->comm, o->pid),
			   judge_text(j, "in the PID namespace of %s, but not below it", judge_process(j, s->process)),
			   NULL)
			->here_from = judge_text(j, "/proc/%d/ns/pid", o->pid);
		said = FINDING;
	}
	return said;
}

#define SILENT .stage = STAGE_AFTERWARDS, .lifetime = LIFETIME_PERMANENT

static const struct rule rules[] = {
	{
		.id = "fd-shared-outside",
		.title = "an open file is shared with a process outside the tree",
		.why = "CRIU dumps it as the tree's own, and the restored copy is no longer shared.",
		.remedy = "dump from a common parent, or have the other close it",
		SILENT,
		.severity = SEVERITY_WARNING,
		.lifetime_why = "it is shared until one of them closes it",
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = fd_shared_outside,
	},
	{
		.id = "mem-shared-outside",
		.title = "memory is shared with a process outside the tree",
		.why = "CRIU saves what is in it; the restored copy is the tree's alone, and what one side writes "
		       "the other no longer sees.",
		.remedy = "dump from a common parent, so that all who share it move together",
		SILENT,
		.severity = SEVERITY_WARNING,
		.lifetime_why = "it is shared until one of them unmaps it",
		.about = ABOUT_MAPPING,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.check = mem_shared_outside,
	},
	{
		.id = "task-shared-outside",
		.title = "a task shares with a process outside the tree what only threads should",
		.why = "CRIU compares the tasks of the tree alone and sees nothing of it; the restored one has it "
		       "for itself.",
		.remedy = "dump from a common parent: then CRIU says what it can do with it",
		SILENT,
		.severity = SEVERITY_WARNING,
		.lifetime_why = "clone(2) shared it until one of them ends or calls exec(2) or unshare(2)",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = task_shared_outside,
	},
	{
		.id = "session-led-outside",
		.title = "a session or process group is led by a process outside the tree",
		.why = "With --shell-job CRIU puts the root's into those of the restoring criu; signals of the old "
		       "terminal and its job control do not reach the copy.",
		.remedy = "start the service with setsid(1), or dump the leader",
		SILENT,
		.severity = SEVERITY_NOTE,
		.lifetime_why = "a task leaves its session with setsid(2) alone",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = session_led_outside,
	},
	{
		.id = "task-entered",
		.title = "a process has entered the container from outside, and is no part of the tree",
		.why = "podman exec, docker exec and nsenter start it beside the container's own processes. CRIU "
		       "dumps what is below the first of these, and the kernel kills all others in the PID "
		       "namespace when that one ends: nothing brings it back.",
		.remedy = "wait for its end; or let the container's own first process start it",
		SILENT,
		.severity = SEVERITY_WARNING,
		.lifetime_why = "it runs until it ends",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_entered,
	},
};

const struct ruleset rules_outside = { "outside", rules, ARRAY_SIZE(rules) };

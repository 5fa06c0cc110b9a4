/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the tree hangs together: sessions, what processes share with each other, and what a
 * thread has for itself alone.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include "checker/values.h"

/* kcmp(2) says that two processes share the object; `with` is the other one. */
static struct finding *
sharing_finding(struct judge *j, const Process *p, int with)
{
	const Process *other = index_process(j->at, with);
	struct finding *f = judge_find(j, judge_process(j, p),
				       other ? judge_text(j, "shared with %s", judge_process(j, other)) :
					       judge_text(j, "shared with process %d", with),
				       NULL);

	f->here_from = "kcmp(2)";
	return f;
}

/* What of a pair is told once: by the one with the higher pid. */
static enum judgement
shared_object(struct judge *j, const Process *p, bool has, int with, struct finding **ret)
{
	*ret = NULL;
	if (j->source->n_process < 2 || process_has_ended(p) || p->kernel_thread)
		return NOT_ABOUT;
	if (!p->shares || !p->shares->looked)
		return judge_unknown(j, false, DOMAIN__DOMAIN_SHARING, judge_process(j, p),
				     "what it shares with other processes");
	if (!has || with >= p->pid)
		return FINE;
	*ret = sharing_finding(j, p, with);
	return FINDING;
}

/* The thread that waits for a vfork child, or NULL. */
static const Thread *
vfork_waiter(const Process *p)
{
	for (size_t i = 0; p && i < p->n_thread; i++)
		if (thread_waits_for_vfork(p->thread[i]))
			return p->thread[i];
	return NULL;
}

static bool
is_waiting(const StateSample *s)
{
	return s->state && s->state[0] == 'D';
}

/* A vfork child shares its parent's memory until it runs another program. */
static enum judgement
task_shared_vm(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	bool has = p->shares && p->shares->has_vm_with;
	const Process *other = has ? index_process(j->at, p->shares->vm_with) : NULL;
	const Thread *waiter = !has ? NULL : vfork_waiter(p) ? vfork_waiter(p) : vfork_waiter(other);
	struct seen seen = waiter ? seen_thread(waiter, true, is_waiting) : (struct seen){ .still = true };
	enum judgement said;
	struct finding *f;

	if (!seen.still)
		return FINE;
	said = shared_object(j, p, has, has ? p->shares->vm_with : 0, &f);
	if (f && waiter) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->detail = "Its parent waits in vfork(2).";
		f->observed = seen_text(j, "waiting", seen);
		f->remedy = "look again a moment later";
	}
	return said;
}

static enum judgement
task_shared_fs(struct judge *j, const struct subject *s)
{
	const Sharing *sh = s->process->shares;
	struct finding *f;

	return shared_object(j, s->process, sh && sh->has_fs_with, sh ? sh->fs_with : 0, &f);
}

static enum judgement
task_shared_sighand(struct judge *j, const struct subject *s)
{
	const Sharing *sh = s->process->shares;
	struct finding *f;

	return shared_object(j, s->process, sh && sh->has_sighand_with, sh ? sh->sighand_with : 0, &f);
}

/* A table shared with the direct parent is what CRIU can restore. */
static enum judgement
task_shared_files_nonparent(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	const Sharing *sh = p->shares;
	struct finding *f;

	if (sh && sh->looked && sh->has_files_with && sh->files_with == p->ppid)
		return FINE;
	return shared_object(j, p, sh && sh->has_files_with, sh ? sh->files_with : 0, &f);
}

static enum judgement
task_thread_unshared(struct judge *j, const struct subject *s)
{
	if (s->process->n_thread < 2 || s->thread->tid == s->process->pid || !s->process->ns)
		return NOT_ABOUT;
	if (!s->thread->ns || !s->process->ns->mnt)	/* of a dead leader nothing is shown */
		return FINE;
	judge_find(j, judge_thread(j, s->process, s->thread), "is in namespaces of its own", NULL)
		->here_from = judge_text(j, "/proc/%d/task/%d/ns", s->process->pid, s->thread->tid);
	return FINDING;
}

/* "worker 4211, of session 4100 of bash 4100" */
static const char *
session_text(struct judge *j, const Process *p)
{
	for (size_t i = 0; i < p->n_outsider; i++)
		if (p->outsider[i]->tie == TIE__TIE_SESSION)
			return judge_text(j, "%s, of session %d%s%s", judge_process(j, p), p->sid,
					  p->outsider[i]->comm ? " of " : "",
					  p->outsider[i]->comm ? p->outsider[i]->comm : "");
	return judge_process(j, p);
}

static enum judgement
root_not_session_leader(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	const char *who;

	(void) s;
	if (!root || !root->has_sid)
		return NOT_ABOUT;
	if (root->sid == root->pid)
		return FINE;
	who = session_text(j, root);
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--shell-job", who);
	judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--shell-job", who);
	return FINE;
}

static enum judgement
session_outside_pidns(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;

	if (!p->n_ns_sid)
		return NOT_ABOUT;
	if (p->ns_sid[p->n_ns_sid - 1] != 0)
		return FINE;
	judge_find(j, judge_process(j, p), judge_text(j, "session %d, of a leader outside", p->sid), NULL)
		->here_from = judge_text(j, "/proc/%d/status", p->pid);
	return FINDING;
}

/* A leader that has ended is made again for a moment, and its members become init's children. */
static enum judgement
sid_leader_dead(struct judge *j, const struct subject *s)
{
	const Process *p = s->process, *root = index_root(j->at);

	if (!root || p == root || !p->has_sid || p->sid == root->sid)
		return NOT_ABOUT;
	if (p->sid <= 0 || index_process(j->at, p->sid))
		return FINE;
	judge_find(j, judge_process(j, p), judge_text(j, "of session %d, whose leader has ended", p->sid), NULL)
		->here_from = judge_text(j, "/proc/%d/stat", p->pid);
	return FINDING;
}

/* The number in "/proc/4211/stat"; 0 where it is another path. */
static int
proc_pid_of(const char *path)
{
	struct slice rest = slice_of(path ? path : ""), number;
	int32_t pid;

	if (!slice_cut(&rest, "/proc/") || !slice_field(&rest, '/', &number))
		return 0;
	return parse_i32(number, &pid) == 0 && pid > 0 ? pid : 0;
}

static enum judgement
dead_pid_vs_thread(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const Process *owner = NULL;
	const Thread *thread;
	int pid;

	if (!f->used_fd || !(f->deleted || f->path_state == PATH_STATE__PATH_GONE))
		return NOT_ABOUT;
	pid = proc_pid_of(f->path);
	if (!pid)
		return NOT_ABOUT;
	thread = index_thread(j->at, pid, &owner);
	if (!thread || (owner && owner->pid == pid))
		return FINE;
	judge_find(j, f->path, judge_text(j, "%d is now a thread of %s", pid, judge_process(j, owner)), NULL);
	return FINDING;
}

static enum judgement
file_proc_foreign_pid(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	bool own_pidns, known;
	int pid;

	if (!f->used_fd || f->deleted || f->path_state == PATH_STATE__PATH_GONE)
		return NOT_ABOUT;
	pid = proc_pid_of(f->path);
	if (!pid)
		return NOT_ABOUT;
	own_pidns = index_dumps_ns(j->at, NAMESPACE_KIND__NS_PID, &known);
	if (!known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, f->path,
				     "whether its number is one of this pid namespace");
	if (own_pidns || index_process(j->at, pid) || index_same_host(j->source, j->destination))
		return FINE;
	judge_find(j, f->path, judge_text(j, "process %d is not of the tree", pid), NULL);
	return FINDING;
}

static const struct rule rules[] = {
	{
		.id = "root-not-session-leader",
		.title = "the root of the tree does not lead its session",
		.why = "The tree was started from a shell and shares its session. CRIU dumps it with "
		       "--shell-job, and then restores it into the session in which criu itself runs.",
		.remedy = "give criu --shell-job at dump and restore, or start the program with setsid(1)",
		.criu_says = "is not a session leader. Consider using --shell-job option",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a process keeps its session until it makes a new one",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.check = root_not_session_leader,
	},
	{
		.id = "session-outside-pidns",
		.title = "a task belongs to a session from outside of its PID namespace",
		.why = "The session's leader has no number in the task's PID namespace, so the "
		       "session cannot be made again there. Seen in a container whose first process "
		       "made no session of its own, and of all that this process started.",
		.remedy = "start the container's first process with setsid(1), or enter it (docker exec) "
			  "with a session of its own",
		.criu_says = "is outside of its pid namespace",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a process keeps its session until it makes a new one",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = session_outside_pidns,
	},
	{
		.id = "sid-leader-dead",
		.title = "a task is in a session whose leader has ended",
		.why = "CRIU makes the session again by a process that ends at once. The task is then a child "
		       "of init, and a parent in the tree no longer hears of its end.",
		.remedy = "restart the program after the move, if its parent waits for it",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a process keeps its session until it makes a new one",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_PROCESS,
		.check = sid_leader_dead,
	},
	{
		.id = "task-shared-vm",
		.title = "two processes share one memory",
		.why = "CRIU dumps an address space that belongs to one process alone.",
		.remedy = "no way around: the program was written with clone(CLONE_VM); end one of the two",
		.criu_says = "Can't make VM id for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "processes stop sharing memory only by exec or exit",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = task_shared_vm,
	},
	{
		.id = "task-shared-fs",
		.title = "two processes share working folder, root and umask",
		.why = "CRIU dumps these of each process by itself and refuses shared ones (CLONE_FS).",
		.remedy = "no way around: the program was written with clone(CLONE_FS); end one of the two",
		.criu_says = "Can't make FS id for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "processes stop sharing it only by unshare, exec or exit",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = task_shared_fs,
	},
	{
		.id = "task-shared-sighand",
		.title = "two processes share their signal handlers",
		.why = "CRIU dumps handlers of each process by itself and refuses shared ones (CLONE_SIGHAND).",
		.remedy = "no way around: the program was written with clone(CLONE_SIGHAND); end one of the two",
		.criu_says = "Can't make",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "processes stop sharing handlers only by exec or exit",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = task_shared_sighand,
	},
	{
		.id = "task-shared-files-nonparent",
		.title = "two processes that are not parent and child share a table of descriptors",
		.why = "CRIU can restore a table shared by a parent with its child only.",
		.remedy = "no way around: the program was written with clone(CLONE_FILES); end one of the two",
		.criu_says = "Can't make FILES id for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "processes stop sharing the table only by unshare, exec or exit",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_SHARING),
		.check = task_shared_files_nonparent,
	},
	{
		.id = "task-thread-unshared",
		.title = "a thread has left the namespaces of its process",
		.why = "CRIU looks at a process's first thread only: after the restore the thread is in "
		       "the namespaces of its process again, and works in the wrong place.",
		.remedy = "have the thread go back (setns) before the dump, or use a process for that work",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a thread stays in a namespace until it leaves it itself",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = task_thread_unshared,
	},
	{
		.id = "dead-pid-vs-thread",
		.title = "an open file of a dead process, whose number a thread of the tree now has",
		.why = "CRIU would restore the file by making a process of that number for a moment; "
		       "the thread needs the number.",
		.remedy = "close the file below /proc, or restart the process with that thread",
		.criu_says = "Conflict with a dead task with the same PID as of this thread",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the file stays open until the program closes it, and the number is the thread's for life",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = dead_pid_vs_thread,
	},
	{
		.id = "file-proc-foreign-pid",
		.title = "an open file below /proc of a process outside the tree",
		.why = "The process is not moved along, so at the restore the path does not exist, or "
		       "belongs to whatever process has that number there.",
		.remedy = "close the file, or dump a tree that holds that process too",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the file stays open until the program closes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = file_proc_foreign_pid,
	},
};

const struct ruleset rules_tree = { "tree", rules, ARRAY_SIZE(rules) };

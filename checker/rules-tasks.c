/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu must be able to do with each task before it can dump it: seize it, stop it and
 * have it hold still. State letters are those of proc_pid_stat(5): R running, S sleeping,
 * D uninterruptible, T stopped, t stopped by a tracer, Z zombie, X dead.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"
#include "checker/values.h"

static bool
is_in(const char *state, const char *letters)
{
	return state && state[0] && strchr(letters, state[0]);
}

static bool
is_traced(const StateSample *s)
{
	return s->tracer_pid > 0;
}

static bool
is_uninterruptible(const StateSample *s)
{
	return is_in(s->state, "D");
}

static bool
is_dead(const StateSample *s)
{
	return is_in(s->state, "ZX");
}

static struct finding *
find_thread(struct judge *j, const struct subject *s, const char *here, const char *how, struct seen seen)
{
	struct finding *f = judge_find(j, judge_thread(j, s->process, s->thread), here, NULL);

	f->here_from = judge_text(j, "/proc/%d/task/%d/status", s->process->pid, s->thread->tid);
	f->observed = seen_text(j, how, seen);
	return f;
}

static enum judgement
task_traced(struct judge *j, const struct subject *s)
{
	struct seen seen = seen_thread(s->thread, s->thread->tracer_pid > 0, is_traced);

	if (!s->thread->has_tracer_pid)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	(void) find_thread(j, s, judge_text(j, "traced by %d", s->thread->tracer_pid), "traced", seen);
	return FINDING;
}

/* Only one that is in D each time it was seen: a busy task is there for moments all the time. */
static enum judgement
task_uninterruptible(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	const Thread *t = s->thread;
	struct seen seen = seen_thread(t, is_in(t->state, "D"), is_uninterruptible);
	struct finding *f;

	if (!t->state)
		return NOT_ABOUT;
	if (thread_waits_for_vfork(t) || (t->wchan && strstr(t->wchan, "refrigerator")))
		return FINE;			/* task-vfork-pending and task-frozen-v1 tell of it */
	for (size_t i = 0; t->tid == p->pid && i < p->n_sample; i++) {
		seen.times += is_uninterruptible(p->sample[i]);
		seen.looks++;
	}
	if (seen.times < seen.looks)
		return FINE;
	f = find_thread(j, s, t->wchan ? judge_text(j, "state D in %s", t->wchan) : "state D", "in state D", seen);
	if (seen.looks == 1) {
		f->severity = SEVERITY_WARNING;
		f->confidence = CONFIDENCE_POSSIBLE;
	}
	return FINDING;
}

static enum judgement
task_vfork_pending(struct judge *j, const struct subject *s)
{
	struct seen seen = seen_thread(s->thread, true, is_uninterruptible);

	if (!thread_waits_for_vfork(s->thread))
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	find_thread(j, s, "waits for its vfork child to exec or exit", "waiting", seen)->here_from =
		judge_text(j, "/proc/%d/task/%d/wchan", s->process->pid, s->thread->tid);
	return FINDING;
}

static enum judgement
task_zombie_thread(struct judge *j, const struct subject *s)
{
	bool leader = s->thread->tid == s->process->pid;
	struct seen seen = seen_thread(s->thread, is_in(s->thread->state, "ZX"), is_dead);
	struct finding *f;

	if (s->process->n_thread < 2)
		return NOT_ABOUT;
	if (!seen.still)
		return FINE;
	f = find_thread(j, s, judge_text(j, "state %c", s->thread->state[0]), "dead and not reaped", seen);
	if (leader) {
		f->lifetime = LIFETIME_PERMANENT;
		f->detail = "The first thread has ended while others go on: it stays dead as long as they live.";
		f->remedy = "restart the program, and have its first thread wait for the others";
	}
	return FINDING;
}

/* A parent that has reaped children by the thousand, seen over its whole life. */
static bool
has_forked_all_along(const Tree *t, const Process *p)
{
	enum { FEW_FAULTS = 2000, FAULTS_A_TICK = 100 };

	return t->has_begin_ticks && p->has_start_time && p->start_time <= t->begin_ticks &&
	       p->reaped_faults >= FEW_FAULTS &&
	       p->reaped_faults / FAULTS_A_TICK >= t->begin_ticks - p->start_time + 1;
}

static uint64_t
grown(const Process *p)
{
	return p->has_reaped_faults_later && p->reaped_faults_later > p->reaped_faults ?
		       p->reaped_faults_later - p->reaped_faults :
		       0;
}

/*
 * Of those parents the one that goes on with it most. One that reads a line and runs a program
 * now and then has a high average too while it is young, so what ended during the dump must be
 * many children, or some with others newer than a moment beside them. The children live too
 * briefly for two walks to tell, and one worker of several may get no processor meanwhile.
 */
static const Process *
forking_process(const struct judge *j)
{
	enum { MANY_FAULTS = 300, FRESH_TICKS = 5 };
	const Tree *t = j->source->tree;
	const Process *most = NULL;
	const Process *const *all;
	uint64_t together = 0;
	bool fresh = t->tasks_appeared || t->tasks_vanished;
	size_t n;

	all = index_processes(j->at, &n);
	for (size_t i = 0; i < n; i++) {
		const Process *parent = index_process(j->at, all[i]->ppid);

		fresh |= parent && has_forked_all_along(t, parent) &&
			 all[i]->start_time + FRESH_TICKS >= t->begin_ticks;
		if (!has_forked_all_along(t, all[i]))
			continue;
		together += grown(all[i]);
		if (!most || grown(all[i]) > grown(most))
			most = all[i];
	}
	return together >= MANY_FAULTS || (together && fresh) ? most : NULL;
}

/* criu walks the tree some six times; what keeps growing is never caught whole. */
static enum judgement
task_tree_unstable(struct judge *j, const struct subject *s)
{
	const Process *forking;
	const Tree *t = j->source->tree;
	const char *here;
	struct finding *f;

	(void) s;
	if (!t)
		return NOT_ABOUT;
	forking = forking_process(j);
	if (!t->unstable && !forking)
		return FINE;
	if (t->unstable)
		here = judge_text(j, "%llu tasks came or went while it was read",
				  (unsigned long long) ((uint64_t) t->tasks_appeared + t->tasks_vanished));
	else
		here = judge_text(j, "%s reaped children of %llu page faults before the dump, of %llu more during it",
				  judge_process(j, forking), (unsigned long long) forking->reaped_faults,
				  (unsigned long long) grown(forking));
	f = judge_find(j, judge_process(j, index_root(j->at)), here, NULL);
	if (t->unstable)
		f->observed = judge_text(j, "still changing after %u walks in %llu ms", t->passes,
					 (unsigned long long) (t->span_us / 1000));
	f->option = "--freeze-cgroup PATH";
	f->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static enum judgement
task_zombie_root(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);

	(void) s;
	if (!root || !root->state)
		return NOT_ABOUT;
	if (!is_in(root->state, "ZX"))
		return FINE;
	judge_find(j, judge_process(j, root), "has ended; its parent has not waited for it", NULL)
		->here_from = judge_text(j, "/proc/%d/stat", root->pid);
	return FINDING;
}

static enum judgement
task_zombie_with_children(struct judge *j, const struct subject *s)
{
	const Process *parent = index_process(j->at, s->process->ppid);
	struct seen seen;
	struct finding *f;

	if (!parent || s->process == index_root(j->at))
		return NOT_ABOUT;
	if (!is_in(parent->state, "Z"))
		return FINE;
	seen = parent->n_thread ? seen_thread(parent->thread[0], true, is_dead) : (struct seen){ .still = true };
	if (!seen.still)
		return FINE;
	f = judge_find(j, judge_process(j, parent), "a zombie, but still a parent", NULL);
	f->here_from = judge_text(j, "/proc/%d/stat", s->process->pid);
	f->observed = seen_text(j, "a zombie", seen);
	return FINDING;
}

static enum judgement
task_criu_inside_tree(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = j->source->criu_place;
	const Process *root = index_root(j->at);
	bool inside;

	(void) s;
	if (!root)
		return NOT_ABOUT;
	if (!place || !place->has_pid)
		return judge_unknown(j, false, DOMAIN__DOMAIN_TASKS, judge_process(j, root),
				     "where criu will run");
	inside = place->pid == root->pid;
	for (size_t i = 0; i < place->n_ancestor; i++)
		inside |= place->ancestor[i] == root->pid;
	if (!inside)
		return FINE;
	judge_find(j, judge_process(j, root),
		   judge_text(j, "criu would run below it, in %s %d", place->comm ? place->comm : "?",
			      place->pid),
		   NULL);
	return FINDING;
}

static enum judgement
task_frozen(struct judge *j, const struct subject *s)
{
	const Cgroup *c = s->cgroup;

	if (!c->has_frozen || !c->has_version || c->version != j->rule->arg.number)
		return NOT_ABOUT;
	if (!c->frozen)
		return FINE;
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP,
		      judge_text(j, "--freeze-cgroup %s", c->frozen_at ? c->frozen_at : c->path),
		      judge_text(j, "frozen cgroup %s:%s", c->controllers ? c->controllers : "", c->path));
	return FINE;
}

static const struct rule rules[] = {
	{
		.id = "task-criu-inside-tree",
		.title = "criu would be part of the tree that it is to dump",
		.why = "CRIU stops every task of the tree, and would stop itself: a tree that holds the "
		       "shell in which criu is started cannot be dumped from that shell.",
		.remedy = "run criu from outside the tree: another login, or a service",
		.criu_says = "The criu itself is within dumped tree",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "it holds as long as criu is started from there",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.check = task_criu_inside_tree,
	},
	{
		.id = "task-zombie-root",
		.title = "the root of the tree has already ended",
		.why = "A zombie has no memory and no files left; there is nothing to dump.",
		.remedy = "start the program again, or name a process that lives",
		.criu_says = "A root task is dead",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a process that has ended does not come back",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.check = task_zombie_root,
	},
	{
		.id = "task-traced",
		.title = "a task is being traced by a debugger or by strace",
		.why = "CRIU seizes each task with ptrace(2), and a task can have one tracer only.",
		.remedy = "detach the tracer (end strace, say `detach` in gdb), then look again",
		.criu_says = "Unseizable non-zombie",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a tracer is attached for a while by someone who looks; it goes with them",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_traced,
	},
	{
		.id = "task-uninterruptible",
		.title = "a task hangs in an uninterruptible wait",
		.why = "CRIU waits for each task to stop; one in state D does not, and after --timeout "
		       "(10 s) criu gives up.",
		.remedy = "find what it waits for (a network file system, a disk) and mend that; or give "
			  "criu a longer --timeout",
		.criu_says = "Timeout reached. Try to interrupt",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the wait ends when the device or the server answers",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_uninterruptible,
	},
	{
		.id = "task-vfork-pending",
		.title = "a task waits in vfork(2)",
		.why = "Until the child execs or exits it shares the parent's memory, and the parent "
		       "cannot be stopped: CRIU can dump neither.",
		.remedy = "look again a moment later",
		.criu_says = "Can't make VM id for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a vfork ends with the child's exec, usually within a millisecond",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_vfork_pending,
	},
	{
		.id = "task-zombie-thread",
		.title = "a thread has ended while its process goes on",
		.why = "CRIU refuses a process that has a dead thread.",
		.remedy = "look again; where it stays, restart the program",
		.criu_says = "Zombie thread not supported",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the kernel reaps a dead thread at once, unless it is the first one",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_zombie_thread,
	},
	{
		.id = "task-tree-unstable",
		.title = "the tree changes faster than it can be walked",
		.why = "CRIU seizes the tasks one by one and walks the tree again until nothing new is "
		       "found, six times at most. A tree that forks all the time is not caught whole, "
		       "and what was read of it here is not whole either.",
		.remedy = "wait until it is quiet, or put the tree into a cgroup of its own and give criu "
			  "--freeze-cgroup with its path",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "start and end of tasks come in bursts",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.check = task_tree_unstable,
	},
	{
		.id = "task-zombie-with-children",
		.title = "a dead process still has children",
		.why = "CRIU refuses a zombie with children: they are about to be given to another parent.",
		.remedy = "look again a moment later",
		.criu_says = "Zombie with children",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the kernel gives the children to another parent while the process ends",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_zombie_with_children,
	},
	{
		.id = "task-frozen-v1",
		.title = "tasks are frozen by a cgroup (version 1)",
		.why = "A task in a frozen v1 cgroup cannot be seized; CRIU thaws it itself if it is "
		       "told the cgroup.",
		.remedy = "give criu --freeze-cgroup with the path of the frozen cgroup, or thaw it",
		.criu_says = "Timeout reached. Try to interrupt",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a frozen cgroup stays so until somebody thaws it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_CGROUP,
		.arg.number = 1,
		.check = task_frozen,
	},
	{
		.id = "task-frozen-v2",
		.title = "tasks are frozen by a cgroup (version 2)",
		.why = "CRIU seizes them, and then waits without end for it to run: criu dump hangs, and no "
		       "--timeout ends it. Told the cgroup, CRIU thaws it itself.",
		.remedy = "give criu --freeze-cgroup with the path of the frozen cgroup, or thaw it",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a frozen cgroup stays so until somebody thaws it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_CGROUP,
		.arg.number = 2,
		.check = task_frozen,
	},
};

const struct ruleset rules_tasks = { "tasks", rules, ARRAY_SIZE(rules) };

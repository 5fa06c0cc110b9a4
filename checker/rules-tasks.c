/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu must be able to do with each task before it can dump it: seize it, stop it, and
 * find it alone with its memory, its tables and its signals. State letters are those of
 * proc_pid_stat(5).
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"

/* "thread 4213 of nginx 4211"; the leader is the process itself. */
static const char *
thread_name(struct judge *j, const struct subject *s)
{
	if (s->thread->tid == s->process->pid)
		return judge_process(j, s->process);
	return judge_text(j, "thread %d of %s", s->thread->tid, judge_process(j, s->process));
}

/* ptrace(2) allows one tracer a task. */
static enum judgement
task_traced(struct judge *j, const struct subject *s)
{
	if (!s->thread->has_tracer_pid)
		return NOT_ABOUT;
	if (s->thread->tracer_pid == 0)
		return FINE;
	judge_find(j, thread_name(j, s), judge_text(j, "traced by %d", s->thread->tracer_pid), NULL)
		->here_from = judge_text(j, "/proc/%d/task/%d/status", s->process->pid, s->thread->tid);
	return FINDING;
}

static const struct rule rules[] = {
	{
		.id = "task-traced",
		.title = "a task is being traced by a debugger or strace",
		.why = "CRIU seizes each task with ptrace(2), and a task can have one tracer only.",
		.remedy = "detach the tracer (end strace, leave gdb with `detach`), then look again",
		.criu_says = "unseizable non-zombie",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "a tracer is attached for a while by someone who looks; it goes with them",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_THREAD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_traced,
	},
};

const struct ruleset rules_tasks = { "tasks", rules, ARRAY_SIZE(rules) };

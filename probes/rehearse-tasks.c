/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of what a task is given: scheduling policy, nice value, OOM score and limits, each
 * set by a helper on itself. Facts tell what rights there are; only trying tells of the realtime
 * budget of a cgroup (cpu.rt_runtime_us 0: EPERM), of security modules and of seccomp filters.
 */
#include "probes/rehearse.h"

#include "base/text.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

static const char *
policy_name(uint32_t policy)
{
	switch (policy) {
	case SCHED_FIFO:
		return "SCHED_FIFO";
	case SCHED_RR:
		return "SCHED_RR";
	case SCHED_BATCH:
		return "SCHED_BATCH";
	case SCHED_IDLE:
		return "SCHED_IDLE";
	default:
		return NULL;
	}
}

static const struct {
	const char *name;		/* in proc_pid_limits(5) */
	int resource;
} limits[] = {
	{ "Max cpu time", RLIMIT_CPU },
	{ "Max file size", RLIMIT_FSIZE },
	{ "Max data size", RLIMIT_DATA },
	{ "Max stack size", RLIMIT_STACK },
	{ "Max core file size", RLIMIT_CORE },
	{ "Max resident set", RLIMIT_RSS },
	{ "Max processes", RLIMIT_NPROC },
	{ "Max open files", RLIMIT_NOFILE },
	{ "Max locked memory", RLIMIT_MEMLOCK },
	{ "Max address space", RLIMIT_AS },
	{ "Max file locks", RLIMIT_LOCKS },
	{ "Max pending signals", RLIMIT_SIGPENDING },
	{ "Max msgqueue size", RLIMIT_MSGQUEUE },
	{ "Max nice priority", RLIMIT_NICE },
	{ "Max realtime priority", RLIMIT_RTPRIO },
	{ "Max realtime timeout", RLIMIT_RTTIME },
};

/* ---- helpers, on themselves ----------------------------------------------------------------- */

static int
set_policy(void *arg)
{
	const Thread *t = *(const Thread **) arg;
	const struct sched_param param = { .sched_priority = (int) t->rt_priority };

	return sched_setscheduler(0, (int) t->sched_policy, &param) < 0 ? -errno : 0;
}

static int
set_nice(void *arg)
{
	const Thread *t = *(const Thread **) arg;

	return setpriority(PRIO_PROCESS, 0, t->nice) < 0 ? -errno : 0;
}

struct score {
	const struct root *root;
	int value;
};

static int
set_score(void *arg)
{
	const struct score *s = arg;
	char text[16];

	(void) snprintf(text, sizeof(text), "%d", s->value);
	return rehearsal_write(s->root, "/proc/self/oom_score_adj", text);
}

/* Only raising a hard limit can be refused, and only that is tried: a lower one could end the helper. */
static int
raise_limit(void *arg)
{
	const Limit *l = *(const Limit **) arg;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit now, new = { .rlim_cur = l->soft, .rlim_max = l->hard };

		if (!streq(limits[i].name, l->name))
			continue;
		if (getrlimit((__rlimit_resource_t) limits[i].resource, &now) < 0)
			return errno;
		if (l->hard <= now.rlim_max)
			return 0;
		new.rlim_cur = now.rlim_cur;
		return setrlimit((__rlimit_resource_t) limits[i].resource, &new) < 0 ? -errno : 0;
	}
	return 0;
}

/* ---- the plan ------------------------------------------------------------------------------- */

enum what { POLICY, NICE, SCORE, LIMIT };

static int
add_thread(struct rehearsal *h, const Process *p, const Thread *thread)
{
	struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_TASK,
		.pid = p->pid,
		.what = thread,
		.number = POLICY,
		.detail = "sched_setscheduler(2)",
	};
	const char *name = policy_name(thread->sched_policy);
	int r = 0;

	if (thread->has_sched_policy && name)
		r = rehearsal_add(h, &t, "%s %u", name, thread->rt_priority);
	t.number = NICE;
	t.detail = "setpriority(2)";
	if (r == 0 && thread->has_nice && thread->nice != 0 && thread->nice >= -20 && thread->nice < 20)
		r = rehearsal_add(h, &t, "nice value %d", thread->nice);
	return r;
}

static int
add_process(struct rehearsal *h, const Process *p)
{
	struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_TASK,
		.pid = p->pid,
		.what = p,
		.number = SCORE,
		.detail = "a write to oom_score_adj",
	};
	int r = 0;

	if (p->has_oom_score_adj)
		r = rehearsal_add(h, &t, "OOM score %d", p->oom_score_adj);
	t.number = LIMIT;
	t.detail = "setrlimit(2)";
	for (size_t i = 0; r == 0 && i < p->n_limit; i++) {
		const Limit *l = p->limit[i];

		t.what = l;
		if (l->name && l->has_soft && l->has_hard)
			r = rehearsal_add(h, &t, l->hard == UINT64_MAX ? "%s unlimited" : "%s %llu", l->name,
					  (unsigned long long) l->hard);
	}
	for (size_t i = 0; r == 0 && i < p->n_thread; i++)
		r = add_thread(h, p, p->thread[i]);
	return r;
}

static int
plan(struct rehearsal *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->c->source->n_process; i++)
		r = add_process(h, h->c->source->process[i]);
	return r;
}

static int
attempt(struct rehearsal *h, const struct trial *t)
{
	struct score score = { .root = &h->root };
	const void *what = t->what;

	switch ((enum what) t->number) {
	case POLICY:
		return rehearsal_helper(0, set_policy, &what);
	case NICE:
		return rehearsal_helper(0, set_nice, &what);
	case SCORE:
		score.value = ((const Process *) t->what)->oom_score_adj;
		return rehearsal_helper(0, set_score, &score);
	case LIMIT:
		return rehearsal_helper(0, raise_limit, &what);
	}
	return EINVAL;
}

const struct rehearsal_subject rehearse_tasks = {
	.name = "priorities and limits",
	.namespaces = CLONE_NEWPID,
	.bare = true,
	.plan = plan,
	.attempt = attempt,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process ids. Where the pid namespace is not dumped, a restore needs every id of the tree to
 * be free: of tasks, of threads, and of the groups and sessions whose leader is gone. What a
 * destination says of one:
 *
 *     id 4211  used by a process: sleep 4211, 3 s old, no session leader
 *
 * On the same machine the tree itself holds its ids, and they count as free.
 */
#include "checker/place.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

enum {
	SHORT_LIVED_MS = 5 * 60 * 1000,	/* a holder older than this is taken to stay */
	HARD_PID_MAX = 4194304,		/* the kernel's own limit on 64-bit machines */
	TCP_LISTENING = 10,
};

/* Whether ids are restored in the destination's own namespace. FINE: they are. */
static enum judgement
ids_matter(struct judge *j)
{
	bool known, dumped = index_dumps_ns(j->at, NAMESPACE_KIND__NS_PID, &known);

	if (!known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, "pid namespace",
				     "whether criu would dump the pid namespace");
	return dumped ? NOT_ABOUT : FINE;
}

/*
 * Whether --shell-job makes criu put its own session or group in the place of this one: that
 * of a root that is no leader.
 */
static bool
is_of_outer_job(const struct judge *j, int id)
{
	const Process *root = index_root(j->at);

	if (!root || root->sid == root->pid)
		return false;
	return id == root->sid || (id == root->pgid && root->pgid != root->pid);
}

static bool
tree_holds(const struct judge *j, const PidAnswer *a)
{
	const Process *holder;
	const Thread *thread;

	if (!index_same_host(j->source, j->destination))
		return false;
	holder = index_process(j->at, a->holder_pid);
	if (holder && (!a->has_holder_start_time || holder->start_time == a->holder_start_time))
		return true;
	thread = index_thread(j->at, a->id, NULL);
	return thread && a->has_holder_start_time && thread->start_time == a->holder_start_time;
}

static bool
is_listener(const struct judge *j, int pid)
{
	const Net *net = j->destination->host ? j->destination->host->net : NULL;

	for (size_t i = 0; net && i < net->n_socket; i++)
		if (net->socket[i]->state == TCP_LISTENING && net->socket[i]->has_holder_pid &&
		    net->socket[i]->holder_pid == pid)
			return true;
	return false;
}

/* Permanent or transient, and what was seen that says so. */
static void
judge_holder(struct judge *j, const PidAnswer *a, struct finding *f)
{
	const char *age = a->has_holder_age_ms ? value_age(j, a->holder_age_ms) : NULL;

	/* A leader that has ended while its threads run on is a zombie until the last of them ends. */
	if (a->holder_state && streq(a->holder_state, "Z") && a->holder_threads < 2) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->observed = "a zombie: its parent has still to reap it";
	} else if (a->holder_is_session_leader) {
		f->detail = "It is a session leader.";
	} else if (is_listener(j, a->holder_pid)) {
		f->detail = "It listens for connections: a service.";
	} else if (age && a->holder_age_ms < SHORT_LIVED_MS) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->observed = judge_text(j, "started %s before it was looked at", age);
	} else if (age) {
		f->detail = judge_text(j, "It has been running for %s.", age);
	}
}

static enum judgement
judge_id(struct judge *j, const struct subject *s, const char *role, int id)
{
	static const char *const uses[] = {
		[PID_USE__PID_PROCESS] = "process",
		[PID_USE__PID_THREAD] = "a thread of process",
		[PID_USE__PID_GROUP] = "a process group, of which is",
		[PID_USE__PID_SESSION] = "a session, of which is",
	};
	const PidAnswer *a = index_pid(j->there, id);
	const char *thing = judge_text(j, "%s %d", role, id), *use;
	struct finding *f;

	if (!a || !a->has_use)
		return judge_unknown(j, true, DOMAIN__DOMAIN_PIDS, thing, "whether it is free there");
	if (a->use == PID_USE__PID_FREE || tree_holds(j, a))
		return FINE;
	use = (size_t) a->use < ARRAY_SIZE(uses) && uses[a->use] ? uses[a->use] : "process";
	f = judge_find(j, thing, judge_process(j, s->process),
		       judge_text(j, "%s %s %d", use, a->holder_comm ? a->holder_comm : "?",
				  a->holder_pid));
	f->there_from = judge_text(j, "/proc/%d", id);
	judge_holder(j, a, f);
	return FINDING;
}

static enum judgement
worse(enum judgement a, enum judgement b)
{
	return a > b ? a : b;
}

static enum judgement
pid_in_use(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	enum judgement said = ids_matter(j);

	if (said != FINE)
		return said;
	said = worse(said, judge_id(j, s, "pid", p->pid));
	for (size_t i = 0; i < p->n_thread; i++)
		if (p->thread[i]->tid != p->pid)
			said = worse(said, judge_id(j, s, "thread", p->thread[i]->tid));
	/* Leaders that live in the tree are judged as tasks. */
	if (p->sid > 0 && !index_process(j->at, p->sid) && !is_of_outer_job(j, p->sid))
		said = worse(said, judge_id(j, s, "session", p->sid));
	if (p->pgid > 0 && p->pgid != p->sid && !index_process(j->at, p->pgid) &&
	    !is_of_outer_job(j, p->pgid))
		said = worse(said, judge_id(j, s, "process group", p->pgid));
	return said;
}

static int
highest_id(const Snapshot *s)
{
	int highest = 0;

	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];

		highest = p->pid > highest ? p->pid : highest;
		for (size_t k = 0; k < p->n_thread; k++)
			highest = p->thread[k]->tid > highest ? p->thread[k]->tid : highest;
	}
	return highest;
}

static enum judgement
pid_max(struct judge *j, const struct subject *s)
{
	const Credentials *criu = place_there_credentials(j);
	int highest = highest_id(j->source);
	enum judgement said = ids_matter(j);
	uint64_t max;
	struct finding *f;

	(void) s;
	if (said != FINE)
		return said;
	if (!value_sysctl(j, "kernel/pid_max", &max))
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "kernel.pid_max", "its value there");
	if ((uint64_t) highest < max)
		return FINE;
	f = judge_find(j, "kernel.pid_max", judge_text(j, "highest id %d", highest),
		       judge_text(j, "%llu", (unsigned long long) max));
	f->there_from = "/proc/sys/kernel/pid_max";
	if (highest >= HARD_PID_MAX)
		return FINDING;
	f->command = judge_text(j, "sysctl -w kernel.pid_max=%d", highest + 1);
	if (criu && criu->has_euid && criu->euid == 0) {
		f->severity = SEVERITY_WARNING;
		f->detail = "CRIU raises it by itself where it may write it.";
	}
	return FINDING;
}

static enum judgement
pid_limits(struct judge *j, const struct subject *s)
{
	uint64_t max, need = 0;
	struct finding *f;

	(void) s;
	if (!value_sysctl(j, "kernel/threads-max", &max))
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "kernel.threads-max", "its value there");
	for (size_t i = 0; i < j->source->n_process; i++)
		need += j->source->process[i]->n_thread;
	if (need < max)
		return FINE;
	f = judge_find(j, "kernel.threads-max", judge_text(j, "%llu threads", (unsigned long long) need),
		       judge_text(j, "%llu", (unsigned long long) max));
	f->there_from = "/proc/sys/kernel/threads-max";
	f->command = judge_text(j, "sysctl -w kernel.threads-max=%llu", (unsigned long long) need * 2);
	return FINDING;
}

static enum judgement
pid_1(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);

	(void) s;
	if (!root || root->pid != 1 || ids_matter(j) != FINE)
		return NOT_ABOUT;
	(void) judge_find(j, judge_process(j, root), "pid 1", "the host's own pid namespace");
	return FINDING;
}

/*
 * A child keeps the session it was born in. criu replays that: some ancestor must be the
 * leader, unless the task shares its parent's session or leads its own. Direct children of
 * the root get a helper for their session.
 */
static enum judgement
sid_born(struct judge *j, const struct subject *s)
{
	const Process *p = s->process, *root = index_root(j->at);
	const Process *parent = index_process(j->at, p->ppid), *up = parent;
	size_t steps = 0;

	if (!root || p == root || !parent || parent == root || p->sid == p->pid ||
	    p->sid == parent->sid || !p->has_sid || !parent->has_sid)
		return NOT_ABOUT;
	while (up && up->pid != p->sid && steps++ < j->source->n_process)
		up = up == root ? NULL : index_process(j->at, up->ppid);
	if (up && up->pid == p->sid)
		return FINE;
	(void) judge_find(j, judge_process(j, p), judge_text(j, "session %d, parent's session %d",
							     p->sid, parent->sid), NULL);
	return FINDING;
}

static const struct rule rules[] = {
	{
		.id = "pid-in-use",
		.title = "an id of the tree is taken on the destination",
		.why = "CRIU restores tasks, threads, groups and sessions under the same numbers; a "
		       "number in use there makes it fail (of a thread: \"Unable to create a thread: -17\").",
		.remedy = "end what holds it there, choose another host, or run the tree in a pid "
			  "namespace of its own",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A listener, a service or a session leader stays; a zombie or a "
				"process that has just started tends to go.",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_PIDS),
		.check = pid_in_use,
	},
	{
		.id = "pid-max",
		.title = "the destination does not count pids that high",
		.why = "CRIU tries to raise kernel.pid_max, and fails where it may not.",
		.remedy = "raise it there: sysctl -w kernel.pid_max=4194304",
		.criu_says = "Can't set kernel pid_max",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_KERNEL),
		.check = pid_max,
	},
	{
		.id = "pid-limits",
		.title = "the tree has more threads than the destination allows in all",
		.why = "Forking fails with EAGAIN.",
		.remedy = "raise it there: sysctl -w kernel.threads-max=N",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_KERNEL),
		.check = pid_limits,
	},
	{
		.id = "pid-1-needs-pidns",
		.title = "the root of the tree is pid 1, and no pid namespace is restored",
		.why = "Pid 1 of the destination is its own init.",
		.remedy = "dump from outside of the tree's pid namespace",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Pid 1 is never free.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_PIDS),
		.check = pid_1,
	},
	{
		.id = "sid-born-ambiguous",
		.title = "a task is in a session that none of its ancestors leads",
		.why = "CRIU has to replay who was born in which session, and cannot here.",
		.remedy = "start the tree anew, so that each session has its leader in the tree",
		.criu_says = "Can't find a session leader for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A task's session changes only by setsid(2).",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = sid_born,
	},
};

const struct ruleset rules_dst_pids = {
	.name = "dst-pids",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of tasks that a restore must give again: each pid and tid of the tree, and each process
 * group and session whose leader is gone (CRIU makes a helper of that pid). They are looked for
 * only where the tree does not bring a pid namespace of its own.
 *
 * One walk over /proc finds who uses an id as process, group or session. Threads do not stand
 * in the listing, but /proc/TID/stat is there all the same, and its status names the process:
 *
 *     1234 (nginx) S 1 1234 1234 0 …       uses 1234 as pid, group and session
 *     Tgid:	1234
 */
#include "probes/probes.h"

#include "kernel/stat.h"
#include "probes/brought.h"

#include <errno.h>

/* Who uses an id, while /proc is walked. */
struct use {
	int32_t id;
	PidUse use;
	int32_t holder;
	uint64_t started;		/* a thread: its own start */
};

struct pids {
	struct probe_context *c;
	struct use *use;		/* sorted by id */
	size_t n, room;
	uint64_t ticks;			/* clock ticks a second; 0: not known */
};

static void
pids_free(struct pids *p)
{
	free(p->use);
}

static int
id_add(struct pids *p, int32_t id)
{
	if (id <= 0)
		return 0;
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 256;
		struct use *bigger = reallocarray(p->use, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		p->use = bigger;
		p->room = room;
	}
	p->use[p->n++] = (struct use){ .id = id, .use = PID_USE__PID_FREE };
	return 0;
}

static int
process_add(struct pids *p, const Process *process)
{
	int r = id_add(p, process->pid);

	if (r == 0)
		r = id_add(p, process->pgid);
	if (r == 0)
		r = id_add(p, process->sid);
	for (size_t i = 0; r == 0 && i < process->n_thread; i++)
		r = id_add(p, process->thread[i]->tid);
	return r;
}

static int
use_compare(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void
sort_and_unite(struct pids *p)
{
	size_t kept = 0;

	qsort(p->use, p->n, sizeof(*p->use), use_compare);
	for (size_t i = 1; i < p->n; i++)
		if (p->use[i].id != p->use[kept].id)
			p->use[++kept] = p->use[i];
	p->n = kept + 1;
}

/* A process weighs more than a thread, that more than a group, that more than a session. */
static void
use_note(struct pids *p, int32_t id, PidUse how, int32_t holder)
{
	struct use key = { .id = id };
	struct use *u = bsearch(&key, p->use, p->n, sizeof(*p->use), use_compare);

	if (!u || (u->use != PID_USE__PID_FREE && u->use <= how))
		return;
	u->use = how;
	u->holder = holder;
}

static int
stat_read(struct pids *p, int32_t pid, struct task_stat *ret)
{
	int r = root_readf(p->c->root, p->c->text, MAX_PROC_FILE, "/proc/%d/stat", pid);

	return r < 0 ? r : stat_parse(buffer_slice(p->c->text), ret);
}

static int
process_look(const char *name, unsigned char d_type, void *arg)
{
	struct pids *p = arg;
	struct task_stat stat;
	int32_t pid;

	(void) d_type;
	if (parse_i32(slice_of(name), &pid) < 0 || stat_read(p, pid, &stat) < 0)
		return 0;
	use_note(p, stat.pid, PID_USE__PID_PROCESS, stat.pid);
	use_note(p, stat.pgid, PID_USE__PID_GROUP, stat.pid);
	use_note(p, stat.sid, PID_USE__PID_SESSION, stat.pid);
	return 0;
}

/* The process that a thread belongs to; 0 when it is gone. */
static int32_t
group_of_thread(struct pids *p, int32_t tid)
{
	struct slice text, line;
	int32_t tgid;

	if (root_readf(p->c->root, p->c->text, MAX_PROC_FILE, "/proc/%d/status", tid) < 0)
		return 0;
	text = buffer_slice(p->c->text);
	while (slice_line(&text, &line))
		if (slice_cut(&line, "Tgid:"))
			return parse_i32(slice_trim(line), &tgid) < 0 ? 0 : tgid;
	return 0;
}

static void
threads_look(struct pids *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct task_stat stat;

		if (p->use[i].use == PID_USE__PID_PROCESS || stat_read(p, p->use[i].id, &stat) < 0)
			continue;
		p->use[i].use = PID_USE__PID_THREAD;
		p->use[i].started = stat.start_time;
		p->use[i].holder = group_of_thread(p, p->use[i].id);
	}
}

static void
age_note(struct pids *p, uint64_t start_time, PidAnswer *answer)
{
	uint64_t up, since;

	if (p->ticks == 0 || !p->c->host->has_uptime_ms || p->c->host->uptime_ms < 0 ||
	    start_time > UINT64_MAX / 1000)
		return;
	up = (uint64_t) p->c->host->uptime_ms;
	since = start_time * 1000 / p->ticks;
	SET_FACT(answer, holder_age_ms, up > since ? up - since : 0);
}

static int
holder_note(struct pids *p, const struct use *use, PidAnswer *answer)
{
	int32_t holder = use->holder;
	struct arena *arena = p->c->snapshot->arena;
	struct task_stat stat;

	if (holder <= 0 || stat_read(p, holder, &stat) < 0)
		return 0;
	SET_FACT(answer, holder_pid, holder);
	SET_FACT(answer, holder_start_time, stat.start_time);
	SET_FACT(answer, holder_is_session_leader, stat.sid == holder);
	SET_FACT(answer, holder_threads, stat.threads);
	answer->holder_comm = arena_strndup(arena, stat.comm.p, stat.comm.n);
	answer->holder_state = arena_strndup(arena, &stat.state, 1);
	if (!answer->holder_comm || !answer->holder_state)
		return -ENOMEM;
	age_note(p, use->use == PID_USE__PID_THREAD ? use->started : stat.start_time, answer);
	return 0;
}

static int
answer_add(struct pids *p, const struct use *use, bool all_seen)
{
	Snapshot *s = p->c->snapshot->facts;
	PidAnswer *answer = NEW_FACT(p->c->snapshot->arena, PidAnswer, pid_answer);
	int r;

	if (!answer)
		return -ENOMEM;
	SET_FACT(answer, id, use->id);
	/* Nobody seen means free only where everybody could be seen. */
	if (use->use != PID_USE__PID_FREE || all_seen)
		SET_FACT(answer, use, use->use);
	r = holder_note(p, use, answer);
	if (r < 0)
		return r;
	return ADD_FACT(p->c->snapshot->arena, s->pid_answer, s->n_pid_answer, answer);
}

/* A procfs with hidepid shows an ordinary user no other user's tasks, not even init. */
static bool
sees_all(struct probe_context *c)
{
	int r = root_read(c->root, "/proc/1/stat", c->text, MAX_PROC_FILE);

	if (r == 0)
		return true;
	gap_note(c->gaps, DOMAIN__DOMAIN_PIDS, "pids", 0, r, "probe as root", "/proc/1/stat");
	return false;
}

int
pids_ask(struct probe_context *c)
{
	cleanup(pids_free) struct pids p = { .c = c };
	bool all_seen;
	int r;

	if (!c->source || brought_along(c->source, NAMESPACE_KIND__NS_PID))
		return 0;
	p.ticks = c->host->clock_ticks;
	for (size_t i = 0; i < c->source->n_process; i++) {
		r = process_add(&p, c->source->process[i]);
		if (r < 0)
			return r;
	}
	if (p.n == 0)
		return 0;
	sort_and_unite(&p);
	all_seen = sees_all(c);
	r = root_list(c->root, "/proc", process_look, &p);
	if (r < 0)
		return r;
	threads_look(&p);
	for (size_t i = 0; i < p.n; i++) {
		r = answer_add(&p, &p.use[i], all_seen);
		if (r < 0)
			return r;
	}
	return 0;
}

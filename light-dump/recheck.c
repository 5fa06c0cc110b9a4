/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process seen again: one stat, the children, and, where there are several threads, their
 * list. What differs from the first reading makes it be read anew.
 */
#include "light-dump/walk.h"

#include "kernel/status.h"

/* Another program runs in it since exec. Zeros: the kernel does not show us the addresses. */
static bool
has_other_program(const struct record *r, const struct task_stat *s)
{
	if (r->start_stack == 0 || s->start_stack == 0)
		return false;
	return r->start_stack != s->start_stack || r->start_code != s->start_code ||
	       r->arg_start != s->arg_start;
}

/* The place of a thread, searched from `from` on and around; n_thread when it is not there. */
static size_t
thread_at(const Process *p, int tid, size_t from)
{
	for (size_t k = 0; k < p->n_thread; k++) {
		size_t i = (from + k) % p->n_thread;

		if (p->thread[i]->tid == tid)
			return i;
	}
	return p->n_thread;
}

/* Both lists rise but for the leader, so the search goes on behind the last one found. */
static uint32_t
count_common(const Process *p, const struct numbers *tids)
{
	uint32_t common = 0;
	size_t next = 0;

	for (size_t i = 0; i < tids->n; i++) {
		size_t at = thread_at(p, tids->number[i], next);

		if (at == p->n_thread)
			continue;
		next = at + 1;
		common++;
	}
	return common;
}

/* How many threads came or went; walks on to the children of each. */
static int
check_threads(struct worker *w, const struct root *dir, const Process *p, uint32_t *ret_changed)
{
	uint32_t common;
	int r;

	r = procfile_numbers(dir, "task", MAX_TASKS, &w->tids);
	if (r < 0)
		return r == -ENOMEM ? r : -ESRCH;
	common = count_common(p, &w->tids);
	*ret_changed += (uint32_t) w->tids.n - common + (uint32_t) p->n_thread - common;
	for (size_t i = 0; i < w->tids.n; i++) {
		char name[48];

		(void) snprintf(name, sizeof(name), "task/%d/children", w->tids.number[i]);
		r = task_push_children(w, dir, name);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The states that a finding hangs on: pending signals and tracer are wanted with them. */
static bool
is_notable(char state)
{
	return strchr("DTtZX", state) != NULL;
}

static int
add_sample(struct worker *w, const struct root *dir, Process *p, char state)
{
	StateSample *sample = NEW_FACT(w->arena, StateSample, state_sample);
	Thread *scratch;
	int r;

	if (!sample)
		return -ENOMEM;
	SET_FACT(sample, at_us, worker_clock(w));
	sample->state = arena_strndup(w->arena, &state, 1);
	if (!sample->state)
		return -ENOMEM;
	if (is_notable(state) || is_notable(p->state ? p->state[0] : state)) {
		scratch = NEW_FACT(w->arena, Thread, thread);
		if (!scratch)
			return -ENOMEM;
		r = procfile_read(dir, "status", &w->text);
		if (r >= 0)
			r = status_parse(buffer_slice(&w->text), w->arena, NULL, scratch);
		if (r == -ENOMEM)
			return r;
		if (r >= 0) {
			SET_FACT(sample, pending, scratch->sig_pending | scratch->sig_shared_pending);
			SET_FACT(sample, tracer_pid, scratch->tracer_pid);
		}
	}
	return ADD_FACT(w->arena, p->sample, p->n_sample, sample);
}

int
task_check(struct worker *w, struct record *record, uint32_t *ret_changed)
{
	_cleanup_root_ struct root dir = ROOT_NONE;
	Process *p = record->process;
	uint32_t changed = 0;
	struct task_stat s;
	char name[48];
	int r;

	(void) snprintf(name, sizeof(name), "%d", (int) p->pid);
	r = root_sub(w->proc, name, &dir);
	if (r < 0)
		return -ESRCH;
	r = task_stat_read(w, &dir, "stat", &s);
	if (r < 0)
		return r == -ENOMEM ? r : -ESRCH;
	if (s.start_time != record->start_time)
		return -ESRCH;
	r = add_sample(w, &dir, p, s.state);
	if (r < 0)
		return r;
	if (s.threads > 1 || p->n_thread > 1) {
		r = check_threads(w, &dir, p, &changed);
	} else {
		(void) snprintf(name, sizeof(name), "task/%d/children", (int) p->pid);
		r = task_push_children(w, &dir, name);
	}
	if (r < 0)
		return r;
	if (has_other_program(record, &s))
		changed++;
	*ret_changed = changed;
	return 0;
}

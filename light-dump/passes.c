/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The passes over the tree: workers read its processes while they walk it, from the root to
 * its children as /proc/PID/task/TID/children names them ("4305 4306 "), and so on. Then the
 * tree is walked again, until a walk meets nobody new and misses nobody, or the bound is
 * reached: a list of children that is read while one of them exits may leave out another. What
 * came and went is a fact.
 */
#include "light-dump/passes.h"

enum {
	PASSES_MAX = 6,			/* walks, the first included */
	STRAYS_MAX = 3,			/* searches after a walk for those it missed */
	NEWCOMERS_MIN = 512,		/* what a later walk may meet at least */
};

/* Reads or checks one entry. Vanished tasks are counted, not an error. */
static int
visit(struct worker *w, struct walk_entry *e)
{
	uint32_t changed = 0;
	int r;

	if (e->has_record) {
		r = task_check(w, &e->record, &changed);
		if (r == 0 && changed == 0)
			return 0;
		if (r < 0 && r != -ESRCH)
			return r;
		e->changed += changed + (r < 0 ? 1 : 0);
	}
	r = task_read(w, e->pid, &e->record);
	e->has_record = r == 0;
	return r == -ESRCH ? 0 : r;
}

static void *
help(void *arg)
{
	struct worker *w = arg;
	struct walk_entry *e = walk_next(w->walk, true);

	while (e) {
		walk_done(w->walk, visit(w, e));
		e = walk_next(w->walk, true);
	}
	return NULL;
}

/* Helpers are started when there is work for them; without one the main thread does it all. */
static void
start_helpers(struct dump *d)
{
	while (d->n_running < d->n_workers &&
	       pthread_create(&d->thread[d->n_running], NULL, help, &d->worker[d->n_running]) == 0)
		d->n_running++;
	d->n_workers = d->n_running;
}

/* Works until the pass is over. */
static int
run_pass(struct dump *d)
{
	struct walk_entry *e = walk_next(&d->walk, false);

	while (e) {
		int r = visit(&d->worker[0], e);

		if (d->n_running < d->n_workers && walk_is_crowded(&d->walk))
			start_helpers(d);
		walk_done(&d->walk, r);
		e = walk_next(&d->walk, false);
	}
	return d->walk.error;
}

/* ---- kernels without /proc/PID/task/TID/children ------------------------------------------- */

static bool
is_in_walk(const struct dump *d, int pid)
{
	const struct walk_entry *e = walk_find(&d->walk, pid);

	return e && e->pass == d->walk.pass;
}

/*
 * Pushes every process of /proc whose parent was met in this pass; *ret_pushed says how many
 * were new to it.
 */
static int
push_by_parent(struct dump *d, size_t *ret_pushed)
{
	_cleanup_numbers_ struct numbers pids = { 0 };
	struct worker *w = &d->worker[0];
	size_t pushed = 0;
	int r;

	r = procfile_numbers(&d->proc, ".", MAX_TASKS, &pids);
	if (r < 0)
		return r;
	for (size_t i = 0; i < pids.n; i++) {
		struct task_stat s;
		char name[32];

		(void) snprintf(name, sizeof(name), "%d/stat", pids.number[i]);
		if (is_in_walk(d, pids.number[i]) || task_stat_read(w, &d->proc, name, &s) < 0)
			continue;
		if (!is_in_walk(d, s.ppid))
			continue;
		walk_push(&d->walk, pids.number[i]);
		pushed++;
	}
	*ret_pushed = pushed;
	return 0;
}

static int
walk_by_parents(struct dump *d)
{
	size_t pushed;
	int r;

	do {
		r = push_by_parent(d, &pushed);
		if (r >= 0)
			r = run_pass(d);
	} while (r >= 0 && pushed > 0 && !d->walk.over_limit);
	return r;
}

/* ---- one pass and all of them -------------------------------------------------------------- */

/*
 * A process that was read before and not met now may have been left out of a list: then it
 * lives, and its parent was met.
 */
static int
find_strays(struct dump *d)
{
	bool found = true;

	for (unsigned int i = 0; found && i < STRAYS_MAX; i++) {
		found = false;
		for (struct walk_entry *e = d->walk.first; e; e = e->next) {
			struct task_stat s;
			char name[32];

			if (!e->has_record || e->pass == d->walk.pass)
				continue;
			(void) snprintf(name, sizeof(name), "%d/stat", e->pid);
			if (task_stat_read(&d->worker[0], &d->proc, name, &s) < 0 ||
			    s.start_time != e->record.start_time || !is_in_walk(d, s.ppid))
				continue;
			walk_push(&d->walk, e->pid);
			found = true;
		}
		if (found && run_pass(d) < 0)
			return d->walk.error;
	}
	return 0;
}

/* What came and went in this pass; who went is forgotten. */
static void
count_churn(struct dump *d)
{
	size_t came = d->walk.newcomers, changed = 0;

	for (struct walk_entry *e = d->walk.first; e; e = e->next) {
		changed += e->changed;
		e->changed = 0;
		if (e->has_record && e->pass != d->walk.pass) {
			e->has_record = false;
			changed++;
		}
	}
	d->appeared += (uint32_t) came;
	d->churn = (uint32_t) (came + changed);
}

static int
walk_once(struct dump *d, size_t newcomers_limit)
{
	int r;

	walk_begin(&d->walk, newcomers_limit);
	walk_push(&d->walk, d->options->pid);
	r = run_pass(d);
	if (r >= 0 && d->no_children)
		r = walk_by_parents(d);
	if (r >= 0 && d->walk.pass > 1)
		r = find_strays(d);
	return r;
}

static int
add_churn(struct snapshot *s, uint32_t churn)
{
	Tree *tree = s->facts->tree;
	uint32_t *place = arena_grow(s->arena, &tree->churn, &tree->n_churn, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = churn;
	return 0;
}

int
passes_run(struct dump *d)
{
	Tree *tree = d->s->facts->tree;
	int r;

	r = walk_once(d, MAX_TASKS);
	d->churn = 1;
	while (r >= 0 && d->churn > 0 && d->walk.pass < PASSES_MAX && !d->walk.over_limit) {
		size_t limit = d->walk.n > NEWCOMERS_MIN ? d->walk.n : NEWCOMERS_MIN;

		r = walk_once(d, limit);
		if (r < 0)
			break;
		count_churn(d);
		r = add_churn(d->s, d->churn);
	}
	if (r < 0)
		return r;
	SET_FACT(tree, passes, d->walk.pass);
	SET_FACT(tree, unstable, d->churn > 0 || d->walk.over_limit);
	SET_FACT(tree, tasks_appeared, d->appeared);
	SET_FACT(tree, span_us, worker_clock(&d->worker[0]));
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner: looks whether there is such a process, sets up the workers, lets them walk and
 * read the tree (passes.c), joins what they learned in the order of pids, and runs the rows of
 * the whole tree.
 */
#include "light-dump/dump.h"

#include "light-dump/collectors.h"
#include "light-dump/join.h"
#include "light-dump/passes.h"

#include <sched.h>
#include <time.h>

static void
dump_free(struct dump *d)
{
	walk_quit(&d->walk);
	for (size_t i = 1; i < d->n_running; i++)
		(void) pthread_join(d->thread[i], NULL);
	for (size_t i = 0; i < d->n_workers; i++)
		worker_free(&d->worker[i]);
	walk_free(&d->walk);
	root_close(&d->proc);
	free(d);
}

static int
root_check(struct dump *d)
{
	struct worker *w = &d->worker[0];
	struct slice rest, line;
	struct task_stat s;
	uint32_t tgid;
	char name[32];
	int r;

	(void) snprintf(name, sizeof(name), "%d/status", d->options->pid);
	r = procfile_read(&d->proc, name, &w->text);
	if (r == -ENOENT || r == -ESRCH)
		return -ESRCH;
	if (r < 0)
		return r == -EACCES ? -EPERM : r;
	/* A thread's number has a folder too, but it is no process. */
	rest = buffer_slice(&w->text);
	while (slice_line(&rest, &line))
		if (slice_cut(&line, "Tgid:") && parse_u32(slice_trim(line), 10, &tgid) == 0 &&
		    tgid != (uint32_t) d->options->pid)
			return -ESRCH;
	(void) snprintf(name, sizeof(name), "%d/stat", d->options->pid);
	r = task_stat_read(w, &d->proc, name, &s);
	if (r < 0)
		return r == -EACCES ? -EPERM : r;
	if (d->options->start_time && s.start_time != d->options->start_time)
		return -ESTALE;
	if (s.flags & TASK_FLAG_KTHREAD)
		return -EINVAL;
	SET_FACT(d->s->facts->tree, root_pid, d->options->pid);
	SET_FACT(d->s->facts->tree, root_start_time, s.start_time);
	(void) snprintf(name, sizeof(name), "%1$d/task/%1$d/children", d->options->pid);
	d->no_children = procfile_read_all(&d->proc, name, &w->text) == -ENOENT;
	return 0;
}

static size_t
wanted_workers(const struct dump_options *o)
{
	cpu_set_t set;
	size_t n = o->threads;

	if (n == 0)
		n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t) CPU_COUNT(&set) : 1;
	return n < WORKERS_MAX ? n : WORKERS_MAX;
}

static int
workers_new(struct dump *d)
{
	size_t n = wanted_workers(d->options);
	int r;

	for (size_t i = 0; i < n; i++) {
		struct worker *w = &d->worker[i];

		*w = (struct worker){
			.options = d->options,
			.root = d->root,
			.proc = &d->proc,
			.around = &d->around,
			.walk = &d->walk,
		};
		d->n_workers++;
		r = worker_new(w, MAX_ARENA_BYTES / n);
		if (r < 0)
			return r;
	}
	d->n_running = 1;
	return 0;
}

/* In the unit of the start times in stat: see proc_pid_stat(5). */
static void
set_begin_ticks(Tree *tree)
{
	uint64_t per_second = (uint64_t) sysconf(_SC_CLK_TCK);
	struct timespec t;

	if (clock_gettime(CLOCK_BOOTTIME, &t) == 0)
		SET_FACT(tree, begin_ticks, (uint64_t) t.tv_sec * per_second +
						    (uint64_t) t.tv_nsec * per_second / 1000000000);
}

static void
read_surroundings(struct dump *d)
{
	struct worker *w = &d->worker[0];

	(void) clock_gettime(CLOCK_MONOTONIC, &d->around.begin);
	if (!d->root->recorded)
		set_begin_ticks(d->s->facts->tree);
	d->around.have_terminals =
		procfile_read_all(&d->proc, "tty/drivers", &w->text) >= 0 &&
		tty_drivers_parse(buffer_slice(&w->text), &d->around.terminals) >= 0;
}

static int
compare_records(const void *a, const void *b)
{
	int x = (*(struct record *const *) a)->process->pid;
	int y = (*(struct record *const *) b)->process->pid;

	return (x > y) - (x < y);
}

static int
join_all(struct dump *d)
{
	_cleanup_free_ struct record **record = calloc(d->walk.n + 1, sizeof(struct record *));
	Tree *tree = d->s->facts->tree;
	uint32_t vanished = 0;
	size_t n = 0;
	int r;

	if (!record)
		return -ENOMEM;
	for (struct walk_entry *e = d->walk.first; e; e = e->next)
		if (e->has_record)
			record[n++] = &e->record;
	qsort(record, n, sizeof(struct record *), compare_records);
	r = join_records(d->s, record, n);
	for (size_t i = 0; i < d->n_workers; i++) {
		vanished += d->worker[i].vanished;
		arena_adopt(d->s->arena, steal_pointer(&d->worker[i].arena));
	}
	SET_FACT(tree, tasks_vanished, vanished);
	if (r >= 0 && !walk_find(&d->walk, d->options->pid)->has_record)
		return -ESRCH;
	return r;
}

static int
run_tree_rows(const struct root *root, const struct dump_options *options, struct snapshot *s)
{
	struct gaps gaps = { .arena = s->arena };
	struct tree_context c cleanup(passing_end) = {
		.options = options,
		.root = root,
		.snapshot = s,
		.gaps = &gaps,
	};
	int r;

	for (size_t i = 0; i < n_collectors; i++) {
		const struct collector *row = &collectors[i];

		if (row->scope != SCOPE_TREE)
			continue;
		r = row->collect_tree(&c);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap_note(&gaps, row->domain, row->name, 0, r, NULL, "%s", row->reads);
	}
	return gaps_join(s, &gaps);
}

static int
dump_new(const struct root *root, const struct dump_options *options, struct snapshot *s,
	 struct dump **ret)
{
	struct dump *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->options = options;
	d->s = s;
	d->root = root;
	d->proc = ROOT_NONE;
	*ret = d;
	r = walk_init(&d->walk);
	if (r < 0)
		return r;
	r = root_sub(root, "proc", &d->proc);
	if (r < 0)
		return r;
	return workers_new(d);
}

static int
read_tasks(struct dump *d)
{
	int r;

	if (!d->s->facts->tree)
		d->s->facts->tree = NEW_FACT(d->s->arena, Tree, tree);
	if (!d->s->facts->tree)
		return -ENOMEM;
	read_surroundings(d);
	r = root_check(d);
	if (r < 0)
		return r;
	SET_FACT(d->s->facts->tree, hash_limit, d->options->hash_limit);
	r = passes_run(d);
	return r < 0 ? r : join_all(d);
}

/* Of a tree that ended, or became another, while it was looked at nothing may be said. */
static int
root_still_there(const struct root *root, const struct snapshot *s)
{
	enum { STAT_MAX = 4096 };
	_cleanup_buffer_ struct buffer text = { 0 };
	const Tree *tree = s->facts->tree;
	struct task_stat stat;
	int r;

	r = root_readf(root, &text, STAT_MAX, "proc/%d/stat", (int) tree->root_pid);
	if (r == -ENOENT || r == -ESRCH)
		return -ESRCH;
	if (r < 0 || stat_parse(buffer_slice(&text), &stat) < 0)
		return 0;
	return stat.start_time == tree->root_start_time ? 0 : -ESRCH;
}

int
dump_tree(const struct root *root, const struct dump_options *options, struct snapshot *s)
{
	struct dump *d = NULL;
	int r;

	r = dump_new(root, options, s, &d);
	if (r >= 0)
		r = read_tasks(d);
	if (d)
		dump_free(d);
	if (r >= 0)
		r = run_tree_rows(root, options, s);
	return r < 0 ? r : root_still_there(root, s);
}

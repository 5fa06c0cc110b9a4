/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one process: its folder is held while the collectors' rows are run on it, so that a
 * pid that is used again is never mixed up with the one that was met. A process that exits
 * meanwhile is dropped and counted; one that became a zombie is noted as one.
 *
 *     /proc/4211/                  the leader: stat, status, cgroup, ns …
 *     /proc/4211/task/4213/        another thread: the same
 *     /proc/4211/task/4213/children    "4305 4306 "
 */
#include "light-dump/walk.h"

#include "kernel/nslink.h"
#include "kernel/status.h"

#include <fcntl.h>
#include <time.h>

int
worker_new(struct worker *w, size_t arena_cap)
{
	w->arena = arena_new(arena_cap);
	w->limits_text = SLICE("");
	return w->arena ? buffer_reserve(&w->text, 64 * 1024) : -ENOMEM;
}

void
worker_free(struct worker *w)
{
	w->arena = arena_free(w->arena);
	buffer_free(&w->text);
	numbers_free(&w->fds);
	numbers_free(&w->tids);
	intern_free(&w->file_keys);
	intern_free(&w->set_keys);
}

uint64_t
worker_clock(const struct worker *w)
{
	const struct timespec *begin = &w->around->begin;
	struct timespec now = { 0 };

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) (now.tv_sec - begin->tv_sec) * 1000000 +
	       (uint64_t) ((now.tv_nsec - begin->tv_nsec) / 1000);
}

static bool
is_gone(const struct root *dir)
{
	_cleanup_close_ int fd = root_openat(dir, "stat", O_PATH);

	return fd == -ENOENT || fd == -ESRCH;
}

int
task_stat_read(struct worker *w, const struct root *dir, const char *name, struct task_stat *ret)
{
	int r;

	r = procfile_read(dir, name, &w->text);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	return stat_parse(buffer_slice(&w->text), ret);
}

static bool
is_dead_state(char state)
{
	return state == 'Z' || state == 'X';
}

/* A zombie shows no files any more: what is not there then is gone with it. */
static int
error_of_task(struct task_context *c, const struct root *dir, int error)
{
	struct task_stat stat;

	if (error == -ENOENT && task_stat_read(c->worker, dir, "stat", &stat) == 0 &&
	    is_dead_state(stat.state))
		return -ESRCH;
	return error;
}

/* Calls the rows of one scope; what fails is a gap, unless the task itself has gone. */
static int
run_rows(struct task_context *c, enum scope scope)
{
	const struct root *dir = scope == SCOPE_THREAD ? &c->tid_proc : &c->proc;
	int r;

	for (size_t i = 0; i < n_collectors; i++) {
		const struct collector *row = &collectors[i];

		if (row->scope != scope)
			continue;
		r = row->collect_task(c);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && is_gone(dir))
			return -ESRCH;
		if (r < 0)
			gap_note(c->gaps, row->domain, row->name, c->pid, error_of_task(c, dir, r), NULL,
				 "%s", row->reads);
	}
	return 0;
}

int
task_push_children(struct worker *w, const struct root *dir, const char *name)
{
	int pid[256];
	struct slice rest, word;
	size_t n = 0;
	int r;

	/* Kernels without this file are walked by walk_push_all() of a scan. */
	r = procfile_read_all(dir, name, &w->text);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	rest = buffer_slice(&w->text);
	while (slice_word(&rest, &word)) {
		if (parse_i32(word, &pid[n]) < 0)
			continue;
		if (++n < ARRAY_SIZE(pid))
			continue;
		walk_push_all(w->walk, pid, n);
		n = 0;
	}
	if (n > 0)
		walk_push_all(w->walk, pid, n);
	return 0;
}

static int
read_thread(struct task_context *c, int tid, struct root dir)
{
	Thread *t = NEW_FACT(c->arena, Thread, thread);
	int r;

	if (!t)
		return -ENOMEM;
	SET_FACT(t, tid, tid);
	c->thread = t;
	c->tid_proc = dir;
	r = run_rows(c, SCOPE_THREAD);
	if (r < 0)
		return r;
	return ADD_FACT(c->arena, c->process->thread, c->process->n_thread, t);
}

static bool
is_live(const Thread *t)
{
	return !t->state || !is_dead_state(t->state[0]);
}

/*
 * A thread has a folder beside those of processes too, which no listing shows; it has all that
 * a process's has. The thread that `held` stands for still lives afterwards, so it is its own.
 */
static void
open_living(struct worker *w, const struct root *held, int tid, struct root *ret)
{
	_cleanup_root_ struct root dir = ROOT_NONE;
	char name[16];

	(void) snprintf(name, sizeof(name), "%d", tid);
	if (root_sub(w->proc, name, &dir) < 0 || is_gone(held))
		return;
	*ret = dir;
	dir = ROOT_NONE;
}

/*
 * The threads beside the leader. Where the leader is dead, *ret_living becomes the folder of
 * the first that lives: the dead one's shows no descriptors and no mappings.
 */
static int
read_other_threads(struct task_context *c, struct root *ret_living)
{
	struct worker *w = c->worker;
	bool leader_lives = is_live(c->process->thread[0]);
	int r;

	r = procfile_numbers(&c->proc, "task", MAX_TASKS, &w->tids);
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->tids.n; i++) {
		_cleanup_root_ struct root dir = ROOT_NONE;
		char name[32];

		if (w->tids.number[i] == c->pid)
			continue;
		(void) snprintf(name, sizeof(name), "task/%d", w->tids.number[i]);
		r = root_sub(&c->proc, name, &dir);
		if (r >= 0)
			r = read_thread(c, w->tids.number[i], dir);
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			w->vanished++;
			continue;
		}
		r = task_push_children(w, &dir, "children");
		if (r < 0)
			return r;
		if (!leader_lives && ret_living->fd < 0 && is_live(c->thread))
			open_living(w, &dir, w->tids.number[i], ret_living);
	}
	return 0;
}

/* A zombie holds nothing any more; what was read while it died is dropped. */
static void
make_zombie(struct task_context *c)
{
	Process *p = c->process;

	c->gaps->n = 0;
	p->n_fd = 0;
	p->n_mapping = 0;
	p->exe = NULL;
	p->cwd = NULL;
	p->root = NULL;
	SET_FACT(p, fd_table_empty, true);
}

/* A process that died while it was read shows no mappings from then on. */
static int
check_death(struct task_context *c)
{
	struct task_stat s;
	char *state;
	int r;

	if (c->process->n_mapping > 0)
		return 0;
	r = task_stat_read(c->worker, &c->proc, "stat", &s);
	if (r < 0)
		return r == -ESRCH ? r : 0;
	/* Between its end and being a zombie: what it is then is seen at the next pass. */
	if (!is_dead_state(s.state))
		return s.flags & TASK_FLAG_EXITING ? -ESRCH : 0;
	state = arena_strndup(c->arena, &s.state, 1);
	if (!state)
		return -ENOMEM;
	c->process->state = state;
	c->process->thread[0]->state = state;
	make_zombie(c);
	return 0;
}

static int
read_rest(struct task_context *c, struct root *living)
{
	Process *p = c->process;
	int r;

	if (p->kernel_thread || (!is_live(p->thread[0]) && living->fd < 0)) {
		make_zombie(c);
		return 0;
	}
	if (living->fd >= 0) {
		struct root leader = c->proc;

		c->proc = *living;
		r = run_rows(c, SCOPE_TASK);
		c->proc = leader;
		return r;
	}
	r = run_rows(c, SCOPE_TASK);
	return r < 0 ? r : check_death(c);
}

static int
read_process(struct task_context *c, const struct root *dir)
{
	_cleanup_root_ struct root living = ROOT_NONE;
	char name[48];
	int r;

	r = read_thread(c, c->pid, *dir);
	if (r < 0)
		return r;
	(void) snprintf(name, sizeof(name), "task/%d/children", c->pid);
	r = task_push_children(c->worker, dir, name);
	if (r < 0)
		return r;
	if (c->record->threads != 1) {
		r = read_other_threads(c, &living);
		if (r < 0)
			return r;
	}
	return read_rest(c, &living);
}

static int
count_vanished(struct worker *w, int r)
{
	if (r == -ESRCH)
		w->vanished++;
	return r;
}

int
task_read(struct worker *w, int pid, struct record *ret)
{
	_cleanup_root_ struct root dir = ROOT_NONE;
	struct record record = { .worker = w, .gaps = { .arena = w->arena } };
	struct task_context c = {
		.options = w->options,
		.root = w->root,
		.pid = pid,
		.arena = w->arena,
		.gaps = &record.gaps,
		.text = &w->text,
		.worker = w,
		.record = &record,
	};
	char name[16];
	int r;

	(void) snprintf(name, sizeof(name), "%d", pid);
	r = root_sub(w->proc, name, &dir);
	if (r < 0)
		return count_vanished(w, r == -ENOMEM ? r : -ESRCH);
	c.process = NEW_FACT(w->arena, Process, process);
	if (!c.process)
		return -ENOMEM;
	c.proc = dir;
	c.leader = dir;
	SET_FACT(c.process, pid, pid);
	r = read_process(&c, &dir);
	if (r < 0)
		return count_vanished(w, r == -ENOENT ? -ESRCH : r);
	record.process = c.process;
	*ret = record;
	return 0;
}

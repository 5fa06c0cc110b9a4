/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each thread shows of itself: stat and status, namespaces, cgroups, the label of a
 * security module, and whether it used AVX-512:
 *
 *     /proc/4211/task/4213/attr/current    "/usr/sbin/nginx (enforce)\n"
 *     /proc/4211/task/4213/arch_status     "AVX512_elapsed_ms:	4\n"
 *     /proc/4211/task/4213/wchan           "do_wait"
 */
#include "light-dump/collectors.h"

#include "kernel/cgroup.h"
#include "kernel/nslink.h"
#include "kernel/status.h"
#include "light-dump/worker.h"

static bool
is_leader(const struct task_context *c)
{
	return c->thread->tid == c->pid;
}

static void
set_process(struct task_context *c, const struct task_stat *s)
{
	Process *p = c->process;

	SET_FACT(p, start_time, s->start_time);
	SET_FACT(p, ppid, s->ppid);
	SET_FACT(p, pgid, s->pgid);
	SET_FACT(p, sid, s->sid);
	SET_FACT(p, tty_nr, (uint32_t) s->tty_nr);
	SET_FACT(p, tty_pgrp, s->tty_pgrp);
	SET_FACT(p, flags, s->flags);
	SET_FACT(p, reaped_faults, s->reaped_faults);
	SET_FACT(p, kernel_thread, (s->flags & TASK_FLAG_KTHREAD) != 0);
	if (s->state == 'T' && s->exit_code > 0)
		SET_FACT(p, stop_signal, (uint32_t) s->exit_code);
	p->comm = c->thread->comm;
	p->state = c->thread->state;
	c->record->start_time = s->start_time;
	c->record->start_code = s->start_code;
	c->record->start_stack = s->start_stack;
	c->record->arg_start = s->arg_start;
	c->record->threads = s->threads;
}

static int
set_thread(struct task_context *c, const struct task_stat *s)
{
	Thread *t = c->thread;

	SET_FACT(t, start_time, s->start_time);
	SET_FACT(t, flags, s->flags);
	SET_FACT(t, nice, s->nice);
	SET_FACT(t, rt_priority, s->rt_priority);
	SET_FACT(t, sched_policy, s->policy);
	t->comm = arena_strndup(c->arena, s->comm.p, s->comm.n);
	t->state = arena_strndup(c->arena, &s->state, 1);
	return t->comm && t->state ? 0 : -ENOMEM;
}

/* Where it sleeps: tells a vfork(2) that waits for its child from a disk that does not answer. */
static int
set_wchan(struct task_context *c)
{
	struct slice text;

	if (procfile_read(&c->tid_proc, "wchan", c->text) < 0)
		return 0;
	text = buffer_slice(c->text);
	if (text.n == 0 || slice_eq(text, "0"))
		return 0;
	c->thread->wchan = arena_strndup(c->arena, text.p, text.n);
	return c->thread->wchan ? 0 : -ENOMEM;
}

int
threads_collect(struct task_context *c)
{
	struct task_stat s;
	char *state;
	int r;

	r = task_stat_read(c->worker, &c->tid_proc, "stat", &s);
	if (r < 0)
		return r;
	r = set_thread(c, &s);
	if (r < 0)
		return r;
	if (is_leader(c))
		set_process(c, &s);
	/* The letter of stat, which was read together with its numbers, stays. */
	state = c->thread->state;
	r = procfile_read(&c->tid_proc, "status", c->text);
	if (r < 0)
		return r;
	r = status_parse(buffer_slice(c->text), c->arena, is_leader(c) ? c->process : NULL, c->thread);
	if (r < 0)
		return r;
	c->thread->state = state;
	return s.state == 'D' ? set_wchan(c) : 0;
}

int
thread_namespaces_collect(struct task_context *c)
{
	NamespaceSet *set = NEW_FACT(c->arena, NamespaceSet, namespace_set);
	int r;

	if (!set)
		return -ENOMEM;
	if (is_leader(c)) {
		r = nsset_read(&c->tid_proc, set);
		c->process->ns = set;
		return r;
	}
	if (!c->process->ns)
		return 0;
	r = nsset_read_thread(&c->tid_proc, c->process->ns, set);
	if (r >= 0 && !nsset_equal(set, c->process->ns))
		c->thread->ns = set;
	return r;
}

/* The index of this text among the worker's sets; it is parsed when it is new. */
static int
set_of_text(struct worker *w, struct slice text, uint32_t *ret)
{
	struct intern_key key = { .text = text };
	CgroupSet *set;
	int r;

	if (intern_find(&w->set_keys, &key, ret))
		return 0;
	key.text.p = arena_memdup(w->arena, text.p, text.n);
	set = NEW_FACT(w->arena, CgroupSet, cgroup_set);
	if (!key.text.p || !set)
		return -ENOMEM;
	r = cgroup_parse(key.text, w->arena, set);
	if (r < 0)
		return r;
	*ret = (uint32_t) w->n_set;
	r = ADD_FACT(w->arena, w->set, w->n_set, set);
	if (r < 0)
		return r;
	return intern_add(&w->set_keys, &key, *ret);
}

int
thread_cgroups_collect(struct task_context *c)
{
	uint32_t index;
	int r;

	r = procfile_read(&c->tid_proc, "cgroup", c->text);
	if (r < 0)
		return r;
	if (c->text->n == 0)
		return 0;
	r = set_of_text(c->worker, buffer_slice(c->text), &index);
	if (r < 0)
		return r;
	SET_FACT(c->thread, cgroup_set, index);
	return 0;
}

int
labels_collect(struct task_context *c)
{
	struct slice text;
	int r;

	if (c->worker->no_labels)
		return 0;
	r = procfile_read(&c->tid_proc, "attr/current", c->text);
	/* EINVAL: no security module of this kernel keeps labels of tasks. */
	if (r == -EINVAL || r == -ENOENT) {
		c->worker->no_labels = r == -EINVAL;
		return 0;
	}
	if (r < 0)
		return r;
	text = buffer_slice(c->text);
	/* SELinux ends it with a NUL, AppArmor with a newline. */
	while (text.n > 0 && (text.p[text.n - 1] == '\0' || text.p[text.n - 1] == '\n'))
		text.n--;
	c->thread->lsm_label = arena_strndup(c->arena, text.p, text.n);
	return c->thread->lsm_label ? 0 : -ENOMEM;
}

int
vector_use_collect(struct task_context *c)
{
	struct slice rest, line;
	int r;

	if (c->worker->no_vector_use)
		return 0;
	r = procfile_read(&c->tid_proc, "arch_status", c->text);
	if (r == -ENOENT) {
		c->worker->no_vector_use = true;
		return 0;
	}
	if (r < 0)
		return r;
	rest = buffer_slice(c->text);
	/* Without AVX-512 in the processor the file is empty for every process. */
	if (is_leader(c) && !c->process->kernel_thread)
		c->worker->no_vector_use = rest.n == 0;
	while (slice_line(&rest, &line)) {
		if (!slice_cut(&line, "AVX512_elapsed_ms:"))
			continue;
		c->thread->has_avx512_elapsed_ms =
			parse_i64(slice_trim(line), &c->thread->avx512_elapsed_ms) == 0;
		return c->thread->has_avx512_elapsed_ms ? 0 : -EBADMSG;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and descriptors in a state that tends to pass, to be seen again (passing.c): an
 * uninterruptible wait, a tracer, a pending SIGTRAP, a stop that has not reached all threads, a
 * dead thread; a lease that is being broken, descriptors under way in a socket, UDP_CORK.
 *
 *     State:	D (disk sleep)
 *     TracerPid:	0
 *     SigPnd:	0000000000000010
 */
#include "light-dump/collectors.h"

#include "kernel/fdinfo.h"
#include "kernel/status.h"
#include "light-dump/worker.h"

enum { STATUS_MAX = 16384, FDINFO_MAX = 65536, PENDING_SIGTRAP = 0x10 };

static bool
is_in(const char *state, const char *letters)
{
	return state && strchr(letters, state[0]) != NULL;
}

/* Stopped or not by its first thread; the others should be the same. */
static bool
differs_from_leader(const Process *p, const Thread *t)
{
	return is_in(t->state, "T") != is_in(p->thread[0]->state, "T");
}

/* A busy task is in state D for moments all the time: the walk has seen first threads again. */
static bool
waits_on(const Process *p, const Thread *t)
{
	if (!is_in(t->state, "D"))
		return false;
	for (size_t i = 0; t->tid == p->pid && i < p->n_sample; i++)
		if (!is_in(p->sample[i]->state, "D"))
			return false;
	return true;
}

/* A dead process without living threads has no children, and waits for its parent: CRIU dumps that. */
static bool
thread_tends_to_pass(const Process *p, const Thread *t)
{
	if (is_in(t->state, "ZX"))
		return p->n_thread > 1;
	return waits_on(p, t) || t->tracer_pid > 0 || differs_from_leader(p, t) ||
	       ((t->sig_pending | t->sig_shared_pending) & PENDING_SIGTRAP);
}

static bool
has_breaking_lease(const Fd *fd)
{
	for (size_t i = 0; i < fd->n_lock; i++)
		if (fd->lock[i]->mode && streq(fd->lock[i]->mode, "BREAKING"))
			return true;
	return false;
}

static bool
is_corked(const Fd *fd)
{
	return fd->dup && fd->dup->udp_cork;
}

static bool
fd_tends_to_pass(const Fd *fd)
{
	return fd->scm_fds > 0 || is_corked(fd) || has_breaking_lease(fd);
}

static bool
is_gone(int error)
{
	return error == -ENOENT || error == -ESRCH || error == -EBADF;
}

static int
see_thread(struct tree_context *c, struct buffer *text, const Process *p, Thread *t, uint64_t at_us)
{
	_cleanup_arena_ struct arena *scratch = arena_new(STATUS_MAX * 4);
	StateSample *sample = NEW_FACT(c->snapshot->arena, StateSample, state_sample);
	Thread *seen = scratch ? NEW_FACT(scratch, Thread, thread) : NULL;
	int r;

	if (!sample || !seen)
		return -ENOMEM;
	SET_FACT(sample, at_us, at_us);
	r = root_readf(c->root, text, STATUS_MAX, "proc/%d/task/%d/status", (int) p->pid, (int) t->tid);
	if (r >= 0)
		r = status_parse(buffer_slice(text), scratch, NULL, seen);
	if (r < 0 && !is_gone(r))
		return r;
	if (r < 0) {
		SET_FACT(sample, gone, true);
	} else {
		sample->state = seen->state ? arena_strdup(c->snapshot->arena, seen->state) : NULL;
		SET_FACT(sample, pending, seen->sig_pending | seen->sig_shared_pending);
		SET_FACT(sample, tracer_pid, seen->tracer_pid);
	}
	return ADD_FACT(c->snapshot->arena, t->sample, t->n_sample, sample);
}

static int
see_fd(struct tree_context *c, struct buffer *text, const Process *p, Fd *fd, uint64_t at_us)
{
	_cleanup_arena_ struct arena *scratch = arena_new(FDINFO_MAX * 4);
	FdSample *sample = NEW_FACT(c->snapshot->arena, FdSample, fd_sample);
	Fd *seen = scratch ? NEW_FACT(scratch, Fd, fd) : NULL;
	bool corked = false;
	int r;

	if (!sample || !seen)
		return -ENOMEM;
	SET_FACT(sample, at_us, at_us);
	r = root_readf(c->root, text, FDINFO_MAX, "proc/%d/fdinfo/%d", (int) p->pid, (int) fd->number);
	if (r >= 0)
		r = fdinfo_parse(buffer_slice(text), scratch, seen);
	if (r >= 0 && is_corked(fd))
		r = dup_ask_cork(p->pid, fd, &corked);
	if (r < 0 && !is_gone(r))
		return r;
	if (r < 0) {
		SET_FACT(sample, gone, true);
	} else {
		SET_FACT(sample, lease_breaking, has_breaking_lease(seen));
		SET_FACT(sample, scm_fds, seen->scm_fds);
		SET_FACT(sample, udp_cork, corked);
	}
	return ADD_FACT(c->snapshot->arena, fd->sample, fd->n_sample, sample);
}

/* Calls what is not NULL for each that tends to pass; without calls it counts them. */
static int
each_passing(struct tree_context *c, struct buffer *text, uint64_t at_us, size_t *ret_n)
{
	const Snapshot *s = c->snapshot->facts;
	int r = 0;

	*ret_n = 0;
	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];

		for (size_t k = 0; k < p->n_thread; k++) {
			if (!thread_tends_to_pass(p, p->thread[k]))
				continue;
			r = text ? see_thread(c, text, p, p->thread[k], at_us) : 0;
			if (r < 0)
				return r;
			++*ret_n;
		}
		for (size_t k = 0; k < p->n_fd; k++) {
			if (!fd_tends_to_pass(p->fd[k]))
				continue;
			r = text ? see_fd(c, text, p, p->fd[k], at_us) : 0;
			if (r < 0)
				return r;
			++*ret_n;
		}
	}
	return r;
}

static int
look_again(struct tree_context *c, void *arg, uint64_t at_us)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	size_t n;

	(void) arg;
	return each_passing(c, &text, at_us, &n);
}

int
states_collect(struct tree_context *c)
{
	size_t n;
	int r;

	r = each_passing(c, NULL, 0, &n);
	if (r < 0 || n == 0)
		return r;
	c->again[c->n_again++] = (struct second_look){
		.name = "states",
		.domain = DOMAIN__DOMAIN_TASKS,
		.look = look_again,
	};
	return 0;
}

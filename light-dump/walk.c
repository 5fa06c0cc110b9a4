/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See walk.h. One lock guards all of it; it is held for some tens of nanoseconds a task, and
 * reading a task takes some hundred microseconds. A record is touched only by the worker that
 * has taken its entry.
 */
#include "light-dump/walk.h"

enum { FIRST_ROOM = 1024 };

int
walk_init(struct walk *w)
{
	*w = (struct walk){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
	w->arena = arena_new(MAX_ARENA_BYTES);
	return w->arena ? 0 : -ENOMEM;
}

void
walk_free(struct walk *w)
{
	w->arena = arena_free(w->arena);
	free(w->slot);
	free(w->waiting);
	(void) pthread_cond_destroy(&w->wake);
	(void) pthread_mutex_destroy(&w->lock);
}

static size_t
place_of(struct walk_entry *const *slot, size_t room, int pid)
{
	size_t i = ((unsigned int) pid * 2654435761U) & (room - 1);

	while (slot[i] && slot[i]->pid != pid)
		i = (i + 1) & (room - 1);
	return i;
}

struct walk_entry *
walk_find(const struct walk *w, int pid)
{
	return w->room ? w->slot[place_of(w->slot, w->room, pid)] : NULL;
}

static int
grow(struct walk *w)
{
	size_t room = w->room ? w->room * 2 : FIRST_ROOM;
	struct walk_entry **slot = calloc(room, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	for (struct walk_entry *e = w->first; e; e = e->next)
		slot[place_of(slot, room, e->pid)] = e;
	free(w->slot);
	w->slot = slot;
	w->room = room;
	return 0;
}

static struct walk_entry *
entry_new(struct walk *w, int pid)
{
	struct walk_entry *e;

	if (w->n * 2 >= w->room && grow(w) < 0)
		return NULL;
	e = arena_alloc(w->arena, sizeof(*e));
	if (!e)
		return NULL;
	e->pid = pid;
	w->slot[place_of(w->slot, w->room, pid)] = e;
	if (w->last)
		w->last->next = e;
	else
		w->first = e;
	w->last = e;
	w->n++;
	return e;
}

static int
enqueue(struct walk *w, struct walk_entry *e)
{
	if (w->head == w->tail)
		w->head = w->tail = 0;
	if (w->tail == w->waiting_room) {
		size_t room = w->waiting_room ? w->waiting_room * 2 : FIRST_ROOM;
		struct walk_entry **p = realloc(w->waiting, room * sizeof(*p));

		if (!p)
			return -ENOMEM;
		w->waiting = p;
		w->waiting_room = room;
	}
	w->waiting[w->tail++] = e;
	if (w->sleeping > 0)
		(void) pthread_cond_signal(&w->wake);
	return 0;
}

static int
push_locked(struct walk *w, int pid)
{
	struct walk_entry *e = walk_find(w, pid);

	if (e && e->pass == w->pass)
		return 0;
	if (!e || !e->has_record) {
		if (w->newcomers >= w->newcomers_limit) {
			w->over_limit = true;
			return 0;
		}
		w->newcomers++;
	}
	if (!e)
		e = entry_new(w, pid);
	if (!e)
		return -ENOMEM;
	e->pass = w->pass;
	return enqueue(w, e);
}

void
walk_push_all(struct walk *w, const int *pid, size_t n)
{
	(void) pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < n && w->error == 0; i++)
		w->error = push_locked(w, pid[i]);
	(void) pthread_mutex_unlock(&w->lock);
}

void
walk_push(struct walk *w, int pid)
{
	walk_push_all(w, &pid, 1);
}

void
walk_begin(struct walk *w, size_t newcomers_limit)
{
	(void) pthread_mutex_lock(&w->lock);
	w->pass++;
	w->newcomers = 0;
	w->newcomers_limit = newcomers_limit;
	(void) pthread_mutex_unlock(&w->lock);
}

/* An error ends the pass: what still waits is not taken. */
static bool
is_over(const struct walk *w)
{
	return (w->head == w->tail || w->error < 0) && w->busy == 0;
}

struct walk_entry *
walk_next(struct walk *w, bool stay)
{
	struct walk_entry *e = NULL;

	(void) pthread_mutex_lock(&w->lock);
	for (;;) {
		if (w->quit)
			break;
		if (w->head < w->tail && w->error == 0) {
			e = w->waiting[w->head++];
			w->busy++;
			break;
		}
		if (is_over(w) && !stay)
			break;
		w->sleeping++;
		(void) pthread_cond_wait(&w->wake, &w->lock);
		w->sleeping--;
	}
	(void) pthread_mutex_unlock(&w->lock);
	return e;
}

void
walk_done(struct walk *w, int error)
{
	(void) pthread_mutex_lock(&w->lock);
	w->busy--;
	if (error < 0 && w->error == 0)
		w->error = error;
	if (is_over(w) && w->sleeping > 0)
		(void) pthread_cond_broadcast(&w->wake);
	(void) pthread_mutex_unlock(&w->lock);
}

bool
walk_is_crowded(struct walk *w)
{
	bool crowded;

	(void) pthread_mutex_lock(&w->lock);
	crowded = w->tail - w->head > 1;
	(void) pthread_mutex_unlock(&w->lock);
	return crowded;
}

void
walk_quit(struct walk *w)
{
	(void) pthread_mutex_lock(&w->lock);
	w->quit = true;
	(void) pthread_cond_broadcast(&w->wake);
	(void) pthread_mutex_unlock(&w->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool is judged by all processors at once: each thread reads the facts of the next class and checks
 * all trees against them; what was found is taken over in the order of classes, so that a report does
 * not depend on who was quicker. No more is held than what the threads are at.
 */
#include "cli/pool.h"

#include "base/text.h"
#include "cli/say.h"

#include <errno.h>
#include <pthread.h>

enum { MAX_THREADS = 64 };

struct judging {
	struct pool *pool;
	pthread_mutex_t lock;		/* of what follows, and of what is taken over */
	pthread_cond_t taken;
	size_t next;			/* the class that nobody is at */
	size_t turn;			/* the class that is to be taken over */
	int error;
	size_t failed;			/* the class that it is about */
};

/* The facts of a class with the answers to each tree, and what is found in them. */
static int
check_class(const struct judging *j, size_t class, struct snapshot *facts, struct assessment *ret)
{
	const struct gate *g = &j->pool->gate;
	_cleanup_free_ const Snapshot **answers = calloc(g->n_trees, sizeof(*answers));
	int r = answers ? pool_facts_read(j->pool->class[class], j->pool->sieve, facts) : -ENOMEM;

	for (size_t t = 0; r == 0 && t < g->n_trees; t++) {
		answers[t] = profile_for(facts->arena, facts->facts, g->trees[t].source->header->own_sha256);
		if (!answers[t])
			r = -ENOMEM;
	}
	return r == 0 ? gate_check_class(g, answers, ret) : r;
}

/* Waits for its turn. */
static void
take_class(struct judging *j, size_t class, struct assessment *found, int error)
{
	(void) pthread_mutex_lock(&j->lock);
	while (j->turn != class)
		(void) pthread_cond_wait(&j->taken, &j->lock);
	if (error == 0)
		error = gate_take_class(&j->pool->gate, class, found);
	if (error < 0 && j->error == 0) {
		j->error = error;
		j->failed = class;
	}
	j->turn++;
	(void) pthread_cond_broadcast(&j->taken);
	(void) pthread_mutex_unlock(&j->lock);
}

static bool
next_class(struct judging *j, size_t *ret)
{
	bool more;

	(void) pthread_mutex_lock(&j->lock);
	more = j->next < j->pool->gate.n_classes && j->error == 0;
	if (more)
		*ret = j->next++;
	(void) pthread_mutex_unlock(&j->lock);
	return more;
}

static void *
judge_classes(void *arg)
{
	struct judging *j = arg;
	_cleanup_free_ struct assessment *found = calloc(j->pool->gate.n_trees, sizeof(*found));
	size_t class;

	while (next_class(j, &class)) {
		_cleanup_snapshot_ struct snapshot facts = { 0 };

		take_class(j, class, found, found ? check_class(j, class, &facts, found) : -ENOMEM);
	}
	return NULL;
}

int
pool_judge(struct pool *p)
{
	struct judging j = {
		.pool = p, .lock = PTHREAD_MUTEX_INITIALIZER, .taken = PTHREAD_COND_INITIALIZER,
	};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = processors > 1 ? (size_t) processors - 1 : 0, started = 0;
	pthread_t thread[MAX_THREADS];

	j.error = gate_begin(&p->gate);
	while (started < n && started < MAX_THREADS && started + 1 < p->gate.n_classes &&
	       pthread_create(&thread[started], NULL, judge_classes, &j) == 0)
		started++;
	(void) judge_classes(&j);
	while (started > 0)
		(void) pthread_join(thread[--started], NULL);
	if (j.error == 0)
		j.error = gate_conclude(&p->gate);
	if (j.error == -ESTALE)
		say_error("%s: it was changed while it was read", p->class[j.failed]->path);
	else if (j.error < 0)
		say_error("cannot compare: %s", error_text(j.error));
	return j.error;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk: which pids belong to the tree, met so far, and who still has to be looked at in
 * this pass. Workers take pids from it and hand their children back; a pass ends when nothing
 * waits and nobody works.
 */
#pragma once

#include "light-dump/worker.h"

#include <pthread.h>

struct walk_entry {
	int pid;
	unsigned int pass;		/* the last pass that met it */
	bool has_record;
	uint32_t changed;		/* threads that came or went, or exec, seen in this pass */
	struct record record;
	struct walk_entry *next;	/* in the order of meeting */
};

struct walk {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct arena *arena;		/* of the entries */
	struct walk_entry **slot;	/* by pid */
	size_t n, room;
	struct walk_entry *first, *last;
	struct walk_entry **waiting;
	size_t head, tail, waiting_room;
	unsigned int pass;
	size_t busy, sleeping;
	size_t newcomers, newcomers_limit;	/* of this pass; beyond the limit none is taken */
	bool over_limit, quit;
	int error;			/* the first fatal one */
};

int walk_init(struct walk *w);		/* 0 or -ENOMEM */
void walk_free(struct walk *w);		/* gaps and processes belong to the workers */

/* Begins a pass that may meet up to `newcomers_limit` new pids. */
void walk_begin(struct walk *w, size_t newcomers_limit);

/* This pid belongs to the tree: looks at it in this pass, once. */
void walk_push(struct walk *w, int pid);

/* The same for a list. */
void walk_push_all(struct walk *w, const int *pid, size_t n);

/*
 * The next entry to look at, or NULL: the pass is over (`stay` false) or the walk has quit.
 * walk_done() hands it back; an error of it ends the pass.
 */
struct walk_entry *walk_next(struct walk *w, bool stay);
void walk_done(struct walk *w, int error);

/* Whether somebody could help: more waits than one can take. */
bool walk_is_crowded(struct walk *w);

/* The entry of a pid, or NULL. */
struct walk_entry *walk_find(const struct walk *w, int pid);

/* Lets all who wait in walk_next() go. */
void walk_quit(struct walk *w);

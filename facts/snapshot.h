/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot in memory: the generated Snapshot message, the arena that all of it lives in,
 * and the few ways to fill it. See facts/snapshot.proto for what it holds.
 */
#pragma once

#include "base/arena.h"
#include "facts/limits.h"
#include "host.pb-c.h"
#include "shared.pb-c.h"
#include "snapshot.pb-c.h"
#include "tree.pb-c.h"
#include <stdbool.h>

struct snapshot {
	struct arena *arena;		/* owns everything below */
	Snapshot *facts;
};

/* An empty snapshot with its header's format set. 0 or -ENOMEM. */
int snapshot_new(struct snapshot *ret);
void snapshot_free(struct snapshot *s);

/*
 * A new, initialised message in `arena`; NULL when the arena is full.
 *     Fd *fd = NEW_FACT(arena, Fd, fd);       calls fd__init()
 */
#define NEW_FACT(arena, Type, name)                                  \
	({                                                           \
		Type *fact_ = arena_alloc((arena), sizeof(Type));    \
		if (fact_)                                           \
			name##__init(fact_);                         \
		fact_;                                               \
	})

/*
 * Appends the pointer `fact` to the repeated field `array` with its count `n_array`
 * (protobuf-c's pair). 0 or -ENOMEM.
 *     r = ADD_FACT(arena, process->fd, process->n_fd, fd);
 */
#define ADD_FACT(arena, array, count, fact)                                        \
	({                                                                         \
		typeof(&(array)) array_ = &(array);                                \
		typeof(*array_) place_ = arena_grow((arena), array_, &(count),     \
						    sizeof(**array_));             \
		if (place_)                                                        \
			*place_ = (fact);                                          \
		place_ ? 0 : -ENOMEM;                                              \
	})

/* Sets an optional number:  SET_FACT(thread, nice, -5);  */
#define SET_FACT(message, field, value)              \
	do {                                         \
		(message)->has_##field = true;       \
		(message)->field = (value);          \
	} while (0)

static inline void
cleanup_snapshot(struct snapshot *s)
{
	snapshot_free(s);
}
#define _cleanup_snapshot_ cleanup(cleanup_snapshot)

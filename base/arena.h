/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that lives as long as one snapshot and is freed at once.
 *
 * Invariants: every byte handed out is zeroed and aligned for any type; an arena never
 * holds more than its cap; nothing is ever freed singly. Not safe for two threads at once:
 * a thread works in an arena of its own, which arena_adopt() joins to the snapshot's.
 */
#pragma once

#include "base/cleanup.h"
#include <stddef.h>

struct arena;

/* A new arena that may grow to `cap` bytes; NULL when memory is short. */
struct arena *arena_new(size_t cap);

/* Frees the arena and all that came from it. Accepts NULL. */
struct arena *arena_free(struct arena *a);

/* `size` zeroed bytes (size 0 gives a valid pointer), or NULL: over the cap, or no memory. */
void *arena_alloc(struct arena *a, size_t size);

/* Copies of `n` bytes; the text form adds a NUL. NULL as for arena_alloc(). */
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Grows an array of `*n` pointers or elements of `size` bytes by one zeroed element and
 * returns that element, or NULL. The array doubles, so growing is cheap; the old copy stays
 * in the arena. *n is raised only on success.
 */
void *arena_grow(struct arena *a, void *array, size_t *n, size_t size);

/* `a` takes over all memory of `b`, which is freed as a handle. The caps add up. */
void arena_adopt(struct arena *a, struct arena *b);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

static inline void
cleanup_arena(struct arena **a)
{
	(void) arena_free(*a);
}
#define _cleanup_arena_ cleanup(cleanup_arena)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena is a list of blocks; the newest is carved up front to back. A request larger than
 * a block gets one of its own. Blocks come from calloc(3), so large ones are fresh zero pages
 * that cost nothing until they are touched.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024, BLOCK_SIZE_MAX = 4 * 1024 * 1024, ALIGNMENT = 16 };

struct block {
	struct block *next;
	size_t room, used;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
	struct block *blocks;		/* newest first */
	struct block *last;
	size_t cap, held, handed_out;
	size_t next_size;
};

struct arena *
arena_new(size_t cap)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->cap = cap;
	a->next_size = BLOCK_SIZE;
	return a;
}

struct arena *
arena_free(struct arena *a)
{
	if (!a)
		return NULL;
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
	return NULL;
}

/* A new block in front of the list, at least `size` bytes large. */
static struct block *
add_block(struct arena *a, size_t size)
{
	size_t room = size > a->next_size ? size : a->next_size;
	struct block *b;

	if (room > a->cap - a->held)
		room = size;		/* the last bit below the cap */
	if (a->held > a->cap || room > a->cap - a->held)
		return NULL;
	b = calloc(1, sizeof(*b) + room);
	if (!b)
		return NULL;
	b->room = room;
	b->next = a->blocks;
	a->blocks = b;
	if (!a->last)
		a->last = b;
	a->held += room;
	if (a->next_size < BLOCK_SIZE_MAX)
		a->next_size *= 2;
	return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct block *b = a->blocks;
	size_t need;
	void *p;

	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	need = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (!b || need > b->room - b->used) {
		b = add_block(a, need ? need : ALIGNMENT);
		if (!b)
			return NULL;
	}
	p = b->bytes + b->used;
	b->used += need;
	a->handed_out += need;
	return p;
}

void *
arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (copy && n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		return NULL;
	copy = arena_alloc(a, n + 1);
	if (copy && n > 0)
		memcpy(copy, s, n);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	text = arena_alloc(a, (size_t) n + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	(void) vsnprintf(text, (size_t) n + 1, format, args);
	va_end(args);
	return text;
}

/*
 * The room of an array is not stored: it is the next power of two of its count (at least 4),
 * so it has to be copied exactly when the count reaches one.
 */
void *
arena_grow(struct arena *a, void *array, size_t *n, size_t size)
{
	unsigned char *old;

	memcpy(&old, array, sizeof(old));
	if (*n == 0 || (*n >= 4 && (*n & (*n - 1)) == 0)) {
		size_t room = *n == 0 ? 4 : *n * 2;
		unsigned char *grown;

		if (room < *n || room > SIZE_MAX / size)
			return NULL;
		grown = arena_alloc(a, room * size);
		if (!grown)
			return NULL;
		if (*n > 0)
			memcpy(grown, old, *n * size);
		memcpy(array, &grown, sizeof(grown));
		old = grown;
	}
	return old + size * (*n)++;
}

void
arena_adopt(struct arena *a, struct arena *b)
{
	if (b->blocks) {
		/* Behind our own newest block, which goes on being carved up. */
		if (a->blocks) {
			b->last->next = a->blocks->next;
			a->blocks->next = b->blocks;
			if (a->last == a->blocks)
				a->last = b->last;
		} else {
			a->blocks = b->blocks;
			a->last = b->last;
		}
	}
	a->cap = a->cap > SIZE_MAX - b->cap ? SIZE_MAX : a->cap + b->cap;
	a->held += b->held;
	a->handed_out += b->handed_out;
	free(b);
}

size_t
arena_used(const struct arena *a)
{
	return a->handed_out;
}

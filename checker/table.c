/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See table.h. Linear steps: what has one hash stands together, in the order it was added.
 */
#include "checker/table.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	return x;
}

static uint64_t
seed(void)
{
	const void *random = (const void *) getauxval(AT_RANDOM);
	uint64_t bytes = 0;

	if (random)
		memcpy(&bytes, random, sizeof(bytes));
	return bytes;
}

uint64_t
hash_number(uint64_t x)
{
	return mix(mix(x ^ seed()));
}

uint64_t
hash_bytes(const void *p, size_t n)
{
	const unsigned char *from = p;
	uint64_t h = mix(seed() ^ n), word;

	for (; n >= sizeof(word); n -= sizeof(word), from += sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		h = mix(h ^ word);
	}
	word = 0;
	if (n)
		memcpy(&word, from, n);
	return mix(h ^ word);
}

uint64_t
hash_text(const char *s)
{
	return s ? hash_bytes(s, strlen(s)) : hash_bytes("", 0);
}

int
table_init(struct table *t, struct arena *a, size_t n)
{
	size_t room = 8;

	while (room < n * 2)
		room *= 2;
	t->slot = arena_alloc(a, room * sizeof(*t->slot));
	if (!t->slot)
		return -ENOMEM;
	t->mask = room - 1;
	return 0;
}

void
table_add(struct table *t, uint64_t hash, const void *value, const void *owner)
{
	size_t i = hash & t->mask;

	while (t->slot[i].value)
		i = (i + 1) & t->mask;
	t->slot[i] = (struct slot){ .hash = hash, .value = value, .owner = owner };
}

const struct slot *
table_next(const struct table *t, uint64_t hash, uint64_t *i)
{
	for (;;) {
		const struct slot *s = &t->slot[*i & t->mask];

		if (!s->value)
			return NULL;
		(*i)++;
		if (s->hash == hash)
			return s;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear steps, at most half full. The hash begins with the random bytes
 * that exec gave this process, so that nobody can choose names that collide; the order of what
 * is interned never shows in a snapshot.
 */
#include "light-dump/intern.h"

#include "base/cleanup.h"

#include <sys/auxv.h>

struct intern_slot {
	struct intern_key key;
	uint64_t hash;			/* 0: the slot is empty */
	uint32_t value;
};

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ (h >> 29);
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

static uint64_t
hash_of(const struct intern_key *key)
{
	uint64_t h = mix(key->text.n, seed()), word;
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(key->number); i++)
		h = mix(h, key->number[i]);
	for (; at + sizeof(word) <= key->text.n; at += sizeof(word)) {
		memcpy(&word, key->text.p + at, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, key->text.p + at, key->text.n - at);
	h = mix(h, word);
	return h ? h : 1;
}

static bool
same(const struct intern_slot *slot, const struct intern_key *key, uint64_t hash)
{
	return slot->hash == hash && slot->key.text.n == key->text.n &&
	       memcmp(slot->key.number, key->number, sizeof(key->number)) == 0 &&
	       memcmp(slot->key.text.p, key->text.p, key->text.n) == 0;
}

/* The slot of the key, or the empty one where it belongs. The table has a free slot. */
static struct intern_slot *
slot_of(const struct intern *t, const struct intern_key *key, uint64_t hash)
{
	size_t i = hash & (t->room - 1);

	while (t->slot[i].hash != 0 && !same(&t->slot[i], key, hash))
		i = (i + 1) & (t->room - 1);
	return &t->slot[i];
}

static int
grow(struct intern *t)
{
	struct intern bigger = { .n = t->n, .room = t->room ? t->room * 2 : 256 };

	bigger.slot = calloc(bigger.room, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < t->room; i++)
		if (t->slot[i].hash != 0)
			*slot_of(&bigger, &t->slot[i].key, t->slot[i].hash) = t->slot[i];
	free(t->slot);
	*t = bigger;
	return 0;
}

bool
intern_find(const struct intern *t, const struct intern_key *key, uint32_t *ret)
{
	const struct intern_slot *slot;

	if (t->n == 0)
		return false;
	slot = slot_of(t, key, hash_of(key));
	if (slot->hash == 0)
		return false;
	*ret = slot->value;
	return true;
}

int
intern_add(struct intern *t, const struct intern_key *key, uint32_t value)
{
	uint64_t hash = hash_of(key);

	if (t->n * 2 >= t->room && grow(t) < 0)
		return -ENOMEM;
	*slot_of(t, key, hash) = (struct intern_slot){ .key = *key, .hash = hash, .value = value };
	t->n++;
	return 0;
}

void
intern_free(struct intern *t)
{
	free(t->slot);
	*t = (struct intern){ 0 };
}

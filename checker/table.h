/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash tables of things that the snapshots hold: open addressing, at most half full. A table
 * holds pointers under a hash; the look-up compares the thing itself. Hashes begin with the
 * random bytes that exec gave this process, so that a snapshot cannot hold names that collide;
 * nothing that is said depends on their order.
 */
#pragma once

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct slot {
	uint64_t hash;
	const void *value;		/* NULL: empty */
	const void *owner;		/* a thread's process, a socket descriptor's process */
};

struct table {
	struct slot *slot;
	size_t mask;
};

uint64_t hash_number(uint64_t x);	/* different numbers have different hashes */
uint64_t hash_bytes(const void *p, size_t n);
uint64_t hash_text(const char *s);	/* NULL as "" */

/* Room for n things. 0 or -ENOMEM. */
int table_init(struct table *t, struct arena *a, size_t n);

void table_add(struct table *t, uint64_t hash, const void *value, const void *owner);

/* Steps through what has this hash, in the order added; *i starts as hash. NULL at the end. */
const struct slot *table_next(const struct table *t, uint64_t hash, uint64_t *i);

/* The first thing of the table for which `same` (an expression on `found`) holds. */
#define TABLE_FIND(table, hash_of, Type, same)                             \
	({                                                                 \
		uint64_t hash_ = (hash_of), at_ = hash_;                   \
		const struct slot *slot_;                                  \
		const Type *result_ = NULL;                                \
		while (!result_) {                                         \
			slot_ = table_next((table), hash_, &at_);          \
			if (!slot_)                                        \
				break;                                     \
			const Type *found = slot_->value;                  \
			if (same)                                          \
				result_ = found;                           \
		}                                                          \
		result_;                                                   \
	})

/*
 * Fills one table from a repeated field. Of several for which `same` (an expression on `item`
 * and `found`) holds, the first one stands.
 */
#define TABLE_FILL(table, arena, array, count, key, same)                  \
	({                                                                 \
		int r_ = table_init((table), (arena), (count));            \
		for (size_t i_ = 0; r_ == 0 && i_ < (count); i_++) {       \
			const typeof(**(array)) *item = (array)[i_];       \
			uint64_t key_ = (key);                             \
			if (!TABLE_FIND((table), key_, typeof(*item), same)) \
				table_add((table), key_, item, NULL);      \
		}                                                          \
		r_;                                                        \
	})

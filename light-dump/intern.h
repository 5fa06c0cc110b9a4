/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table from a key (four numbers and some bytes) to a small number: how equal files and equal
 * cgroup texts are found again in constant time.
 */
#pragma once

#include "base/text.h"

struct intern_key {
	uint64_t number[4];
	struct slice text;		/* must live as long as the table once it was added */
};

struct intern {
	struct intern_slot *slot;
	size_t n, room;
};

/* True and *ret when the key is there. */
bool intern_find(const struct intern *t, const struct intern_key *key, uint32_t *ret);

/* Adds a key that is not there. 0 or -ENOMEM. */
int intern_add(struct intern *t, const struct intern_key *key, uint32_t value);
void intern_free(struct intern *t);

static inline void
cleanup_intern(struct intern *t)
{
	intern_free(t);
}
#define _cleanup_intern_ cleanup(cleanup_intern)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot's life: one arena, one message in it.
 */
#include "facts/snapshot.h"

int
snapshot_new(struct snapshot *ret)
{
	struct arena *a = arena_new(MAX_ARENA_BYTES);
	Snapshot *facts;

	if (!a)
		return -ENOMEM;
	facts = NEW_FACT(a, Snapshot, snapshot);
	if (facts)
		facts->header = NEW_FACT(a, Header, header);
	if (!facts || !facts->header) {
		a = arena_free(a);
		return -ENOMEM;
	}
	facts->header->format = SNAPSHOT_FORMAT;
	*ret = (struct snapshot){ .arena = a, .facts = facts };
	return 0;
}

void
snapshot_free(struct snapshot *s)
{
	s->arena = arena_free(s->arena);
	s->facts = NULL;
}

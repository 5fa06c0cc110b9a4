/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the children of the two crews do: follow a path, read a content. Each may hang.
 */
#pragma once

#include "kernel/digest-cache.h"
#include "kernel/leases.h"
#include "light-dump/files-plan.h"

/* Where a path leads: the result of the first crew, which is in a hurry. */
struct looked {
	uint32_t state;			/* a PathState */
	int32_t error;
	bool full_name;			/* it is truly called "x (deleted)" */
	struct statx st;
};

/* What they look at, laid out before the fork. */
struct looking {
	struct tree_context *c;
	const struct plan *plan;
	const Snapshot *facts;
	struct leases leases;		/* just before contents are read */
	struct content_stamp *stamp;	/* one a File record, as it was seen */
	struct crew_results *cached;	/* what the digest cache knows, in the plan's order; or NULL */
};

/* Follows the path of file `i`. */
void file_look(const struct looking *l, uint32_t i, struct looked *ret);

/*
 * Reads what is wanted of the content of file `i`, of the inode in use; `cached`: as the digest
 * cache knows it, or NULL.
 */
void file_read(const struct looking *l, uint32_t i, const struct identity *cached, struct crew_slot *slot,
	       struct identity *ret);

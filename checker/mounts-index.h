/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a source by what rules look for: a host can have a hundred thousand of them, and each
 * is compared with others. A look-up steps through those of one hash, in the order of the snapshot;
 * the caller compares what it looked for, as of any hash table.
 */
#pragma once

#include "checker/table.h"
#include "facts/snapshot.h"

struct mounts_index {
	struct table place;		/* by namespace, parent and mount point */
	struct table device;		/* by namespace and device */
	struct table source;		/* likewise, of those only that are whole or at "/" */
	struct table shared;		/* by namespace and peer group */
	struct table master;		/* by namespace and the peer group that is followed */
};

/* 0 or -ENOMEM. */
int mounts_index_fill(struct mounts_index *t, struct arena *a, const Snapshot *source);

uint64_t mounts_hash_place(uint64_t mnt_ns, uint32_t parent, const char *mountpoint, size_t n);
uint64_t mounts_hash_device(uint64_t mnt_ns, const Mount *m);
uint64_t mounts_hash_group(uint64_t mnt_ns, uint32_t group);

/* The next of this hash; *at begins as the hash. NULL: that was the last. */
const Mount *mounts_next(const struct table *t, uint64_t hash, uint64_t *at);

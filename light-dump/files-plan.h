/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan for looking at files: through which link of which process an inode can be held, in
 * which mount namespace its path is looked up, what of its content is wanted, and which of the
 * records of one inode is the one that is read.
 */
#pragma once

#include "light-dump/collector.h"

enum handle {
	HANDLE_NONE,
	HANDLE_MAP,			/* map_files/A-B: needs a capability */
	HANDLE_FD,
	HANDLE_EXE,
};

struct file_work {
	enum handle handle;
	int pid;			/* whose link it is */
	uint64_t first, second;		/* number of the descriptor; both ends of the mapping */
	int place;			/* index into places; -1: the path is not looked up */
	bool leased;			/* under a write lease, which any open(2) would break */
	bool digest, elf;		/* of the content, wanted by this record or another of its inode */
	uint32_t reader;		/* index of the record that is read for all of this inode */
	bool unsteady;			/* of a reader: the tree may change it without moving its times */
	const File *known;		/* of a reader: an earlier record that spares the reading */
};

/* The root folder of a mount namespace. */
struct place {
	uint64_t mnt_ns;
	struct root root;		/* fd -1: no way in */
	bool borrowed;
};

struct plan {
	struct file_work *work;		/* one a File record, by the same index */
	size_t n;
	uint32_t *order;		/* those that are read, the biggest to be hashed first */
	size_t n_read;
	struct place *place;
	size_t n_places;
};

/*
 * Makes the plan, and sets what is known without looking: fs_type, and the digest state of
 * what is not to be read. 0 or -ENOMEM.
 */
int plan_make(struct tree_context *c, struct plan *ret);

/*
 * When the paths were looked at: takes the readers off the order whose content an earlier
 * snapshot knows. 0 or -ENOMEM.
 */
int plan_spare_known(struct tree_context *c, struct plan *p);
void plan_free(struct plan *p);

static inline void
cleanup_plan(struct plan *p)
{
	plan_free(p);
}
#define _cleanup_plan_ cleanup(cleanup_plan)

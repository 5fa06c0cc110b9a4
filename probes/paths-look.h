/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child of the crew finds out about one path, and hands to its parent.
 */
#pragma once

#include "base/crew.h"
#include "kernel/digest-cache.h"
#include "kernel/identity.h"
#include "kernel/leases.h"
#include "probes/path-mounts.h"
#include "probes/paths-wanted.h"
#include "probes/probe.h"

struct paths {
	struct probe_context *c;
	struct path_questions questions;
	uint32_t *order;		/* questions whose content is wanted, the biggest files first */
	struct content_stamp *stamp;	/* of each of these, as it was seen */
	size_t n_order;
	struct crew_results *cached;	/* what the digest cache knows of each; or NULL */
	struct path_mounts mounts;
	struct leases leases;		/* just before contents are read */
};

/* What the path is. */
struct path_seen {
	int32_t error;			/* of the look-up; 0: it is there */
	bool parent_missing;
	bool has_space;
	struct statx st;
	uint64_t free_bytes;
	bool has_inodes;		/* of a file system that counts them */
	uint64_t free_inodes;
	unsigned long flags;		/* of statvfs(3) */
};

enum same { SAME_UNSAID, SAME_YES, SAME_NO };

/* What its content is, as far as it may be told. */
struct path_content {
	bool tell;			/* digest and build-id may be told; else they are wiped */
	enum same same, same_build;	/* as the source's */
	struct identity identity;
	struct identity untold;		/* where it may not be told: for the cache alone */
};

/* Looks at one path. */
void path_look(const struct paths *a, const struct path_question *q, struct path_seen *ret);

/* Is there something to compare, and does it agree so far that reading it is worth it? */
bool path_content_is_wanted(const struct paths *a, const struct path_question *q,
			    const struct path_seen *s);

/* Does the move bring it along (--brings)? */
bool path_is_declared(const struct probe_options *o, const struct path_question *q);

/* Lays out what is read of what was `seen` (results of path_look). 0 or -ENOMEM. */
int path_contents_order(struct paths *a, const struct crew_results *seen);

/* Reads the content of a path for which it is wanted; `cached`: as the digest cache knows it, or NULL. */
void path_read(const struct paths *a, const struct path_question *q, const struct identity *cached,
	       struct crew_slot *slot, struct path_content *ret);

/* The type of the file system that `st` was found on, or NULL. */
const char *path_fs_type(const struct paths *a, const struct statx *st);

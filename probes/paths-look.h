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
	size_t batch;			/* the first of those that are being read */
	struct crew_results *cached;	/* what the digest cache knows of each of the batch; or NULL */
	uint64_t lost_group;		/* of contents, that did not answer; 0: none */
	uint64_t bytes;			/* that were read */
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

/* A name looked up there would be mounted: that is not for us to set off. */
bool path_is_automounted(const struct paths *a, const struct path_question *q);

/* Does the move bring it along (--brings)? */
bool path_is_declared(const struct probe_options *o, const struct path_question *q);

/* Lays out what is read of what was `seen` (results of path_look). 0 or -ENOMEM. */
int path_contents_order(struct paths *a, const struct crew_results *seen);

/* Reads the content of a path for which it is wanted; `cached`: as the digest cache knows it, or NULL. */
void path_read(const struct paths *a, const struct path_question *q, const struct identity *cached,
	       struct crew_slot *slot, struct path_content *ret);

/* The type of the file system that `st` was found on, or NULL. */
const char *path_fs_type(const struct paths *a, const struct statx *st);

/* The answer to a question, by what was seen; NULL: nothing, in time. 0 or -ENOMEM. */
int path_answer_add(struct paths *a, const struct path_question *q, const struct path_seen *s);

/* Adds what the content is, compared with that of `f` (NULL: with nothing). 0 or -ENOMEM. */
int path_answer_content(struct arena *arena, PathAnswer *p, const File *f, const struct path_content *s);

/* What could not be learned of a path. */
void path_gap(struct probe_context *c, const struct path_question *q, int error);

/* Finds the questions of --paths: all that is in the folders among them. 0 or -errno. */
int path_walk(struct paths *a, const struct crew_job *job);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a pool, read by all processors at once. Of equal facts one copy is kept.
 */
#pragma once

#include "base/arena.h"
#include "facts/profile.h"

struct pool_file {
	char *path;
	struct profile profile;		/* without its facts, which are those of the fingerprint */
	struct stream_error error;	/* why it cannot be used; "": it can */
};

struct pool_facts {
	uint8_t fingerprint[DIGEST_SIZE];
	struct buffer packed;		/* a Snapshot */
};

struct pool_files {
	struct pool_file *file;		/* as given, those of a folder by name */
	size_t n;
	struct pool_facts *facts;	/* one a fingerprint, in no order */
	size_t n_facts, room;
	size_t *slot;			/* hash table: index into facts, plus 1 */
	size_t slots;
};

/*
 * Reads snapshots named one by one, and those that folders hold directly (*.mc). What cannot be
 * read is told in its place. 0, or -errno after saying why: no such file or folder, no memory.
 */
int pool_files_read(const char *const *paths, size_t n, enum facts_kept kept, bool quiet, struct pool_files *ret);
void pool_files_free(struct pool_files *f);

static inline void
cleanup_pool_files(struct pool_files *f)
{
	pool_files_free(f);
}
#define _cleanup_pool_files_ cleanup(cleanup_pool_files)

/* The packed facts with this fingerprint, which is one of a file's. */
struct slice pool_facts_of(const struct pool_files *f, const uint8_t fingerprint[DIGEST_SIZE]);

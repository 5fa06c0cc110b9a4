/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a pool, read by all processors at once. Facts are not kept: those of a class are read again, from
 * the file of one of its hosts, when it is its turn.
 */
#pragma once

#include "base/arena.h"
#include "facts/profile.h"

struct pool_file {
	char *path;
	struct profile profile;		/* without its facts */
	struct stream_error error;	/* why it cannot be used; "": it can */
};

struct pool_files {
	struct pool_file *file;		/* as given, those of a folder by name */
	size_t n;
};

/*
 * Reads snapshots named one by one, and those that folders hold directly (*.mc). What cannot be
 * read is told in its place. 0, or -errno after saying why: no such file or folder, no memory.
 */
int pool_files_read(const char *const *paths, size_t n, const struct sieve *sieve, bool quiet,
		    struct pool_files *ret);
void pool_files_free(struct pool_files *f);

static inline void
cleanup_pool_files(struct pool_files *f)
{
	pool_files_free(f);
}
#define _cleanup_pool_files_ cleanup(cleanup_pool_files)

/* The facts of a file that was read. 0, -EBADMSG (its records are none), -ESTALE (it was changed), -ENOMEM. */
int pool_facts_read(const struct pool_file *f, const struct sieve *sieve, struct snapshot *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an earlier snapshot knows of a file's content, for the files that did not change since:
 * these are not read again.
 */
#pragma once

#include "light-dump/collector.h"

struct known_files {
	const File **file;		/* whose content was read, by device and inode */
	size_t n;
	int64_t taken_at_ns;		/* when the earlier look was */
};

/*
 * Takes in options->known; empty where there is none, or where it says nothing of the files of
 * today: another boot, for the device numbers of many file systems are dealt out anew, a
 * recorded machine. 0 or -ENOMEM.
 */
int known_files_make(const struct tree_context *c, struct known_files *ret);
void known_files_free(struct known_files *k);

/* Does the tree hold it in a way that lets it change without another time? */
bool file_may_be_written_by_mapping(const File *f);

/*
 * The earlier record of this very inode with its content unchanged; NULL: it must be read.
 * What it holds is the digest and the ELF facts, as far as they were read.
 */
const File *known_files_find(const struct known_files *k, const File *f);

/* Copies what is known of the content to `f`: the digest where it is wanted, the ELF facts. 0 or -ENOMEM. */
int known_file_take(const File *known, bool digest, struct arena *arena, File *f);

static inline void
cleanup_known_files(struct known_files *k)
{
	known_files_free(k);
}
#define _cleanup_known_files_ cleanup(cleanup_known_files)

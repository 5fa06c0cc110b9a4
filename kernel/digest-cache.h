/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest cache: what was read of files' contents, kept in a folder of ours from one run to
 * the next, so that a file is read again only when it changed. It is never needed: one that
 * cannot be used is passed over, one that is damaged is thrown away, and all answers are the
 * same without it.
 */
#pragma once

#include "base/cache-folder.h"
#include "base/crew.h"
#include "base/root.h"
#include "kernel/identity.h"

/*
 * Looks up `n` contents by what the files were seen to be. A pointer for digest_cache_found(),
 * to be released by crew_results_free(); NULL where nothing is known. `root`: a recorded one has
 * no cache.
 */
struct crew_results *digest_cache_look(struct cache_folder *c, const struct root *root,
				       const struct content_stamp *stamp, size_t n);

/* Content `i` of that question; NULL: not known. */
const struct identity *digest_cache_found(const struct crew_results *found, size_t i);

/* May it be kept? Then it was read now, whole, and any change would show. */
bool digest_cache_wants(const struct identity *id);

/* Keeps the `n` contents, each of which digest_cache_wants(). */
void digest_cache_keep(struct cache_folder *c, const struct root *root, const struct identity *const *id,
		       size_t n);

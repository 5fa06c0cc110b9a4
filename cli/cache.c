/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest cache, as the user wants it: see cache.h. That the usual folder cannot be used is
 * nobody's concern, the answers are the same; one that was named is a wish, and it is told when
 * it was not met.
 */
#include "cli/cache.h"

#include "cli/say.h"

#include <errno.h>

enum { ROOM = 512 * 1024 * 1024 };

void
cache_use(struct work *w)
{
	bool wanted = !w->no_cache && !w->sysroot && !w->probe.no_content;

	if (wanted && !w->cache.path) {
		if (!w->cache_named)
			w->cache_usual = cache_folder_usual();
		w->cache = (struct cache_folder){ .path = w->cache_named ? w->cache_named : w->cache_usual,
						  .room = ROOM };
	}
	w->dump.cache = w->probe.cache = wanted && w->cache.path ? &w->cache : NULL;
}

void
cache_tell(struct work *w)
{
	const char *why = w->cache.error == -EPERM ?
				  "it and its files must be your own, and nobody else may write there" :
			  w->cache.error == -EOPNOTSUPP ? "it must lie on a local file system" :
							  error_text(w->cache.error);

	if (w->cache_named && w->cache.error && !w->cache_told)
		say_error("--cache %s is not used: %s", w->cache_named, why);
	w->cache_told = w->cache.error != 0;
}

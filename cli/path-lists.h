/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of paths in files (probe --paths): one absolute path a line, blank lines and lines that begin with "#" aside.
 * A folder stands for itself.
 */
#pragma once

#include "base/arena.h"

struct path_lists {
	struct arena *arena;
	const char **path;
	size_t n;
	const char **folder;		/* those that the command line names */
	size_t n_folder;
};

/*
 * Adds what `file` lists, or the folder `file`: one of this host, or with `root` (--root) of that. 0, or -errno after
 * saying why.
 */
int path_lists_add(struct path_lists *l, const char *file, const char *root);
void path_lists_free(struct path_lists *l);

static inline void
cleanup_path_lists(struct path_lists *l)
{
	path_lists_free(l);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder in which we keep what may be lost: the user's, $XDG_CACHE_HOME/migcheck or
 * ~/.cache/migcheck; as root the system's, /var/cache/migcheck. It is ours, no part of the machine
 * that is looked at, so it is the one thing that is not looked up below a root (base/root.h).
 *
 * What others may write is not believed, so such a folder or file is not used.
 */
#pragma once

#include "base/cleanup.h"
#include <stdbool.h>
#include <stddef.h>

struct cache_folder {
	const char *path;		/* NULL: none is used */
	size_t room;			/* bytes that a file in it may take */
	int error;			/* 0, or -errno: why it was passed over */
};

/* The usual one, allocated; NULL where there is none: no home, no memory. */
char *cache_folder_usual(void);

/*
 * Opens it, `make`: and makes what is missing of the last two parts of the path. A descriptor;
 * -EPERM where it is a symbolic link or no folder, not the effective user's, or others may write
 * there; -errno.
 */
int cache_folder_open(const char *path, bool make);

/* May the file in the open folder be believed? 0, also where it is not there; -EPERM or -errno. */
int cache_file_check(int folder, const char *name);

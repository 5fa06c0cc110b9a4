/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is open to everybody: what may be told about its content to whoever sent the
 * snapshot depends on it.
 */
#pragma once

#include "base/root.h"

/*
 * May a user who is nobody in particular reach `path` below `r` and read the regular file
 * `st` that was found there? Asked of the kernel itself, by looking as such a user. False also
 * where that cannot be asked (we are not root). For a single-threaded child: it changes the
 * file system identity of the caller for the moment, and drops its other groups for good.
 */
bool others_may_read(const struct root *r, const char *path, const struct stat *st);

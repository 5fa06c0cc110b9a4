/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/maps: proc_pid_maps(5).
 */
#pragma once

#include "base/text.h"

enum { MAPS_READ = 1, MAPS_WRITE = 2, MAPS_EXECUTE = 4, MAPS_SHARED = 8 };

struct maps_entry {
	uint64_t start, end, offset, ino;
	uint32_t prot;			/* MAPS_* */
	uint32_t dev_major, dev_minor;
	struct slice name;		/* in the caller's bytes; a newline in it is still "\012" */
};

/* Takes one line off the front: 1, 0 at the end, -EBADMSG when it is no such line. */
int maps_next(struct slice *rest, struct maps_entry *ret);

/*
 * Whether the mapping is of a file on a path, and not of one of the kernel's own objects that
 * only have a name ("/memfd:x (deleted)", "/SYSV00000000 (deleted)", "[heap]", "socket:[1]").
 */
bool maps_is_path(const struct maps_entry *e);

/* Undoes "\012", the only escape of this file, into `out` (room for s.n + 1); the length. */
size_t maps_unescape(struct slice s, char *out);

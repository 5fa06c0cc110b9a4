/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading below a held /proc/PID folder with as few calls as can be: the light-dump opens tens
 * of thousands of files, and each call saved is a tenth of its time.
 */
#pragma once

#include "base/root.h"

/*
 * A file that the kernel writes in one piece (stat, status, fdinfo, limits …): one read, and
 * more only where it filled the buffer. 0 or -errno; the buffer's content is replaced.
 */
int procfile_read(const struct root *dir, const char *name, struct buffer *b);

/* A file that the kernel writes piece by piece (maps, children, timers): reads to the end. */
int procfile_read_all(const struct root *dir, const char *name, struct buffer *b);

/* `error`, but -ESRCH for a -ENOENT that means that the process itself is gone. */
int procfile_error(const struct root *root, int pid, int error);

/* A growing list of numbers, kept between uses. */
struct numbers {
	int *number;
	size_t n, room;
};

void numbers_free(struct numbers *list);

static inline void
cleanup_numbers(struct numbers *list)
{
	numbers_free(list);
}
#define _cleanup_numbers_ cleanup(cleanup_numbers)

/*
 * The names of a folder that are numbers (/proc, fd, task), rising. 0 or -errno; -EFBIG when
 * there are more than `limit`.
 */
int procfile_numbers(const struct root *dir, const char *name, size_t limit, struct numbers *ret);

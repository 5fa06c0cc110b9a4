/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound resources: a variable marked with one of these releases what it holds when
 * its scope ends. Every cleaner accepts the empty value (NULL, -1). Inside one function
 * either every resource is marked or none is.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "unused": a guard may do its work by its cleaner alone. */
#define cleanup(f) __attribute__((cleanup(f), unused))

static inline void
cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void) close(*fd);
	errno = saved;
}

static inline void
cleanup_free(void *p)
{
	free(*(void **) p);
}

static inline void
cleanup_fclose(FILE **f)
{
	if (*f)
		(void) fclose(*f);
}

static inline void
cleanup_closedir(DIR **d)
{
	if (*d)
		(void) closedir(*d);
}

#define _cleanup_close_ cleanup(cleanup_close)
#define _cleanup_free_ cleanup(cleanup_free)
#define _cleanup_fclose_ cleanup(cleanup_fclose)
#define _cleanup_closedir_ cleanup(cleanup_closedir)

/* Takes the descriptor out of *fd, which no longer owns it. */
static inline int
steal_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define steal_pointer(p)                  \
	({                                \
		typeof(*(p)) taken_ = *(p); \
		*(p) = NULL;              \
		taken_;                   \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

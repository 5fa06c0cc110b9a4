/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leases that an open(2) for reading would break: its holder would get a signal, by default
 * one that ends it.
 */
#pragma once

#include "base/root.h"
#include "base/text.h"

struct lease {
	uint64_t dev;			/* major << 32 | minor, of the superblock */
	uint64_t ino;
};

struct leases {
	struct lease *lease;
	size_t n;
};

/* Adds those of the text of /proc/locks. 0, -EBADMSG or -ENOMEM. */
int leases_parse(struct slice text, struct leases *l);

/* Reads /proc/locks below `root`; a kernel without that file has no leases. 0 or -errno. */
int leases_read(const struct root *root, struct leases *ret);

/* Would reading the file break one? `fs_type`: as in mountinfo, or NULL. */
bool leases_forbid(const struct leases *l, const struct stat *st, const char *fs_type);

void leases_free(struct leases *l);

static inline void
cleanup_leases(struct leases *l)
{
	leases_free(l);
}
#define _cleanup_leases_ cleanup(cleanup_leases)

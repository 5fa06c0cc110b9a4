/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An earlier report of `migcheck gate -f json`: which findings were there on which hosts. A finding
 * that a waiver covered then is not taken from it: it was the waiver that let it pass, and once that
 * has run out it counts again.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "checker/table.h"

struct baseline {
	struct buffer text;		/* what the tables point into */
	struct arena *arena;
	struct table hosts, findings;
};

enum { BASELINE_FILE_LIMIT = 64 * 1024 * 1024 };

/*
 * Takes over the text of such a report. 0; -ENOMEM; -EINVAL where it is none, or not whole, and then
 * `problem` says so.
 */
int baseline_read(struct buffer *text, struct baseline *ret, struct buffer *problem);

/* Reads the file, a regular one. 0, or -errno after saying why. */
int baseline_load(const char *path, struct baseline *ret);
void baseline_free(struct baseline *b);

/* Whether the report has this finding on this host. `baseline` is a struct baseline: see gate_policy.known. */
bool baseline_knows(const void *baseline, const char *fingerprint, const char *host);

static inline void
cleanup_baseline(struct baseline *b)
{
	baseline_free(b);
}
#define _cleanup_baseline_ cleanup(cleanup_baseline)

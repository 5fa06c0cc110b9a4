/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking once, or with --settle again and again, until what tends to pass has passed.
 */
#pragma once

#include "cli/work.h"

struct looker {
	/*
	 * Looks at both ends (with `source`: at the destination alone, and `ret_source` stays
	 * empty). `before` is the source of the look before, or NULL. 0, or -errno after saying why.
	 */
	int (*look)(struct work *w, const struct looker *l, const struct snapshot *before,
		    struct snapshot *ret_source, struct snapshot *ret_there);
	const void *arg;		/* the function's own */
	struct snapshot *source;	/* a saved one, which stays what it is; NULL: a live tree */
};

/* Looks, compares and reports; the exit code. */
int settle(struct work *w, const struct looker *l);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waivers: findings that somebody has looked at and taken upon himself, for a reason and until a
 * day. One names a rule, and which hosts and trees of a pool it is for, by patterns (base/glob.h):
 *
 *     rule: dst-file-content      reason: the new libssl is tested
 *     host: node7*                owner:  ops@example.org
 *     tree: nginx                 until:  2027-01-31
 *
 * A waiver hides nothing: it says which findings do not count, and one that has run out, or was
 * for nothing, is told.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* All texts belong to whoever read them. NULL: not stated. */
struct waiver {
	const char *rule;		/* an id, or a pattern of ids */
	const char *host, *tree;	/* patterns; NULL: any */
	const char *reason, *owner;
	const char *until;		/* the last day on which it holds, in UTC: "2027-01-31" */
	int64_t until_ns;		/* the first moment after that day; by waiver_check() */
	unsigned int line;		/* where it stands in its file, from 1 */
	size_t matched;			/* how many findings were its own, run out or not */
};

struct waivers {
	struct waiver *waiver;
	size_t n;
	const char *file;
};

enum waiver_state { WAIVER_NONE, WAIVER_HOLDS, WAIVER_EXPIRED };

/*
 * Whether a waiver may stand, and fills until_ns. 0; -ENOMEM; -EINVAL where something is missing
 * or cannot be read, or where it would waive more than anybody can mean, and then `problem` says
 * what to write instead.
 */
int waiver_check(struct waiver *w, struct buffer *problem);

/*
 * The waiver of this finding: the first that holds, else the first that has run out, into *ret_waiver,
 * which is untouched where there is none. A NULL host or tree is matched by NULL patterns alone.
 * All waivers that the finding is matched by count it, so that one behind another is not called unused.
 */
enum waiver_state waivers_match(struct waivers *w, const char *rule, const char *host, const char *tree,
				int64_t now_ns, const struct waiver **ret_waiver);

/* The next one behind `after` (NULL: from the start) that has matched nothing; NULL at the end. */
const struct waiver *waivers_unused(const struct waivers *w, const struct waiver *after);

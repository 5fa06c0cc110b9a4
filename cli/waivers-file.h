/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of waivers, YAML that people write and review:
 *
 *     waivers:
 *       - rule: dst-file-content
 *         host: "node7*"
 *         tree: nginx
 *         reason: the new libssl is tested
 *         owner: ops@example.org
 *         until: 2027-01-31
 *
 * A key that is none of these is an error, for what is spelt wrong must not waive more than was
 * meant, or nothing.
 */
#pragma once

#include "base/arena.h"
#include "checker/waivers.h"

enum { WAIVERS_FILE_LIMIT = 1024 * 1024, WAIVERS_MAX = 10000 };

/*
 * Reads the text of such a file into the arena. 0; -ENOMEM; -EINVAL where it cannot be read or a
 * waiver in it may not stand: `problem` says what, and *ret_line near which line (0: of the whole).
 */
int waivers_read(struct slice text, struct arena *arena, struct waivers *ret, struct buffer *problem,
		 unsigned int *ret_line);

/* Reads the file, a regular one; `path` must last as long as the arena. 0, or -errno after saying why. */
int waivers_load(const char *path, struct arena *arena, struct waivers *ret);

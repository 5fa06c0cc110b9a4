/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts that a pool should have: a name a line, so that one from which nothing came is told,
 * and not left out in silence.
 *
 *     # the web tier
 *     web1
 *     web2.example.org
 *
 * Whoever collects the profiles may leave NAME.failed beside them, whose first line says why there
 * is none: "unreachable: connection timed out".
 */
#pragma once

#include "checker/gate.h"

struct expected {
	const char *file;
	const char **name;		/* each once, in order */
	size_t n;
};

/* Reads the file, a regular one; `path` must last as long as the arena. 0, or -errno after saying why. */
int expected_load(const char *path, struct arena *arena, struct expected *ret);

/*
 * Adds those of which g has no profile, neither under their name nor in a file that is called by it,
 * as hosts that are not judged. The reasons are looked for in those of the `paths` that are folders.
 * 0 or -ENOMEM.
 */
int expected_add_missing(const struct expected *e, const char *const *paths, size_t n, struct gate *g);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": of the words that there are, the one nearest to a word that there is not.
 *
 *     struct nearest near = nearest_to(slice_of("dst-file-contnet"));
 *
 *     for each word
 *             nearest_offer(&near, slice_of(word));
 *     if (*near.found)
 *             …
 */
#pragma once

#include "base/text.h"

enum { NEAREST_MAX = 48 };		/* longer words are near to nothing */

struct nearest {
	struct slice word;
	size_t reach;			/* how many letters may differ: fewer once something is found */
	char found[NEAREST_MAX];	/* "": nothing is near */
};

struct nearest nearest_to(struct slice word);

/* Takes the candidate where it is nearer than what was found; of equally near ones the first. */
void nearest_offer(struct nearest *n, struct slice candidate);

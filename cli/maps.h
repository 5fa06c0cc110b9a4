/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --map SOURCE=DESTINATION: what of the source lies elsewhere on the destination.
 */
#pragma once

#include "cli/work.h"

/* Takes one in. 0; -EINVAL after saying what is wrong with it; -ENOMEM. */
int maps_add(struct work *w, const char *text);
void maps_free(struct work *w);

/* Writes them into the header of a destination's snapshot. 0 or -ENOMEM. */
int maps_note(const struct work *w, struct snapshot *s);

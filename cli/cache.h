/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --cache and --no-cache: which folder serves as the digest cache of a look.
 */
#pragma once

#include "cli/work.h"

/* Sets the cache of both looks, or none: not asked for, no content is read, a recorded machine. */
void cache_use(struct work *w);

/* Says once that the folder which the user named was not used, if so. */
void cache_tell(struct work *w);

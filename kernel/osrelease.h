/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os-release(5).
 */
#pragma once

#include "base/arena.h"
#include "base/text.h"

/*
 * The value of `key` ("PRETTY_NAME"), unquoted, in `arena`. 0; -ENOENT when it is not there;
 * -EBADMSG when its quoting is broken; -ENOMEM.
 */
int osrelease_get(struct slice text, const char *key, struct arena *arena, char **ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/meminfo.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/*
 * Sets the fields of *ret (already initialised) that the text has; kilobytes, as there.
 * 0, or -EBADMSG when it has no MemTotal.
 */
int meminfo_parse(struct slice text, Memory *ret);

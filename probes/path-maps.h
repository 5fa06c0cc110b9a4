/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of the source that lie elsewhere on this host, as the user says (--map).
 */
#pragma once

#include "probes/probe.h"

enum { MAX_PLACE = 2 * 4096 };

/*
 * Writes to `ret` where `path` of the source lies, a path below the host's own root. False where
 * no map is about it, or it would be too long.
 */
bool path_is_mapped(const struct probe_options *o, const char *path, char ret[MAX_PLACE]);

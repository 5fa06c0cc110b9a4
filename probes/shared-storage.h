/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether both ends have the same storage mounted.
 */
#pragma once

#include "facts/snapshot.h"
#include <stdbool.h>

/* Whether the source's file is on the export or share of a server that is mounted here as `there`. */
bool storage_is_shared(const Snapshot *source, const File *f, const Mount *there);

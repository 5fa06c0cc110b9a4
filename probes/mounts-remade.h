/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts that criu makes anew, and what of their options the kernel is handed again.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

#include <stdbool.h>

/* Whether criu makes this mount namespace anew: not where it is known that it would run in it itself. */
bool mounts_are_remade(const Snapshot *s, uint64_t mnt_ns);

/*
 * The next of the options of a file system (Mount.super_options) that mount(2) takes as data: without
 * the flags, which it takes in another way. False: that was the last.
 */
bool mount_option_next(struct slice *rest, struct slice *ret);

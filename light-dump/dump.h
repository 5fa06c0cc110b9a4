/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The light-dump: the facts of a live process tree, learned without stopping it.
 */
#pragma once

#include "light-dump/collector.h"

/*
 * Fills `s` (from snapshot_new) with the tree under options->pid. 0; -ESRCH when there is no
 * such process; -ESTALE when it is another than options->start_time says; -EINVAL for a kernel
 * thread; -EPERM when not even its stat could be read; -ENOMEM. What else cannot be learned is
 * a gap.
 */
int dump_tree(const struct root *root, const struct dump_options *options, struct snapshot *s);

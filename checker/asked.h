/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A destination that may not tell what a file holds says whether it is the same as what it was
 * asked about. That is no answer about what the tree holds since.
 */
#pragma once

#include "facts/snapshot.h"

/*
 * Takes such answers back where the content at the path is not known to be that of the snapshot
 * it was asked about. 0; -ENOMEM, and nothing is taken back.
 */
int answers_withdraw(const Snapshot *asked, const Snapshot *now, Snapshot *there);

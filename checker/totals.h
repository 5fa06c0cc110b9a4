/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory the tree has, all its processes together: what a restore must find room for, and
 * what goes into the images.
 */
#pragma once

#include "checker/judge.h"

struct totals {
	uint64_t anonymous_kb;		/* with what is swapped out */
	uint64_t shared_kb;		/* the largest share of one process: others map the same */
	uint64_t locked_kb;
	uint64_t data_kb;
	uint64_t huge_kb;
	const Process *not_known;	/* a living process of which nothing is known */
};

struct totals totals_of(const struct judge *j);

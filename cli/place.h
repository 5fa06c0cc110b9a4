/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --criu-as: the process as which criu would run. Looked at before anything else, so that a bad
 * one ends the command at once.
 */
#pragma once

#include "cli/work.h"

/* Takes in --criu-as and --criu-as-there. 0; -EINVAL after saying why; 1: another option. */
int place_option(struct work *w, const struct option_parser *p, int id);

/* Learns the place of `o` into the snapshot, if one was given. 0, or -errno after saying why. */
int place_learn(const struct work *w, const struct root *root, const struct probe_options *o,
		struct snapshot *s);

/* Whether all that were given for this machine can be had. 0, or -errno after saying why. */
int place_try(const struct work *w);

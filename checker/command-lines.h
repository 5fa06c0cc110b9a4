/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines by which criu dumps and restores this tree, ready for a shell:
 *
 *     criu dump -t 4211 --shell-job --external 'mnt[/srv/my data]:data'
 *     criu restore --shell-job --external 'mnt[data]:/srv/my data'
 *
 * They hold what is needed, in the user's words where he gives it, and what else he gives for
 * that stage, but for what nothing of this tree needs. An option that holds a control character
 * is left out: it could not be pasted.
 */
#pragma once

#include "checker/judge.h"
#include "checker/options.h"

/* Sets the assessment's lines; requirements are in order by now. */
void command_lines(struct judge *j);

/* A given option as it is written: "--external mnt[/data]:data", "--manage-cgroups=ignore". */
const char *option_text(struct judge *j, const struct given_option *g);

/* Of --external: "mnt[data]:/srv/data" is for the restore, "mnt[/srv/data]:data" for the dump. */
bool option_is_for_restore(const struct given_option *given);

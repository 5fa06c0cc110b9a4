/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the commands; commands[] in commands.c lists them in the order of the help.
 */
#pragma once

#include "base/text.h"
#include "cli/command.h"

extern const struct command command_dry_run;
extern const struct command command_dump;
extern const struct command command_probe;
extern const struct command command_check;
extern const struct command command_recheck;
extern const struct command command_gate;
extern const struct command command_show;
extern const struct command command_diff;
extern const struct command command_rules;

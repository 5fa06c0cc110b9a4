/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shell can offer for an argument, told from the words by which help calls it.
 */
#pragma once

#include "cli/command.h"

enum argument_kind {
	ARGUMENT_FREE,			/* anything: nothing can be offered */
	ARGUMENT_WORDS,			/* "text|json": these */
	ARGUMENT_FILE,			/* FILE, SOURCE, DEST, PATH */
	ARGUMENT_FOLDER,		/* DIR */
	ARGUMENT_PID,
	ARGUMENT_HOST,			/* HOST, [USER@]HOST */
	ARGUMENT_COMMAND,
	ARGUMENT_RULE,			/* ID */
	ARGUMENT_NOTHING,		/* there is none */
};

/* Of an option; `argument` is its row's, NULL is ARGUMENT_NOTHING. */
enum argument_kind argument_kind(const char *argument);

/* Of what stands in the synopsis and belongs to no option. */
enum argument_kind command_argument_kind(const struct command *c);

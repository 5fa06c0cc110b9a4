/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands in the order of the help, and the exit codes that several of them share. Help, the
 * manual pages and the shells' completion are all made from here.
 */
#include "cli/commands.h"

#include "base/cleanup.h"

const char program_summary[] = "says before a move with CRIU whether a process tree can land on a host";

const struct exit_row exits_of_verdicts[] = {
	{ EXIT_READY, "ready", "nothing stands in the way, with the options that the report lists" },
	{ EXIT_BLOCKED, "blocked", "someone has to change something first" },
	{ EXIT_TROUBLE, "trouble", "wrong usage, a file, a connection; nothing was judged" },
	{ EXIT_RETRY, "retry", "only what tends to pass by itself: look again" },
	{ EXIT_UNDECIDED, "undecided", "a fact that decides could not be learned; the report says which" },
	{ 0, NULL, NULL },
};

const struct exit_row exits_of_writing[] = {
	{ EXIT_READY, "written", "all that was asked for" },
	{ EXIT_TROUBLE, "trouble", "wrong usage, a file that cannot be read or written; nothing was written" },
	{ 0, NULL, NULL },
};

const struct command *const commands[] = {
	&command_dry_run,
	&command_dump,
	&command_probe,
	&command_check,
	&command_recheck,
	&command_gate,
	&command_show,
	&command_diff,
	&command_rules,
};

const size_t n_commands = ARRAY_SIZE(commands);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of migcheck: one file each, ending with its row. Help is printed from the tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum exit_code { EXIT_READY = 0, EXIT_BLOCKED = 1, EXIT_TROUBLE = 2, EXIT_RETRY = 3, EXIT_UNDECIDED = 4 };

struct option_row {
	char letter;			/* 0: none */
	const char *name;		/* "root", without the dashes */
	const char *argument;		/* "DIR", a word for it; "text|json", the words it may be; NULL: takes none */
	const char *help;
	int id;				/* what the parser hands back */
};

struct exit_row {
	int code;
	const char *name;		/* "ready" */
	const char *meaning;		/* NULL: the end of the table */
};

struct command {
	const char *name;		/* "dump" */
	const char *synopsis;		/* "-p PID [-o FILE|-]" */
	const char *summary;		/* one line */
	const char *description;	/* paragraphs for --help */
	const char *examples;		/* lines for --help */
	const struct option_row *options;
	size_t n_options;
	const struct exit_row *exits;	/* what its exit codes mean */
	int (*run)(int argc, char **argv);	/* returns the exit code */
};

extern const struct command *const commands[];
extern const size_t n_commands;

/* What the program does, in half a sentence. */
extern const char program_summary[];

extern const struct exit_row exits_of_verdicts[], exits_of_writing[];

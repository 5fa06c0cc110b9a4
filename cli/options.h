/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options, parsed from a command's table: -x VALUE, -xVALUE, --name VALUE, --name=VALUE, --.
 */
#pragma once

#include "cli/command.h"
#include <stdint.h>

enum { OPTION_END = -1, OPTION_ERROR = -2, OPTION_ARGUMENT = -3, OPTION_HELP = -4 };

struct option_parser {
	const struct command *command;
	int argc;
	char **argv;			/* argv[0] is the command's name */
	int at;
	const char *rest;		/* letters left of "-abc" */
	bool only_arguments;		/* after -- */
	const char *value;		/* the argument of the option just handed back, or the argument itself */
};

struct option_parser option_parser(const struct command *c, int argc, char **argv);

/*
 * The next: an option's id, OPTION_ARGUMENT, OPTION_END, OPTION_HELP (-h, --help: already
 * printed), or OPTION_ERROR (already said on stderr).
 */
int option_next(struct option_parser *p);

/* Numbers in options; say on stderr what is wrong. 0 or -EINVAL. */
int option_number(const struct option_parser *p, const char *name, uint64_t least, uint64_t most, uint64_t *ret);

/* A size with an optional K, M, G, T (powers of 1024), in bytes. */
int option_size(const struct option_parser *p, const char *name, uint64_t *ret);

void command_help(const struct command *c);

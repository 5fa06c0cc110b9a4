/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manual pages, made from the tables that help and the rules are printed from.
 */
#pragma once

#include "base/buffer.h"
#include "cli/command.h"

struct edition {
	const char *date;		/* "2026-11-28" */
	const char *prefix;		/* "/usr": where the program is installed */
};

/* migcheck(1), the page of one command, and migcheck-rules(7). 0 or -ENOMEM. */
int page_program(const struct edition *e, struct buffer *out);
int page_command(const struct edition *e, const struct command *c, struct buffer *out);
int page_rules(const struct edition *e, struct buffer *out);

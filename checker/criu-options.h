/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that criu 4.2 takes: their names, how they take a value, at which stage they
 * count. tests/lab/options.bats asks a real criu the same.
 */
#pragma once

#include "base/text.h"

#include <stdbool.h>

enum criu_value {
	VALUE_NONE,
	VALUE_NEEDED,			/* behind a "=" or as the next word */
	VALUE_OPTIONAL,			/* only behind a "=", or right behind the letter */
};

/* What a value must look like; ANY: criu looks at it only later. */
enum criu_form {
	FORM_ANY,
	FORM_WORD,			/* one of `words` */
	FORM_WORDS,			/* several of `words`, parted by commas, "^" before one switches it off */
	FORM_SIZE,			/* a number, K, M or G behind it */
	FORM_NUMBER,
	FORM_FD,			/* fd[NUMBER]:WHAT */
	FORM_COLON,			/* A:B, or one of `words` */
	FORM_EQUALS,			/* A=B */
};

/* What a user gives it for. */
enum criu_role {
	ROLE_RUN,			/* how criu works; no tree asks for it */
	ROLE_LIFT,			/* it lets a dump or restore pass that would be refused */
	ROLE_ELSEWHERE,			/* of check, page-server or service; accepted everywhere */
	ROLE_END,			/* criu says something and ends */
};

enum { AT_DUMP = 1, AT_RESTORE = 2, AT_BOTH = AT_DUMP | AT_RESTORE };

struct criu_option {
	const char *name;		/* without the dashes */
	char letter;			/* its short form; 0: none */
	enum criu_value value;
	enum criu_role role;
	unsigned int stages;		/* AT_…: where it has an effect */
	bool undone;			/* --no-NAME is there too */
	bool repeats;			/* each counts; of others the last */
	enum criu_form form;
	const char *words;		/* parted by blanks; NULL: none */
};

extern const struct criu_option criu_options[];
extern const size_t n_criu_options;

/* The option of this name (no abbreviation), or NULL. */
const struct criu_option *criu_option_named(struct slice name);

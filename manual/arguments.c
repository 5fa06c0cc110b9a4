/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an argument is: see arguments.h. A synopsis is read so:
 *
 *     SOURCE [DEST] [-f text|json] [-o FILE]     SOURCE and DEST are its own, FILE is that of -o
 */
#include "manual/arguments.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <ctype.h>

/* The last word in capitals says it: [USER@]HOST is a host. */
static const struct kind_row {
	const char *word;
	enum argument_kind kind;
} kinds[] = {
	{ "FILE", ARGUMENT_FILE },
	{ "SOURCE", ARGUMENT_FILE },
	{ "DEST", ARGUMENT_FILE },
	{ "PATH", ARGUMENT_FILE },
	{ "DIR", ARGUMENT_FOLDER },
	{ "FOLDER", ARGUMENT_FOLDER },
	{ "PID", ARGUMENT_PID },
	{ "HOST", ARGUMENT_HOST },
	{ "COMMAND", ARGUMENT_COMMAND },
};

static bool
has_capital(const char *s)
{
	for (; *s; s++)
		if (isupper((unsigned char) *s))
			return true;
	return false;
}

enum argument_kind
argument_kind(const char *argument)
{
	if (!argument)
		return ARGUMENT_NOTHING;
	if (!has_capital(argument))
		return ARGUMENT_WORDS;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strstr(argument, kinds[i].word))
			return kinds[i].kind;
	return ARGUMENT_FREE;
}

/* "-p" or "--to" of a synopsis. */
static bool
takes_argument(const struct command *c, struct slice word)
{
	for (size_t i = 0; i < c->n_options; i++) {
		const struct option_row *o = &c->options[i];
		struct slice name = word;

		if (word.n == 2 && word.p[1] == o->letter)
			return o->argument != NULL;
		if (slice_cut(&name, "--") && slice_eq(name, o->name))
			return o->argument != NULL;
	}
	return false;
}

static struct slice
without_brackets(struct slice word)
{
	(void) slice_cut(&word, "[");
	(void) slice_cut_end(&word, "...");
	(void) slice_cut_end(&word, "]");
	return word;
}

enum argument_kind
command_argument_kind(const struct command *c)
{
	struct slice rest = slice_of(c->synopsis), word;
	bool skip = false;

	while (slice_word(&rest, &word)) {
		word = without_brackets(word);
		if (skip) {
			skip = false;
			continue;
		}
		if (slice_starts(word, "-"))
			skip = takes_argument(c, word);
		else if (slice_eq(word, "ID"))
			return ARGUMENT_RULE;
		else if (word.n > 0 && isupper((unsigned char) word.p[0]))
			return ARGUMENT_FILE;
	}
	return ARGUMENT_NOTHING;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options and help from the commands' tables: see options.h.
 */
#include "cli/options.h"

#include "base/text.h"
#include "cli/say.h"

#include <errno.h>
#include <stdio.h>

struct option_parser
option_parser(const struct command *c, int argc, char **argv)
{
	return (struct option_parser){ .command = c, .argc = argc, .argv = argv, .at = 1 };
}

static void
print_option(const struct option_row *o)
{
	enum { LEFT = 26 };
	char left[128];
	int n;

	n = snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ", o->letter ? o->letter : ' ',
			o->letter ? ", " : "  ", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
	/* Where the words that it takes are many, the help stands below them. */
	if (n > LEFT)
		printf("  %s\n%29s", left, "");
	else
		printf("  %-*s ", LEFT, left);
	for (const char *p = o->help; *p; p++) {
		(void) putchar(*p);
		if (*p == '\n')
			printf("%29s", "");
	}
	(void) putchar('\n');
}

void
command_help(const struct command *c)
{
	printf("usage: migcheck %s %s\n\n%s\n", c->name, c->synopsis, c->description);
	if (c->n_options > 0)
		printf("\noptions:\n");
	for (size_t i = 0; i < c->n_options; i++)
		print_option(&c->options[i]);
	printf("\nexit codes:\n");
	for (const struct exit_row *e = c->exits; e->meaning; e++)
		printf("  %d  %-10s %s\n", e->code, e->name, e->meaning);
	if (c->examples)
		printf("\nexamples:\n%s", c->examples);
}

static int
wrong(struct option_parser *p, const char *what, const char *word)
{
	say_error("%s: %s '%s'; see: migcheck %s --help", p->command->name, what, word, p->command->name);
	return OPTION_ERROR;
}

static const struct option_row *
find_letter(const struct command *c, char letter)
{
	for (size_t i = 0; i < c->n_options; i++)
		if (c->options[i].letter == letter)
			return &c->options[i];
	return NULL;
}

static int
next_letter(struct option_parser *p)
{
	const struct option_row *o = find_letter(p->command, *p->rest);

	if (*p->rest == 'h' && !o) {
		command_help(p->command);
		return OPTION_HELP;
	}
	if (!o)
		return wrong(p, "no such option", p->argv[p->at - 1]);
	p->rest++;
	if (!o->argument)
		return o->id;
	if (*p->rest) {
		p->value = p->rest;
		p->rest = NULL;
		return o->id;
	}
	p->rest = NULL;
	if (p->at >= p->argc)
		return wrong(p, "an argument is missing after", p->argv[p->at - 1]);
	p->value = p->argv[p->at++];
	return o->id;
}

static int
next_name(struct option_parser *p, const char *dashed)
{
	const char *word = dashed + 2;
	struct slice rest = slice_of(word), name = { 0 };
	bool has_value = strchr(word, '=') != NULL;

	if (streq(word, "help")) {
		command_help(p->command);
		return OPTION_HELP;
	}
	(void) slice_field(&rest, '=', &name);
	for (size_t i = 0; i < p->command->n_options; i++) {
		const struct option_row *o = &p->command->options[i];

		if (!slice_eq(name, o->name))
			continue;
		if (!o->argument)
			return has_value ? wrong(p, "no argument is taken by", dashed) : o->id;
		if (has_value)
			p->value = rest.p;
		else if (p->at >= p->argc)
			return wrong(p, "an argument is missing after", dashed);
		else
			p->value = p->argv[p->at++];
		return o->id;
	}
	return wrong(p, "no such option", dashed);
}

int
option_next(struct option_parser *p)
{
	const char *word;

	if (p->rest && *p->rest)
		return next_letter(p);
	if (p->at >= p->argc)
		return OPTION_END;
	word = p->argv[p->at++];
	if (p->only_arguments || word[0] != '-' || word[1] == '\0') {
		p->value = word;
		return OPTION_ARGUMENT;
	}
	if (streq(word, "--")) {
		p->only_arguments = true;
		return option_next(p);
	}
	if (word[1] == '-')
		return next_name(p, word);
	p->rest = word + 1;
	return next_letter(p);
}

int
option_number(const struct option_parser *p, const char *name, uint64_t least, uint64_t most, uint64_t *ret)
{
	uint64_t value;
	int r;

	r = parse_u64(slice_of(p->value), 10, &value);
	if (r == 0 && (value < least || value > most))
		r = -ERANGE;
	if (r < 0) {
		say_error("%s: %s wants a number from %llu to %llu, not '%s'", p->command->name, name,
			  (unsigned long long) least, (unsigned long long) most, p->value);
		return -EINVAL;
	}
	*ret = value;
	return 0;
}

int
option_size(const struct option_parser *p, const char *name, uint64_t *ret)
{
	static const char units[] = "KMGT";
	struct slice s = slice_of(p->value);
	const char *unit = s.n > 0 ? strchr(units, s.p[s.n - 1]) : NULL;
	unsigned int shift = 0;
	uint64_t value;
	int r;

	if (unit && *unit) {
		shift = 10 * (unsigned int) (unit - units + 1);
		s.n--;
	}
	r = parse_u64(s, 10, &value);
	if (r == 0 && value > UINT64_MAX >> shift)
		r = -ERANGE;
	if (r < 0) {
		say_error("%s: %s wants a size such as 64M, not '%s'", p->command->name, name, p->value);
		return -EINVAL;
	}
	*ret = value << shift;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for zsh: the specs that its _arguments(1) takes (zshcompsys(1)), one an option:
 *
 *     '(-f --format)'{-f+,--format=}'[how it is written (default\: text)]:text|json:(text json)'
 */
#include "manual/completion.h"

#include "checker/rule.h"
#include "cli/command.h"
#include "manual/arguments.h"

static const char *const actions[] = {
	[ARGUMENT_FREE] = " ",			  [ARGUMENT_FILE] = "_files",	[ARGUMENT_FOLDER] = "_files -/",
	[ARGUMENT_PID] = "_pids",		  [ARGUMENT_HOST] = "_hosts",
	[ARGUMENT_COMMAND] = "_command_names -e", [ARGUMENT_RULE] = "_migcheck_rules",
};

/* A text inside of single quotes in which brackets and colons part the fields. */
static int
put_quoted(const char *text, struct buffer *out)
{
	int r = 0;

	for (const char *p = text; r == 0 && *p; p++) {
		if (*p == '\'')
			r = buffer_printf(out, "'\\''");
		else if (*p == '\n')
			r = buffer_printf(out, " ");
		else
			r = buffer_printf(out, strchr("[]:\\", *p) ? "\\%c" : "%c", *p);
	}
	return r;
}

static int
put_action(const struct option_row *o, struct buffer *out)
{
	enum argument_kind kind = argument_kind(o->argument);
	struct slice rest = slice_of(o->argument), word;
	int r;

	r = buffer_printf(out, ":");
	if (r == 0)
		r = put_quoted(o->argument, out);
	if (r == 0)
		r = buffer_printf(out, ":%s", kind == ARGUMENT_WORDS ? "(" : actions[kind]);
	while (r == 0 && kind == ARGUMENT_WORDS && slice_field(&rest, '|', &word))
		r = buffer_printf(out, rest.n > 0 ? "%.*s " : "%.*s)", (int) word.n, word.p);
	return r;
}

static int
put_option(const struct option_row *o, struct buffer *out)
{
	const char *joined = o->argument ? "=" : "";
	int r;

	if (o->letter)
		r = buffer_printf(out, "\t\t\t'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
				  o->argument ? "+" : "", o->name, joined);
	else
		r = buffer_printf(out, "\t\t\t'%s--%s%s[", strstr(o->help, "may be repeated") ? "*" : "", o->name,
				  joined);
	if (r == 0)
		r = put_quoted(o->help, out);
	if (r == 0)
		r = buffer_printf(out, "]");
	if (r == 0 && o->argument)
		r = put_action(o, out);
	return r == 0 ? buffer_printf(out, "' \\\n") : r;
}

static int
put_command(const struct command *c, struct buffer *out)
{
	enum argument_kind kind = command_argument_kind(c);
	int r;

	r = buffer_printf(out, "\t%s)\n\t\t_arguments -s -S \\\n", c->name);
	for (size_t i = 0; r == 0 && i < c->n_options; i++)
		r = put_option(&c->options[i], out);
	if (r == 0 && kind != ARGUMENT_NOTHING)
		r = buffer_printf(out, "\t\t\t'*:%s:%s' \\\n", kind == ARGUMENT_RULE ? "rule" : "file", actions[kind]);
	return r == 0 ? buffer_printf(out, "\t\t\t'(-h --help)'{-h,--help}'[print help]' ;;\n") : r;
}

static int
put_commands(struct buffer *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_commands; i++) {
		r = buffer_printf(out, "\t\t'%s:", commands[i]->name);
		if (r == 0)
			r = put_quoted(commands[i]->summary, out);
		if (r == 0)
			r = buffer_printf(out, "'\n");
	}
	return r;
}

static int
put_rules(struct buffer *out)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_rulesets; i++)
		for (size_t k = 0; r == 0 && k < rulesets[i]->n; k++)
			r = buffer_printf(out, "\t\t%s\n", rulesets[i]->rules[k].id);
	return r;
}

int
completion_zsh(struct buffer *out)
{
	int r;

	r = buffer_printf(out, "#compdef migcheck\n"
			       "# zsh completion for migcheck, made from its own tables; do not edit.\n\n"
			       "_migcheck_rules()\n{\n\tlocal -a rules=(\n");
	if (r == 0)
		r = put_rules(out);
	if (r == 0)
		r = buffer_printf(out, "\t)\n\tcompadd -a rules\n}\n\n_migcheck()\n{\n\tlocal -a commands=(\n");
	if (r == 0)
		r = put_commands(out);
	if (r == 0)
		r = buffer_printf(out, "\t\t'help:say more of a command'\n\t)\n\n"
				       "\tif ((CURRENT == 2)) || [[ $words[2] == help ]]; then\n"
				       "\t\t_describe command commands\n\t\treturn\n\tfi\n"
				       "\tshift words\n\t((CURRENT--))\n\tcase $words[1] in\n");
	for (size_t i = 0; r == 0 && i < n_commands; i++)
		r = put_command(commands[i], out);
	return r == 0 ? buffer_printf(out, "\tesac\n}\n\n_migcheck \"$@\"\n") : r;
}

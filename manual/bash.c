/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for bash, which needs no other package. What is made of the tables is
 *
 *     case $command in
 *     check) options='-f --format -o --output' arguments=file ;;
 *     esac
 *     case $command,$previous in
 *     check,-f | check,--format) _migcheck_offer 'words text json'; return ;;
 *     esac
 */
#include "manual/completion.h"

#include "checker/rule.h"
#include "cli/command.h"
#include "manual/arguments.h"

static const char beginning[] =
	"# bash completion for migcheck, made from its own tables; do not edit.\n"
	"\n"
	"_migcheck_offer()\n"
	"{\n"
	"\tcase $1 in\n"
	"\tfile) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
	"\tfolder) mapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
	"\tcommand) mapfile -t COMPREPLY < <(compgen -c -- \"$current\") ;;\n"
	"\thost) mapfile -t COMPREPLY < <(compgen -A hostname -- \"$current\") ;;\n"
	"\tpid) mapfile -t COMPREPLY < <(compgen -W \"$(cd /proc && echo [0-9]*)\" -- \"$current\") ;;\n"
	"\trule) mapfile -t COMPREPLY < <(compgen -W \"$_migcheck_rules\" -- \"$current\") ;;\n"
	"\twords) mapfile -t COMPREPLY < <(compgen -W \"${*:2}\" -- \"$current\") ;;\n"
	"\tesac\n"
	"\t# Slashes after folders, and blanks quoted. Outside of a completion there is nothing to set.\n"
	"\tcase $1 in\n"
	"\tfile | folder) compopt -o filenames 2> /dev/null ;;\n"
	"\tesac\n"
	"\treturn 0\n"
	"}\n"
	"\n"
	"_migcheck()\n"
	"{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal command=${COMP_WORDS[1]} options='' arguments=''\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\t# Of --name=value bash makes three words.\n"
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=\n"
	"\telif [[ $previous == = ]]; then\n"
	"\t\tprevious=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n";

static const char end[] =
	"\tif [[ $current == -* ]]; then\n"
	"\t\t_migcheck_offer words \"$options\"\n"
	"\telif [[ -n $arguments ]]; then\n"
	"\t\t_migcheck_offer \"$arguments\"\n"
	"\telse\n"
	"\t\t_migcheck_offer words \"$options\"\n"
	"\tfi\n"
	"}\n"
	"\n"
	"complete -F _migcheck migcheck\n";

static const char *const offers[] = {
	[ARGUMENT_FREE] = "nothing",	[ARGUMENT_WORDS] = "words", [ARGUMENT_FILE] = "file",
	[ARGUMENT_FOLDER] = "folder",	[ARGUMENT_PID] = "pid",	    [ARGUMENT_HOST] = "host",
	[ARGUMENT_COMMAND] = "command", [ARGUMENT_RULE] = "rule",   [ARGUMENT_NOTHING] = "",
};

static int
put_rules(struct buffer *out)
{
	int r;

	r = buffer_printf(out, "\n_migcheck_rules='");
	for (size_t i = 0; r == 0 && i < n_rulesets; i++)
		for (size_t k = 0; r == 0 && k < rulesets[i]->n; k++)
			r = buffer_printf(out, "%s\n", rulesets[i]->rules[k].id);
	return r == 0 ? buffer_printf(out, "'\n") : r;
}

static int
put_commands(struct buffer *out)
{
	int r;

	r = buffer_printf(out, "\tif ((COMP_CWORD == 1)) || [[ $command == help ]]; then\n"
			       "\t\t((COMP_CWORD > 2)) || _migcheck_offer words '");
	for (size_t i = 0; r == 0 && i < n_commands; i++)
		r = buffer_printf(out, "%s ", commands[i]->name);
	return r == 0 ? buffer_printf(out, "help --help --version'\n\t\treturn\n\tfi\n") : r;
}

static int
put_options(const struct command *c, struct buffer *out)
{
	int r;

	r = buffer_printf(out, "\t%s) options='", c->name);
	for (size_t i = 0; r == 0 && i < c->n_options; i++) {
		if (c->options[i].letter)
			r = buffer_printf(out, "-%c ", c->options[i].letter);
		if (r == 0)
			r = buffer_printf(out, "--%s ", c->options[i].name);
	}
	return r == 0 ? buffer_printf(out, "--help' arguments='%s' ;;\n", offers[command_argument_kind(c)]) : r;
}

static int
put_words(const char *argument, struct buffer *out)
{
	struct slice rest = slice_of(argument), word;
	int r = 0;

	while (r == 0 && slice_field(&rest, '|', &word))
		r = buffer_printf(out, " %.*s", (int) word.n, word.p);
	return r;
}

static int
put_argument(const struct command *c, const struct option_row *o, struct buffer *out)
{
	enum argument_kind kind = argument_kind(o->argument);
	int r = 0;

	if (kind == ARGUMENT_NOTHING)
		return 0;
	r = buffer_printf(out, "\t%s,--%s", c->name, o->name);
	if (r == 0 && o->letter)
		r = buffer_printf(out, " | %s,-%c", c->name, o->letter);
	if (r == 0)
		r = buffer_printf(out, ") _migcheck_offer %s", offers[kind]);
	if (r == 0 && kind == ARGUMENT_WORDS)
		r = put_words(o->argument, out);
	return r == 0 ? buffer_printf(out, "; return ;;\n") : r;
}

int
completion_bash(struct buffer *out)
{
	int r;

	r = buffer_printf(out, "%s", beginning);
	if (r == 0)
		r = put_commands(out);
	if (r == 0)
		r = buffer_printf(out, "\tcase $command in\n");
	for (size_t i = 0; r == 0 && i < n_commands; i++)
		r = put_options(commands[i], out);
	if (r == 0)
		r = buffer_printf(out, "\tesac\n\tcase $command,$previous in\n");
	for (size_t i = 0; r == 0 && i < n_commands; i++)
		for (size_t k = 0; r == 0 && k < commands[i]->n_options; k++)
			r = put_argument(commands[i], &commands[i]->options[k], out);
	if (r == 0)
		r = buffer_printf(out, "\tesac\n%s", end);
	return r == 0 ? put_rules(out) : r;
}

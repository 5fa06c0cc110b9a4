/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck rules: the rules, or one of them explained.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/work.h"
#include "reports/rules.h"

#include <errno.h>

enum { OPTION_RULES_FORMAT = 1 };

static int run(int argc, char **argv);

static const struct option_row options[] = {
	{ 'f', "format", "text|json|markdown", "how it is written (default: text)", OPTION_RULES_FORMAT },
};

const struct command command_rules = {
	.name = "rules",
	.synopsis = "[ID | TEXT] [-f text|json|markdown]",
	.summary = "list the rules, or explain one",
	.description =
		"Lists what is judged, a line a rule. With an ID: what it means, what happens, why it is\n"
		"permanent or transient, what to do, and what CRIU's own log would say. Any other text is\n"
		"searched for in ids, titles and CRIU's messages: give it a piece of CRIU's log.",
	.examples =
		"  migcheck rules\n"
		"  migcheck rules dst-file-buildid\n"
		"  migcheck rules 'bad build-ID'\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits_of_writing,
	.run = run,
};

static int
print(const char *id, const char *format, struct buffer *out)
{
	struct report_options o = {
		.colour = wants_colour(STDOUT_FILENO),
		.width = terminal_width(STDOUT_FILENO),
	};
	const struct rule *rule = id ? rule_find(id) : NULL;

	int r;

	if (rule)
		return rules_explain(rule, &o, out);
	if (id) {
		r = rules_search(id, &o, out);
		if (r == -ENOENT)
			say_error("no rule is called '%s', and none says it; migcheck rules lists them", id);
		return r;
	}
	if (streq(format, "json"))
		return rules_json(out);
	return streq(format, "markdown") ? rules_markdown(out) : rules_list(&o, out);
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_rules, argc, argv);
	_cleanup_buffer_ struct buffer out = { 0 };
	const char *id = NULL, *format = "text";
	int option;

	for (option = option_next(&p); option != OPTION_END; option = option_next(&p)) {
		if (option == OPTION_HELP)
			return EXIT_READY;
		if (option == OPTION_RULES_FORMAT) {
			format = p.value;
		} else if (option == OPTION_ARGUMENT && !id) {
			id = p.value;
		} else {
			if (option == OPTION_ARGUMENT)
				say_error("rules: one rule at a time; see: migcheck rules --help");
			return EXIT_TROUBLE;
		}
	}
	if (!streq(format, "text") && !streq(format, "json") && !streq(format, "markdown")) {
		say_error("rules: no such format '%s': it is text, json or markdown", format);
		return EXIT_TROUBLE;
	}
	if (print(id, format, &out) < 0)
		return EXIT_TROUBLE;
	return text_save(&out, NULL) < 0 ? EXIT_TROUBLE : EXIT_READY;
}

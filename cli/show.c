/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck show: what a snapshot holds, completely.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/work.h"
#include "reports/facts.h"

static int run(int argc, char **argv);

static const struct option_row options[] = {
	ROW_FORMAT,
	ROW_OUTPUT("write it there"),
};

const struct command command_show = {
	.name = "show",
	.synopsis = "FILE [-f text|json]",
	.summary = "print all that a snapshot holds",
	.description =
		"Prints every fact of a snapshot of either kind. Text has a line a fact with key=value,\n"
		"what belongs to it indented below; bytes that are no printable text are written \\xNN.",
	.examples =
		"  migcheck show nginx.mc | less\n"
		"  migcheck show nginx.mc -f json | jq '.file[].path'\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits_of_writing,
	.run = run,
};

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_show, argc, argv);
	_cleanup_snapshot_ struct snapshot s = { 0 };
	_cleanup_buffer_ struct buffer out = { 0 };
	struct work w cleanup(cleanup_work);
	const char *path = NULL;
	int id, r;

	work_init(&w);
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		if (id == OPTION_ARGUMENT && !path) {
			path = p.value;
			continue;
		}
		if (id == OPTION_ARGUMENT)
			say_error("show: '%s' is one file too many", p.value);
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (!path) {
		say_error("show: which file? see: migcheck show --help");
		return EXIT_TROUBLE;
	}
	if (snapshot_load(path, 0, &s) < 0)
		return EXIT_TROUBLE;
	r = streq(w.format, "json") ? facts_report_json(s.facts, &out) : facts_report_text(s.facts, &out);
	if (r < 0) {
		say_error("show: %s", error_text(r));
		return EXIT_TROUBLE;
	}
	return text_save(&out, w.output) < 0 ? EXIT_TROUBLE : EXIT_READY;
}

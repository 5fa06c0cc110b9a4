/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck check: compares two snapshots, or a source with the host it stands on.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "cli/work.h"

static int run(int argc, char **argv);

static const struct option_row options[] = {
	ROW_FORMAT,
	ROW_OUTPUT("write the report there"),
	ROW_CRIU_OPTIONS,
	ROW_CPU_CAP,
	ROW_CPU_MASKED,
	ROW_ROOT,
	ROW_BRINGS,
	ROW_MAP,
	ROW_CRIU,
	ROW_CRIU_AS("the restoring"),
	ROW_NO_CONTENT,
	ROW_TIMEOUT,
	ROW_SETTLE,
	ROW_QUIET,
};

const struct command command_check = {
	.name = "check",
	.synopsis = "SOURCE [DEST] [-f text|json] [-o FILE]",
	.summary = "compare a tree with a host, and say whether it can land there",
	.description =
		"Compares the snapshot of a tree (migcheck dump) with that of a host (migcheck probe -s).\n"
		"Two files can be compared anywhere, by anybody. Without DEST this host is probed.",
	.examples =
		"  migcheck check nginx.mc node7.mc\n"
		"  migcheck check nginx.mc node7.mc -f json -o report.json\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits_of_verdicts,
	.run = run,
};

static int
look(struct work *w, const struct looker *l, const struct snapshot *before, struct snapshot *ret_source,
     struct snapshot *ret_there)
{
	(void) before;
	(void) ret_source;
	return work_probe(w, l->source, ret_there);
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_check, argc, argv);
	_cleanup_snapshot_ struct snapshot source = { 0 }, there = { 0 };
	struct work w cleanup(cleanup_work);
	const char *paths[2] = { NULL, NULL };
	size_t n = 0;
	int id;

	work_init(&w);
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		if (id == OPTION_ARGUMENT && n < ARRAY_SIZE(paths)) {
			paths[n++] = p.value;
			continue;
		}
		if (id == OPTION_ARGUMENT)
			say_error("check: '%s' is one file too many; see: migcheck check --help", p.value);
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (n == 0) {
		say_error("check: which source? give the file that migcheck dump wrote; "
			  "see: migcheck check --help");
		return EXIT_TROUBLE;
	}
	if (snapshot_load(paths[0], SNAPSHOT_KIND__SNAPSHOT_SOURCE, &source) < 0)
		return EXIT_TROUBLE;
	if (n == 2 && w.asks_host) {
		say_error("check: %s belongs to the probe of the destination, and %s is already there: give it to "
			  "migcheck probe -s", w.asks_host, paths[1]);
		return EXIT_TROUBLE;
	}
	if (n == 2 && w.settle_s > 0) {
		say_error("check: --settle looks again, and two files stay what they are: leave out %s, "
			  "or take migcheck dry-run --settle", paths[1]);
		return EXIT_TROUBLE;
	}
	if (n == 1)
		return settle(&w, &(struct looker){ .look = look, .source = &source });
	if (snapshot_load(paths[1], SNAPSHOT_KIND__SNAPSHOT_DESTINATION, &there) < 0)
		return EXIT_TROUBLE;
	if (work_turn_to(&source, &there, paths[1]) < 0)
		return EXIT_TROUBLE;
	return work_report(&w, &source, &there);
}

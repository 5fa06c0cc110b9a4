/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck dump: the light-dump of a live tree into a snapshot.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/work.h"

static int run(int argc, char **argv);

static const struct option_row options[] = {
	ROW_PID,
	ROW_OUTPUT("write the snapshot there"),
	ROW_CRIU_AS("the dumping"),
	ROW_SPAN,
	ROW_HASH_LIMIT,
	ROW_NO_DUP,
	ROW_NO_CONTENT,
	ROW_CACHE,
	ROW_NO_CACHE,
	ROW_LOAD_MODULES,
	ROW_TIMEOUT,
	ROW_SYSROOT,
	ROW_QUIET,
};

const struct command command_dump = {
	.name = "dump",
	.synopsis = "-p PID [-o FILE|-]",
	.summary = "take the facts of a live process tree",
	.description =
		"Looks at the tree under PID: tasks, descriptors, mappings, sockets, mounts, namespaces,\n"
		"cgroups, and the identity of every file that matters. Nothing is stopped, signalled or\n"
		"written to, and no memory is read. The snapshot holds no environment and no content,\n"
		"and its file is readable by you alone.",
	.examples =
		"  migcheck dump -p 4211 -o nginx.mc\n"
		"  migcheck dump -p 4211 | ssh node7 migcheck probe -s - > node7.mc\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits_of_writing,
	.run = run,
};

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_dump, argc, argv);
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct work w cleanup(cleanup_work);
	int id;

	work_init(&w);
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		if (id == OPTION_ARGUMENT)
			say_error("dump: '%s' is not expected; see: migcheck dump --help", p.value);
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (w.dump.pid == 0) {
		say_error("dump: which tree? give -p PID; see: migcheck dump --help");
		return EXIT_TROUBLE;
	}
	if (work_dump(&w, &s) < 0 || snapshot_save(&s, w.output) < 0)
		return EXIT_TROUBLE;
	return EXIT_READY;
}

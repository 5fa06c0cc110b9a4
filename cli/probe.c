/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck probe: the facts of this host, and answers to what a source uses.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/path-lists.h"
#include "cli/say.h"
#include "cli/work.h"

enum { OPTION_SOURCE = 1, OPTION_FOR, OPTION_PATHS };

static int run(int argc, char **argv);

static const struct option_row options[] = {
	{ 's', "source", "SOURCE|-", "the snapshot of the tree that wants to come here", OPTION_SOURCE },
	{ 0, "for", "TREE", "the snapshot of a tree that may come here (may be repeated): the\n"
	  "profile of this host answers it, too; see: migcheck gate", OPTION_FOR },
	{ 0, "paths", "FILE|DIR", "a list of paths, one a line, or a folder with all in it (may be\n"
	  "repeated): the profile answers any tree about them", OPTION_PATHS },
	ROW_ROOT,
	ROW_OUTPUT("write the snapshot there"),
	ROW_BRINGS,
	ROW_MAP,
	ROW_CRIU,
	ROW_CRIU_AS("the restoring"),
	ROW_NO_CONTENT,
	ROW_CACHE,
	ROW_NO_CACHE,
	ROW_LOAD_MODULES,
	ROW_REHEARSE,
	ROW_TIMEOUT,
	ROW_SYSROOT,
	ROW_QUIET,
};

const struct command command_probe = {
	.name = "probe",
	.synopsis = "[-s SOURCE|-] [--paths FILE|DIR] [--root DIR] [-o FILE|-]",
	.summary = "take the facts of this host, and answer what a tree needs",
	.description =
		"Looks at this host: CPU, kernel, modules, cgroups, memory, network, tools. That is its profile,\n"
		"good for any later check and for migcheck gate; with --for it also holds the answers to\n"
		"several trees, each by itself. With a source\n"
		"it also answers what that tree uses: each path, pid, port, cgroup. Nothing is changed and\n"
		"no module is loaded. A source may come from another host and is not trusted: only regular\n"
		"files and folders are opened, and what others may not read is never told.\n"
		"\n"
		"With --paths it answers for whole lists and folders, whatever tree may ask later: a golden\n"
		"image is probed once. Lines are absolute paths; one that names a folder means all files,\n"
		"folders and links in it, on the same file system. With --root they are looked up below that.\n"
		"\n"
		"With --rehearse it also tries, in throw-away namespaces, what facts cannot prove: it makes\n"
		"the ids, namespaces and sockets, mounts, opens files as the tree has them open, makes and\n"
		"removes folders of cgroups. What a rehearsal that was killed left, the next one clears.",
	.examples =
		"  migcheck probe -s nginx.mc -o node7.mc\n"
		"  migcheck probe -s nginx.mc --root /var/lib/machines/web -o node7.mc\n"
		"  migcheck probe --for trees/nginx.mc --for trees/redis.mc -o hosts/node7.mc\n"
		"  migcheck probe --paths /usr --paths /opt/app -o golden.mc\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits_of_writing,
	.run = run,
};

/* `lists` may be NULL. The exit code. */
static int
probe(struct work *w, const char *path, const char *const *trees, size_t n, const struct path_lists *lists)
{
	_cleanup_snapshot_ struct snapshot source = { 0 }, s = { 0 };

	if (path && snapshot_load(path, SNAPSHOT_KIND__SNAPSHOT_SOURCE, &source) < 0)
		return EXIT_TROUBLE;
	if (work_probe(w, path ? &source : NULL, &s) < 0)
		return EXIT_TROUBLE;
	for (size_t i = 0; i < n; i++)
		if (work_answer(w, trees[i], &s) < 0)
			return EXIT_TROUBLE;
	if (lists && work_paths(w, lists, &s) < 0)
		return EXIT_TROUBLE;
	return snapshot_save(&s, w->output) < 0 ? EXIT_TROUBLE : EXIT_READY;
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_probe, argc, argv);
	struct work w cleanup(cleanup_work);
	struct path_lists lists cleanup(cleanup_path_lists) = { 0 };
	_cleanup_free_ const char **trees = calloc((size_t) argc + 1, sizeof(*trees));
	_cleanup_free_ const char **files = calloc((size_t) argc + 1, sizeof(*files));
	const char *path = NULL;
	size_t n = 0, n_files = 0;
	int id;

	work_init(&w);
	if (!trees || !files)
		return EXIT_TROUBLE;
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		if (id == OPTION_SOURCE) {
			path = p.value;
			continue;
		}
		if (id == OPTION_FOR) {
			trees[n++] = p.value;
			continue;
		}
		if (id == OPTION_PATHS) {
			files[n_files++] = p.value;
			continue;
		}
		if (id == OPTION_ARGUMENT)
			say_error("probe: '%s' is not expected (a source is given with -s); "
				  "see: migcheck probe --help", p.value);
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (path && n > 0) {
		say_error("probe: -s asks for one tree, --for for several: give one or the other");
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; i < n_files; i++)
		if (path_lists_add(&lists, files[i], w.probe.tree_root) < 0)
			return EXIT_TROUBLE;
	return probe(&w, path, trees, n, n_files > 0 ? &lists : NULL);
}

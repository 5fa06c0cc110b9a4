/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck dry-run: dump, probe and check in one, here or over one ssh connection.
 */
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "cli/ssh.h"
#include "cli/work.h"

enum { OPTION_TO = 1, OPTION_REMOTE, OPTION_SSH };

static int run(int argc, char **argv);

static const struct option_row options[] = {
	ROW_PID,
	{ 0, "to", "[USER@]HOST", "the destination, reached by ssh with your own configuration\n"
	  "(default: this host)", OPTION_TO },
	{ 0, "remote", "COMMAND", "what to call there (default: migcheck), for instance\n"
	  "'sudo /opt/bin/migcheck'", OPTION_REMOTE },
	{ 0, "ssh", "COMMAND", "the ssh to use, with options (default: ssh)", OPTION_SSH },
	ROW_ROOT,
	ROW_BRINGS,
	ROW_MAP,
	ROW_CRIU,
	ROW_CRIU_AS("the dumping"),
	{ 0, "criu-as-there", "PID", "the same of the restoring criu, a process of the destination\n"
	  "(default: with --to as migcheck runs there, else that of --criu-as)", OPTION_CRIU_AS_THERE },
	ROW_CRIU_OPTIONS,
	ROW_CPU_CAP,
	ROW_CPU_MASKED,
	ROW_SPAN,
	ROW_SETTLE,
	ROW_FORMAT,
	ROW_OUTPUT("write the report there"),
	ROW_HASH_LIMIT,
	ROW_NO_DUP,
	ROW_NO_CONTENT,
	ROW_CACHE,
	ROW_NO_CACHE,
	ROW_LOAD_MODULES,
	ROW_REHEARSE,
	ROW_TIMEOUT,
	ROW_QUIET,
};

const struct command command_dry_run = {
	.name = "dry-run",
	.synopsis = "-p PID [--to [USER@]HOST] [--root DIR] [--brings PATH|addr=IP]... [-f FORMAT]",
	.summary = "say whether a live tree could move to a host, without touching it",
	.description =
		"Takes the facts of the tree under PID, asks the destination about what the tree uses,\n"
		"compares, and reports. The tree runs on and no host is changed. With --to the snapshot\n"
		"goes through one ssh connection, and nothing is left behind there.",
	.examples =
		"  migcheck dry-run -p 4211\n"
		"  migcheck dry-run -p 4211 --to root@node7\n"
		"  migcheck dry-run -p 4211 --to node7 --remote 'sudo migcheck' -f json -o report.json\n"
		"  migcheck dry-run -p 4211 --to node7 --root /srv/web --brings /srv/web/data --brings addr=10.0.0.9\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits_of_verdicts,
	.run = run,
};

static int
look(struct work *w, const struct looker *l, const struct snapshot *before, struct snapshot *ret_source,
     struct snapshot *ret_there)
{
	const struct ssh_request *request = l->arg;
	int r;

	w->dump.known = before ? before->facts : NULL;
	r = work_dump(w, ret_source);
	if (r < 0)
		return r;
	return request->host ? ssh_probe(request, w, ret_source, ret_there) : work_probe(w, ret_source, ret_there);
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_dry_run, argc, argv);
	struct ssh_request request = { .remote = "migcheck", .ssh = "ssh" };
	struct work w cleanup(cleanup_work);
	int id;

	work_init(&w);
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		if (id == OPTION_TO)
			request.host = p.value;
		else if (id == OPTION_REMOTE)
			request.remote = p.value;
		else if (id == OPTION_SSH)
			request.ssh = p.value;
		else if (id == OPTION_ARGUMENT)
			say_error("dry-run: '%s' is not expected; see: migcheck dry-run --help", p.value);
		if (id >= OPTION_TO && id <= OPTION_SSH)
			continue;
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (w.dump.pid == 0) {
		say_error("dry-run: which tree? give -p PID; see: migcheck dry-run --help");
		return EXIT_TROUBLE;
	}
	if (request.host && *request.host == '\0') {
		say_error("dry-run: --to wants a host");
		return EXIT_TROUBLE;
	}
	if (!request.host && place_try(&w) < 0)
		return EXIT_TROUBLE;
	w.probe.live_tree_here = request.host == NULL;
	return settle(&w, &(struct looker){ .look = look, .arg = &request });
}

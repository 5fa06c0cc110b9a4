/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck diff: what sets two hosts apart.
 */
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/work.h"
#include "reports/host-diff.h"

#include <errno.h>

enum { OPTION_NOW = 1 };

static int run(int argc, char **argv);

static const struct option_row options[] = {
	ROW_FORMAT,
	ROW_OUTPUT("write the report there"),
	{ 0, "now", NULL, "tell, too, what differs at the moment only: free memory, sockets,\n"
	  "names, addresses, and what else is each host's own", OPTION_NOW },
	ROW_QUIET,
};

static const struct exit_row exits[] = {
	{ 0, "equal", "no difference that lasts" },
	{ 1, "different", "something that lasts differs" },
	{ EXIT_TROUBLE, "trouble", "wrong usage, a file; nothing was compared" },
	{ 0, NULL, NULL },
};

const struct command command_diff = {
	.name = "diff",
	.synopsis = "FILE FILE [-f text|json] [-o FILE] [--now]",
	.summary = "say what sets two hosts apart",
	.description =
		"Compares two hosts as migcheck probe wrote them (or the hosts of two trees, as migcheck\n"
		"dump did): CPU, kernel, configuration, sysctls, modules, cgroups, memory, network devices,\n"
		"security, file systems, mounts, tools; and, where both answered the same tree, the answers.\n"
		"Told is what lasts until somebody changes a machine, with the rules that go by it (migcheck\n"
		"rules ID explains one). What was learned of one host only is no difference, and is listed.\n"
		"The exit codes are like those of diff(1).",
	.examples =
		"  migcheck probe -o web1.mc && ssh web3 migcheck probe -o - > web3.mc\n"
		"  migcheck diff web1.mc web3.mc\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits,
	.run = run,
};

static int
load_host(const char *path, struct snapshot *ret)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	int r = snapshot_load(path, 0, &s);

	if (r < 0)
		return r;
	if (!s.facts->host) {
		say_error("%s holds nothing of a host", path);
		return -EBADMSG;
	}
	*ret = s;
	s = (struct snapshot){ 0 };
	return 0;
}

static int
compare(const struct work *w, const char *const paths[HOST_SIDES], bool now)
{
	_cleanup_snapshot_ struct snapshot a = { 0 }, b = { 0 };
	_cleanup_host_diff_ struct host_diff diff = { 0 };
	_cleanup_buffer_ struct buffer out = { 0 };
	const struct report_options o = work_report_options(w);
	int r;

	if (load_host(paths[0], &a) < 0 || load_host(paths[1], &b) < 0)
		return EXIT_TROUBLE;
	r = host_diff_find(a.facts, b.facts, &diff);
	if (r == 0)
		r = streq(w->format, "json") ? host_diff_json(&diff, now, &out) : host_diff_text(&diff, now, &o, &out);
	if (r < 0) {
		say_error("diff: %s", error_text(r));
		return EXIT_TROUBLE;
	}
	return text_save(&out, w->output) < 0 ? EXIT_TROUBLE : host_diff_exit_code(&diff);
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_diff, argc, argv);
	struct work w cleanup(cleanup_work);
	const char *paths[HOST_SIDES] = { NULL, NULL };
	bool now = false;
	size_t n = 0;
	int id;

	work_init(&w);
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		if (id == OPTION_ARGUMENT && n < HOST_SIDES) {
			paths[n++] = p.value;
			continue;
		}
		if (id == OPTION_NOW) {
			now = true;
			continue;
		}
		if (id == OPTION_ARGUMENT)
			say_error("diff: '%s' is one file too many; see: migcheck diff --help", p.value);
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (n < HOST_SIDES) {
		say_error("diff: which two hosts? give two files that migcheck probe wrote; see: migcheck diff --help");
		return EXIT_TROUBLE;
	}
	if (!streq(w.format, "text") && !streq(w.format, "json")) {
		say_error("diff: no such format '%s': it is text or json", w.format);
		return EXIT_TROUBLE;
	}
	return compare(&w, paths, now);
}

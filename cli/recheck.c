/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck recheck: looks at the tree of a snapshot again, and says whether what was said of it
 * is still true.
 */
#include "base/text.h"
#include "checker/asked.h"
#include "checker/changes.h"
#include "checker/drift.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/work.h"
#include "reports/recheck.h"

#include <errno.h>

enum { OPTION_SAVE = 1, MAX_LINE = 4096 };

static int run(int argc, char **argv);

static const struct option_row options[] = {
	ROW_FORMAT,
	ROW_OUTPUT("write the report there"),
	{ 0, "save", "FILE", "write the new look there, as migcheck dump does", OPTION_SAVE },
	ROW_CRIU_OPTIONS,
	ROW_CPU_CAP,
	ROW_CPU_MASKED,
	ROW_CRIU_AS("the"),
	ROW_CACHE,
	ROW_NO_CACHE,
	ROW_LOAD_MODULES,
	ROW_TIMEOUT,
	ROW_SPAN,
	ROW_QUIET,
};

static const struct exit_row exits[] = {
	{ EXIT_READY, "ready", "nothing stands in the way, and CRIU needs nothing that it did not need before" },
	{ EXIT_BLOCKED, "blocked", "someone has to change something first" },
	{ EXIT_TROUBLE, "trouble", "wrong usage, a file; or the tree is gone, or this is not its host" },
	{ EXIT_RETRY, "retry", "only what tends to pass by itself: look again" },
	{ EXIT_UNDECIDED, "undecided", "a fact that decides could not be learned; the report says which" },
	{ EXIT_NEEDS_OTHERS, "ready", "but CRIU needs an option now that it did not need before" },
	{ 0, NULL, NULL },
};

const struct command command_recheck = {
	.name = "recheck",
	.synopsis = "SOURCE [DEST] [-f text|json] [-o FILE] [--save FILE]",
	.summary = "say whether what a snapshot says of a live tree is still true",
	.description =
		"Looks again at the tree that migcheck dump wrote to SOURCE: what came, went or changed\n"
		"since, and whether the verdict would be another one now. A file whose inode, size and\n"
		"times stand is not read again. Files that grow, descriptors that come and go are told;\n"
		"what moves all the time (positions, queues, timers) only where a finding comes of it.\n"
		"Both looks are judged against DEST (migcheck probe -s SOURCE); without it only by what\n"
		"CRIU does at the dump. What came since was not asked there: it is not known, and says so.\n"
		"The exit codes are those of the tree as it is now.",
	.examples =
		"  migcheck recheck nginx.mc node7.mc && criu dump -t 4211 ...\n"
		"  migcheck recheck nginx.mc --save nginx-now.mc\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits,
	.run = run,
};

/* ---- whether this is where it was taken ------------------------------------------------- */

/* What this machine says of itself; empty where it does not. */
struct here {
	char boot_id[MAX_LINE], machine_id[MAX_LINE];
	uint64_t pid_ns;
};

static void
read_line(const struct root *root, const char *path, char ret[MAX_LINE])
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct slice rest, line = { 0 };

	if (root_read(root, path, &text, MAX_LINE - 1) < 0)
		return;
	rest = buffer_slice(&text);
	if (slice_line(&rest, &line))
		(void) snprintf(ret, MAX_LINE, "%.*s", (int) line.n, line.p);
}

static int
here_read(struct here *ret)
{
	_cleanup_root_ struct root root = ROOT_NONE, self = ROOT_NONE;
	struct statx st;
	int r;

	*ret = (struct here){ 0 };
	r = root_open("/", false, &root);
	if (r == 0)
		r = root_sub(&root, "proc/self", &self);
	if (r == 0)
		r = root_magic_statx(&self, "ns/pid", &st);
	if (r < 0) {
		say_error("this host cannot be looked at: %s", error_text(r));
		return r;
	}
	ret->pid_ns = st.stx_ino;
	read_line(&root, "proc/sys/kernel/random/boot_id", ret->boot_id);
	read_line(&root, "etc/machine-id", ret->machine_id);
	return 0;
}

/* 0, or -EXDEV after saying where it must be looked for. */
static int
check_host(const struct snapshot *before, const char *path)
{
	const Header *header = before->facts->header;
	const Host *host = before->facts->host;
	struct here here;
	int r;

	if (header->recorded) {
		say_error("%s was taken from a recorded machine: there is nothing to look at again", path);
		return -EXDEV;
	}
	r = here_read(&here);
	if (r < 0)
		return r;
	if (!host || !host->boot_id || !streq(host->boot_id, here.boot_id)) {
		bool same_host = host && host->machine_id && streq(host->machine_id, here.machine_id);

		if (same_host)
			say_error("%s was taken before this host was booted: its processes are gone; "
				  "take a new one with migcheck dump", path);
		else
			say_error("%s was taken on another host%s%s: look again there", path,
				  host && host->name ? ", " : "", host && host->name ? host->name : "");
		return -EXDEV;
	}
	if (host->has_pid_ns && host->pid_ns != here.pid_ns) {
		say_error("%s was taken in another pid namespace, where processes have other numbers: "
			  "look again there", path);
		return -EXDEV;
	}
	return 0;
}

/* ---- the second look -------------------------------------------------------------------- */

/* The same questions as then, so that no difference comes of them. */
static int
ask_the_same(struct work *w, const struct snapshot *before, const char *path)
{
	const Header *header = before->facts->header;
	const Tree *tree = before->facts->tree;
	const CriuPlace *place = before->facts->criu_place;

	if (!tree || !tree->has_root_pid || !tree->has_root_start_time || tree->root_pid <= 0) {
		say_error("%s does not say of which process it was taken", path);
		return -EBADMSG;
	}
	w->dump.pid = tree->root_pid;
	w->dump.start_time = tree->root_start_time;
	w->dump.known = before->facts;
	if (tree->has_hash_limit)
		w->dump.hash_limit = tree->hash_limit;
	w->dump.no_dup = header->no_dup;
	w->dump.no_hash = w->probe.no_content = header->no_content;
	if (w->criu_as == 0 && place && place->given)
		w->criu_as = place->pid;
	return 0;
}

static int
tell(struct work *w, const struct changes *changes, const struct drift *drift)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	const struct recheck k = { .changes = changes, .drift = drift };
	const struct report_options o = work_report_options(w);
	int r = streq(w->format, "json") ? recheck_json(&k, &out) : recheck_text(&k, &o, &out);

	if (r < 0)
		say_error("cannot report: %s", error_text(r));
	else
		r = text_save(&out, w->output);
	return r < 0 ? EXIT_TROUBLE : drift_exit_code(drift);
}

/* Both looks against one destination; NULL: none. */
static int
compare(struct work *w, const struct snapshot *before, const struct snapshot *now, struct snapshot *there)
{
	_cleanup_changes_ struct changes changes = { 0 };
	_cleanup_drift_ struct drift drift = { 0 };
	_cleanup_assessment_ struct assessment was = { 0 }, is = { 0 };
	int r;

	if (work_judge(w, before, there, &was) < 0)
		return EXIT_TROUBLE;
	if (there && answers_withdraw(before->facts, now->facts, there->facts) < 0) {
		say_error("out of memory");
		return EXIT_TROUBLE;
	}
	if (work_judge(w, now, there, &is) < 0)
		return EXIT_TROUBLE;
	r = changes_find(before->facts, now->facts, &changes);
	if (r == 0)
		r = drift_find(&was, &is, &drift);
	if (r < 0) {
		say_error("cannot compare: %s", error_text(r));
		return EXIT_TROUBLE;
	}
	return tell(w, &changes, &drift);
}

/* 0, or -ESTALE where the number that --criu-as named at the first look is another process's by now. */
static int
check_place(const struct snapshot *before, const struct snapshot *now)
{
	const CriuPlace *was = before->facts->criu_place, *is = now->facts->criu_place;

	if (!was || !is || !was->given || !is->given || was->pid != is->pid || was->start_time == is->start_time)
		return 0;
	say_error("criu as process %d: it is another one by now; name the right one with --criu-as", was->pid);
	return -ESTALE;
}

static int
look_again(struct work *w, const char *const paths[2], const char *save)
{
	_cleanup_snapshot_ struct snapshot before = { 0 }, now = { 0 }, there = { 0 };
	bool place_of_then = w->criu_as == 0;

	if (snapshot_load(paths[0], SNAPSHOT_KIND__SNAPSHOT_SOURCE, &before) < 0)
		return EXIT_TROUBLE;
	if (paths[1] && (snapshot_load(paths[1], SNAPSHOT_KIND__SNAPSHOT_DESTINATION, &there) < 0 ||
			 work_turn_to(&before, &there, paths[1]) < 0))
		return EXIT_TROUBLE;
	if (check_host(&before, paths[0]) < 0 || ask_the_same(w, &before, paths[0]) < 0 || place_try(w) < 0)
		return EXIT_TROUBLE;
	if (work_dump(w, &now) < 0 || (place_of_then && check_place(&before, &now) < 0))
		return EXIT_TROUBLE;
	if (save && snapshot_save(&now, save) < 0)
		return EXIT_TROUBLE;
	return compare(w, &before, &now, paths[1] ? &there : NULL);
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_recheck, argc, argv);
	struct work w cleanup(cleanup_work);
	const char *paths[2] = { NULL, NULL }, *save = NULL;
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
		if (id == OPTION_SAVE && !streq(p.value, "-")) {
			save = p.value;
			continue;
		}
		if (id == OPTION_SAVE)
			say_error("recheck: --save wants a file: standard output is for the report");
		if (id == OPTION_ARGUMENT)
			say_error("recheck: '%s' is one file too many; see: migcheck recheck --help", p.value);
		if (id < 0 || work_option(&w, &p, id) != 0)
			return EXIT_TROUBLE;
	}
	if (n == 0) {
		say_error("recheck: which tree? give the file that migcheck dump wrote; "
			  "see: migcheck recheck --help");
		return EXIT_TROUBLE;
	}
	return look_again(&w, paths, save);
}

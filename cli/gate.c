/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migcheck gate: trees against a pool of hosts, and a policy.
 */
#include "cli/baseline.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/pool.h"
#include "cli/say.h"
#include "cli/waivers-file.h"
#include "cli/work.h"
#include "reports/gate.h"

#include <errno.h>

enum { OPTION_GATE_FORMAT = 1, OPTION_REPORT, OPTION_FAIL_ON, OPTION_MIN_HOSTS, OPTION_NOW, OPTION_MAX_AGE,
       OPTION_WAIVERS, OPTION_BASELINE, OPTION_EXPECT };

enum { MAX_REPORTS = 16, MAX_HOSTS_WANTED = 10 * 1000 * 1000 };

static int run(int argc, char **argv);

static const struct option_row options[] = {
	{ 0, "fail-on", "LIST", "which kinds break the policy: permanent, transient, undecided\n"
	  "(default: permanent,undecided)", OPTION_FAIL_ON },
	{ 0, "min-hosts", "N", "each tree must be ready on at least N hosts; what it is on the\n"
	  "others does not count (default: on each host)", OPTION_MIN_HOSTS },
	{ 0, "now", NULL, "judge by the facts of the moment too: free memory, ports, pids,\n"
	  "addresses (default: by what lasts until a host is changed)", OPTION_NOW },
	{ 0, "max-age", "TIME", "a profile older than this is not judged: 12h, 7d", OPTION_MAX_AGE },
	{ 0, "waivers", "FILE", "findings that do not count, by whom, why and until when (YAML:\n"
	  "rule, host, tree, reason, owner, until)", OPTION_WAIVERS },
	{ 0, "baseline", "OLD.json", "an earlier report (-f json): what it has, on the same host, does\n"
	  "not break the policy again", OPTION_BASELINE },
	{ 0, "expect", "FILE", "the hosts that there should be, a name a line; one without a profile\n"
	  "is not judged (NAME.failed beside the profiles says why)", OPTION_EXPECT },
	{ 'f', "format", "text|json|junit|sarif|github|markdown|html|prometheus",
	  "how the report is written (default: text)", OPTION_GATE_FORMAT },
	{ 0, "report", "FORMAT=FILE", "write it in this format, too (may be repeated)", OPTION_REPORT },
	ROW_OUTPUT("write the report there"),
	ROW_CRIU_OPTIONS,
	ROW_CPU_CAP,
	ROW_CPU_MASKED,
	ROW_QUIET,
};

static const struct exit_row exits[] = {
	{ EXIT_READY, "met", "the policy is met" },
	{ EXIT_BLOCKED, "broken", "by something permanent" },
	{ EXIT_TROUBLE, "trouble", "wrong usage, a tree that cannot be read; nothing was judged" },
	{ EXIT_RETRY, "transient", "broken only by what tends to pass by itself" },
	{ EXIT_UNDECIDED, "unjudged", "whether it is met could not be learned; the report says what is missing" },
	{ 0, NULL, NULL },
};

const struct command command_gate = {
	.name = "gate",
	.synopsis = "FILE|FOLDER... [--min-hosts N] [--fail-on LIST] [--report FORMAT=FILE]",
	.summary = "judge trees against a pool of hosts: a gate for CI",
	.description =
		"Takes trees (migcheck dump) and profiles of hosts (migcheck probe), told apart by what is\n"
		"in them, from files and from the *.mc of folders. Judges each tree on each host, and says\n"
		"whether the policy is met. Hosts whose lasting facts are equal are one class and are judged\n"
		"once. A profile made with --for TREE answers about that tree's files, cgroups and names, too;\n"
		"without, these are not asked and not judged.\n"
		"\n"
		"A profile that cannot be read, is too old, is there twice, or is of another architecture is\n"
		"named with its reason, and the rest is judged.\n"
		"\n"
		"Formats: text for people; json as in docs/gate.schema.json, which is also what --baseline\n"
		"takes; junit, a suite a host, a case a rule and tree; sarif for code scanning; github,\n"
		"annotations, of which GitHub shows ten of each kind a step, so that no more are written;\n"
		"markdown for the summary of a CI job; html, one page to look into; prometheus for the\n"
		"textfile collector.",
	.examples =
		"  migcheck gate trees/ hosts/\n"
		"  migcheck gate trees/ hosts/ --min-hosts 3 --report html=pool.html --report junit=pool.xml\n",
	.options = options,
	.n_options = ARRAY_SIZE(options),
	.exits = exits,
	.run = run,
};

struct wanted {
	const struct gate_reporter *reporter;
	const char *file;
};

struct asked {
	struct gate_policy policy;
	struct wanted also[MAX_REPORTS];
	size_t n_also;
	const struct gate_reporter *main;
	const char *waivers, *baseline, *expect;
	const char **paths;
	size_t n_paths;
};

static const struct gate_reporter *
reporter_named(struct slice name)
{
	for (size_t i = 0; i < n_gate_reporters; i++)
		if (slice_eq(name, gate_reporters[i].name))
			return &gate_reporters[i];
	say_error("gate: no such format '%.*s'; the formats are:", (int) name.n, name.p);
	for (size_t i = 0; i < n_gate_reporters; i++)
		say_error("  %-12s %s", gate_reporters[i].name, gate_reporters[i].help);
	return NULL;
}

static int
add_report(struct asked *a, const char *value)
{
	struct slice rest = slice_of(value), name;

	if (!slice_field(&rest, '=', &name) || rest.n == 0) {
		say_error("gate: --report wants FORMAT=FILE, not '%s'", value);
		return -EINVAL;
	}
	if (a->n_also == MAX_REPORTS) {
		say_error("gate: more than %d reports", MAX_REPORTS);
		return -EINVAL;
	}
	a->also[a->n_also] = (struct wanted){ .reporter = reporter_named(name), .file = rest.p };
	return a->also[a->n_also++].reporter ? 0 : -EINVAL;
}

static int
set_fail_on(struct gate_policy *policy, const char *value)
{
	static const struct {
		const char *name;
		enum gate_fail what;
	} kinds[] = {
		{ "permanent", GATE_FAIL_PERMANENT },
		{ "transient", GATE_FAIL_TRANSIENT },
		{ "undecided", GATE_FAIL_UNDECIDED },
	};
	struct slice rest = slice_of(value), word = rest;

	policy->fail_on = 0;
	/* An empty list, of a variable that nobody has set, would be a gate that is always open. */
	do {
		size_t i = 0;

		(void) slice_field(&rest, ',', &word);
		while (i < ARRAY_SIZE(kinds) && !slice_eq(word, kinds[i].name))
			i++;
		if (i == ARRAY_SIZE(kinds)) {
			say_error("gate: --fail-on takes permanent, transient and undecided, parted by commas, not '%.*s'",
				  (int) word.n, word.p);
			return -EINVAL;
		}
		policy->fail_on |= kinds[i].what;
	} while (rest.n > 0);
	return 0;
}

/* "90m", "12h", "7d" in seconds. */
static int
set_max_age(struct gate_policy *policy, const char *value)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 7 * 86400 } };
	struct slice s = slice_of(value);
	uint32_t n;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (slice_cut_end(&s, units[i].unit)) {
			if (parse_u32(s, 10, &n) < 0 || n == 0)
				break;
			policy->max_age_s = (int64_t) n * units[i].seconds;
			return 0;
		}
	say_error("gate: --max-age wants a number and one of s, m, h, d, w: 12h, 7d; not '%s'", value);
	return -EINVAL;
}

static int
set_min_hosts(struct gate_policy *policy, const struct option_parser *p)
{
	uint64_t n;
	int r = option_number(p, "--min-hosts", 1, MAX_HOSTS_WANTED, &n);

	if (r == 0)
		policy->min_hosts = n;
	return r;
}

/* 0, -EINVAL after saying why, 1: not one of the gate's own. */
static int
gate_option(struct asked *a, const struct option_parser *p, int id)
{
	switch (id) {
	case OPTION_ARGUMENT:
		a->paths[a->n_paths++] = p->value;
		return 0;
	case OPTION_GATE_FORMAT:
		a->main = reporter_named(slice_of(p->value));
		return a->main ? 0 : -EINVAL;
	case OPTION_REPORT:
		return add_report(a, p->value);
	case OPTION_FAIL_ON:
		return set_fail_on(&a->policy, p->value);
	case OPTION_MIN_HOSTS:
		return set_min_hosts(&a->policy, p);
	case OPTION_NOW:
		a->policy.now = true;
		return 0;
	case OPTION_MAX_AGE:
		return set_max_age(&a->policy, p->value);
	case OPTION_WAIVERS:
		a->waivers = p->value;
		return 0;
	case OPTION_BASELINE:
		a->baseline = p->value;
		return 0;
	case OPTION_EXPECT:
		a->expect = p->value;
		return 0;
	default:
		return 1;
	}
}

static int
write_report(const struct gate *g, const struct gate_reporter *reporter, const struct report_options *o,
	     const char *file)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	int r = reporter->report(g, o, &out);

	if (r < 0) {
		say_error("cannot report: %s", error_text(r));
		return r;
	}
	return reporter->for_others ? text_save_for_others(&out, file) : text_save(&out, file);
}

static int
judge_and_tell(struct asked *a, const struct work *w)
{
	const struct report_options main = work_report_options(w), plain = { 0 };
	_cleanup_arena_ struct arena *arena = arena_new(MAX_ARENA_BYTES);
	_cleanup_pool_ struct pool pool = { 0 };
	_cleanup_baseline_ struct baseline baseline = { 0 };
	struct waivers waivers = { 0 };
	struct expected expected = { 0 };
	const struct pool_asked asked = {
		.paths = a->paths, .n_paths = a->n_paths, .policy = &a->policy, .quiet = w->quiet,
		.waivers = a->waivers ? &waivers : NULL, .expected = a->expect ? &expected : NULL,
	};
	int r;

	if (!arena || (a->waivers && waivers_load(a->waivers, arena, &waivers) < 0))
		return EXIT_TROUBLE;
	if (a->expect && expected_load(a->expect, arena, &expected) < 0)
		return EXIT_TROUBLE;
	if (a->baseline && baseline_load(a->baseline, &baseline) < 0)
		return EXIT_TROUBLE;
	if (a->baseline) {
		a->policy.known = baseline_knows;
		a->policy.baseline = &baseline;
	}
	r = pool_load(&asked, &pool);
	if (r < 0)
		return EXIT_TROUBLE;
	if (pool_judge(&pool) < 0)
		return EXIT_TROUBLE;
	for (size_t i = 0; i < a->n_also; i++)
		if (write_report(&pool.gate, a->also[i].reporter, &plain, a->also[i].file) < 0)
			return EXIT_TROUBLE;
	if (write_report(&pool.gate, a->main, &main, w->output) < 0)
		return EXIT_TROUBLE;
	return gate_exit_code(pool.gate.result);
}

static int
run(int argc, char **argv)
{
	struct option_parser p = option_parser(&command_gate, argc, argv);
	_cleanup_free_ const char **paths = calloc((size_t) argc + 1, sizeof(*paths));
	struct work w cleanup(cleanup_work);
	struct asked a = {
		.policy = { .fail_on = GATE_FAIL_PERMANENT | GATE_FAIL_UNDECIDED },
		.main = &gate_reporters[0],
		.paths = paths,
	};
	int id, r;

	work_init(&w);
	if (!paths)
		return EXIT_TROUBLE;
	for (id = option_next(&p); id != OPTION_END; id = option_next(&p)) {
		if (id == OPTION_HELP)
			return EXIT_READY;
		r = id == OPTION_ERROR ? id : gate_option(&a, &p, id);
		if (r > 0)
			r = work_option(&w, &p, id);
		if (r != 0)
			return EXIT_TROUBLE;
	}
	if (a.n_paths == 0) {
		say_error("gate: which trees and hosts? give files or folders; see: migcheck gate --help");
		return EXIT_TROUBLE;
	}
	a.policy.check = &w.check;
	return judge_and_tell(&a, &w);
}

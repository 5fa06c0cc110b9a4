/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of the commands: see work.h.
 */
#include "cli/work.h"

#include "base/text.h"
#include "checker/cpu-features.h"
#include "cli/files.h"
#include "cli/maps.h"
#include "cli/place.h"
#include "cli/say.h"
#include "reports/reporter.h"

#include <arpa/inet.h>
#include <errno.h>

enum {
	DEFAULT_TIMEOUT_MS = 10 * 1000,
	DEFAULT_SPAN_MS = 100,
	DEFAULT_HASH_LIMIT = 64 * 1024 * 1024,
};

void
work_init(struct work *w)
{
	*w = (struct work){
		.dump = {
			.hash_limit = DEFAULT_HASH_LIMIT,
			.timeout_ms = DEFAULT_TIMEOUT_MS,
			.span_ms = DEFAULT_SPAN_MS,
		},
		.probe = { .timeout_ms = DEFAULT_TIMEOUT_MS },
		.format = "text",
	};
}

void
work_free(struct work *w)
{
	options_free(&w->given);
	maps_free(w);
	free(w->brings);
	w->brings = NULL;
}

/* An absolute path, or addr= with an IPv4 or IPv6 address: a slip of the pen must not make a host ready. */
static bool
is_brought(const char *what)
{
	struct slice s = slice_of(what);
	unsigned char address[16];

	if (slice_cut(&s, "addr="))
		return inet_pton(AF_INET, s.p, address) == 1 || inet_pton(AF_INET6, s.p, address) == 1;
	return what[0] == '/';
}

static int
add_brings(struct work *w, const char *what)
{
	const char **grown;

	if (!is_brought(what)) {
		say_error("--brings wants an absolute path, or addr= with an IP address, not '%s'", what);
		return -EINVAL;
	}
	grown = reallocarray(w->brings, w->n_brings + 2, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[w->n_brings++] = what;
	grown[w->n_brings] = NULL;
	w->brings = grown;
	w->probe.brings = grown;
	return 0;
}

static int
set_pid(struct work *w, const struct option_parser *p)
{
	uint64_t pid;
	int r;

	r = option_number(p, "-p", 1, INT32_MAX, &pid);
	if (r == 0)
		w->dump.pid = (int) pid;
	return r;
}

static int
set_timeout(struct work *w, const struct option_parser *p)
{
	uint64_t seconds;
	int r;

	r = option_number(p, "--timeout", 1, 3600, &seconds);
	if (r == 0)
		w->dump.timeout_ms = w->probe.timeout_ms = (unsigned int) seconds * 1000;
	return r;
}

static int
set_span(struct work *w, const struct option_parser *p)
{
	uint64_t ms;
	int r;

	r = option_number(p, "--span", 0, 60000, &ms);
	if (r == 0)
		w->dump.span_ms = (unsigned int) ms;
	return r;
}

static int
set_settle(struct work *w, const struct option_parser *p)
{
	uint64_t seconds;
	int r;

	r = option_number(p, "--settle", 1, 86400, &seconds);
	if (r == 0)
		w->settle_s = (unsigned int) seconds;
	return r;
}

static int
set_format(struct work *w, const struct option_parser *p)
{
	for (size_t i = 0; i < n_reporters; i++) {
		if (streq(reporters[i].name, p->value)) {
			w->format = p->value;
			return 0;
		}
	}
	say_error("%s: no such format '%s': it is text or json", p->command->name, p->value);
	return -EINVAL;
}

/* In any of the spellings that the rules understand. */
static bool
is_cpu_feature(const char *name)
{
	for (size_t i = 0; i < n_cpu_features; i++)
		if (cpu_list_names(name, &cpu_features[i]))
			return true;
	return false;
}

static int
check_feature_list(const struct option_parser *p)
{
	struct slice rest = slice_of(p->value), word;

	while (slice_field(&rest, ',', &word)) {
		char name[64];

		(void) snprintf(name, sizeof(name), "%.*s", (int) (word.n < sizeof(name) ? word.n : 0), word.p);
		if (is_cpu_feature(name))
			continue;
		say_error("--cpu-masked: no CPU feature is called '%.*s' (they are those of /proc/cpuinfo, "
			  "parted by commas)", word.n < 80 ? (int) word.n : 80, word.p);
		return -EINVAL;
	}
	return 0;
}

static int
set_criu_options(struct work *w, const struct option_parser *p)
{
	_cleanup_buffer_ struct buffer problem = { 0 };
	struct given_options given;
	int r;

	r = options_parse(p->value, &given, &problem);
	if (r < 0) {
		say_error("--criu-options: %s", r == -EINVAL ? buffer_slice(&problem).p : error_text(r));
		return r;
	}
	options_free(&w->given);
	w->given = given;
	w->check.criu_options = &w->given;
	return 0;
}

int
work_option(struct work *w, const struct option_parser *p, int id)
{
	switch (id) {
	case OPTION_PID:
		return set_pid(w, p);
	case OPTION_OUTPUT:
		w->output = p->value;
		return 0;
	case OPTION_ROOT:
		w->asks_host = "--root";
		w->probe.tree_root = p->value;
		return 0;
	case OPTION_BRINGS:
		w->asks_host = "--brings";
		return add_brings(w, p->value);
	case OPTION_MAP:
		w->asks_host = "--map";
		return maps_add(w, p->value);
	case OPTION_CRIU:
		w->asks_host = "--criu";
		w->probe.criu = p->value;
		return 0;
	case OPTION_CRIU_OPTIONS:
		return set_criu_options(w, p);
	case OPTION_FORMAT:
		return set_format(w, p);
	case OPTION_QUIET:
		w->quiet = true;
		return 0;
	case OPTION_TIMEOUT:
		return set_timeout(w, p);
	case OPTION_HASH_LIMIT:
		return option_size(p, "--hash-limit", &w->dump.hash_limit);
	case OPTION_NO_DUP:
		w->dump.no_dup = true;
		return 0;
	case OPTION_NO_CONTENT:
		w->asks_host = "--no-content";
		w->dump.no_hash = w->probe.no_content = true;
		return 0;
	case OPTION_LOAD_MODULES:
		w->dump.load_modules = w->probe.load_modules = true;
		return 0;
	case OPTION_REHEARSE:
		w->asks_host = "--rehearse";
		w->probe.rehearse = true;
		return 0;
	case OPTION_CPU_MASKED:
		w->check.cpu_masked = p->value;
		return check_feature_list(p);
	case OPTION_CPU_CAP:
		w->check.cpu_cap = p->value;
		return 0;
	case OPTION_SYSROOT:
		w->sysroot = p->value;
		return 0;
	case OPTION_SPAN:
		return set_span(w, p);
	case OPTION_SETTLE:
		return set_settle(w, p);
	default:
		return place_option(w, p, id);
	}
}

static int
open_machine(const struct work *w, struct root *ret)
{
	const char *path = w->sysroot ? w->sysroot : "/";
	int r;

	r = root_open(path, w->sysroot != NULL, ret);
	if (r < 0)
		say_error("%s: %s", path, error_text(r));
	return r;
}

static int
begin(const struct work *w, SnapshotKind kind, struct snapshot *ret)
{
	Header *h;
	int r;

	r = snapshot_new(ret);
	if (r < 0) {
		say_error("out of memory");
		return r;
	}
	h = ret->facts->header;
	SET_FACT(h, kind, kind);
	h->tool = arena_strdup(ret->arena, "migcheck " MIGCHECK_VERSION);
	SET_FACT(h, taken_at_ns, clock_realtime_ns());
	SET_FACT(h, euid, geteuid());
	SET_FACT(h, recorded, w->sysroot != NULL);
	SET_FACT(h, no_dup, w->dump.no_dup);
	SET_FACT(h, no_content, w->probe.no_content);
	return 0;
}

static void
say_dump_error(int error, int pid)
{
	switch (error) {
	case -ESRCH:
		say_error("no process %d: it is gone, or lives in another pid namespace", pid);
		break;
	case -ESTALE:
		say_error("process %d is another one by now: that of the snapshot is gone", pid);
		break;
	case -EINVAL:
		say_error("process %d is a kernel thread: it has nothing to move", pid);
		break;
	case -EPERM:
	case -EACCES:
		say_error("process %d cannot be looked at: run migcheck as root or as its owner", pid);
		break;
	default:
		say_error("process %d cannot be looked at: %s", pid, error_text(error));
	}
}

int
work_dump(struct work *w, struct snapshot *ret)
{
	_cleanup_root_ struct root root = ROOT_NONE;
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct progress progress = progress_new(w->quiet, "hashing");
	/* What concerns the destination does not concern this side. */
	struct probe_options here = {
		.timeout_ms = w->probe.timeout_ms,
		.no_content = w->probe.no_content,
		.load_modules = w->probe.load_modules,
		.live_tree_here = true,
		.criu_as = w->criu_as,
	};
	uint64_t started = clock_us();
	int r;

	r = open_machine(w, &root);
	if (r < 0)
		return r;
	r = begin(w, SNAPSHOT_KIND__SNAPSHOT_SOURCE, &s);
	if (r == 0)
		r = place_learn(w, &root, &here, &s);
	if (r < 0)
		return r;
	w->dump.progress = progress_show;
	w->dump.progress_arg = &progress;
	r = dump_tree(&root, &w->dump, &s);
	progress_end(&progress);
	if (r < 0) {
		say_dump_error(r, w->dump.pid);
		return r;
	}
	r = probes_run(&root, &here, s.facts, true, &s);
	if (r < 0) {
		say_error("this host cannot be looked at: %s", error_text(r));
		return r;
	}
	SET_FACT(s.facts->header, duration_us, clock_us() - started);
	*ret = s;
	s = (struct snapshot){ 0 };
	return 0;
}

static int
note_request(const struct work *w, const struct snapshot *source, struct snapshot *s)
{
	Header *h = s->facts->header;
	int r;

	for (size_t i = 0; i < w->n_brings; i++) {
		char *copy = arena_strdup(s->arena, w->brings[i]);

		r = copy ? ADD_FACT(s->arena, h->brings, h->n_brings, copy) : -ENOMEM;
		if (r < 0)
			return r;
	}
	r = maps_note(w, s);
	if (r < 0)
		return r;
	if (w->probe.tree_root)
		h->root = arena_strdup(s->arena, w->probe.tree_root);
	if (w->probe.criu)
		h->criu_path = arena_strdup(s->arena, w->probe.criu);
	if (source && source->facts->header->has_own_sha256) {
		const ProtobufCBinaryData *own = &source->facts->header->own_sha256;
		uint8_t *copy = arena_memdup(s->arena, own->data, own->len);

		if (!copy)
			return -ENOMEM;
		SET_FACT(h, asked_sha256, ((ProtobufCBinaryData){ .len = own->len, .data = copy }));
	}
	return 0;
}

int
work_probe(struct work *w, const struct snapshot *source, struct snapshot *ret)
{
	_cleanup_root_ struct root root = ROOT_NONE;
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct progress progress = progress_new(w->quiet, "comparing");
	uint64_t started = clock_us();
	int r;

	r = open_machine(w, &root);
	if (r < 0)
		return r;
	r = begin(w, SNAPSHOT_KIND__SNAPSHOT_DESTINATION, &s);
	w->probe.criu_as = w->criu_as_there ? w->criu_as_there : w->criu_as;
	if (r == 0)
		r = place_learn(w, &root, &w->probe, &s);
	if (r < 0)
		return r;
	r = note_request(w, source, &s);
	if (r < 0) {
		say_error("out of memory");
		return r;
	}
	w->probe.progress = progress_show;
	w->probe.progress_arg = &progress;
	r = probes_run(&root, &w->probe, source ? source->facts : NULL, false, &s);
	progress_end(&progress);
	if (r < 0) {
		if (w->probe.tree_root && (r == -ENOENT || r == -ENOTDIR || r == -EACCES))
			say_error("--root %s: %s", w->probe.tree_root, error_text(r));
		else
			say_error("this host cannot be probed: %s", error_text(r));
		return r;
	}
	SET_FACT(s.facts->header, duration_us, clock_us() - started);
	*ret = s;
	s = (struct snapshot){ 0 };
	return 0;
}

int
work_same_source(const struct snapshot *here, const struct snapshot *there, const char *name)
{
	const Header *asked = there->facts->header, *own = here->facts->header;

	if (!asked->has_asked_sha256 || !own->has_own_sha256)
		return 0;
	if (asked->asked_sha256.len == own->own_sha256.len &&
	    memcmp(asked->asked_sha256.data, own->own_sha256.data, own->own_sha256.len) == 0)
		return 0;
	say_error("%s answers another source than this one: probe that host again with this source", name);
	return -EBADMSG;
}

static const struct reporter *
reporter_named(const char *name)
{
	for (size_t i = 0; i < n_reporters; i++)
		if (streq(reporters[i].name, name))
			return &reporters[i];
	return &reporters[0];
}

int
work_judge(struct work *w, const struct snapshot *here, const struct snapshot *there, struct assessment *ret)
{
	int r;

	w->check.now_ns = clock_realtime_ns();
	r = check(here->facts, there ? there->facts : NULL, &w->check, ret);
	if (r < 0)
		say_error("cannot compare: %s", error_text(r));
	return r;
}

struct report_options
work_report_options(const struct work *w)
{
	bool standard = !w->output || streq(w->output, "-");

	return (struct report_options){
		.colour = standard && wants_colour(STDOUT_FILENO),
		.width = standard ? terminal_width(STDOUT_FILENO) : 0,
		.quiet = w->quiet,
	};
}

int
work_tell(struct work *w, const struct assessment *a)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	const struct report_options options = work_report_options(w);
	int r;

	r = reporter_named(w->format)->report(a, &options, &out);
	if (r < 0)
		say_error("cannot report: %s", error_text(r));
	else
		r = text_save(&out, w->output);
	return r == 0 ? verdict_exit_code(a->verdict) : EXIT_TROUBLE;
}

int
work_report(struct work *w, const struct snapshot *here, const struct snapshot *there)
{
	struct assessment a;
	int r;

	if (work_judge(w, here, there, &a) < 0)
		return EXIT_TROUBLE;
	r = work_tell(w, &a);
	assessment_free(&a);
	return r;
}

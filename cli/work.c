/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of the commands: see work.h.
 */
#include "cli/work.h"

#include "base/text.h"
#include "cli/cache.h"
#include "cli/files.h"
#include "cli/maps.h"
#include "cli/path-lists.h"
#include "cli/place.h"
#include "cli/say.h"
#include "facts/profile.h"
#include "reports/reporter.h"

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
	free(w->cache_usual);
	free(w->brings);
	w->brings = NULL;
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
	cache_use(w);
	w->dump.progress = progress_show;
	w->dump.progress_arg = &progress;
	r = dump_tree(&root, &w->dump, &s);
	progress_end(&progress);
	cache_tell(w);
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
	cache_use(w);
	w->probe.progress = progress_show;
	w->probe.progress_arg = &progress;
	r = probes_run(&root, &w->probe, source ? source->facts : NULL, false, &s);
	progress_end(&progress);
	cache_tell(w);
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
work_answer(struct work *w, const char *path, struct snapshot *s)
{
	_cleanup_root_ struct root root = ROOT_NONE;
	_cleanup_snapshot_ struct snapshot source = { 0 };
	struct progress progress = progress_new(w->quiet, "comparing");
	int r;

	r = snapshot_load(path, SNAPSHOT_KIND__SNAPSHOT_SOURCE, &source);
	if (r == 0)
		r = open_machine(w, &root);
	if (r < 0)
		return r;
	w->probe.progress = progress_show;
	w->probe.progress_arg = &progress;
	r = probes_answer(&root, &w->probe, source.facts, s);
	progress_end(&progress);
	if (r < 0) {
		say_error("this host cannot be asked for %s: %s", path, error_text(r));
		return r;
	}
	/* Answers may point into what asked. */
	arena_adopt(s->arena, steal_pointer(&source.arena));
	return 0;
}

/* A folder that the command line names is a slip of the pen where it is not there. */
static int
check_folder(const struct work *w, const Snapshot *s, const char *folder)
{
	for (size_t i = 0; i < s->n_tree_answers; i++) {
		const TreeAnswers *t = s->tree_answers[i];

		for (size_t k = 0; !t->has_asked_sha256 && k < t->n_path_answer; k++) {
			if (!streq(t->path_answer[k]->path, folder))
				continue;
			if (t->path_answer[k]->kind != PATH_KIND__PATH_KIND_NONE)
				return 0;
			say_error("--paths %s: nothing is there%s%s", folder, w->probe.tree_root ? " below " : "",
				  w->probe.tree_root ? w->probe.tree_root : "");
			return -ENOENT;
		}
	}
	return 0;
}

int
work_paths(struct work *w, const struct path_lists *lists, struct snapshot *s)
{
	_cleanup_root_ struct root root = ROOT_NONE;
	struct progress progress = progress_new(w->quiet, "hashing");
	uint64_t started = clock_us();
	int r;

	r = open_machine(w, &root);
	if (r < 0)
		return r;
	w->probe.progress = progress_show;
	w->probe.progress_arg = &progress;
	w->probe.paths = lists->path;
	w->probe.n_paths = lists->n;
	r = probes_paths(&root, &w->probe, s);
	progress_end(&progress);
	cache_tell(w);
	if (r < 0)
		say_error("this host cannot be asked for paths: %s", error_text(r));
	for (size_t i = 0; r == 0 && i < lists->n_folder; i++)
		r = check_folder(w, s->facts, lists->folder[i]);
	SET_FACT(s->facts->header, duration_us, s->facts->header->duration_us + clock_us() - started);
	return r;
}

/* The first digits of a digest, enough to know a snapshot by. */
static void
add_identity(struct buffer *text, ProtobufCBinaryData sha256)
{
	enum { BYTES = 6 };

	if (text->n > 0)
		(void) buffer_printf(text, ", ");
	for (size_t i = 0; i < sha256.len && i < BYTES; i++)
		(void) buffer_printf(text, "%02x", sha256.data[i]);
}

static void
say_other_trees(const Snapshot *there, ProtobufCBinaryData own, const char *name)
{
	_cleanup_buffer_ struct buffer asked = { 0 }, wanted = { 0 };
	enum { SHOWN = 4 };
	size_t n = 0;

	add_identity(&wanted, own);
	if (there->header->has_asked_sha256)
		add_identity(&asked, there->header->asked_sha256);
	for (size_t i = 0; i < there->n_tree_answers; i++)
		if (there->tree_answers[i]->has_asked_sha256 && n++ < SHOWN)
			add_identity(&asked, there->tree_answers[i]->asked_sha256);
	say_error("%s answers other trees than this one: SHA-256 %s%s there, %s here; probe that host again with this "
		  "source", name, buffer_slice(&asked).p, n > SHOWN ? "…" : "", buffer_slice(&wanted).p);
}

int
work_turn_to(const struct snapshot *here, struct snapshot *there, const char *name)
{
	const Header *own = here->facts->header;
	int r;

	if (!own->has_own_sha256)
		return 0;
	if (!profile_is_for(there->facts, own->own_sha256)) {
		say_other_trees(there->facts, own->own_sha256, name);
		return -EBADMSG;
	}
	r = profile_turn_to(there, own->own_sha256);
	if (r < 0)
		say_error("out of memory");
	return r;
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

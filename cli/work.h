/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that commands are made of: look at a tree, look at a host, compare, report. Each
 * says on standard error what failed, on what, and what to do; 0 or -errno.
 */
#pragma once

#include "base/cache-folder.h"
#include "checker/assessment.h"
#include "checker/options.h"
#include "cli/options.h"
#include "facts/snapshot.h"
#include "light-dump/dump.h"
#include "probes/probe.h"
#include "reports/reporter.h"

/* What the commands' options come to. */
struct work {
	struct dump_options dump;
	struct probe_options probe;
	struct check_options check;
	struct given_options given;	/* what check.criu_options points to, where it does */
	const char **brings;		/* NULL-terminated, grows */
	size_t n_brings;
	struct path_map *maps;		/* grows */
	size_t n_maps;
	const char *sysroot;		/* recorded machine instead of "/" */
	const char *format;
	const char *output;
	bool quiet;
	unsigned int settle_s;		/* look again for so long; 0: once */
	int criu_as, criu_as_there;	/* processes as which criu would run; 0: as we do */
	struct cache_folder cache;	/* of digests */
	const char *cache_named;	/* --cache; NULL: the usual one */
	char *cache_usual;
	bool no_cache, cache_told;
	const char *asks_host;		/* an option that only a probe can honour was given: its name */
};

void work_init(struct work *w);
void work_free(struct work *w);

static inline void
cleanup_work(struct work *w)
{
	work_free(w);
}

/* Options that several commands share; ids from WORK_OPTIONS up. */
enum {
	WORK_OPTIONS = 1000,
	OPTION_PID,
	OPTION_OUTPUT,
	OPTION_ROOT,
	OPTION_BRINGS,
	OPTION_MAP,
	OPTION_CRIU,
	OPTION_CRIU_OPTIONS,
	OPTION_FORMAT,
	OPTION_QUIET,
	OPTION_TIMEOUT,
	OPTION_HASH_LIMIT,
	OPTION_NO_DUP,
	OPTION_NO_CONTENT,
	OPTION_CACHE,
	OPTION_NO_CACHE,
	OPTION_LOAD_MODULES,
	OPTION_CPU_MASKED,
	OPTION_CPU_CAP,
	OPTION_SYSROOT,
	OPTION_CRIU_AS,
	OPTION_CRIU_AS_THERE,
	OPTION_SETTLE,
	OPTION_SPAN,
	OPTION_REHEARSE,
};

#define ROW_PID { 'p', "pid", "PID", "the root of the process tree", OPTION_PID }
#define ROW_OUTPUT(what) { 'o', "output", "FILE", what " (- is standard output)", OPTION_OUTPUT }
#define ROW_ROOT \
	{ 0, "root", "DIR", "the root file system in which the tree will live there,\n" \
	  "for instance a container's rootfs (default: /)", OPTION_ROOT }
#define ROW_BRINGS \
	{ 0, "brings", "PATH|addr=IP", "what the move brings along (may be repeated): not looked\n" \
	  "for there, listed as assumed", OPTION_BRINGS }
#define ROW_MAP \
	{ 0, "map", "SRC=DST", "what the source has at SRC lies at DST on the destination's host\n" \
	  "(may be repeated, the longest SRC counts): it is looked for\n" \
	  "there. CRIU itself opens SRC: by a bind mount there, in the\n" \
	  "folder given to --root, or by --external mnt[KEY]:DST", OPTION_MAP }
#define ROW_CRIU { 0, "criu", "PATH", "the criu that will be used there (default: from PATH)", OPTION_CRIU }
#define ROW_CRIU_OPTIONS \
	{ 0, "criu-options", "TEXT", "the options that CRIU will be given; then one that is needed\n" \
	  "and missing is a blocker ('' means: none)", OPTION_CRIU_OPTIONS }
#define ROW_CRIU_AS(whose) \
	{ 0, "criu-as", "PID", whose " criu would be started by this process: its\n" \
	  "namespaces, cgroups, session and rights (default: as migcheck itself runs)", OPTION_CRIU_AS }
#define ROW_FORMAT { 'f', "format", "text|json", "how it is written (default: text)", OPTION_FORMAT }
#define ROW_QUIET { 'q', "quiet", NULL, "no progress; of a text report only the verdict line", OPTION_QUIET }
#define ROW_TIMEOUT \
	{ 0, "timeout", "SECONDS", "give up on a path whose file system does not answer\n" \
	  "(default: 10)", OPTION_TIMEOUT }
#define ROW_HASH_LIMIT \
	{ 0, "hash-limit", "SIZE", "hash files opened read-only up to this size (default: 64M);\n" \
	  "what is mapped executable is always hashed", OPTION_HASH_LIMIT }
#define ROW_NO_DUP \
	{ 0, "no-dup", NULL, "never duplicate a socket or terminal to ask it something\n" \
	  "(pidfd_getfd); some facts then stay unknown", OPTION_NO_DUP }
#define ROW_NO_CONTENT \
	{ 0, "no-content", NULL, "read no file's content and answer no digest", OPTION_NO_CONTENT }
#define ROW_CACHE \
	{ 0, "cache", "DIR", "keep the digests of files there, and read no file again that is\n" \
	  "as it was (default: ~/.cache/migcheck, as root /var/cache/migcheck)", OPTION_CACHE }
#define ROW_NO_CACHE { 0, "no-cache", NULL, "read all contents, and keep no digests", OPTION_NO_CACHE }
#define ROW_LOAD_MODULES \
	{ 0, "load-modules", NULL, "let a question load a kernel module (sock_diag)", OPTION_LOAD_MODULES }
#define ROW_CPU_MASKED \
	{ 0, "cpu-masked", "LIST", "CPU features the programs were started without, for\n" \
	  "instance avx512f,avx512vl", OPTION_CPU_MASKED }
#define ROW_CPU_CAP { 0, "cpu-cap", "LIST", "the --cpu-cap that CRIU will be given", OPTION_CPU_CAP }
#define ROW_SYSROOT \
	{ 0, "sysroot", "DIR", "a recorded machine instead of this one", OPTION_SYSROOT }

#define ROW_REHEARSE \
	{ 0, "rehearse", NULL, "try there what facts cannot prove, in throw-away namespaces:\n" \
	  "ids, namespaces, cgroups, mounts, sockets, files, priorities", OPTION_REHEARSE }
#define ROW_SPAN \
	{ 0, "span", "MS", "watch what tends to pass (a queue, a handshake, a state) for so\n" \
	  "long, where there is any (default: 100)", OPTION_SPAN }
#define ROW_SETTLE \
	{ 0, "settle", "SECONDS", "look again, for so long, until what tends to pass by itself\n" \
	  "has passed; the report is that of the last look", OPTION_SETTLE }

/* Takes in one of the options above. 0; -EINVAL after saying why; 1: not one of ours. */
int work_option(struct work *w, const struct option_parser *p, int id);

int work_dump(struct work *w, struct snapshot *ret);
int work_probe(struct work *w, const struct snapshot *source, struct snapshot *ret);

/* Asks the host that was probed into `s` for another tree (of this file), too. */
int work_answer(struct work *w, const char *path, struct snapshot *s);

/* Asks it for paths, too, whatever tree they may be for. */
struct path_lists;
int work_paths(struct work *w, const struct path_lists *lists, struct snapshot *s);

/* Compares. `there` may be NULL. */
int work_judge(struct work *w, const struct snapshot *here, const struct snapshot *there,
	       struct assessment *ret);

/* How a report looks that goes to w->output. */
struct report_options work_report_options(const struct work *w);

/* Reports to w->output in w->format; the exit code. */
int work_tell(struct work *w, const struct assessment *a);

/* Both. */
int work_report(struct work *w, const struct snapshot *here, const struct snapshot *there);

/*
 * Makes `there` what it answers to this source, of several that it may answer. 0; -EBADMSG after saying so
 * where it answers others alone.
 */
int work_turn_to(const struct snapshot *here, struct snapshot *there, const char *name);

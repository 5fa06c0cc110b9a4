/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe learns one subject of the machine under our feet. It is handed the source snapshot,
 * when there is one, only to know what to ask. The runner (probes.c): call, on -errno note a
 * gap under the row's domain, go on.
 */
#pragma once

#include "base/root.h"
#include "facts/gaps.h"
#include "facts/snapshot.h"

struct cache_folder;

/* --map: `source` lies at `destination`, below the host's own root. Both are plain absolute paths. */
struct path_map {
	const char *source, *destination;
};

struct probe_options {
	const char *tree_root;		/* --root: where the tree's file system will be; NULL: "/" */
	unsigned int timeout_ms;
	bool no_content;		/* never say a digest or same_as_asked */
	bool load_modules;
	bool rehearse;			/* try, in throw-away namespaces, what facts cannot prove */
	bool live_tree_here;		/* the tree lives on this very host now */
	const char *const *brings;	/* NULL-terminated; paths and addr=IP that the move brings */
	const char *const *paths;	/* --paths, asked for by themselves: plain absolute paths below tree_root */
	size_t n_paths;
	const struct path_map *maps;
	size_t n_maps;
	const char *criu;		/* --criu PATH; NULL: criu in PATH */
	struct cache_folder *cache;	/* of contents that were read before; NULL: none */
	int criu_as;			/* criu would run as this process does; 0: as we do */
	void (*progress)(size_t done, size_t total, uint64_t bytes, void *arg);
	void *progress_arg;
};

struct probe_context {
	const struct probe_options *options;
	const struct root *root;	/* "/" of this machine or a recorded tree */
	const struct root *tree_root;	/* where the source's paths are looked up */
	const Snapshot *source;		/* NULL without one */
	bool source_side;		/* this is the host the tree lives on, and a dump */
	struct snapshot *snapshot;	/* to fill */
	Host *host;			/* snapshot->facts->host, never NULL */
	struct gaps *gaps;
	struct buffer *text;		/* scratch */
};

struct probe {
	const char *name;		/* "cpu" */
	const char *reads;		/* "CPUID, /proc/cpuinfo": shown in the manual */
	Domain domain;
	int (*ask)(struct probe_context *c);
	bool source_side_too;		/* also run by dump, on the host the tree lives on */
	bool answers;			/* what it learns depends on the source that asks */
	bool needs_live_machine;	/* cannot be answered from a recorded root */
	NamespaceKind within;		/* what it learns is that of our own namespace of this kind; 0: of all */
};

extern const struct probe probes[];
extern const size_t n_probes;

/*
 * Runs the probes into `s`. With source_side, only those marked so. 0 or -ENOMEM: everything
 * else is a gap.
 */
int probes_run(const struct root *root, const struct probe_options *options,
	       const Snapshot *source, bool source_side, struct snapshot *s);

/*
 * Asks a host that was probed already (without a source) what one more tree wants to know, and adds
 * its answers to s->facts->tree_answers. 0 or -errno as above.
 */
int probes_answer(const struct root *root, const struct probe_options *options, const Snapshot *source,
		  struct snapshot *s);

/*
 * Asks a host that was probed already about options->paths, whatever tree they may be for, and adds these answers,
 * too. 0 or -errno as above.
 */
int probes_paths(const struct root *root, const struct probe_options *options, struct snapshot *s);

/*
 * Learns where criu would run, ahead of all else: the dump needs it, and a bad --criu-as ends
 * everything. 0; of options->criu_as: -ESRCH no such process, -ECHILD a zombie, -EINVAL a
 * kernel thread, -EACCES it is another user's; -ENOMEM.
 */
int probes_place(const struct root *root, const struct probe_options *options, struct snapshot *s);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector learns one subject of a process tree. A row says what it reads and in which
 * scope it is called; the runner (dump.c) is the whole policy: call, on -errno note a gap
 * under the row's domain, go on. A task that is known to have exited is no gap.
 */
#pragma once

#include "base/root.h"
#include "facts/gaps.h"
#include "facts/snapshot.h"

struct cache_folder;

struct dump_options {
	int pid;
	uint64_t start_time;		/* the process must have begun then (clock ticks since boot); 0: any */
	uint64_t hash_limit;		/* files opened read-only are hashed up to this size, bytes */
	unsigned int timeout_ms;	/* for path work that does not answer */
	unsigned int threads;		/* 0: as many as online processors */
	bool no_dup;			/* never pidfd_getfd(2) */
	bool load_modules;		/* a question may load a module */
	bool no_hash;
	unsigned int span_ms;		/* how long what tends to pass is watched; 0: it is seen once */
	const Snapshot *known;		/* an earlier look: what it read and still stands is not read again; or NULL */
	struct cache_folder *cache;	/* of contents that were read in earlier runs; NULL: none */
	/* Called now and then while files are hashed; may be NULL. */
	void (*progress)(size_t done, size_t total, uint64_t bytes, void *arg);
	void *progress_arg;
};

struct worker;				/* worker.h: what one thread of the dump keeps between tasks */

/* What a collector of a process or of a thread is handed. */
struct task_context {
	const struct dump_options *options;
	const struct root *root;	/* "/" or a recorded tree */
	struct root proc;		/* /proc/PID, held; of a dead leader: a living thread's own */
	struct root leader;		/* /proc/PID in any case */
	struct root tid_proc;		/* SCOPE_THREAD: /proc/PID/task/TID, held */
	int pid;
	Process *process;		/* to fill */
	Thread *thread;			/* SCOPE_THREAD: to fill; the leader comes first */
	struct arena *arena;		/* of this worker */
	struct gaps *gaps;
	struct buffer *text;		/* scratch, kept between reads */
	struct worker *worker;
	struct record *record;		/* worker.h: what is kept of the process beside its facts */
};

struct tree_context;

/* What a collector wants to see again, some times over a short span (passing.c). */
struct second_look {
	const char *name;		/* for the gap where it fails */
	Domain domain;
	void *arg;
	int (*look)(struct tree_context *c, void *arg, uint64_t at_us);	/* 0 or -errno */
	void (*free)(void *arg);	/* may be NULL */
};

enum { SECOND_LOOKS_MAX = 4 };

/* What a collector of the whole tree is handed, after all tasks were read. */
struct tree_context {
	const struct dump_options *options;
	const struct root *root;
	struct snapshot *snapshot;
	struct gaps *gaps;
	struct second_look again[SECOND_LOOKS_MAX];
	size_t n_again;
};

enum scope {
	SCOPE_THREAD,			/* each thread of each process, by several workers at once */
	SCOPE_TASK,			/* each process, after its threads, by several workers at once */
	SCOPE_TREE,			/* once, after the tasks */
};

struct collector {
	const char *name;		/* "fds" */
	const char *reads;		/* "/proc/PID/fd, /proc/PID/fdinfo": shown in the manual */
	Domain domain;
	enum scope scope;
	int (*collect_task)(struct task_context *c);	/* SCOPE_THREAD, SCOPE_TASK */
	int (*collect_tree)(struct tree_context *c);	/* SCOPE_TREE */
};

extern const struct collector collectors[];
extern const size_t n_collectors;

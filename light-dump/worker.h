/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker is one thread of the dump: an arena, scratch space and what it has met so far, so
 * that a file, a cgroup text or a set of limits that many tasks share is looked at once. No
 * worker touches another's; join.c brings their facts together in an order that does not
 * depend on who read what.
 */
#pragma once

#include "kernel/fdkind.h"
#include "kernel/igmp.h"
#include "kernel/stat.h"
#include "light-dump/collector.h"
#include "light-dump/intern.h"
#include "light-dump/procfile.h"

#include <limits.h>

/* What one process has shown, and by which worker: its file and cgroup indexes are that one's. */
struct record {
	Process *process;
	struct worker *worker;
	struct gaps gaps;
	uint64_t start_time;
	uint64_t start_code, start_stack, arg_start;	/* change with exec */
	uint32_t threads;		/* their number by the first stat */
};

/* Facts of the machine that all workers read, set before they start. */
struct surroundings {
	struct tty_drivers terminals;
	bool have_terminals;		/* /proc/tty/drivers could be read */
	struct timespec begin;
};

struct worker {
	const struct dump_options *options;
	const struct root *root;
	const struct root *proc;	/* /proc below the root */
	const struct surroundings *around;
	struct walk *walk;
	struct arena *arena;
	struct buffer text;
	struct numbers fds, tids;
	char link[PATH_MAX];

	/* Files met: the keys are those of paths.c, the values index `file`. */
	struct intern file_keys;
	File **file;
	size_t n_file;

	/* Distinct texts of /proc/PID/cgroup. */
	struct intern set_keys;
	CgroupSet **set;
	size_t n_set;

	/* The last answers that tend to be the same for the next task. */
	struct slice limits_text;
	Limit **limit;
	size_t n_limit;
	uint64_t map_owner;		/* user namespace of the id maps below */
	IdRange **uid_map, **gid_map;
	size_t n_uid_map, n_gid_map;
	uint64_t netns_cookie, netns;	/* SO_NETNS_COOKIE and the inode it stands for */

	/* The host has no such thing: not asked again. */
	bool no_labels, no_vector_use, no_map_files;

	uint32_t vanished;
};

/* Makes the arena and the scratch space. 0 or -ENOMEM. */
int worker_new(struct worker *w, size_t arena_cap);

/* Frees all but the arena when it was handed on (w->arena is NULL then). */
void worker_free(struct worker *w);

/*
 * Reads one process. 0 with *ret filled; -ESRCH when it exited before all was read (that is
 * counted, and no gap); -ENOMEM.
 */
int task_read(struct worker *w, int pid, struct record *ret);

/* Reads and parses a stat file below `dir`: 0; -ESRCH when the task is gone; -errno. */
int task_stat_read(struct worker *w, const struct root *dir, const char *name,
		   struct task_stat *ret);

/* Reads a file of children's pids and walks on to them. 0 or -ENOMEM. */
int task_push_children(struct worker *w, const struct root *dir, const char *name);

/*
 * Looks at a process again: adds a state sample, walks on to its children, and says by
 * *ret_changed how many threads came or went, or that it runs another program; then it is to
 * be read again. 0; -ESRCH when it has gone (its pid may be used again); -ENOMEM.
 */
int task_check(struct worker *w, struct record *record, uint32_t *ret_changed);

/*
 * The index in worker->file of the file that `link` ("exe", "fd/3") of c->proc leads to, whose
 * text is `text`. For descriptors mnt_id and ino of fdinfo save the look-up where they were
 * met before; else they are 0. 0; -ENOENT when the link is gone; -errno.
 */
int path_file(struct task_context *c, const char *link, struct slice text, uint32_t mnt_id,
	      uint64_t ino, uint32_t *ret);

/* The same for a mapping, by device and inode as the maps text has them. */
struct maps_entry;
int path_file_of_mapping(struct task_context *c, const struct maps_entry *e, struct slice text,
			 uint32_t *ret);

/* Fills fd->dup, and fd->terminal's state, from a duplicate. Notes its own gaps. */
struct dup {
	int pidfd;			/* -1: not yet opened */
	bool refused;			/* that no duplicate is made was noted */
};
void dup_look(struct task_context *c, struct dup *dup, Fd *fd);

/*
 * Which of the multicast groups a socket has joined: sets ret_joined[i] of those. Nothing is
 * set where the descriptor is another's now, or may not be looked at.
 */
void dup_ask_groups(int pid, int number, uint64_t ino, const struct multicast_group *group, size_t n,
		    bool *ret_joined);

/* UDP_CORK alone, of a socket known before. 0; -ESRCH, -EBADF when it is gone; -errno. */
int dup_ask_cork(int pid, const Fd *fd, bool *ret);

/* Microseconds since the dump began. */
uint64_t worker_clock(const struct worker *w);

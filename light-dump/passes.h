/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dump under way: the walk, the workers, and what is known before they start.
 */
#pragma once

#include "light-dump/walk.h"

enum { WORKERS_MAX = 16 };

struct dump {
	const struct dump_options *options;
	struct snapshot *s;
	const struct root *root;
	struct root proc;
	struct surroundings around;
	struct walk walk;
	struct worker worker[WORKERS_MAX];
	pthread_t thread[WORKERS_MAX];
	size_t n_workers, n_running;	/* the main thread is the first */
	bool no_children;		/* the kernel has no children file: /proc is searched */
	struct gaps gaps;		/* of the runner itself */
	uint32_t appeared, churn;	/* of the tree; of the pass under way */
};

/*
 * Walks the tree and reads it, again and again until it holds still or the bound is reached;
 * fills the snapshot's Tree with how that went. 0 or -ENOMEM.
 */
int passes_run(struct dump *d);

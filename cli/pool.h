/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool from its files: which trees there are, which hosts, and which of these are alike.
 */
#pragma once

#include "checker/gate.h"
#include "cli/pool-files.h"

struct pool {
	struct pool_files files;
	struct snapshot *tree;		/* behind gate.trees */
	size_t n_tree;
	struct snapshot *class;		/* behind gate.classes */
	size_t n_class;
	struct gate gate;		/* filled for gate_judge() */
};

/*
 * Reads trees and hosts, told apart by what is in them, from files and folders. policy, waivers
 * (NULL: none) and now_ns of ret->gate go by what is given. A file that cannot be used is a host
 * that is not judged. 0, or -errno after saying why: no tree, no host, a tree that cannot be read.
 */
int pool_load(const char *const *paths, size_t n, const struct gate_policy *policy, struct waivers *waivers,
	      bool quiet, struct pool *ret);
void pool_free(struct pool *p);

static inline void
cleanup_pool(struct pool *p)
{
	pool_free(p);
}
#define _cleanup_pool_ cleanup(cleanup_pool)

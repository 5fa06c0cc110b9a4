/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool from its files: which trees there are, which hosts, and which of these are alike.
 */
#pragma once

#include "checker/gate.h"
#include "cli/expected.h"
#include "cli/pool-files.h"

struct pool_asked {
	const char *const *paths;	/* files and folders */
	size_t n_paths;
	const struct gate_policy *policy;
	struct waivers *waivers;	/* NULL: none */
	const struct expected *expected;	/* NULL: whoever is there */
	bool quiet;
};

struct pool {
	struct pool_files files;
	struct snapshot *tree;		/* behind gate.trees */
	size_t n_tree;
	struct sieve *sieve;
	const struct pool_file **class;	/* by class: a file that holds its facts */
	struct gate gate;		/* filled for gate_begin() */
};

/*
 * Reads trees and hosts, told apart by what is in them, from files and folders. policy, waivers and
 * now_ns of ret->gate go by what is given. A file that cannot be used is a host that is not judged,
 * and so is one that is expected and not there. 0, or -errno after saying why: no tree, no host, a
 * tree that cannot be read.
 */
int pool_load(const struct pool_asked *asked, struct pool *ret);
/* Judges it, all processors at once. 0, or -errno after saying why. */
int pool_judge(struct pool *p);
void pool_free(struct pool *p);

static inline void
cleanup_pool(struct pool *p)
{
	pool_free(p);
}
#define _cleanup_pool_ cleanup(cleanup_pool)

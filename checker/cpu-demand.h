/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a tree chooses or demands instructions: the files that it maps, the states that its threads
 * have in use.
 */
#pragma once

#include "checker/cpu-features.h"
#include "checker/judge.h"

struct cpu_demand {
	unsigned int dispatch;		/* enum cpu_dispatch: some mapped file chooses by these */
	unsigned int levels;		/* CPU_V2, …: an ELF note demands them */
	const Thread *avx512_user;	/* the first thread that has AVX-512 in use; NULL: none is known */
	const char *dispatcher;		/* path of the first such file */
	size_t dispatcher_count;
};

struct cpu_demand cpu_demand_of(const Snapshot *tree);

/* Whether it is code that is known to use AMX where it is. */
bool cpu_file_uses_tiles(const File *f);

/* Whether --cpu-masked names it, and nothing that was seen says otherwise. */
bool cpu_is_masked(const struct judge *j, const struct cpu_demand *d, const struct cpu_feature *f);

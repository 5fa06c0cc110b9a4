/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a tree chooses or demands instructions: the files that it maps, the states that its threads
 * have in use. And how programs are started such that they do not choose what a CPU lacks.
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

/* Whether --cpu-masked names it, and nothing that was seen says otherwise. */
bool cpu_is_masked(const struct judge *j, const struct cpu_demand *d, const struct cpu_feature *f);

/* Features to be masked, gathered one by one; all zero: none. */
struct cpu_mask {
	const char *names;		/* "avx512f,avx512bw", as --cpu-masked takes them */
	const char *glibc;		/* "-AVX512F,-AVX512BW" */
	uint64_t openssl[2];		/* bits of the two words of OPENSSL_ia32cap */
	bool incomplete;		/* some feature cannot be masked for this tree */
};

void cpu_mask_add(struct judge *j, const struct cpu_demand *d, const struct cpu_feature *f,
		  struct cpu_mask *mask);

/* "GLIBC_TUNABLES=… OPENSSL_ia32cap='…'", words for a shell; NULL where that does not do. */
const char *cpu_mask_environment(struct judge *j, const struct cpu_mask *mask);

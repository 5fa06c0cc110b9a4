/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How programs are started such that they do not choose instructions that a CPU lacks.
 */
#pragma once

#include "base/arena.h"
#include "checker/cpu-demand.h"

/* Features to be masked, gathered one by one; all zero: none. */
struct cpu_mask {
	const char *names;		/* "avx512f,avx512bw", as --cpu-masked takes them */
	const char *glibc;		/* "-AVX512F,-AVX512BW" */
	uint64_t openssl[2];		/* bits of the two words of OPENSSL_ia32cap */
	bool incomplete;		/* some feature cannot be masked for what demands */
};

/* 1: the variables reach all of `d` that chooses by it; 0: they do not (incomplete); -ENOMEM. */
int cpu_mask_add(struct arena *arena, const struct cpu_demand *d, const struct cpu_feature *f,
		 struct cpu_mask *mask);

/* "GLIBC_TUNABLES=… OPENSSL_ia32cap='…'", words for a shell; NULL: there is nothing to set. 0 or -ENOMEM. */
int cpu_mask_environment(struct arena *arena, const struct cpu_mask *mask, const char **ret);

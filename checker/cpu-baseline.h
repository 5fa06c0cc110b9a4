/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU baseline of a pool of hosts: what all of them can do, who takes away what, and how
 * workloads are started such that they can land on any of them. Pure.
 */
#pragma once

#include "base/arena.h"
#include "checker/cpu-features.h"
#include "facts/snapshot.h"

/* One host, or one that stands for many equal ones. */
struct cpu_member {
	const char *name;		/* foreign text */
	const Host *host;
	size_t hosts;			/* how many it stands for */
};

/* Members, by their place in cpu_baseline.member, and how many hosts they stand for. */
struct cpu_some {
	size_t *member;
	size_t n;
	size_t hosts;
};

/* Features that some member has, and that the same ones lack. */
struct cpu_lack {
	const struct cpu_feature **feature;	/* in the order of cpu_features[] */
	size_t n;
	struct cpu_some lacking;
	bool maskable;			/* glibc and libcrypto can be told to do without all of them */
};

/* Members whose xsave frames are alike. */
struct cpu_frame {
	uint32_t size;			/* bytes, for what XCR0 enables; 0: no xsave */
	uint64_t components;		/* those that criu keeps */
	struct cpu_some of;
};

struct cpu_baseline {
	const struct cpu_member *member;	/* as given */
	size_t n;
	struct cpu_some judged;		/* those whose CPU is known, and is an x86-64 */
	struct cpu_some foreign;	/* of another architecture: left out */
	struct cpu_some unseen;		/* nothing of their CPU was learned: left out */
	const struct cpu_feature **common;	/* what all that were judged have */
	size_t n_common;
	struct cpu_lack *lack;		/* in the order of their first features */
	size_t n_lack;
	const struct cpu_feature **unsure;	/* of some member it is not known, and none is known to lack it */
	size_t n_unsure;
	unsigned int level;		/* x86-64 level of the pool, 1 to 4; 0: not known, or nobody was judged */
	struct cpu_frame *frame;	/* the largest first; more than one: CRIU warns or refuses between them */
	size_t n_frame;
	struct cpu_some frame_unseen;	/* CPUID leaf 0xd was not learned of them */
	const char *masked;		/* "avx512f,avx512bw", for --cpu-masked; NULL: there is nothing to mask */
	const char *environment;	/* words for a shell: "GLIBC_TUNABLES=… OPENSSL_ia32cap='…'"; NULL: none */
	const char *qemu;		/* value of QEMU's -cpu: "host,-avx512f"; NULL: nobody was judged */
	const char *unnamed_by_qemu;	/* features that no flag of QEMU takes away, parted by blanks; NULL: none */
	bool several_vendors;		/* -cpu host shows another vendor there: a named model does not */
};

/* All of the result lives in `arena`, but the members, which must outlive it. 0 or -ENOMEM. */
int cpu_baseline_make(struct arena *arena, const struct cpu_member *member, size_t n, struct cpu_baseline *ret);

/* How QEMU's -cpu calls the feature, written into `store`; NULL: it has no flag for it. */
enum { CPU_QEMU_NAME = 32 };
const char *cpu_qemu_name(const struct cpu_feature *f, char store[CPU_QEMU_NAME]);

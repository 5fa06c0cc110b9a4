/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CPUID says, bit by bit: the words that criu stores in its cpuinfo image and compares,
 * a few words it does not look at, the bits that have names, and what a program that uses
 * them meets where they are missing. Pure: computed from the raw leaves in message Cpu.
 */
#pragma once

#include "checker/options.h"
#include "facts/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

/* 0 to 18 in criu's order (capability version 2); the others are ours. */
enum cpu_word {
	CPU_WORD_1_EDX = 0,
	CPU_WORD_80000001_EDX = 1,
	CPU_WORD_1_ECX = 4,
	CPU_WORD_80000001_ECX = 6,
	CPU_WORD_7_EBX = 9,
	CPU_WORD_D1_EAX = 10,
	CPU_WORD_7_ECX = 11,
	CPU_WORD_80000008_EBX = 13,
	CPU_WORD_7_EDX = 18,
	CPU_WORDS_OF_CRIU = 19,
	CPU_WORD_71_EAX = 19,
	CPU_WORD_71_EDX = 20,
	CPU_WORDS
};

enum {
	CPU_COMPONENTS = 10,		/* x87 SSE AVX BNDREGS BNDCSR opmask ZMM_Hi256 Hi16_ZMM PT PKRU */
	CPU_COMPONENT_YMM = 2,
};

/* What of the code that a tree maps is known to choose instructions by a feature. */
enum cpu_dispatch {
	DISPATCH_LIBC = 1,		/* glibc's string functions, its loader, libm */
	DISPATCH_CRYPTO = 2,		/* libcrypto and its like */
	DISPATCH_ANY = 4,		/* just-in-time compilers, BLAS: whatever is there */
	DISPATCH_FIXED = 8,		/* and OPENSSL_ia32cap says nothing to it */
	DISPATCH_TILE = 16,		/* linear algebra that asks the kernel for AMX where it is */
};

enum cpu_flags {
	CPU_OF_CRIU = 1,		/* in the mask of criu's INS comparison */
	CPU_FAULTS = 2,			/* the instruction raises SIGILL where the feature is missing */
	CPU_V2 = 4,			/* belongs to x86-64-v2, -v3, -v4 */
	CPU_V3 = 8,
	CPU_V4 = 16,
	CPU_YMM = 32,			/* usable only with this state enabled in XCR0 */
	CPU_ZMM = 64,
	CPU_TILE = 128,
};

struct cpu_feature {
	uint8_t word;
	uint8_t bit;
	uint8_t dispatch;
	uint16_t flags;
	const char *name;		/* as the kernel prints it in /proc/cpuinfo */
	const char *glibc;		/* as glibc.cpu.hwcaps takes it; NULL: it does not know it */
};

extern const struct cpu_feature cpu_features[];
extern const size_t n_cpu_features;

struct cpu_words {
	uint32_t word[CPU_WORDS];
	bool known[CPU_WORDS];
	bool xsave_known;		/* the four below were read */
	uint64_t xfeatures;		/* the components criu keeps, computed as criu does */
	uint32_t xsave_size;		/* bytes, for what XCR0 enables */
	uint32_t xsave_size_max;
	uint32_t component_size[CPU_COMPONENTS];
	bool component_known[CPU_COMPONENTS];
	uint64_t xcr0;			/* 0: OSXSAVE is off */
	bool xcr0_known;
};

/* The words of a machine. A leaf beyond the CPU's highest one is known, and zero. */
void cpu_words_read(const Cpu *cpu, struct cpu_words *ret);

/* Whether a program can use the feature: CPUID has it, and XCR0 enables the state it needs. */
bool cpu_has(const struct cpu_words *w, const struct cpu_feature *f);

/* Where a bit stands, for one that has no name: "CPUID.7.0:EBX.16". */
enum { CPU_BIT_NAME = 40 };
void cpu_bit_name(enum cpu_word word, unsigned int bit, char ret[CPU_BIT_NAME]);

/* Whether it is known that it has, or has not, the feature. */
static inline bool
cpu_known(const struct cpu_words *w, const struct cpu_feature *f)
{
	return w->known[f->word] && (w->xcr0_known || !(f->flags & (CPU_YMM | CPU_ZMM | CPU_TILE)));
}

/* The x86-64 level of the psABI, 1 to 4; 0: not known. */
unsigned int cpu_level(const struct cpu_words *w);

/* Whether `list` ("AVX512F,-avx2") names the feature, in glibc's spelling or the kernel's. */
bool cpu_list_names(const char *list, const struct cpu_feature *f);

/* "x87", "AVX", …; never NULL. */
const char *cpu_component_name(unsigned int component);

/* What criu compares for the value of --cpu-cap: NULL when it is not given. */
enum cpu_cap { CPU_CAP_FPU = 1, CPU_CAP_CPU = 2, CPU_CAP_INS = 4, CPU_CAP_IMAGE = 8 };
unsigned int cpu_cap_parse(const char *cap);

/* The same where it may also stand among CRIU's options ("-j --cpu-cap=ins"); both may be NULL. */
unsigned int cpu_cap_given(const char *cap, const struct given_options *given);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of CPUID bits and the words criu makes of them.
 *
 * A leaf as message Cpu holds it (CPUID.7.0 of a Sapphire Rapids):
 *     leaf 7 subleaf 0 eax 0x2 ebx 0xf1bf07ab ecx 0x1b415f6e edx 0xffdd4410
 * EBX bit 16 of it is avx512f. The bits in criu's mask and its word order are those of
 * criu-facts 2.B; the names are those of /proc/cpuinfo; the levels are those of the x86-64
 * psABI; the spellings for GLIBC_TUNABLES are those of glibc's manual, "Hardware Capability
 * Tunables".
 */
#include "checker/cpu-features.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdio.h>
#include <strings.h>

enum reg { EAX, EBX, ECX, EDX };

/* Where a word comes from; leaf 0 (no word does) marks those that criu leaves at zero. */
static const struct {
	uint32_t leaf;
	uint32_t subleaf;
	enum reg reg;
} word_sources[CPU_WORDS] = {
	[CPU_WORD_1_EDX] = { 0x1, 0, EDX },
	[CPU_WORD_80000001_EDX] = { 0x80000001, 0, EDX },
	[CPU_WORD_1_ECX] = { 0x1, 0, ECX },
	[CPU_WORD_80000001_ECX] = { 0x80000001, 0, ECX },
	[CPU_WORD_7_EBX] = { 0x7, 0, EBX },
	[CPU_WORD_D1_EAX] = { 0xd, 1, EAX },
	[CPU_WORD_7_ECX] = { 0x7, 0, ECX },
	[12] = { 0xf, 1, EDX },
	[CPU_WORD_80000008_EBX] = { 0x80000008, 0, EBX },
	[14] = { 0x6, 0, EAX },
	[15] = { 0x8000000a, 0, EDX },
	[16] = { 0xf, 0, EDX },
	[17] = { 0x80000007, 0, EBX },
	[CPU_WORD_7_EDX] = { 0x7, 0, EDX },
	[CPU_WORD_71_EAX] = { 0x7, 1, EAX },
	[CPU_WORD_71_EDX] = { 0x7, 1, EDX },
};

#define LIBC DISPATCH_LIBC
#define CRYPTO DISPATCH_CRYPTO
#define BOTH (DISPATCH_LIBC | DISPATCH_CRYPTO)
#define CRIU CPU_OF_CRIU
#define UD CPU_FAULTS
#define V2 CPU_V2
#define V3 CPU_V3
#define V4 CPU_V4
#define YMM CPU_YMM
#define ZMM CPU_ZMM

/* memmove() of glibc goes by a preference that its loader derives from AVX before it hears of the mask. */
#define AVX_AND_PREFERENCE "AVX,-AVX_Fast_Unaligned_Load"

/* Columns: word, bit, who dispatches on it, flags, name, name for GLIBC_TUNABLES. */
const struct cpu_feature cpu_features[] = {
	{ CPU_WORD_1_EDX, 0, 0, CRIU | UD, "fpu", NULL },
	{ CPU_WORD_1_EDX, 4, 0, CRIU | UD, "tsc", NULL },
	{ CPU_WORD_1_EDX, 8, 0, CRIU | UD, "cx8", "CX8" },
	{ CPU_WORD_1_EDX, 11, 0, CRIU, "sep", NULL },
	{ CPU_WORD_1_EDX, 15, 0, CRIU | UD, "cmov", "CMOV" },
	{ CPU_WORD_1_EDX, 19, 0, CRIU | UD, "clflush", NULL },
	{ CPU_WORD_1_EDX, 23, 0, CRIU | UD, "mmx", NULL },
	{ CPU_WORD_1_EDX, 24, LIBC, CRIU | UD, "fxsr", NULL },
	{ CPU_WORD_1_EDX, 25, LIBC, CRIU | UD, "sse", NULL },
	{ CPU_WORD_1_EDX, 26, LIBC, CRIU | UD, "sse2", "SSE2" },
	{ CPU_WORD_80000001_EDX, 11, 0, CRIU | UD, "syscall", NULL },
	{ CPU_WORD_80000001_EDX, 22, 0, CRIU | UD, "mmxext", NULL },
	{ CPU_WORD_80000001_EDX, 27, 0, CRIU | UD, "rdtscp", NULL },
	{ CPU_WORD_80000001_EDX, 30, 0, CRIU | UD, "3dnowext", NULL },
	{ CPU_WORD_80000001_EDX, 31, 0, CRIU | UD, "3dnow", NULL },
	{ CPU_WORD_1_ECX, 0, 0, CRIU | UD | V2, "pni", NULL },
	{ CPU_WORD_1_ECX, 1, CRYPTO, CRIU | UD, "pclmulqdq", NULL },
	{ CPU_WORD_1_ECX, 3, 0, CRIU, "monitor", NULL },
	{ CPU_WORD_1_ECX, 9, BOTH, CRIU | UD | V2, "ssse3", "SSSE3" },
	{ CPU_WORD_1_ECX, 12, BOTH, UD | V3 | YMM, "fma", "FMA" },
	{ CPU_WORD_1_ECX, 13, 0, CRIU | UD | V2, "cx16", NULL },
	{ CPU_WORD_1_ECX, 19, BOTH, CRIU | UD | V2, "sse4_1", "SSE4_1" },
	{ CPU_WORD_1_ECX, 20, LIBC, CRIU | UD | V2, "sse4_2", "SSE4_2" },
	{ CPU_WORD_1_ECX, 22, BOTH, CRIU | UD | V3, "movbe", "MOVBE" },
	{ CPU_WORD_1_ECX, 23, LIBC, CRIU | UD | V2, "popcnt", "POPCNT" },
	{ CPU_WORD_1_ECX, 25, CRYPTO, CRIU | UD, "aes", NULL },
	{ CPU_WORD_1_ECX, 26, LIBC, CRIU | UD, "xsave", "XSAVE" },
	{ CPU_WORD_1_ECX, 27, LIBC, CRIU | UD, "osxsave", "OSXSAVE" },
	{ CPU_WORD_1_ECX, 28, BOTH, CRIU | UD | V3 | YMM, "avx", AVX_AND_PREFERENCE },
	{ CPU_WORD_1_ECX, 29, 0, CRIU | UD | V3 | YMM, "f16c", NULL },
	{ CPU_WORD_1_ECX, 30, CRYPTO, CRIU | UD, "rdrand", NULL },
	{ CPU_WORD_80000001_ECX, 0, 0, UD | V2, "lahf_lm", NULL },
	{ CPU_WORD_80000001_ECX, 5, LIBC, CRIU | V3, "abm", "LZCNT" },
	{ CPU_WORD_80000001_ECX, 6, 0, CRIU | UD, "sse4a", NULL },
	{ CPU_WORD_80000001_ECX, 7, 0, CRIU, "misalignsse", NULL },
	{ CPU_WORD_80000001_ECX, 8, 0, CRIU, "3dnowprefetch", NULL },
	{ CPU_WORD_80000001_ECX, 11, CRYPTO, CRIU | UD | YMM, "xop", NULL },
	{ CPU_WORD_80000001_ECX, 16, LIBC, CRIU | UD | YMM, "fma4", "FMA4" },
	{ CPU_WORD_80000001_ECX, 21, 0, CRIU | UD, "tbm", NULL },
	{ CPU_WORD_7_EBX, 0, 0, CRIU | UD, "fsgsbase", NULL },
	{ CPU_WORD_7_EBX, 3, CRYPTO, CRIU | UD | V3, "bmi1", "BMI1" },
	{ CPU_WORD_7_EBX, 4, 0, CRIU, "hle", NULL },
	{ CPU_WORD_7_EBX, 5, BOTH, CRIU | UD | V3 | YMM, "avx2", "AVX2" },
	{ CPU_WORD_7_EBX, 8, BOTH, CRIU | UD | V3, "bmi2", "BMI2" },
	{ CPU_WORD_7_EBX, 9, 0, CRIU, "erms", "ERMS" },
	{ CPU_WORD_7_EBX, 11, LIBC, CRIU | UD, "rtm", "RTM" },
	{ CPU_WORD_7_EBX, 14, 0, CRIU, "mpx", NULL },
	{ CPU_WORD_7_EBX, 16, BOTH, CRIU | UD | V4 | ZMM, "avx512f", "AVX512F" },
	{ CPU_WORD_7_EBX, 17, BOTH, CRIU | UD | V4 | ZMM, "avx512dq", "AVX512DQ" },
	{ CPU_WORD_7_EBX, 18, CRYPTO, CRIU | UD, "rdseed", NULL },
	{ CPU_WORD_7_EBX, 19, CRYPTO, CRIU | UD, "adx", NULL },
	{ CPU_WORD_7_EBX, 21, CRYPTO, UD | ZMM, "avx512ifma", NULL },
	{ CPU_WORD_7_EBX, 23, 0, CRIU | UD, "clflushopt", NULL },
	{ CPU_WORD_7_EBX, 24, 0, UD, "clwb", NULL },
	{ CPU_WORD_7_EBX, 26, 0, CRIU | UD | ZMM, "avx512pf", "AVX512PF" },
	{ CPU_WORD_7_EBX, 27, 0, CRIU | UD | ZMM, "avx512er", "AVX512ER" },
	{ CPU_WORD_7_EBX, 28, 0, CRIU | UD | V4 | ZMM, "avx512cd", "AVX512CD" },
	{ CPU_WORD_7_EBX, 29, CRYPTO, CRIU | UD, "sha_ni", NULL },
	{ CPU_WORD_7_EBX, 30, BOTH, CRIU | UD | V4 | ZMM, "avx512bw", "AVX512BW" },
	{ CPU_WORD_7_EBX, 31, BOTH, CRIU | UD | V4 | ZMM, "avx512vl", "AVX512VL" },
	{ CPU_WORD_D1_EAX, 0, 0, CRIU | UD, "xsaveopt", NULL },
	{ CPU_WORD_D1_EAX, 1, LIBC, CRIU | UD, "xsavec", "XSAVEC" },
	{ CPU_WORD_D1_EAX, 2, 0, CRIU, "xgetbv1", NULL },
	{ CPU_WORD_7_ECX, 1, 0, CRIU | UD | ZMM, "avx512vbmi", NULL },
	{ CPU_WORD_7_ECX, 4, 0, UD, "ospke", NULL },
	{ CPU_WORD_7_ECX, 5, 0, UD, "waitpkg", NULL },
	{ CPU_WORD_7_ECX, 6, 0, CRIU | UD | ZMM, "avx512_vbmi2", NULL },
	{ CPU_WORD_7_ECX, 8, CRYPTO, CRIU | UD, "gfni", NULL },
	{ CPU_WORD_7_ECX, 9, CRYPTO, CRIU | UD | YMM, "vaes", NULL },
	{ CPU_WORD_7_ECX, 10, CRYPTO, CRIU | UD | YMM, "vpclmulqdq", NULL },
	{ CPU_WORD_7_ECX, 11, 0, CRIU | UD | ZMM, "avx512_vnni", NULL },
	{ CPU_WORD_7_ECX, 12, 0, CRIU | UD | ZMM, "avx512_bitalg", NULL },
	{ CPU_WORD_7_ECX, 13, 0, CRIU, "tme", NULL },
	{ CPU_WORD_7_ECX, 14, 0, CRIU | UD | ZMM, "avx512_vpopcntdq", NULL },
	{ CPU_WORD_7_ECX, 22, 0, CRIU | UD, "rdpid", NULL },
	{ CPU_WORD_7_ECX, 27, 0, UD, "movdiri", NULL },
	{ CPU_WORD_7_ECX, 28, 0, UD, "movdir64b", NULL },
	{ CPU_WORD_7_ECX, 29, 0, UD, "enqcmd", NULL },
	{ CPU_WORD_80000008_EBX, 0, 0, CRIU | UD, "clzero", NULL },
	{ CPU_WORD_80000008_EBX, 4, 0, UD, "rdpru", NULL },
	{ CPU_WORD_7_EDX, 2, 0, CRIU | UD | ZMM, "avx512_4vnniw", NULL },
	{ CPU_WORD_7_EDX, 3, 0, CRIU | UD | ZMM, "avx512_4fmaps", NULL },
	{ CPU_WORD_7_EDX, 4, 0, 0, "fsrm", NULL },
	{ CPU_WORD_7_EDX, 8, 0, UD | ZMM, "avx512_vp2intersect", NULL },
	{ CPU_WORD_7_EDX, 14, 0, UD, "serialize", NULL },
	{ CPU_WORD_7_EDX, 16, 0, UD, "tsxldtrk", NULL },
	{ CPU_WORD_7_EDX, 22, 0, UD | CPU_TILE, "amx_bf16", NULL },
	{ CPU_WORD_7_EDX, 23, 0, UD | ZMM, "avx512_fp16", NULL },
	{ CPU_WORD_7_EDX, 24, 0, UD | CPU_TILE, "amx_tile", NULL },
	{ CPU_WORD_7_EDX, 25, 0, UD | CPU_TILE, "amx_int8", NULL },
	{ CPU_WORD_71_EAX, 0, CRYPTO, UD | YMM, "sha512", NULL },
	{ CPU_WORD_71_EAX, 1, CRYPTO, UD | YMM, "sm3", NULL },
	{ CPU_WORD_71_EAX, 2, CRYPTO, UD | YMM, "sm4", NULL },
	{ CPU_WORD_71_EAX, 4, 0, UD | YMM, "avx_vnni", NULL },
	{ CPU_WORD_71_EAX, 5, 0, UD | ZMM, "avx512_bf16", NULL },
	{ CPU_WORD_71_EAX, 7, 0, UD, "cmpccxadd", NULL },
	{ CPU_WORD_71_EAX, 21, 0, UD | CPU_TILE, "amx_fp16", NULL },
	{ CPU_WORD_71_EAX, 23, CRYPTO, UD | YMM, "avx_ifma", NULL },
	{ CPU_WORD_71_EDX, 4, 0, UD | YMM, "avx_vnni_int8", NULL },
	{ CPU_WORD_71_EDX, 5, 0, UD | YMM, "avx_ne_convert", NULL },
	{ CPU_WORD_71_EDX, 10, 0, UD | YMM, "avx_vnni_int16", NULL },
};

const size_t n_cpu_features = sizeof(cpu_features) / sizeof(cpu_features[0]);

static const CpuidLeaf *
leaf_find(const Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
	for (size_t i = 0; i < cpu->n_leaf; i++)
		if (cpu->leaf[i]->leaf == leaf && cpu->leaf[i]->subleaf == subleaf)
			return cpu->leaf[i];
	return NULL;
}

/*
 * The leaf, or all zeroes where the CPU says that it ends before it; false where neither was
 * learned. Subleaf 1 of leaf 7 ends where EAX of subleaf 0 says.
 */
static bool
leaf_get(const Cpu *cpu, uint32_t leaf, uint32_t subleaf, CpuidLeaf *ret)
{
	const CpuidLeaf *found = leaf_find(cpu, leaf, subleaf);
	const CpuidLeaf *highest = leaf_find(cpu, leaf & 0x80000000U, 0);
	const CpuidLeaf *first = leaf_find(cpu, leaf, 0);

	if (found) {
		*ret = *found;
		return true;
	}
	if (!highest || (leaf <= highest->eax && !(leaf == 7 && subleaf > 0 && first && first->eax < subleaf)))
		return false;
	*ret = (CpuidLeaf)CPUID_LEAF__INIT;
	return true;
}

static uint32_t
leaf_register(const CpuidLeaf *l, enum reg reg)
{
	switch (reg) {
	case EAX:
		return l->eax;
	case EBX:
		return l->ebx;
	case ECX:
		return l->ecx;
	default:
		return l->edx;
	}
}

static bool
word_bit(const struct cpu_words *w, enum cpu_word word, unsigned int bit)
{
	return w->word[word] & (1U << bit);
}

/*
 * The components as criu counts them: what CPUID.0xD.0 reports, less those whose feature is
 * off, less all it does not keep; and never bits 1 and 3, which a slip of criu clears.
 */
static uint64_t
xfeatures_as_criu(const struct cpu_words *w, const CpuidLeaf *d0)
{
	uint64_t have = (uint64_t) d0->edx << 32 | d0->eax;
	uint64_t kept = 1U << 0 | 1U << 2 | 1U << 4 | 7U << 5 | 1U << 9;

	if (!word_bit(w, CPU_WORD_1_ECX, 28))
		kept &= ~(1ULL << 2);
	if (!word_bit(w, CPU_WORD_7_EBX, 14))
		kept &= ~(1ULL << 4);
	if (!word_bit(w, CPU_WORD_7_EBX, 16))
		kept &= ~(7ULL << 5);
	if (!word_bit(w, CPU_WORD_7_ECX, 3))
		kept &= ~(1ULL << 9);
	return have & kept;
}

static void
xsave_read(const Cpu *cpu, struct cpu_words *w)
{
	CpuidLeaf d;

	if (!word_bit(w, CPU_WORD_1_ECX, 27)) {		/* no OSXSAVE: nothing to compare */
		w->xsave_known = w->known[CPU_WORD_1_ECX];
		w->xcr0_known = w->known[CPU_WORD_1_ECX];
		return;
	}
	w->xcr0_known = cpu->has_xcr0;
	w->xcr0 = cpu->xcr0;
	if (!leaf_get(cpu, 0xd, 0, &d))
		return;
	w->xsave_known = true;
	w->xfeatures = xfeatures_as_criu(w, &d);
	w->xsave_size = d.ebx;
	w->xsave_size_max = d.ecx;
	for (unsigned int i = 2; i < CPU_COMPONENTS; i++)
		if (leaf_get(cpu, 0xd, i, &d)) {
			w->component_size[i] = d.eax;
			w->component_known[i] = true;
		}
}

void
cpu_words_read(const Cpu *cpu, struct cpu_words *ret)
{
	struct cpu_words w = { 0 };
	CpuidLeaf l;

	for (unsigned int i = 0; i < CPU_WORDS; i++) {
		if (word_sources[i].leaf == 0) {
			w.known[i] = true;
			continue;
		}
		if (!leaf_get(cpu, word_sources[i].leaf, word_sources[i].subleaf, &l))
			continue;
		w.word[i] = leaf_register(&l, word_sources[i].reg);
		w.known[i] = true;
	}
	xsave_read(cpu, &w);
	*ret = w;
}

bool
cpu_has(const struct cpu_words *w, const struct cpu_feature *f)
{
	uint64_t state = 0;

	if (!word_bit(w, f->word, f->bit))
		return false;
	if (f->flags & CPU_YMM)
		state = 0x6;
	if (f->flags & CPU_ZMM)
		state = 0xe6;
	if (f->flags & CPU_TILE)
		state = 0x60000;
	return !w->xcr0_known || (w->xcr0 & state) == state;
}

void
cpu_bit_name(enum cpu_word word, unsigned int bit, char ret[CPU_BIT_NAME])
{
	static const char *const registers[] = { [EAX] = "EAX", [EBX] = "EBX", [ECX] = "ECX", [EDX] = "EDX" };

	(void) snprintf(ret, CPU_BIT_NAME, "CPUID.%x.%u:%s.%u", word_sources[word].leaf, word_sources[word].subleaf,
			registers[word_sources[word].reg], bit);
}

unsigned int
cpu_level(const struct cpu_words *w)
{
	static const uint16_t levels[] = { CPU_V2, CPU_V3, CPU_V4 };
	unsigned int level = ARRAY_SIZE(levels) + 1;

	for (size_t i = 0; i < n_cpu_features; i++) {
		const struct cpu_feature *f = &cpu_features[i];

		for (unsigned int k = 0; k < ARRAY_SIZE(levels); k++) {
			if (!(f->flags & levels[k]))
				continue;
			if (!cpu_known(w, f))
				return 0;
			if (!cpu_has(w, f) && level > k + 1)
				level = k + 1;
		}
	}
	return level;
}

static bool
slice_is(struct slice s, const char *name)
{
	return name && s.n == strlen(name) && strncasecmp(s.p, name, s.n) == 0;
}

bool
cpu_list_names(const char *list, const struct cpu_feature *f)
{
	struct slice rest, item;

	if (!list)
		return false;
	rest = slice_of(list);
	while (slice_field(&rest, ',', &item)) {
		item = slice_trim(item);
		slice_cut(&item, "-");
		if (slice_is(item, f->name) || slice_is(item, f->glibc))
			return true;
	}
	return false;
}

const char *
cpu_component_name(unsigned int component)
{
	static const char *const names[CPU_COMPONENTS] = {
		"x87", "SSE", "AVX (ymm)", "MPX bounds", "MPX status", "AVX-512 opmask",
		"AVX-512 ZMM_Hi256", "AVX-512 Hi16_ZMM", "PT", "protection keys (PKRU)",
	};

	return component < CPU_COMPONENTS ? names[component] : "unnamed";
}

static unsigned int
cpu_cap_read(struct slice rest)
{
	const unsigned int all = CPU_CAP_FPU | CPU_CAP_CPU | CPU_CAP_INS;
	unsigned int set = CPU_CAP_FPU | CPU_CAP_INS;
	struct slice word;

	if (rest.n == 0)
		return all | CPU_CAP_IMAGE;
	while (slice_field(&rest, ',', &word)) {
		bool off = slice_cut(&word, "^");
		unsigned int bits = 0;

		if (slice_eq(word, "none")) {
			set = off ? all : 0;
			continue;
		}
		if (slice_eq(word, "all"))
			bits = all;
		else if (slice_eq(word, "fpu"))
			bits = CPU_CAP_FPU;
		else if (slice_eq(word, "cpu"))
			bits = CPU_CAP_CPU;
		else if (slice_eq(word, "ins"))
			bits = CPU_CAP_INS;
		set = off ? set & ~bits : set | bits;
	}
	return set ? set | CPU_CAP_IMAGE : 0;
}

unsigned int
cpu_cap_parse(const char *cap)
{
	return cap ? cpu_cap_read(slice_of(cap)) : CPU_CAP_FPU | CPU_CAP_INS;
}

unsigned int
cpu_cap_given(const char *cap, const struct given_options *given)
{
	unsigned int set = cpu_cap_parse(cap);

	for (size_t i = 0; !cap && given && i < given->n; i++)
		if (streq(given->option[i].option->name, "cpu-cap"))
			set = cpu_cap_read(slice_of(given->option[i].value ? given->option[i].value : ""));
	return set;
}

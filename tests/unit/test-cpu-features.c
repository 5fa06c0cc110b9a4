/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID as criu sees it. The words were checked once against what `criu cpuinfo dump` of
 * CRIU 4.2.1 wrote on an EPYC with AVX-512: components 0xe5, 2432 bytes.
 */
#include "checker/cpu-features.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/unit/test.h"

static CpuidLeaf leaf_store[8];
static CpuidLeaf *leaf_list[8];

/* A CPU of these leaves: number, subleaf, eax, ebx, ecx, edx. */
static Cpu
cpu_of(const uint32_t (*rows)[6], size_t n)
{
	Cpu cpu = CPU__INIT;

	for (size_t i = 0; i < n; i++) {
		leaf_store[i] = (CpuidLeaf)CPUID_LEAF__INIT;
		leaf_store[i].leaf = rows[i][0];
		leaf_store[i].subleaf = rows[i][1];
		leaf_store[i].eax = rows[i][2];
		leaf_store[i].ebx = rows[i][3];
		leaf_store[i].ecx = rows[i][4];
		leaf_store[i].edx = rows[i][5];
		leaf_list[i] = &leaf_store[i];
	}
	cpu.leaf = leaf_list;
	cpu.n_leaf = n;
	return cpu;
}

static const struct cpu_feature *
feature(const char *name)
{
	for (size_t i = 0; i < n_cpu_features; i++)
		if (streq(cpu_features[i].name, name))
			return &cpu_features[i];
	fail_msg("no feature %s", name);
	return NULL;
}

static void
counts_components_as_criu_does(void **state)
{
	static const uint32_t rows[][6] = {
		{ 0, 0, 0x10, 0, 0, 0 },
		{ 1, 0, 0, 0, 1U << 27 | 1U << 28, 0 },
		{ 7, 0, 0, 1U << 16, 0, 0 },
		{ 0xd, 0, 0x2e7, 2432, 2696, 0 },
	};
	Cpu cpu = cpu_of(rows, ARRAY_SIZE(rows));
	struct cpu_words w;

	(void) state;
	cpu.has_xcr0 = true;
	cpu.xcr0 = 0xe7;
	cpu_words_read(&cpu, &w);
	assert_true(w.xsave_known);
	/* Neither SSE (a slip of criu's) nor PKRU (its feature is off) nor MPX. */
	assert_int_equal(w.xfeatures, 0xe5);
	assert_int_equal(w.xsave_size, 2432);
	assert_int_equal(w.xsave_size_max, 2696);
	assert_true(cpu_has(&w, feature("avx512f")));
	assert_false(cpu_has(&w, feature("avx2")));

	cpu.xcr0 = 0x7;			/* the kernel does not enable the state */
	cpu_words_read(&cpu, &w);
	assert_false(cpu_has(&w, feature("avx512f")));
	assert_true(cpu_has(&w, feature("avx")));
}

static void
tells_zero_from_not_known(void **state)
{
	static const uint32_t old[][6] = { { 0, 0, 0x4, 0, 0, 0 }, { 1, 0, 0, 0, 0, 0 } };
	static const uint32_t partial[][6] = { { 0, 0, 0x10, 0, 0, 0 }, { 7, 0, 0, 0, 0, 0 } };
	struct cpu_words w;
	Cpu cpu = cpu_of(old, ARRAY_SIZE(old));

	(void) state;
	cpu_words_read(&cpu, &w);
	assert_true(w.known[CPU_WORD_7_EBX]);		/* beyond the highest leaf: zero */
	assert_int_equal(w.word[CPU_WORD_7_EBX], 0);
	assert_false(w.known[CPU_WORD_80000001_EDX]);	/* nobody said what the highest is */
	assert_true(w.xsave_known);			/* no OSXSAVE: there is none */
	assert_int_equal(w.xsave_size, 0);

	cpu = cpu_of(partial, ARRAY_SIZE(partial));
	cpu_words_read(&cpu, &w);
	assert_false(w.known[CPU_WORD_1_ECX]);
	assert_false(w.xsave_known);
	assert_true(w.known[CPU_WORD_71_EAX]);		/* leaf 7 says that it has no subleaf 1 */

	cpu = cpu_of(partial, 0);
	cpu_words_read(&cpu, &w);
	assert_false(w.known[CPU_WORD_7_EBX]);
}

static unsigned int
cap_among(const char *cap, const char *text)
{
	_cleanup_options_ struct given_options given = { 0 };
	_cleanup_buffer_ struct buffer problem = { 0 };

	assert_int_equal(options_parse(text, &given, &problem), 0);
	return cpu_cap_given(cap, &given);
}

static void
reads_cpu_cap_as_criu_does(void **state)
{
	static const struct {
		const char *cap;
		unsigned int want;
	} rows[] = {
		{ NULL, CPU_CAP_FPU | CPU_CAP_INS },
		{ "", CPU_CAP_FPU | CPU_CAP_CPU | CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "all", CPU_CAP_FPU | CPU_CAP_CPU | CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "ins", CPU_CAP_FPU | CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "cpu", CPU_CAP_FPU | CPU_CAP_CPU | CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "none", 0 },
		{ "none,ins", CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "^fpu", CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "^none", CPU_CAP_FPU | CPU_CAP_CPU | CPU_CAP_INS | CPU_CAP_IMAGE },
		{ "ins,none", 0 },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(cpu_cap_parse(rows[i].cap), rows[i].want);
	assert_int_equal(cpu_cap_given(NULL, NULL), CPU_CAP_FPU | CPU_CAP_INS);
	assert_int_equal(cap_among(NULL, "-j --cpu-cap=none,ins -l"), CPU_CAP_INS | CPU_CAP_IMAGE);
	assert_int_equal(cap_among(NULL, "--cpu-cap"), cpu_cap_parse(""));
	assert_int_equal(cap_among("fpu", "--cpu-cap=none"), cpu_cap_parse("fpu"));
}

static void
finds_names_in_lists(void **state)
{
	const struct cpu_feature *f = feature("avx512f");

	(void) state;
	assert_true(cpu_list_names("AVX512F", f));
	assert_true(cpu_list_names("-avx2, -Avx512F", f));
	assert_false(cpu_list_names("avx512", f));
	assert_false(cpu_list_names("avx512fx,,", f));
	assert_false(cpu_list_names("", f));
	assert_false(cpu_list_names(NULL, f));
	assert_true(cpu_list_names("LZCNT", feature("abm")));
}

/* No bit has two names, and no two bits have one. */
static void
keeps_its_table_free_of_doubles(void **state)
{
	(void) state;
	for (size_t i = 0; i < n_cpu_features; i++)
		for (size_t k = 0; k < i; k++) {
			assert_false(streq(cpu_features[i].name, cpu_features[k].name));
			assert_false(cpu_features[i].word == cpu_features[k].word &&
				     cpu_features[i].bit == cpu_features[k].bit);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_components_as_criu_does),
		cmocka_unit_test(tells_zero_from_not_known),
		cmocka_unit_test(reads_cpu_cap_as_criu_does),
		cmocka_unit_test(finds_names_in_lists),
		cmocka_unit_test(keeps_its_table_free_of_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hosts of a pool have in common, who takes away what, and the settings that follow.
 */
#include "checker/cpu-baseline.h"
#include "reports/cpu-baseline.h"

#include "base/cleanup.h"
#include "base/text.h"

#include "tests/unit/test.h"

enum {
	POPCNT_ETC = 1U << 0 | 1U << 9 | 1U << 13 | 1U << 19 | 1U << 20 | 1U << 23,	/* x86-64-v2, of leaf 1 */
	V3_ECX = 1U << 12 | 1U << 22 | 1U << 26 | 1U << 27 | 1U << 28 | 1U << 29,
	V3_EBX = 1U << 3 | 1U << 5 | 1U << 8,
	AVX512F = 1U << 16,
	V4_EBX = AVX512F | 1U << 17 | 1U << 28 | 1U << 30 | (int) (1U << 31),
};

static struct arena *arena;

static void
add_leaf(Cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	CpuidLeaf *l = NEW_FACT(arena, CpuidLeaf, cpuid_leaf);

	SET_FACT(l, leaf, leaf);
	SET_FACT(l, subleaf, subleaf);
	SET_FACT(l, eax, eax);
	SET_FACT(l, ebx, ebx);
	SET_FACT(l, ecx, ecx);
	SET_FACT(l, edx, edx);
	assert_int_equal(ADD_FACT(arena, cpu->leaf, cpu->n_leaf, l), 0);
}

/* A host whose CPU has these bits in leaf 1 ECX and leaf 7 EBX; xsave frames of so many bytes. */
static Host *
host_of(const char *vendor, uint32_t leaf1_ecx, uint32_t leaf7_ebx, uint32_t frame)
{
	Host *h = NEW_FACT(arena, Host, host);
	Kernel *k = NEW_FACT(arena, Kernel, kernel);
	Cpu *cpu = NEW_FACT(arena, Cpu, cpu);

	k->machine = arena_strdup(arena, "x86_64");
	cpu->vendor = arena_strdup(arena, vendor);
	SET_FACT(cpu, xcr0, 0xe7);
	add_leaf(cpu, 0, 0, 0xd, 0, 0, 0);
	add_leaf(cpu, 1, 0, 0, 0, leaf1_ecx, 0x07898111);
	add_leaf(cpu, 7, 0, 0, leaf7_ebx, 0, 0);
	add_leaf(cpu, 0xd, 0, 0xe7, frame, frame, 0);
	add_leaf(cpu, 0xd, 1, 0xf, 0, 0, 0);
	add_leaf(cpu, 0x80000000, 0, 0x80000001, 0, 0, 0);
	add_leaf(cpu, 0x80000001, 0, 0, 0, 0x21, 0x800);
	h->kernel = k;
	h->cpu = cpu;
	return h;
}

static Host *
host_v4(void)
{
	return host_of("GenuineIntel", POPCNT_ETC | V3_ECX, (uint32_t) V4_EBX | V3_EBX, 2696);
}

static Host *
host_v3(void)
{
	return host_of("AuthenticAMD", POPCNT_ETC | V3_ECX, V3_EBX, 832);
}

static bool
has(const struct cpu_feature *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i]->name, name))
			return true;
	return false;
}

static int
begin(void **state)
{
	(void) state;
	arena = arena_new(1 << 24);
	return arena == NULL;
}

static int
end(void **state)
{
	(void) state;
	arena = arena_free(arena);
	return 0;
}

static void
tells_the_level(void **state)
{
	static const struct {
		uint32_t ecx, ebx;
		unsigned int level;
	} cases[] = {
		{ 0, 0, 1 },
		{ POPCNT_ETC, 0, 2 },
		{ POPCNT_ETC & ~(1U << 23), V3_EBX, 1 },
		{ POPCNT_ETC | V3_ECX, V3_EBX, 3 },
		{ POPCNT_ETC | V3_ECX, V3_EBX & ~(1U << 8), 2 },
		{ POPCNT_ETC | V3_ECX, V3_EBX | (uint32_t) V4_EBX, 4 },
		{ POPCNT_ETC | V3_ECX, V3_EBX | AVX512F, 3 },
		/* Level 4 is not reached where level 2 is not. */
		{ V3_ECX, V3_EBX | (uint32_t) V4_EBX, 1 },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Host *h = host_of("GenuineIntel", cases[i].ecx, cases[i].ebx, 832);
		struct cpu_words w;

		cpu_words_read(h->cpu, &w);
		assert_int_equal(cpu_level(&w), cases[i].level);
	}
}

/* Its kernel does not save the registers: they cannot be used. */
static void
counts_only_what_the_kernel_enables(void **state)
{
	Host *h = host_v4();
	struct cpu_words w;

	(void) state;
	h->cpu->xcr0 = 0x7;
	cpu_words_read(h->cpu, &w);
	assert_int_equal(cpu_level(&w), 3);
	h->cpu->xcr0 = 0x3;
	cpu_words_read(h->cpu, &w);
	assert_int_equal(cpu_level(&w), 2);
	h->cpu->has_xcr0 = false;
	cpu_words_read(h->cpu, &w);
	assert_int_equal(cpu_level(&w), 0);
}

static void
names_who_takes_away_what(void **state)
{
	const struct cpu_member pool[] = {
		{ "a", host_v4(), 10 },
		{ "b", host_v3(), 3 },
		{ "c", host_of("AuthenticAMD", POPCNT_ETC | V3_ECX, V3_EBX & ~(1U << 8), 832), 1 },
	};
	struct cpu_baseline b;

	(void) state;
	assert_int_equal(cpu_baseline_make(arena, pool, ARRAY_SIZE(pool), &b), 0);
	assert_int_equal(b.judged.hosts, 14);
	assert_int_equal(b.level, 2);
	assert_true(has(b.common, b.n_common, "avx2"));
	assert_false(has(b.common, b.n_common, "bmi2"));
	assert_int_equal(b.n_lack, 2);
	/* In the order of the table: bmi2 stands before avx512f. */
	assert_int_equal(b.lack[0].n, 1);
	assert_string_equal(b.lack[0].feature[0]->name, "bmi2");
	assert_int_equal(b.lack[0].lacking.n, 1);
	assert_int_equal(b.lack[0].lacking.member[0], 2);
	assert_int_equal(b.lack[0].lacking.hosts, 1);
	assert_int_equal(b.lack[1].n, 5);
	assert_int_equal(b.lack[1].lacking.n, 2);
	assert_int_equal(b.lack[1].lacking.hosts, 4);
	assert_int_equal(b.n_frame, 2);
	assert_int_equal(b.frame[0].size, 2696);
	assert_int_equal(b.frame[1].of.hosts, 4);
	assert_true(b.several_vendors);
	assert_string_equal(b.masked, "bmi2,avx512f,avx512dq,avx512cd,avx512bw,avx512vl");
	assert_string_equal(b.environment, "GLIBC_TUNABLES=glibc.cpu.hwcaps=-BMI2,-AVX512F,-AVX512DQ,-AVX512BW,-AVX512VL "
					   "OPENSSL_ia32cap=':~0xc0030100'");
	assert_string_equal(b.qemu, "host,-bmi2,-avx512f,-avx512dq,-avx512cd,-avx512bw,-avx512vl");
	assert_null(b.unnamed_by_qemu);
	assert_true(b.lack[0].maskable && b.lack[1].maskable);
}

static void
needs_nothing_where_all_are_alike(void **state)
{
	const struct cpu_member pool[] = { { "a", host_v3(), 1 }, { "b", host_v3(), 1 } };
	struct cpu_baseline b;

	(void) state;
	assert_int_equal(cpu_baseline_make(arena, pool, ARRAY_SIZE(pool), &b), 0);
	assert_int_equal(b.n_lack, 0);
	assert_int_equal(b.n_frame, 1);
	assert_int_equal(b.level, 3);
	assert_null(b.masked);
	assert_null(b.environment);
	assert_string_equal(b.qemu, "host");
	assert_false(b.several_vendors);
}

/* What is not known of somebody is not common, and nobody is said to lack it. */
static void
calls_nothing_common_that_is_not_known(void **state)
{
	Host *half = host_v3(), *blind = host_v3(), *foreign = host_v3();
	struct cpu_baseline b;

	(void) state;
	half->cpu->n_leaf = 2;
	blind->cpu = NULL;
	foreign->kernel->machine = arena_strdup(arena, "aarch64");
	const struct cpu_member pool[] = { { "a", host_v3(), 1 }, { "half", half, 2 }, { "blind", blind, 4 },
					   { "foreign", foreign, 8 } };

	assert_int_equal(cpu_baseline_make(arena, pool, ARRAY_SIZE(pool), &b), 0);
	assert_int_equal(b.judged.hosts, 3);
	assert_int_equal(b.unseen.hosts, 4);
	assert_int_equal(b.foreign.hosts, 8);
	assert_false(has(b.common, b.n_common, "avx2"));
	assert_true(has(b.unsure, b.n_unsure, "avx2"));
	assert_true(has(b.common, b.n_common, "ssse3"));
	assert_int_equal(b.level, 0);
	assert_int_equal(b.frame_unseen.n, 1);
}

static void
an_empty_pool_says_nothing(void **state)
{
	struct cpu_baseline b;

	(void) state;
	assert_int_equal(cpu_baseline_make(arena, NULL, 0, &b), 0);
	assert_int_equal(b.judged.n, 0);
	assert_int_equal(b.level, 0);
	assert_int_equal(b.n_common, 0);
	assert_null(b.qemu);
}

/* Which of the features no variable reaches, and which QEMU has no name for. */
static void
says_what_cannot_be_masked(void **state)
{
	Host *rich = host_v3(), *poor = host_v3();
	struct cpu_baseline b;

	(void) state;
	/* fxsr: glibc chooses by it, and cannot be told; tme: QEMU knows no such flag. */
	poor->cpu->leaf[1]->edx &= ~(1U << 24);
	rich->cpu->leaf[2]->ecx |= 1U << 13;
	const struct cpu_member pool[] = { { "rich", rich, 1 }, { "poor", poor, 1 } };

	assert_int_equal(cpu_baseline_make(arena, pool, ARRAY_SIZE(pool), &b), 0);
	assert_int_equal(b.n_lack, 1);
	assert_false(b.lack[0].maskable);
	assert_null(b.environment);
	assert_string_equal(b.qemu, "host,-fxsr");
	assert_string_equal(b.unnamed_by_qemu, "tme");
}

/* No name of a host passes a terminal as it is; the same pool gives the same bytes. */
static void
is_told(void **state)
{
	const struct cpu_member pool[] = { { "a\033[2J", host_v4(), 1 }, { "b", host_v3(), 17 } };
	_cleanup_buffer_ struct buffer one = { 0 }, two = { 0 }, json = { 0 };
	const struct report_options o = { 0 };
	struct cpu_baseline b;
	struct json *root = json_root();

	(void) state;
	assert_int_equal(cpu_baseline_make(arena, pool, ARRAY_SIZE(pool), &b), 0);
	assert_int_equal(cpu_baseline_text(&b, &o, &one), 0);
	assert_int_equal(cpu_baseline_text(&b, &o, &two), 0);
	assert_string_equal(one.p, two.p);
	assert_non_null(strstr(one.p, "CPU baseline of 18 hosts\n  level     x86-64-v3 is what all of them have\n"));
	assert_non_null(strstr(one.p, "  missing   avx512f avx512dq avx512cd avx512bw avx512vl\n            on b (17 hosts)\n"));
	assert_non_null(strstr(one.p, "2696 bytes on a\\x1b[2J; 832 bytes on b (17 hosts)\n"));
	assert_null(strchr(one.p, '\033'));
	json_cpu_baseline(root, "cpu_baseline", &b);
	assert_int_equal(json_print(root, &json), 0);
	assert_non_null(strstr(json.p, "\"x86_64_level\": 3"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_the_level, begin, end),
		cmocka_unit_test_setup_teardown(counts_only_what_the_kernel_enables, begin, end),
		cmocka_unit_test_setup_teardown(names_who_takes_away_what, begin, end),
		cmocka_unit_test_setup_teardown(needs_nothing_where_all_are_alike, begin, end),
		cmocka_unit_test_setup_teardown(calls_nothing_common_that_is_not_known, begin, end),
		cmocka_unit_test_setup_teardown(an_empty_pool_says_nothing, begin, end),
		cmocka_unit_test_setup_teardown(says_what_cannot_be_masked, begin, end),
		cmocka_unit_test_setup_teardown(is_told, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/cpuinfo: one machine, uneven processors, and what is none. */
#include "tests/unit/test.h"

#include "kernel/cpuinfo.h"

#include <errno.h>

#define PROCESSOR(n, flags)                                                                     \
	"processor\t: " n "\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"      \
	"model name\t: Intel(R) Xeon(R) Processor @ 2.10GHz\nstepping\t: 8\n"                   \
	"cpu MHz\t\t: 210" n ".000\nflags\t\t: " flags "\nbugs\t\t: spectre_v1\n\n"

static void
machines(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Cpu cpu = CPU__INIT;

	(void) state;
	assert_int_equal(cpuinfo_parse(slice_of(PROCESSOR("0", "fpu avx") PROCESSOR("1", "fpu avx")),
				       arena, &cpu),
			 0);
	assert_string_equal(cpu.vendor, "GenuineIntel");
	assert_int_equal(cpu.family, 6);
	assert_int_equal(cpu.model, 143);
	assert_int_equal(cpu.stepping, 8);
	assert_string_equal(cpu.brand, "Intel(R) Xeon(R) Processor @ 2.10GHz");
	assert_string_equal(cpu.flags, "fpu avx");
	assert_int_equal(cpu.online, 2);
	assert_true(cpu.uniform);
	cpu__init(&cpu);
	assert_int_equal(cpuinfo_parse(slice_of(PROCESSOR("0", "fpu avx") PROCESSOR("1", "fpu")),
				       arena, &cpu),
			 0);
	assert_false(cpu.uniform);
	assert_true(cpu.has_uniform);
}

static void
odd(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Cpu cpu = CPU__INIT;

	(void) state;
	assert_int_equal(cpuinfo_parse(slice_of(""), arena, &cpu), -EBADMSG);
	assert_int_equal(cpuinfo_parse(slice_of("flags\t\t: fpu\n\n"), arena, &cpu), -EBADMSG);
	assert_int_equal(cpuinfo_parse(slice_of("\n\nprocessor\t: 0\ncpu family\t: x"), arena, &cpu), 0);
	assert_int_equal(cpu.online, 1);
	assert_false(cpu.has_family);
	assert_string_equal(cpu.flags, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machines),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

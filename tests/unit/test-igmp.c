/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/igmp and /proc/net/igmp6. */
#include "tests/unit/test.h"

#include "kernel/igmp.h"

#include <errno.h>

struct seen {
	struct multicast_group group[8];
	size_t n;
};

static int
keep(const struct multicast_group *g, void *arg)
{
	struct seen *s = arg;

	assert_true(s->n < 8);
	s->group[s->n++] = *g;
	return 0;
}

static void
v4(void **state)
{
	static const char text[] = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
				   "1\tlo        :     1      V3\n"
				   "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
				   "14\teth0      :     3      V2\n"
				   "\t\t\t\t030201EF     2 0:00000000\t\t1\n"
				   "\t\t\t\tFB0000E0     1 0:00000000\t\t0\n"
				   "\t\t\t\t010000E0     1 0:00000000\t\t0\n";
	static const uint8_t first[4] = { 239, 1, 2, 3 }, second[4] = { 224, 0, 0, 251 };
	struct seen s = { .n = 0 };

	(void) state;
	assert_int_equal(igmp_parse(slice_of(text), false, keep, &s), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.group[0].ifindex, 14);
	assert_false(s.group[0].ipv6);
	assert_memory_equal(s.group[0].address, first, 4);
	assert_memory_equal(s.group[1].address, second, 4);
}

static void
v6(void **state)
{
	static const char text[] =
		"1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
		"1    lo              ff010000000000000000000000000002     1 0000000C 0\n"
		"4    eth0            ff0200000000000000000001ff8a0b01     1 00000004 0\n"
		"4    eth0            ff0200000000000000000000000000fb     1 00000004 0\n";
	struct seen s = { .n = 0 };

	(void) state;
	assert_int_equal(igmp_parse(slice_of(text), true, keep, &s), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.group[0].ifindex, 4);
	assert_true(s.group[0].ipv6);
	assert_int_equal(s.group[0].address[0], 0xff);
	assert_int_equal(s.group[0].address[15], 0xfb);
}

static void
odd(void **state)
{
	static const char *const four[] = { "x\n", "\n", "\t\t\t\t1\n", "\t\t\t\tXX0000E0 1\n", "-1 eth0\n" };
	static const char *const six[] = { "4\n", "4 eth0\n", "4 eth0 ff02\n", "x eth0 ff020000000000000000000000000001\n" };
	struct seen s = { .n = 0 };

	(void) state;
	for (size_t i = 0; i < sizeof(four) / sizeof(four[0]); i++)
		assert_int_equal(igmp_parse(slice_of(four[i]), false, keep, &s), -EBADMSG);
	for (size_t i = 0; i < sizeof(six) / sizeof(six[0]); i++)
		assert_int_equal(igmp_parse(slice_of(six[i]), true, keep, &s), -EBADMSG);
	assert_int_equal(s.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v4),
		cmocka_unit_test(v6),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests_name("igmp", tests, NULL, NULL);
}

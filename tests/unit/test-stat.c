/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/stat. */
#include "tests/unit/test.h"

#include "kernel/stat.h"

#include <errno.h>

#define TAIL                                                                                   \
	" 23200 23200 12488 34816 -1 4194304 101 0 0 0 0 0 0 0 20 -5 3 0 129519 3133440 408 "   \
	"18446744073709551615 94459493986304 94459494006185 140726667220688 0 0 1024 0 0 0 0 0 0 " \
	"17 0 99 1 0 0 0 94459494022192 94459494023808 94460252344320 140726667225671 "         \
	"140726667225750 140726667225750 140726667227115 21\n"

static void
real(void **state)
{
	struct task_stat s;

	(void) state;
	assert_int_equal(stat_parse(slice_of("23207 (cat) R" TAIL), &s), 0);
	assert_int_equal(s.pid, 23207);
	assert_true(slice_eq(s.comm, "cat"));
	assert_int_equal(s.state, 'R');
	assert_int_equal(s.ppid, 23200);
	assert_int_equal(s.pgid, 23200);
	assert_int_equal(s.sid, 12488);
	assert_int_equal(s.tty_nr, 34816);
	assert_int_equal(s.tty_pgrp, -1);
	assert_int_equal(s.flags, 4194304);
	assert_int_equal(s.nice, -5);
	assert_int_equal(s.threads, 3);
	assert_int_equal(s.start_time, 129519);
	assert_int_equal(s.start_code, 94459493986304);
	assert_int_equal(s.end_code, 94459494006185);
	assert_int_equal(s.start_stack, 140726667220688);
	assert_int_equal(s.pending, 1024);
	assert_int_equal(s.rt_priority, 99);
	assert_int_equal(s.policy, 1);
	assert_int_equal(s.arg_start, 140726667225671);
	assert_int_equal(s.exit_code, 21);
}

static void
names(void **state)
{
	static const struct {
		const char *text, *comm;
	} samples[] = {
		{ "1 (a) b) R" TAIL, "a) b" },	  { "1 (() S" TAIL, "(" },
		{ "1 () Z" TAIL, "" },		  { "1 (x\ny) R" TAIL, "x\ny" },
		{ "1 () R 1 1) D" TAIL, ") R 1 1" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct task_stat s;

		assert_int_equal(stat_parse(slice_of(samples[i].text), &s), 0);
		assert_true(slice_eq(s.comm, samples[i].comm));
		assert_int_equal(s.ppid, 23200);
	}
}

static void
short_kernel(void **state)
{
	struct task_stat s;

	(void) state;
	/* Linux 2.6 ends after field 44; what comes later stays zero. */
	assert_int_equal(stat_parse(slice_of("2 (x) S 1 2 3 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 7 8 9 10 1 "
					     "2 3 4 5 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"),
				    &s),
			 0);
	assert_int_equal(s.start_time, 7);
	assert_int_equal(s.arg_start, 0);
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"", "\n", "1", "1 (x", "1 x) R 1", "(x) R 1 2", "1(x) R" TAIL, "x (y) R" TAIL,
		"1 (x) RR" TAIL, "1 (x)R" TAIL, "1 (x) R 1 2 3", "1 )x( R" TAIL,
		"1 (x) R x 23200 12488 34816 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 1 1 1 1 1 1 1 1 1 1 1 1 1",
		"99999999999 (x) R" TAIL,
	};

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct task_stat s = { .pid = 5 };

		assert_int_equal(stat_parse(slice_of(bad[i]), &s), -EBADMSG);
		assert_int_equal(s.pid, 5);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real),
		cmocka_unit_test(names),
		cmocka_unit_test(short_kernel),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}

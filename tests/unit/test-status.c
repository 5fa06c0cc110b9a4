/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/status. */
#include "tests/unit/test.h"

#include "base/text.h"
#include "kernel/status.h"

static const char text[] = "Name:\tState:\\nx\n"
			   "Umask:\t0027\n"
			   "State:\tt (tracing stop)\n"
			   "Tgid:\t23207\n"
			   "Pid:\t23207\n"
			   "TracerPid:\t4242\n"
			   "Uid:\t1000\t1001\t1002\t1003\n"
			   "Gid:\t100\t101\t102\t103\n"
			   "FDSize:\t256\n"
			   "Groups:\t4 24 4294967294 \n"
			   "NStgid:\t23207\t4\n"
			   "NSpid:\t23207\t4\n"
			   "NSpgid:\t23200\t0\n"
			   "NSsid:\t12488\t0\n"
			   "VmPeak:\t    3060 kB\n"
			   "VmSize:\t    3060 kB\n"
			   "VmLck:\t       4 kB\n"
			   "RssAnon:\t     112 kB\n"
			   "VmSwap:\t       8 kB\n"
			   "HugetlbPages:\t    2048 kB\n"
			   "SigPnd:\t0000000000000010\n"
			   "ShdPnd:\t0000000000000001\n"
			   "SigBlk:\tfffffffffffbfeff\n"
			   "CapEff:\t000001fffeffffff\n"
			   "NoNewPrivs:\t1\n"
			   "Seccomp:\t2\n"
			   "Seccomp_filters:\t3\n"
			   "Cpus_allowed:\t3\n"
			   "Cpus_allowed_list:\t0-1\n"
			   "Mems_allowed_list:\t0\n"
			   "nonvoluntary_ctxt_switches:\t0\n"
			   "x86_Thread_features:\tshstk wrss \n"
			   "x86_Thread_features_locked:\tshstk \n";

static void
both(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Process p = PROCESS__INIT;
	Thread t = THREAD__INIT;

	(void) state;
	assert_int_equal(status_parse(slice_of(text), arena, &p, &t), 0);
	assert_int_equal(p.umask, 027);
	assert_string_equal(t.state, "t");
	assert_int_equal(t.tracer_pid, 4242);
	assert_int_equal(t.credentials->uid, 1000);
	assert_int_equal(t.credentials->fsuid, 1003);
	assert_int_equal(t.credentials->egid, 101);
	assert_int_equal(t.credentials->sgid, 102);
	assert_int_equal(t.credentials->n_group, 3);
	assert_int_equal(t.credentials->group[2], 4294967294U);
	assert_int_equal(t.n_ns_tid, 2);
	assert_int_equal(p.n_ns_pid, 2);
	assert_int_equal(p.ns_pid[1], 4);
	assert_int_equal(p.ns_sid[1], 0);
	assert_int_equal(p.memory->vm_locked_kb, 4);
	assert_int_equal(p.memory->hugetlb_kb, 2048);
	assert_false(p.memory->has_page_tables_kb);
	assert_int_equal(t.sig_pending, 0x10);
	assert_int_equal(t.sig_shared_pending, 1);
	assert_true(t.sig_blocked == 0xfffffffffffbfeff);
	assert_false(t.has_sig_caught);
	assert_int_equal(t.credentials->cap_effective, 0x1fffeffffff);
	assert_true(t.credentials->no_new_privs);
	assert_int_equal(t.credentials->seccomp, 2);
	assert_int_equal(t.credentials->seccomp_filters, 3);
	assert_string_equal(t.cpus_allowed, "0-1");
	assert_string_equal(t.x86_features, "shstk wrss");
}

static void
thread_only(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Thread t = THREAD__INIT;

	(void) state;
	assert_int_equal(status_parse(slice_of(text), arena, NULL, &t), 0);
	assert_int_equal(t.n_ns_tid, 2);
	assert_int_equal(t.credentials->euid, 1001);
}

/* A kernel that writes the lines in another order is read all the same. */
static void
any_order(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Process p = PROCESS__INIT;
	Thread t = THREAD__INIT;

	(void) state;
	assert_int_equal(status_parse(slice_of("Seccomp:\t1\nNSpid:\t7\nUmask:\t0022\nState:\tS (x)\n"),
				      arena, &p, &t),
			 0);
	assert_int_equal(t.credentials->seccomp, 1);
	assert_int_equal(p.ns_pid[0], 7);
	assert_int_equal(p.umask, 022);
	assert_string_equal(t.state, "S");
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"", "\n\n", "Nothing:\t1\n", "Umask:\t9\n", "State:\t\n", "Uid:\t1\t2\t3\n",
		"Uid:\t1\t2\t3\tx\n", "Groups:\t1 -2\n", "VmSize:\t12\n", "VmSize:\tx kB\n",
		"SigPnd:\t0x1\n", "SigPnd:\t00000000000000001ffffffffffffffff\n", "NSpid:\t99999999999\n",
		"Seccomp:\t4294967296\n", "NoNewPrivs:\t\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
		Process p = PROCESS__INIT;
		Thread t = THREAD__INIT;

		assert_int_equal(status_parse(slice_of(bad[i]), arena, &p, &t), -EBADMSG);
	}
}

static void
full(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(64);
	Process p = PROCESS__INIT;
	Thread t = THREAD__INIT;

	(void) state;
	assert_int_equal(status_parse(slice_of(text), arena, &p, &t), -ENOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both), cmocka_unit_test(thread_only), cmocka_unit_test(any_order),
		cmocka_unit_test(odd),	cmocka_unit_test(full),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Links of /proc/PID/ns, and id maps. */
#include "tests/unit/test.h"

#include "kernel/nslink.h"

static void
links(void **state)
{
	static const struct {
		const char *text;
		NamespaceKind kind;
		uint64_t ino;
	} samples[] = {
		{ "net:[4026531840]", NAMESPACE_KIND__NS_NET, 4026531840 },
		{ "mnt:[1]", NAMESPACE_KIND__NS_MNT, 1 },
		{ "uts:[4026531838]", NAMESPACE_KIND__NS_UTS, 4026531838 },
		{ "cgroup:[0]", NAMESPACE_KIND__NS_CGROUP, 0 },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		NamespaceKind kind;
		uint64_t ino;

		assert_int_equal(nslink_parse(slice_of(samples[i].text), &kind, &ino), 0);
		assert_int_equal(kind, samples[i].kind);
		assert_true(ino == samples[i].ino);
	}
}

static void
odd_links(void **state)
{
	static const char *const bad[] = {
		"", "net", "net:", "net:[", "net:[]", "net:[1", "net:[x]", "net:[-1]", "nets:[1]",
		"net:[99999999999999999999]", "net:[1] ", "pipe:[1]", "/net:[1]",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		NamespaceKind kind = NAMESPACE_KIND__NS_USER;
		uint64_t ino = 5;

		assert_int_equal(nslink_parse(slice_of(bad[i]), &kind, &ino), -EINVAL);
		assert_int_equal(ino, 5);
	}
}

static void
own_links(void **state)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	NamespaceSet set = NAMESPACE_SET__INIT, again = NAMESPACE_SET__INIT;

	(void) state;
	assert_int_equal(root_open("/proc/self", false, &self), 0);
	assert_int_equal(nsset_read(&self, &set), 0);
	assert_true(set.has_mnt && set.mnt != 0 && set.has_user && set.user != 0);
	assert_true(set.pid == set.pid_for_children);
	assert_int_equal(nsset_read_thread(&self, &set, &again), 0);
	assert_true(nsset_equal(&set, &again));
	again.uts++;
	assert_false(nsset_equal(&set, &again));
}

static void
maps(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	IdRange **range = NULL;
	size_t n = 0;

	(void) state;
	assert_int_equal(idmap_parse(slice_of("         0     100000      65536\n"
					      "     65536          0 4294901759\n"),
				     arena, &range, &n),
			 0);
	assert_int_equal(n, 2);
	assert_int_equal(range[0]->outside, 100000);
	assert_int_equal(range[1]->inside, 65536);
	assert_int_equal(range[1]->count, 4294901759);
}

static void
odd_maps(void **state)
{
	static const char *const bad[] = { "\n", "0 0\n", "0 0 x\n", "-1 0 1\n", "0 4294967296 1\n" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
		IdRange **range = NULL;
		size_t n = 0;

		assert_int_equal(idmap_parse(slice_of(bad[i]), arena, &range, &n), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links), cmocka_unit_test(odd_links), cmocka_unit_test(own_links),
		cmocka_unit_test(maps),	 cmocka_unit_test(odd_maps),
	};

	return cmocka_run_group_tests_name("nslink", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Memberships, controllers and hierarchies: real texts, the odd ones, and what is none. */
#include "tests/unit/test.h"

#include "kernel/cgroup.h"
#include "kernel/mountinfo.h"

static struct arena *arena;

static int
begin(void **state)
{
	(void) state;
	arena = arena_new(64 << 20);
	return arena ? 0 : -1;
}

static int
end(void **state)
{
	(void) state;
	(void) arena_free(arena);
	return 0;
}

static void
memberships(void **state)
{
	CgroupSet set;

	(void) state;
	assert_int_equal(cgroup_parse(slice_of("9:name=systemd:/system.slice/a:b.service\n"
					       "4:cpu,cpuacct:/\n"
					       "0::/../x y (deleted)\n"),
				      arena, &set),
			 0);
	assert_int_equal(set.n_membership, 3);
	assert_int_equal(set.membership[0]->hierarchy, 9);
	assert_string_equal(set.membership[0]->controllers, "name=systemd");
	assert_string_equal(set.membership[0]->path, "/system.slice/a:b.service");
	assert_string_equal(set.membership[1]->controllers, "cpu,cpuacct");
	assert_string_equal(set.membership[2]->controllers, "");
	assert_string_equal(set.membership[2]->path, "/../x y (deleted)");
	assert_true(set.membership[2]->has_hierarchy);
}

static void
no_memberships(void **state)
{
	static const char *const bad[] = { "x::/\n",	"0:/\n", "0::\n",  "0::x\n",
					   "-1::/\n", "\n",    "::/\n", "99999999999::/\n" };
	CgroupSet set = { .n_membership = 77 };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(cgroup_parse(slice_of(bad[i]), arena, &set), -EBADMSG);
		assert_int_equal(set.n_membership, 77);
	}
	assert_int_equal(cgroup_parse(slice_of(""), arena, &set), 0);
	assert_int_equal(set.n_membership, 0);
}

static void
equal_sets_are_kept_once(void **state)
{
	struct snapshot s;
	CgroupSet *set[3];
	uint32_t index = 9;

	(void) state;
	assert_int_equal(snapshot_new(&s), 0);
	for (size_t i = 0; i < ARRAY_SIZE(set); i++) {
		set[i] = NEW_FACT(s.arena, CgroupSet, cgroup_set);
		assert_non_null(set[i]);
		assert_int_equal(cgroup_parse(slice_of(i == 1 ? "0::/b\n" : "0::/a\n"), s.arena, set[i]), 0);
		assert_int_equal(cgroup_set_intern(&s, set[i], &index), 0);
		assert_int_equal(index, i == 1 ? 1 : 0);
	}
	assert_int_equal(s.facts->n_cgroup_set, 2);
	snapshot_free(&s);
}

static void
controllers(void **state)
{
	Cgroups cgroups;

	(void) state;
	cgroups__init(&cgroups);
	assert_int_equal(cgroup_controllers_parse(
				 slice_of("#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
					  "cpuset\t3\t1\t1\nhugetlb\t0\t1\t0\n"),
				 arena, &cgroups),
			 0);
	assert_int_equal(cgroups.n_controller, 2);
	assert_string_equal(cgroups.controller[0]->name, "cpuset");
	assert_int_equal(cgroups.controller[0]->hierarchy, 3);
	assert_true(cgroups.controller[0]->enabled);
	assert_false(cgroups.controller[1]->enabled);
	assert_int_equal(cgroup_controllers_parse(slice_of("cpuset 3 1 1\n"), arena, &cgroups),
			 -EBADMSG);
	assert_int_equal(cgroup_controllers_parse(slice_of("cpuset\t3\t1\n"), arena, &cgroups),
			 -EBADMSG);
}

static CgroupMode
hierarchies(const char *mountinfo, const char *own, Cgroups *ret)
{
	Mount **mount = NULL;
	size_t n = 0;
	CgroupSet set;

	cgroups__init(ret);
	assert_int_equal(mountinfo_parse(slice_of(mountinfo), arena, 1, &mount, &n), 0);
	assert_int_equal(cgroup_parse(slice_of(own), arena, &set), 0);
	assert_int_equal(cgroup_hierarchies_find(mount, n, &set, arena, ret), 0);
	return ret->mode;
}

#define V1_MEMORY "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
#define V1_NAMED "40 31 0:37 / /cg/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
#define V2 "41 31 0:38 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void
modes(void **state)
{
	Cgroups c;

	(void) state;
	assert_int_equal(hierarchies(V1_MEMORY, "4:memory:/\n0::/\n", &c), CGROUP_MODE__CGROUP_MODE_V1);
	assert_int_equal(hierarchies(V2, "0::/\n", &c), CGROUP_MODE__CGROUP_MODE_V2);
	assert_int_equal(hierarchies(V2 V1_MEMORY, "4:memory:/\n0::/\n", &c),
			 CGROUP_MODE__CGROUP_MODE_HYBRID);
	assert_int_equal(hierarchies(V2 V1_NAMED, "1:name=systemd:/\n0::/\n", &c),
			 CGROUP_MODE__CGROUP_MODE_V2);
	assert_int_equal(hierarchies("", "0::/\n", &c), CGROUP_MODE__CGROUP_MODE_NONE);
	/* In use though mounted nowhere in sight. */
	assert_int_equal(hierarchies("", "4:memory:/\n", &c), CGROUP_MODE__CGROUP_MODE_V1);
	assert_null(c.hierarchy[0]->mountpoint);
}

static void
mounts_of_hierarchies(void **state)
{
	const CgroupHierarchy *h;
	Cgroups c;

	(void) state;
	(void) hierarchies("50 31 0:31 /docker/a /mnt rw - cgroup cgroup rw,cpuacct,cpu\n"
			   "51 31 0:31 / /cg/cpu ro - cgroup cgroup rw,cpuacct,cpu\n" V1_NAMED V2,
			   "5:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n", &c);
	assert_int_equal(c.n_hierarchy, 3);
	h = cgroup_hierarchy_of(&c, "cpu,cpuacct");
	assert_non_null(h);
	assert_ptr_equal(h, cgroup_hierarchy_of(&c, "cpuacct,cpu"));
	assert_string_equal(h->mountpoint, "/cg/cpu");
	assert_string_equal(h->root, "/");
	assert_true(h->read_only);
	assert_int_equal(h->id, 5);
	assert_null(cgroup_hierarchy_of(&c, "cpu"));
	assert_string_equal(cgroup_hierarchy_of(&c, "name=systemd")->mountpoint, "/cg/systemd");
	assert_string_equal(cgroup_hierarchy_of(&c, "")->mountpoint, "/sys/fs/cgroup");
	assert_true(cgroup_list_has("cpu,cpuacct", "cpu"));
	assert_false(cgroup_list_has("cpuacct", "cpu"));
	assert_false(cgroup_list_has("", "cpu"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memberships, begin, end),
		cmocka_unit_test_setup_teardown(no_memberships, begin, end),
		cmocka_unit_test_setup_teardown(equal_sets_are_kept_once, begin, end),
		cmocka_unit_test_setup_teardown(controllers, begin, end),
		cmocka_unit_test_setup_teardown(modes, begin, end),
		cmocka_unit_test_setup_teardown(mounts_of_hierarchies, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

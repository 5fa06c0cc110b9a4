/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of cgroups, on recorded machines: where they are, what limits them, what freezes them. */
#include "tests/unit/test.h"

#include "kernel/cgroup-folder.h"
#include "kernel/cgroup-view.h"

static struct arena *arena;
static struct gaps gaps;
static struct root root;
static Cgroups view;

static int
begin(void **state)
{
	(void) state;
	arena = arena_new(64 << 20);
	gaps = (struct gaps){ .arena = arena };
	root = ROOT_NONE;
	return arena ? 0 : -1;
}

static int
end(void **state)
{
	(void) state;
	root_close(&root);
	(void) arena_free(arena);
	return 0;
}

static void
look_at(const char *machine)
{
	assert_int_equal(root_open(machine, true, &root), 0);
	assert_int_equal(cgroup_view_read(&root, arena, &gaps, "test", &view, NULL), 0);
	assert_int_equal(gaps.n, 0);
}

static struct cgroup_place
place_of(const char *controllers, const char *path)
{
	struct cgroup_place place = {
		.root = &root,
		.hierarchy = cgroup_hierarchy_of(&view, controllers),
		.path = path,
	};

	assert_non_null(place.hierarchy);
	return place;
}

static void
folders(void **state)
{
	CgroupHierarchy h = CGROUP_HIERARCHY__INIT;
	char mountpoint[] = "/cg", top[] = "/", below[] = "/docker/4f1", above[] = "/..";
	char folder[PATH_MAX];

	(void) state;
	assert_int_equal(cgroup_folder(&h, "/", folder), -ENOTSUP);
	h.mountpoint = mountpoint;
	h.root = top;
	assert_int_equal(cgroup_folder(&h, "/", folder), 0);
	assert_string_equal(folder, "/cg");
	assert_int_equal(cgroup_folder(&h, "/a/b", folder), 0);
	assert_string_equal(folder, "/cg/a/b");
	assert_int_equal(cgroup_folder(&h, "/../a", folder), -EXDEV);
	assert_int_equal(cgroup_folder(&h, "/a/..", folder), -EXDEV);
	h.root = below;
	assert_int_equal(cgroup_folder(&h, "/docker/4f1", folder), 0);
	assert_string_equal(folder, "/cg");
	assert_int_equal(cgroup_folder(&h, "/docker/4f1/web", folder), 0);
	assert_string_equal(folder, "/cg/web");
	assert_int_equal(cgroup_folder(&h, "/docker/4f12", folder), -EXDEV);
	assert_int_equal(cgroup_folder(&h, "/", folder), -EXDEV);
	h.root = above;
	assert_int_equal(cgroup_folder(&h, "/../x", folder), 0);
	assert_string_equal(folder, "/cg/x");
}

static void
numbers(void **state)
{
	uint64_t n;

	(void) state;
	assert_int_equal(cgroup_limit_parse(slice_of("max\n"), &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(cgroup_limit_parse(slice_of("9223372036854771712"), &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(cgroup_limit_parse(slice_of("4096\n"), &n), 0);
	assert_int_equal(n, 4096);
	assert_int_equal(cgroup_limit_parse(slice_of("-1"), &n), -EINVAL);
	assert_int_equal(cgroup_limit_parse(slice_of(""), &n), -EINVAL);
	assert_int_equal(cgroup_key_parse(slice_of("populated 1\nfrozen 0\n"), "frozen", &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(cgroup_key_parse(slice_of("frozenx 1\n"), "frozen", &n), -ENOENT);
	assert_int_equal(cgroup_key_parse(slice_of("frozen\n"), "frozen", &n), -ENOENT);
}

static const char *
value_of(CgroupValue *const *value, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(value[i]->name, name))
			return value[i]->value;
	return NULL;
}

static void
unified(void **state)
{
	struct cgroup_limits limits;
	CgroupValue **value = NULL;
	struct cgroup_place web;
	char at[PATH_MAX];
	size_t n = 0;
	bool frozen;

	(void) state;
	look_at("tests/machines/v2");
	assert_int_equal(view.mode, CGROUP_MODE__CGROUP_MODE_V2);
	assert_string_equal(view.hierarchy[0]->available,
			    "cpuset cpu io memory hugetlb pids rdma misc");
	web = place_of("", "/system.slice/web.service");
	assert_int_equal(cgroup_look(&web), 0);
	assert_int_equal(cgroup_children_count(&web), 2);
	assert_int_equal(cgroup_values_read(&web, arena, &value, &n, &gaps, "test"), 0);
	assert_string_equal(value_of(value, n, "cpu.max"), "max 100000");
	assert_string_equal(value_of(value, n, "pids.max"), "50");
	assert_string_equal(value_of(value, n, "cgroup.subtree_control"), "");
	assert_null(value_of(value, n, "memory.high"));

	cgroup_limits_read(&web, &limits);
	assert_true(limits.memory.limited);
	assert_int_equal(limits.memory.limit, 1 << 30);
	assert_int_equal(limits.memory.used, 512 << 20);
	assert_int_equal(limits.memory_reclaimable, 100 << 20);
	/* The own limit leaves 45, the parent's 60. */
	assert_int_equal(limits.pids.limit, 50);
	assert_int_equal(limits.pids.used, 5);

	assert_int_equal(cgroup_frozen_read(&web, &frozen, at), 0);
	assert_true(frozen);
	assert_string_equal(at, "/sys/fs/cgroup/system.slice");
	assert_int_equal(gaps.n, 0);
}

static void
absent_folder_has_the_room_of_its_parent(void **state)
{
	struct cgroup_limits limits;
	struct cgroup_place gone;

	(void) state;
	look_at("tests/machines/v2");
	gone = place_of("", "/system.slice/other.service/deep/er");
	assert_int_equal(cgroup_look(&gone), -ENOENT);
	cgroup_limits_read(&gone, &limits);
	assert_int_equal(limits.memory.limit, 1 << 30);
	assert_int_equal(limits.pids.limit, 100);
	assert_int_equal(cgroup_children_count(&gone), -ENOENT);
	assert_int_equal(limits.missing, 3);
}

static void
separate_hierarchies_in_a_container(void **state)
{
	struct cgroup_limits limits;
	struct cgroup_place app;
	char at[PATH_MAX];
	bool frozen;

	(void) state;
	look_at("tests/machines/v1");
	assert_int_equal(view.mode, CGROUP_MODE__CGROUP_MODE_V1);
	app = place_of("memory", "/docker/4f1c/app");
	assert_int_equal(cgroup_look(&app), 0);
	cgroup_limits_read(&app, &limits);
	assert_int_equal(limits.memory.limit, 256 << 20);
	assert_int_equal(limits.memory.used, 192 << 20);
	assert_int_equal(limits.memory_reclaimable, 4096);
	assert_false(limits.pids.limited);
	assert_int_equal(cgroup_frozen_read(&app, &frozen, at), -ENODATA);

	app = place_of("freezer", "/docker/4f1c/app");
	assert_int_equal(cgroup_frozen_read(&app, &frozen, at), 0);
	assert_true(frozen);
	assert_string_equal(at, "/sys/fs/cgroup/freezer/app");
	app = place_of("cpu,cpuacct", "/docker/4f1c");
	assert_int_equal(cgroup_look(&app), 0);
	/* The host's part of the hierarchy is not shown, which is not the same as absent. */
	app = place_of("memory", "/system.slice");
	assert_int_equal(cgroup_look(&app), -EXDEV);
	/* cpuset is in use, and mounted nowhere. */
	app = place_of("cpuset", "/docker/4f1c");
	assert_int_equal(cgroup_look(&app), -ENOTSUP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(folders, begin, end),
		cmocka_unit_test_setup_teardown(numbers, begin, end),
		cmocka_unit_test_setup_teardown(unified, begin, end),
		cmocka_unit_test_setup_teardown(absent_folder_has_the_room_of_its_parent, begin, end),
		cmocka_unit_test_setup_teardown(separate_hierarchies_in_a_container, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

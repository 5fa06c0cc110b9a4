/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by place, what would be mounted by asking, and one file under many names. */
#include "tests/unit/paths-fixture.h"

#include "probes/path-mounts.h"

static void
mounts_by_place(void **state)
{
	Mount m[] = { MOUNT__INIT, MOUNT__INIT, MOUNT__INIT, MOUNT__INIT };
	static const struct { const char *place, *type; uint32_t id; } rows[] = {
		{ "/", "ext4", 20 }, { "/net", "autofs", 30 }, { "/net/host", "nfs4", 12 }, { "/", "overlay", 9 },
	};
	Mount *list[] = { &m[0], &m[1], &m[2], &m[3] };
	Filesystems f = FILESYSTEMS__INIT;
	struct path_mounts mounts;

	(void) state;
	for (size_t i = 0; i < 4; i++) {
		m[i].mountpoint = arena_strdup(source.arena, rows[i].place);
		m[i].fs_type = arena_strdup(source.arena, rows[i].type);
		SET_FACT(&m[i], id, rows[i].id);
	}
	f.mount = list;
	f.n_mount = 4;
	assert_int_equal(path_mounts_make(&f, &mounts), 0);
	assert_ptr_equal(path_mounts_of(&mounts, "/net/x"), &m[1]);
	assert_ptr_equal(path_mounts_of(&mounts, "/net"), &m[1]);
	assert_ptr_equal(path_mounts_of(&mounts, "/network"), &m[3]);
	assert_ptr_equal(path_mounts_of(&mounts, "/net/host/a/b"), &m[2]);
	assert_ptr_equal(path_mounts_of(&mounts, "/"), &m[3]);
	assert_ptr_equal(path_mounts_by_id(&mounts, 12), &m[2]);
	assert_null(path_mounts_by_id(&mounts, 13));
	path_mounts_free(&mounts);
}

/* A path where a look-up would mount something is not looked up. */
static void
no_automount(void **state)
{
	Mount *m = NEW_FACT(answers.arena, Mount, mount);
	struct probe_context c = {
		.options = &options, .root = &host_root, .tree_root = &tree_root,
		.source = source.facts, .snapshot = &answers, .gaps = &gaps, .text = &text,
	};

	(void) state;
	write_file("/here", "x", 0644);
	assert_int_equal(mkdir(path_of("/auto"), 0755), 0);
	write_file("/auto/file", "x", 0644);
	(void) claim("/here", "x");
	(void) claim("/auto/file", "x");
	answers.facts->host = c.host = NEW_FACT(answers.arena, Host, host);
	assert_int_equal(filesystems_ask(&c), 0);
	m->mountpoint = arena_strdup(answers.arena, path_of("/auto"));
	m->fs_type = arena_strdup(answers.arena, "autofs");
	assert_int_equal(ADD_FACT(answers.arena, c.host->filesystems->mount, c.host->filesystems->n_mount, m), 0);
	assert_int_equal(paths_ask(&c), 0);
	assert_int_equal(answer_to("/here")->kind, PATH_KIND__PATH_KIND_REGULAR);
	assert_false(answer_to("/auto/file")->has_kind);
	assert_int_equal(answer_to("/auto/file")->error, EOPNOTSUPP);
	assert_int_equal(gaps.n, 1);
}

/* One private file under many names: one guess. The same question twice is none. */
static void
many_guesses_at_one_file(void **state)
{
	static const char *const names[] = { "/a", "/b", "/c", "/d/../a", "/d/./a", "//a", "/d/e" };
	size_t answered = 0;

	(void) state;
	write_file("/a", "secret", 0640);
	assert_int_equal(mkdir(path_of("/d"), 0755), 0);
	assert_int_equal(symlink("a", path_of("/b")), 0);
	assert_int_equal(symlink("a", path_of("/c")), 0);
	assert_int_equal(symlink("../a", path_of("/d/e")), 0);
	(void) claim("/a", "guess1");
	(void) claim("/b", "guess2");
	(void) claim("/c", "secret");
	(void) claim("/d/e", "guess1");
	(void) claim("/d/../a", "guess3");
	(void) claim("/d/./a", "guess4");
	(void) claim("//a", "guess5");
	ask();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_not_told(names[i]);
		answered += answer_to(names[i])->has_same_as_asked;
	}
	assert_int_equal(answered, 2);
	assert_true(answer_to("/a")->has_same_as_asked && answer_to("/d/e")->has_same_as_asked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(mounts_by_place, begin, end),
		cmocka_unit_test_setup_teardown(no_automount, begin, end),
		cmocka_unit_test_setup_teardown(many_guesses_at_one_file, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Mount tables: real lines, the odd ones, and what is no mount table. */
#include "kernel/mountinfo.h"
#include <string.h>

#include "tests/unit/test.h"

static struct arena *arena;
static Mount **mount;
static size_t n_mounts;

static int
begin(void **state)
{
	(void) state;
	arena = arena_new(64 << 20);
	mount = NULL;
	n_mounts = 0;
	return arena ? 0 : -1;
}

static int
end(void **state)
{
	(void) state;
	(void) arena_free(arena);
	return 0;
}

static int
parse(const char *text)
{
	return mountinfo_parse(slice_of(text), arena, 4026531841, &mount, &n_mounts);
}

static void
real_lines(void **state)
{
	(void) state;
	assert_int_equal(parse("22 27 0:21 / /proc rw,relatime - proc proc rw\n"
			       "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n"
			       "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime shared:3 master:2 "
			       "propagate_from:1 unbindable - cgroup cgroup rw,devices\n"
			       "40 27 0:52 /a/b//deleted /mnt/with\\040blank\\134 ro - overlay over\\011lay "
			       "rw,lowerdir=/l\\040l:/m,upperdir=/u\n"),
			 0);
	assert_int_equal(n_mounts, 4);
	assert_int_equal(mount[0]->id, 22);
	assert_int_equal(mount[0]->mnt_ns, 4026531841);
	assert_int_equal(mount[0]->parent, 27);
	assert_int_equal(mount[0]->dev_minor, 21);
	assert_string_equal(mount[0]->mountpoint, "/proc");
	assert_false(mount[0]->has_shared);
	assert_int_equal(mount[0]->line_length, 45);
	assert_int_equal(mount[1]->dev_major, 254);
	assert_int_equal(mount[1]->shared, 1);
	assert_string_equal(mount[1]->source, "/dev/vda");
	assert_string_equal(mount[1]->super_options, "rw,discard");
	assert_int_equal(mount[2]->shared, 3);
	assert_int_equal(mount[2]->master, 2);
	assert_int_equal(mount[2]->propagate_from, 1);
	assert_true(mount[2]->unbindable);
	assert_null(mount[2]->unknown_optional);
	assert_string_equal(mount[3]->root, "/a/b//deleted");
	assert_string_equal(mount[3]->mountpoint, "/mnt/with blank\\");
	assert_string_equal(mount[3]->source, "over\tlay");
	assert_string_equal(mount[3]->super_options, "rw,lowerdir=/l l:/m,upperdir=/u");
}

static void
odd_lines(void **state)
{
	(void) state;
	/* An empty source is two blanks; optional fields we do not know are kept by name. */
	assert_int_equal(parse("28 27 0:25 / /m rw - tmpfs  ro,size=4k\n"
			       "29 27 0:26 / /n rw newfield:7 shared:x - tmpfs tmpfs rw"),
			 0);
	assert_int_equal(n_mounts, 2);
	assert_string_equal(mount[0]->source, "");
	assert_string_equal(mount[0]->super_options, "ro,size=4k");
	assert_string_equal(mount[1]->unknown_optional, "newfield:7");
	assert_false(mount[1]->has_shared);
}

static void
bad_lines_do_not_hide_good_ones(void **state)
{
	static const char *const bad[] = {
		"x 27 0:21 / /proc rw - proc proc rw",
		"22 27 0-21 / /proc rw - proc proc rw",
		"22 27 0:21 / /proc rw",
		"22 27 0:21 / /proc rw -",
		"22 27 0:21 / /proc rw - proc",
		"22 27 0:21 / /proc rw shared:1 proc proc rw",
		"22 99999999999 0:21 / /proc rw - proc proc rw",
		"-1 27 0:21 / /proc rw - proc proc rw",
		"",
		" ",
	};
	char text[512];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		n_mounts = 0;
		mount = NULL;
		(void) snprintf(text, sizeof(text), "%s\n27 1 254:0 / / rw - ext4 /dev/vda rw\n", bad[i]);
		assert_int_equal(parse(text), -EBADMSG);
		assert_int_equal(n_mounts, 1);
		assert_int_equal(mount[0]->id, 27);
	}
}

static void
a_long_line_is_kept(void **state)
{
	size_t n = 70000;
	char *text = malloc(n + 200);
	int head = snprintf(text, 200, "50 27 0:60 / /merged rw - overlay overlay rw,lowerdir=");

	(void) state;
	assert_non_null(text);
	memset(text + head, 'a', n);
	text[(size_t) head + n] = '\0';
	assert_int_equal(parse(text), 0);
	assert_int_equal(mount[0]->line_length, (size_t) head + n);
	assert_int_equal(strlen(mount[0]->super_options), n + strlen("rw,lowerdir="));
	free(text);
}

static void
no_memory(void **state)
{
	struct arena *small = arena_new(256);

	(void) state;
	assert_int_equal(mountinfo_parse(SLICE("27 1 254:0 / / rw - ext4 /dev/vda rw\n"), small, 1, &mount,
					 &n_mounts),
			 -ENOMEM);
	(void) arena_free(small);
}

static void
options(void **state)
{
	(void) state;
	assert_true(mount_has_option("rw,noexec,relatime", "noexec"));
	assert_true(mount_has_option("ro", "ro"));
	assert_false(mount_has_option("rw,norelatime", "relatime"));
	assert_false(mount_has_option("", "ro"));
	assert_false(mount_has_option(NULL, "ro"));
}

static void
the_mount_of_a_path(void **state)
{
	(void) state;
	assert_int_equal(parse("27 1 254:0 / / rw - ext4 /dev/vda rw\n"
			       "28 27 0:40 / /mnt rw - tmpfs first rw\n"
			       "29 28 0:41 / /mnt rw - tmpfs second rw\n"
			       "30 29 0:42 / /mnt/deep rw - tmpfs deep rw\n"),
			 0);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/etc/passwd")->id, 27);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/")->id, 27);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/mnt")->id, 29);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/mnt/x")->id, 29);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/mnt/deep/x")->id, 30);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/mnt/deeper")->id, 29);
	assert_int_equal(mount_of_path(mount, n_mounts, 4026531841, "/mntx")->id, 27);
	assert_null(mount_of_path(mount, n_mounts, 1, "/mnt"));
	assert_null(mount_of_path(mount, n_mounts, 4026531841, "relative"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(real_lines, begin, end),
		cmocka_unit_test_setup_teardown(odd_lines, begin, end),
		cmocka_unit_test_setup_teardown(bad_lines_do_not_hide_good_ones, begin, end),
		cmocka_unit_test_setup_teardown(a_long_line_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(no_memory, begin, end),
		cmocka_unit_test_setup_teardown(options, begin, end),
		cmocka_unit_test_setup_teardown(the_mount_of_a_path, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

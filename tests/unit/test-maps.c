/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/maps. */
#include "tests/unit/test.h"

#include "base/cleanup.h"
#include "kernel/maps.h"

static void
real(void **state)
{
	struct slice rest = slice_of(
		"56248c6bf000-56248c6c5000 r-xp 00002000 fe:00 247498                     /usr/bin/head\n"
		"7f0c5c000000-7f0c5c021000 rw-p 00000000 00:00 0 \n"
		"7f3ac2d5c000-7f3ac2d5d000 rw-s 00000000 00:01 2063                       /dev/zero (deleted)\n"
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n");
	struct maps_entry e;

	(void) state;
	assert_int_equal(maps_next(&rest, &e), 1);
	assert_int_equal(e.start, 0x56248c6bf000);
	assert_int_equal(e.end, 0x56248c6c5000);
	assert_int_equal(e.prot, MAPS_READ | MAPS_EXECUTE);
	assert_int_equal(e.offset, 0x2000);
	assert_int_equal(e.dev_major, 0xfe);
	assert_int_equal(e.ino, 247498);
	assert_true(slice_eq(e.name, "/usr/bin/head"));
	assert_int_equal(maps_next(&rest, &e), 1);
	assert_int_equal(e.name.n, 0);
	assert_int_equal(maps_next(&rest, &e), 1);
	assert_int_equal(e.prot, MAPS_READ | MAPS_WRITE | MAPS_SHARED);
	assert_int_equal(maps_next(&rest, &e), 1);
	assert_true(e.end == 0xffffffffff601000);
	assert_int_equal(maps_next(&rest, &e), 0);
}

static void
paths(void **state)
{
	static const struct {
		const char *line;
		bool path;
	} samples[] = {
		{ "1-2 r--p 0 fe:00 5 /usr/bin/head\n", true },
		{ "1-2 r--p 0 fe:00 5 /usr/bin/head (deleted)\n", true },
		{ "1-2 r--p 0 fe:00 5 /SYSV00000000 (deleted)\n", true },
		{ "1-2 r--p 0 00:1b 5 /dev/shm/x\n", true },
		{ "1-2 r--p 0 00:01 5 /SYSV00000000 (deleted)\n", false },
		{ "1-2 r--p 0 00:01 5 /memfd:x (deleted)\n", false },
		{ "1-2 r--p 0 00:01 5 /dev/zero (deleted)\n", false },
		{ "1-2 r--p 0 00:06 5 /dev/zero\n", true },
		{ "1-2 r--p 0 00:0d 5 /[aio] (deleted)\n", false },
		{ "1-2 r--p 0 00:0d 5 anon_inode:[io_uring]\n", false },
		{ "1-2 r--p 0 00:08 5 socket:[5]\n", false },
		{ "1-2 r--p 0 00:00 0 [heap]\n", false },
		{ "1-2 r--p 0 00:00 0\n", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct slice rest = slice_of(samples[i].line);
		struct maps_entry e;

		assert_int_equal(maps_next(&rest, &e), 1);
		assert_int_equal(maps_is_path(&e), samples[i].path);
	}
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"\n", "x\n", "1-2\n", "1-2 rwxp\n", "1-2 r--p 0 0:0\n", "1-2 rwp 0 0:0 0\n",
		"1-2 rwzp 0 0:0 0\n", "1-2 rwxq 0 0:0 0\n", "2-1 rwxp 0 0:0 0\n", "1-1 rwxp 0 0:0 0\n",
		"1-2 rwxp g 0:0 0\n", "1-2 rwxp 0 0 0\n", "11111111111111111-2 rwxp 0 0:0 0\n",
		"1-2 rwxp 0 0:0 -1\n", "-2 rwxp 0 0:0 0\n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct slice rest = slice_of(bad[i]);
		struct maps_entry e = { .start = 7 };

		assert_true(maps_next(&rest, &e) < 0);
		assert_int_equal(e.start, 7);
	}
}

static void
escapes(void **state)
{
	static const struct {
		const char *text, *plain;
	} samples[] = {
		{ "", "" },	  { "/a", "/a" },	  { "/a\\012b", "/a\nb" },
		{ "\\012", "\n" }, { "/a\\040b", "/a\\040b" }, { "/a\\01", "/a\\01" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		char out[32];

		assert_int_equal(maps_unescape(slice_of(samples[i].text), out), strlen(samples[i].plain));
		assert_string_equal(out, samples[i].plain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real),
		cmocka_unit_test(paths),
		cmocka_unit_test(odd),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}

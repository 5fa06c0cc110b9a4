/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of descriptors, and drivers of terminals. */
#include "tests/unit/test.h"

#include "base/cleanup.h"
#include "kernel/fdkind.h"

#include <sys/stat.h>

static void
links(void **state)
{
	static const struct {
		const char *text;
		FdKind kind;
		uint64_t ino;
	} samples[] = {
		{ "socket:[62335]", FD_KIND__FD_SOCKET, 62335 },
		{ "pipe:[62337]", FD_KIND__FD_PIPE, 62337 },
		{ "anon_inode:[eventpoll]", FD_KIND__FD_EPOLL, 0 },
		{ "anon_inode:inotify", FD_KIND__FD_INOTIFY, 0 },
		{ "anon_inode:bpf-map", FD_KIND__FD_BPF_MAP, 0 },
		{ "anon_inode:[io_uring]", FD_KIND__FD_IO_URING, 0 },
		{ "anon_inode:kvm-vm", FD_KIND__FD_ANON_OTHER, 0 },
		{ "anon_inode:[pidfd]", FD_KIND__FD_PIDFD, 0 },
		{ "/memfd:hello (deleted)", FD_KIND__FD_MEMFD, 0 },
		{ "/memfd:[1] (deleted)", FD_KIND__FD_MEMFD, 0 },
		{ "/memfd:hello", FD_KIND__FD_UNKNOWN, 0 },
		{ "/secretmem (deleted)", FD_KIND__FD_SECRETMEM, 0 },
		{ "net:[4026531833]", FD_KIND__FD_NAMESPACE, 4026531833 },
		{ "/var/log/pipe:[1]", FD_KIND__FD_UNKNOWN, 0 },
		{ "socket:[x]", FD_KIND__FD_SOCKET, 0 },
		{ "socket:[1", FD_KIND__FD_UNKNOWN, 0 },
		{ "", FD_KIND__FD_UNKNOWN, 0 },
		{ "]", FD_KIND__FD_UNKNOWN, 0 },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		uint64_t ino = 1;

		assert_int_equal(fdkind_of_link(slice_of(samples[i].text), &ino), samples[i].kind);
		assert_true(ino == samples[i].ino);
	}
}

static void
modes(void **state)
{
	(void) state;
	assert_int_equal(fdkind_of_mode(S_IFREG | 0644), FD_KIND__FD_REGULAR);
	assert_int_equal(fdkind_of_mode(S_IFDIR), FD_KIND__FD_DIRECTORY);
	assert_int_equal(fdkind_of_mode(S_IFLNK), FD_KIND__FD_SYMLINK);
	assert_int_equal(fdkind_of_mode(S_IFIFO), FD_KIND__FD_FIFO);
	assert_int_equal(fdkind_of_mode(S_IFBLK), FD_KIND__FD_BLOCKDEV);
	assert_int_equal(fdkind_of_mode(0), FD_KIND__FD_UNKNOWN);
}

static void
drivers(void **state)
{
	struct tty_drivers d;

	(void) state;
	assert_int_equal(
		tty_drivers_parse(
			slice_of("/dev/ptmx            /dev/ptmx       5       2 system\n"
				 "serial               /dev/ttyS       4 64-111 serial\n"
				 "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
				 "a_driver_with_a_name_longer_than_the_room /dev/x 200 0 serial\n"),
			&d),
		0);
	assert_string_equal(tty_driver_of(&d, 5, 2), "/dev/ptmx");
	assert_string_equal(tty_driver_of(&d, 4, 64), "serial");
	assert_string_equal(tty_driver_of(&d, 4, 111), "serial");
	assert_null(tty_driver_of(&d, 4, 112));
	assert_null(tty_driver_of(&d, 4, 63));
	assert_string_equal(tty_driver_of(&d, 136, 300000), "pty_slave");
	assert_non_null(tty_driver_of(&d, 200, 0));
	assert_null(tty_driver_of(&d, 1, 3));
}

static void
odd_drivers(void **state)
{
	static const char *const bad[] = { "\n", "a b\n", "a b 4\n", "a b x 1 c\n", "a b 4 x c\n",
					   "a b 4 1-x c\n", "a b 4 -1 c\n" };
	struct tty_drivers d;

	(void) state;
	assert_int_equal(tty_drivers_parse(SLICE(""), &d), 0);
	assert_int_equal(d.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(tty_drivers_parse(slice_of(bad[i]), &d), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(modes),
		cmocka_unit_test(drivers),
		cmocka_unit_test(odd_drivers),
	};

	return cmocka_run_group_tests_name("fdkind", tests, NULL, NULL);
}

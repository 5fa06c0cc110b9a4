/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root: nothing leads out of it, and nothing but a regular file is opened.
 */
#include "base/root.h"

#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static char folder[] = "/tmp/migcheck-root-XXXXXX";

static void
put(const char *name, const char *text)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[256];

	(void) snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static int
make_folder(void **state)
{
	char path[256];

	(void) state;
	assert_non_null(mkdtemp(folder));
	put("file", "content\n");
	(void) snprintf(path, sizeof(path), "%s/out", folder);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	(void) snprintf(path, sizeof(path), "%s/up", folder);
	assert_int_equal(symlink("../../../../../../etc/passwd", path), 0);
	(void) snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	(void) snprintf(path, sizeof(path), "%s/sub", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	put("sub/inner", "x");
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "file", "out", "up", "fifo", "sub/inner" };
	char path[256];

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void) snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void) unlink(path);
	}
	(void) snprintf(path, sizeof(path), "%s/sub", folder);
	(void) rmdir(path);
	return rmdir(folder);
}

static void
reads_below_only(void **state)
{
	_cleanup_root_ struct root r = ROOT_NONE;
	_cleanup_buffer_ struct buffer b = { 0 };

	(void) state;
	assert_int_equal(root_open(folder, true, &r), 0);
	assert_int_equal(root_read(&r, "/file", &b, 100), 0);
	assert_string_equal(b.p, "content\n");
	assert_int_equal(root_read(&r, "sub/../file", &b, 100), 0);
	assert_int_equal(root_read(&r, "../../file", &b, 100), 0);	/* ".." of the root is the root */
	assert_int_equal(root_read(&r, "/out", &b, 100), -ENOENT);	/* etc/passwd below the root */
	assert_int_equal(root_read(&r, "/up", &b, 100), -ENOENT);
	assert_int_equal(root_read(&r, "/file", &b, 3), -EFBIG);
	assert_int_equal(root_readf(&r, &b, 100, "%s/%s", "sub", "inner"), 0);
	assert_string_equal(b.p, "x");
	assert_int_equal(root_readlink(&r, "out", &b), 0);
	assert_string_equal(b.p, "/etc/passwd");
}

static void
opens_only_regular_files(void **state)
{
	_cleanup_root_ struct root r = ROOT_NONE, machine = ROOT_NONE;
	struct stat st;
	int fd;

	(void) state;
	assert_int_equal(root_open(folder, true, &r), 0);
	fd = root_open_regular(&r, "file", &st);
	assert_true(fd >= 0);
	assert_int_equal(st.st_size, 8);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	(void) close(fd);
	assert_int_equal(root_open_regular(&r, "fifo", NULL), -ENOTSUP);
	assert_int_equal(root_open_regular(&r, "sub", NULL), -ENOTSUP);
	assert_int_equal(root_open_regular(&r, "nothing", NULL), -ENOENT);
	assert_int_equal(root_open("/", false, &machine), 0);
	assert_int_equal(root_open_regular(&machine, "/dev/zero", NULL), -ENOTSUP);
}

static int
count(const char *name, unsigned char type, void *arg)
{
	size_t *n = arg;

	(void) name;
	(void) type;
	(*n)++;
	return 0;
}

static void
lists_a_folder(void **state)
{
	_cleanup_root_ struct root r = ROOT_NONE, sub = ROOT_NONE;
	size_t n = 0;

	(void) state;
	assert_int_equal(root_open(folder, true, &r), 0);
	assert_int_equal(root_list(&r, "/", count, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(root_sub(&r, "sub", &sub), 0);
	n = 0;
	assert_int_equal(root_list(&sub, ".", count, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(root_list(&r, "file", count, &n), -ENOTDIR);
}

static void
follows_magic_links_of_a_process(void **state)
{
	_cleanup_root_ struct root machine = ROOT_NONE, proc = ROOT_NONE;
	struct statx st;
	char path[64];

	(void) state;
	assert_int_equal(root_open("/", false, &machine), 0);
	(void) snprintf(path, sizeof(path), "/proc/%d", getpid());
	assert_int_equal(root_sub(&machine, path, &proc), 0);
	assert_int_equal(root_magic_statx(&proc, "exe", &st), 0);
	assert_true(S_ISREG(st.stx_mode));
	assert_int_equal(root_magic_statx(&proc, "fd/9999", &st), -ENOENT);
	/* A plain look-up does not follow them. */
	assert_int_equal(root_openat(&proc, "exe", O_RDONLY), -ELOOP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_below_only),
		cmocka_unit_test(opens_only_regular_files),
		cmocka_unit_test(lists_a_folder),
		cmocka_unit_test(follows_magic_links_of_a_process),
	};

	return cmocka_run_group_tests_name("root", tests, make_folder, remove_folder);
}

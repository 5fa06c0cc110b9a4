/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's configuration, and gzip around it. */
#include "tests/unit/test.h"

#include "base/root.h"
#include "kernel/config.h"
#include "kernel/gzip.h"

#include <errno.h>

static void
options(void **state)
{
	struct slice text = slice_of("#\n# Linux/x86 6.1.172 Kernel Configuration\n#\n"
				     "CONFIG_CHECKPOINT_RESTORE=y\n"
				     "# CONFIG_MEM_SOFT_DIRTY is not set\n"
				     "CONFIG_UNIX_DIAG=m\n"
				     "# CONFIG_ODD is not\nCONFIG_\nCONFIG_=y\nOTHER=y\n"
				     "CONFIG_LSM=\"yama,apparmor\"\n"
				     "CONFIG_Q=\"\nCONFIG_EMPTY=\"\"");
	static const char *const want[][2] = {
		{ "CHECKPOINT_RESTORE", "y" }, { "MEM_SOFT_DIRTY", "n" }, { "UNIX_DIAG", "m" },
		{ "LSM", "yama,apparmor" },    { "Q", "\"" },		  { "EMPTY", "" },
	};
	struct slice name, value;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(config_next(&text, &name, &value));
		assert_true(slice_eq(name, want[i][0]));
		assert_true(slice_eq(value, want[i][1]));
	}
	assert_false(config_next(&text, &name, &value));
}

static void
expand(void **state)
{
	_cleanup_root_ struct root root = ROOT_NONE;
	_cleanup_buffer_ struct buffer packed = {}, text = {};

	(void) state;
	assert_int_equal(root_open("tests/machines/hybrid", true, &root), 0);
	assert_int_equal(root_read(&root, "/proc/config.gz", &packed, 1 << 20), 0);
	assert_int_equal(gzip_expand(buffer_slice(&packed), 1 << 20, &text), 0);
	assert_true(slice_starts(buffer_slice(&text), "CONFIG_CHECKPOINT_RESTORE=y\n"));
	assert_true(slice_ends(buffer_slice(&text), "CONFIG_NF_TABLES=y\n"));
	assert_int_equal(gzip_expand(buffer_slice(&packed), text.n, &text), 0);
	assert_int_equal(gzip_expand(buffer_slice(&packed), 10, &text), -EFBIG);
	assert_int_equal(text.n, 0);
	for (size_t n = 0; n + 1 < packed.n; n++)
		assert_int_equal(gzip_expand((struct slice){ .p = packed.p, .n = n }, 1 << 20, &text),
				 -EBADMSG);
	packed.p[packed.n - 6] ^= 1;
	assert_int_equal(gzip_expand(buffer_slice(&packed), 1 << 20, &text), -EBADMSG);
	assert_int_equal(gzip_expand(slice_of("CONFIG_X=y\n"), 1 << 20, &text), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(expand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

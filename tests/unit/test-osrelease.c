/* SPDX-License-Identifier: Apache-2.0 */
/* os-release: quoted, bare, and broken. */
#include "tests/unit/test.h"

#include "kernel/osrelease.h"

#include <errno.h>

static int
get(struct arena *arena, const char *text, char **ret)
{
	return osrelease_get(slice_of(text), "PRETTY_NAME", arena, ret);
}

static void
names(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	char *name = NULL;

	(void) state;
	assert_int_equal(get(arena, "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", &name), 0);
	assert_string_equal(name, "Debian GNU/Linux 12 (bookworm)");
	assert_int_equal(get(arena, "PRETTY_NAME='a \\ b'", &name), 0);
	assert_string_equal(name, "a \\ b");
	assert_int_equal(get(arena, "PRETTY_NAME=\"a\\\"b\\$c\"", &name), 0);
	assert_string_equal(name, "a\"b$c");
	assert_int_equal(get(arena, "PRETTY_NAME=a\nPRETTY_NAME=b\n", &name), 0);
	assert_string_equal(name, "b");
	assert_int_equal(get(arena, "PRETTY_NAME=", &name), 0);
	assert_string_equal(name, "");
}

static void
broken(void **state)
{
	static const char *const bad[] = { "PRETTY_NAME=\"x", "PRETTY_NAME=\"x\" y",
					   "PRETTY_NAME='", "PRETTY_NAME=x\\" };
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	char *name = NULL;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(get(arena, bad[i], &name), -EBADMSG);
	assert_int_equal(get(arena, "", &name), -ENOENT);
	assert_int_equal(get(arena, "NAME=x\n# PRETTY_NAME=y\n", &name), -ENOENT);
	assert_null(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

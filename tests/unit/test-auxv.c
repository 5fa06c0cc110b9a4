/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/auxv. */
#include "tests/unit/test.h"

#include "kernel/auxv.h"

#define BYTES(array) ((struct slice){ .p = (const char *) (array), .n = sizeof(array) })

static void
wide(void **state)
{
	const uint64_t words[] = { 33, 0x7ffd6f3f1000, 51, 3376, 16, 395049983, 6, 4096, 26, 2, 0, 0, 7, 7 };
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Process p = PROCESS__INIT;

	(void) state;
	assert_int_equal(auxv_parse(BYTES(words), arena, &p), 0);
	assert_false(p.aux_32bit);
	assert_int_equal(p.n_aux, 4);
	assert_int_equal(p.aux[0]->key, 51);
	assert_int_equal(p.aux[0]->value, 3376);
	assert_int_equal(p.aux[1]->value, 395049983);
	assert_int_equal(p.aux[3]->key, 26);
}

static void
narrow(void **state)
{
	const uint32_t words[] = { 32, 0xf7f5a550, 33, 0xf7f5a000, 16, 395049983, 6, 4096, 0, 0, 0, 0 };
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Process p = PROCESS__INIT;

	(void) state;
	assert_int_equal(auxv_parse(BYTES(words), arena, &p), 0);
	assert_true(p.aux_32bit);
	assert_int_equal(p.n_aux, 2);
	assert_int_equal(p.aux[0]->key, 16);
	assert_int_equal(p.aux[1]->value, 4096);
}

static void
odd(void **state)
{
	const uint64_t endless[] = { 33, 1, 16, 2 };
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Process p = PROCESS__INIT;

	(void) state;
	assert_int_equal(auxv_parse(SLICE(""), arena, &p), 0);
	assert_false(p.has_aux_32bit);
	assert_int_equal(auxv_parse(SLICE("x"), arena, &p), -EBADMSG);
	assert_int_equal(auxv_parse(SLICE("123456789012345"), arena, &p), -EBADMSG);
	assert_int_equal(auxv_parse(BYTES(endless), arena, &p), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wide),
		cmocka_unit_test(narrow),
		cmocka_unit_test(odd),
	};

	return cmocka_run_group_tests_name("auxv", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arena: zeroed, aligned, capped, growing arrays, adoption.
 */
#include "base/arena.h"

#include "tests/unit/test.h"

#include <string.h>

static void
gives_zeroed_aligned_memory(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new(1 << 20);

	(void) state;
	for (size_t size = 0; size < 300; size++) {
		unsigned char *p = arena_alloc(a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t) p % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xaa, size);
	}
}

static void
never_exceeds_its_cap(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new(100 * 1000);
	size_t got = 0;

	(void) state;
	assert_null(arena_alloc(a, 100 * 1000 + 1));
	assert_null(arena_alloc(a, SIZE_MAX));
	while (arena_alloc(a, 1000))
		got += 1000;
	assert_in_range(got, 60 * 1000, 100 * 1000);
	assert_true(arena_used(a) <= 100 * 1000);
}

static void
grows_arrays(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new(1 << 22);
	uint64_t *array = NULL;
	size_t n = 0;

	(void) state;
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t *element = arena_grow(a, &array, &n, sizeof(*array));

		assert_non_null(element);
		assert_int_equal(*element, 0);
		*element = i;
	}
	assert_int_equal(n, 5000);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(array[i], i);
}

static void
leaves_an_array_alone_when_full(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new(4096);
	uint64_t *array = NULL;
	size_t n = 0;

	(void) state;
	while (arena_grow(a, &array, &n, sizeof(*array)))
		array[n - 1] = n;
	assert_true(n >= 64);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(array[i], i + 1);
}

static void
adopts_another_arena(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new(1 << 20);
	char *mine[50], *theirs[50];

	(void) state;
	for (int round = 0; round < 50; round++) {
		struct arena *b = arena_new(1 << 20);

		mine[round] = arena_printf(a, "mine %d", round);
		theirs[round] = arena_printf(b, "theirs %d", round);
		arena_adopt(a, b);
	}
	for (int round = 0; round < 50; round++) {
		char text[32];

		(void) snprintf(text, sizeof(text), "mine %d", round);
		assert_string_equal(mine[round], text);
		(void) snprintf(text, sizeof(text), "theirs %d", round);
		assert_string_equal(theirs[round], text);
	}
	arena_adopt(a, arena_new(10));		/* an empty one */
	assert_non_null(arena_alloc(a, 1));
}

static void
copies_text(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new(1 << 16);

	(void) state;
	assert_string_equal(arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(arena_strdup(a, ""), "");
	assert_memory_equal(arena_memdup(a, "a\0b", 3), "a\0b", 3);
	assert_null(arena_strndup(a, "x", SIZE_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory),
		cmocka_unit_test(never_exceeds_its_cap),
		cmocka_unit_test(grows_arrays),
		cmocka_unit_test(leaves_an_array_alone_when_full),
		cmocka_unit_test(adopts_another_arena),
		cmocka_unit_test(copies_text),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}

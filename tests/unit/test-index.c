/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that wait at a listener of the tree: each of them is found by its inode. */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/test.h"
#include <stdbool.h>

#include "checker/index.h"

static void
test_all_who_wait(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	uint32_t waiting[] = { 0, 71, 72, 0, 73 };
	Socket listener = SOCKET__INIT, *sockets[] = { &listener };
	Snapshot source = SNAPSHOT__INIT;
	struct tree_index *index = NULL;

	(void) state;
	SET_FACT(&listener, ino, 70);
	listener.n_pending = ARRAY_SIZE(waiting);
	listener.pending = waiting;
	source.n_socket = 1;
	source.socket = sockets;
	assert_int_equal(tree_index_new(arena, &source, &index), 0);
	for (uint64_t ino = 71; ino <= 73; ino++)
		assert_ptr_equal(index_waits_at(index, ino), &listener);
	assert_null(index_waits_at(index, 74));
	assert_null(index_waits_at(index, 71 | UINT64_C(72) << 32));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_who_wait) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

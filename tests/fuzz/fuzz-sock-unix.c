/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of an answer about a unix socket, as sock_diag(7) gives it.
 */
#include "kernel/sock-unix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_even(uint64_t ino, const void *arg)
{
	(void) arg;
	return ino % 2 == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct slice answer = { .p = (const char *) data, .n = size };
	Socket s = SOCKET__INIT;
	uint64_t ino;

	if (!arena)
		return 0;
	(void) sock_unix_ino(answer, &ino);
	(void) sock_unix_concerns(answer, is_even, NULL);
	(void) sock_unix_parse(answer, arena, &s);
	return 0;
}

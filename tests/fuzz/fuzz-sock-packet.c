/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of an answer about a packet socket, as sock_diag(7) gives it.
 */
#include "kernel/sock-packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct slice answer = { .p = (const char *) data, .n = size };
	Socket s = SOCKET__INIT;
	uint64_t ino;

	if (!arena)
		return 0;
	(void) sock_packet_ino(answer, &ino);
	(void) sock_packet_parse(answer, arena, &s);
	return 0;
}

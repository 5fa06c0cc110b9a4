/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of an answer about an inet socket, as sock_diag(7) gives it.
 */
#include "kernel/sock-inet.h"

#include <netinet/in.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct slice answer = { .p = (const char *) data, .n = size };
	Socket tcp = SOCKET__INIT, raw = SOCKET__INIT;
	struct sock_inet_key key;

	if (!arena)
		return 0;
	(void) sock_inet_key(answer, &key);
	(void) sock_inet_parse(answer, IPPROTO_TCP, arena, &tcp);
	(void) sock_inet_parse(answer, IPPROTO_RAW, arena, &raw);
	return 0;
}

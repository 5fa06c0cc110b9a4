/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/timers. */
#include "kernel/timers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	PosixTimer **timer = NULL;
	size_t n = 0;

	if (arena)
		(void) timers_parse(text, arena, &timer, &n);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/auxv. */
#include "kernel/auxv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	Process p = PROCESS__INIT;

	if (arena)
		(void) auxv_parse(text, arena, &p);
	return 0;
}

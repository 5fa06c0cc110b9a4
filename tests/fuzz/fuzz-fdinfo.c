/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/fdinfo/N. */
#include "kernel/fdinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	Fd fd = FD__INIT;

	if (arena)
		(void) fdinfo_parse(text, arena, &fd);
	return 0;
}

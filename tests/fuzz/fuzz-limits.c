/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/limits. */
#include "kernel/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	Limit **limit = NULL;
	size_t n = 0;

	if (!arena || limits_parse(text, arena, &limit, &n) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!limit[i]->name)
			abort();
	return 0;
}

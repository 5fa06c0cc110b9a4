/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/status, of a process and of a thread. */
#include "base/text.h"
#include "kernel/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	Process p = PROCESS__INIT;
	Thread t = THREAD__INIT, other = THREAD__INIT;

	if (!arena)
		return 0;
	(void) status_parse(text, arena, &p, &t);
	(void) status_parse(text, arena, NULL, &other);
	return 0;
}

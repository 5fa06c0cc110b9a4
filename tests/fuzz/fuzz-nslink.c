/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a link of /proc/PID/ns and as an id map. */
#include "kernel/nslink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	NamespaceKind kind;
	IdRange **range = NULL;
	uint64_t ino;
	size_t n = 0;

	if (!arena)
		return 0;
	(void) nslink_parse(text, &kind, &ino);
	(void) idmap_parse(text, arena, &range, &n);
	return 0;
}

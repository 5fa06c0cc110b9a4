/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/cpuinfo and as /proc/meminfo. */
#include "kernel/cpuinfo.h"
#include "kernel/meminfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	Memory memory = MEMORY__INIT;
	Cpu cpu = CPU__INIT;

	if (!arena)
		return 0;
	if (cpuinfo_parse(text, arena, &cpu) == 0 && (cpu.online == 0 || !cpu.flags || !cpu.vendor))
		abort();
	if (meminfo_parse(text, &memory) == 0 && !memory.has_total_kb)
		abort();
	return 0;
}

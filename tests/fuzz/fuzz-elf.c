/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an ELF file. */
#include "kernel/elf.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *p;
	size_t n;
};

static int
memory_read(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct memory *m = arg;

	if (offset > m->n || n > m->n - offset)
		abort();
	memcpy(p, m->p + offset, n);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct memory m = { .p = data, .n = size };
	struct elf_source s = { .size = size, .read = memory_read, .arg = &m };
	struct elf_facts e;
	char names[64];
	int r = elf_needed(&s, names, sizeof(names));

	if (r == 0 && !memchr(names, '\0', sizeof(names)))
		abort();
	if (!arena || elf_parse(&s, &e) < 0)
		return 0;
	if (e.build_id_length > ELF_BUILD_ID_MAX || !elf_to_facts(&e, arena))
		abort();
	return 0;
}

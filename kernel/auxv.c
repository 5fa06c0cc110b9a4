/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of machine words, key and value, up to the key 0. A 32-bit program has words of four
 * bytes; seen as eight, its first key has the value in its upper half, and no key is that large.
 * So it can be told by the first pair (21 00 00 00 00 00 00 00, AT_SYSINFO_EHDR, is 64-bit).
 */
#include "kernel/auxv.h"

#include <elf.h>

#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN 28
#endif

static const uint64_t wanted[] = {
	AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ, AT_PAGESZ, AT_RSEQ_FEATURE_SIZE, AT_RSEQ_ALIGN,
};

static uint64_t
word_at(struct slice bytes, size_t offset, size_t size)
{
	uint64_t wide;
	uint32_t narrow;

	if (size == sizeof(narrow)) {
		memcpy(&narrow, bytes.p + offset, sizeof(narrow));
		return narrow;
	}
	memcpy(&wide, bytes.p + offset, sizeof(wide));
	return wide;
}

static int
add_value(struct arena *arena, Process *p, uint64_t key, uint64_t value)
{
	AuxValue *aux;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (wanted[i] != key)
			continue;
		aux = NEW_FACT(arena, AuxValue, aux_value);
		if (!aux)
			return -ENOMEM;
		SET_FACT(aux, key, key);
		SET_FACT(aux, value, value);
		return ADD_FACT(arena, p->aux, p->n_aux, aux);
	}
	return 0;
}

int
auxv_parse(struct slice bytes, struct arena *arena, Process *p)
{
	size_t size;
	int r;

	if (bytes.n == 0)
		return 0;
	if (bytes.n < 2 * sizeof(uint64_t))
		return -EBADMSG;
	size = word_at(bytes, 0, sizeof(uint64_t)) > UINT32_MAX ? sizeof(uint32_t) : sizeof(uint64_t);
	for (size_t at = 0; at + 2 * size <= bytes.n; at += 2 * size) {
		uint64_t key = word_at(bytes, at, size);

		if (key == AT_NULL) {
			SET_FACT(p, aux_32bit, size == sizeof(uint32_t));
			return 0;
		}
		r = add_value(arena, p, key, word_at(bytes, at + size, size));
		if (r < 0)
			return r;
	}
	return -EBADMSG;
}

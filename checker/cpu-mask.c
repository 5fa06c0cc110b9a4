/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc and libcrypto can be told to do without a feature: by GLIBC_TUNABLES ("Hardware Capability
 * Tunables" of glibc's manual) and by OPENSSL_ia32cap(3), whose two words are CPUID.1 EDX:ECX and
 * CPUID.7.0 EBX:ECX; "~" before a word clears its bits:
 *
 *     GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512BW OPENSSL_ia32cap=':~0x40010000'
 */
#include "checker/cpu-mask.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>

/* Which word of OPENSSL_ia32cap has the feature, and where; -1: none. */
static int
openssl_bit(const struct cpu_feature *f, unsigned int *ret_word)
{
	static const struct {
		enum cpu_word word;
		unsigned int openssl, shift;
	} places[] = {
		{ CPU_WORD_1_EDX, 0, 0 }, { CPU_WORD_1_ECX, 0, 32 }, { CPU_WORD_80000001_ECX, 0, 32 },
		{ CPU_WORD_7_EBX, 1, 0 }, { CPU_WORD_7_ECX, 1, 32 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		/* Of AMD's own bits only XOP has a place there. */
		if (places[i].word != f->word || (f->word == CPU_WORD_80000001_ECX && f->bit != 11))
			continue;
		*ret_word = places[i].openssl;
		return (int) (f->bit + places[i].shift);
	}
	return -1;
}

/* Whether the variables reach all that choose by it. */
static bool
is_maskable(const struct cpu_demand *d, const struct cpu_feature *f)
{
	unsigned int choosers = f->dispatch & d->dispatch, word;

	if ((d->dispatch & DISPATCH_ANY) || (f->flags & d->levels))
		return false;
	if ((choosers & DISPATCH_LIBC) && !f->glibc)
		return false;
	if (!(choosers & DISPATCH_CRYPTO))
		return true;
	return !(d->dispatch & DISPATCH_FIXED) && openssl_bit(f, &word) >= 0;
}

int
cpu_mask_add(struct arena *arena, const struct cpu_demand *d, const struct cpu_feature *f, struct cpu_mask *mask)
{
	unsigned int choosers = f->dispatch & d->dispatch, word;
	int bit;

	mask->names = mask->names ? arena_printf(arena, "%s,%s", mask->names, f->name) : f->name;
	if (!mask->names)
		return -ENOMEM;
	if ((choosers & DISPATCH_LIBC) && f->glibc) {
		mask->glibc = mask->glibc ? arena_printf(arena, "%s,-%s", mask->glibc, f->glibc) :
					    arena_printf(arena, "-%s", f->glibc);
		if (!mask->glibc)
			return -ENOMEM;
	}
	bit = choosers & DISPATCH_CRYPTO ? openssl_bit(f, &word) : -1;
	if (bit >= 0)
		mask->openssl[word] |= 1ULL << bit;
	if (is_maskable(d, f))
		return 1;
	mask->incomplete = true;
	return 0;
}

/* The value of OPENSSL_ia32cap, quoted; "" for none. */
static const char *
openssl_value(struct arena *arena, const uint64_t word[2])
{
	unsigned long long first = word[0], second = word[1];

	if (first && second)
		return arena_printf(arena, "'~0x%llx:~0x%llx'", first, second);
	if (first)
		return arena_printf(arena, "'~0x%llx'", first);
	return second ? arena_printf(arena, "':~0x%llx'", second) : "";
}

int
cpu_mask_environment(struct arena *arena, const struct cpu_mask *mask, const char **ret)
{
	const char *openssl = openssl_value(arena, mask->openssl), *text = NULL;

	if (!openssl)
		return -ENOMEM;
	if (!mask->glibc && !*openssl) {
		*ret = NULL;
		return 0;
	}
	if (mask->glibc && *openssl)
		text = arena_printf(arena, "GLIBC_TUNABLES=glibc.cpu.hwcaps=%s OPENSSL_ia32cap=%s", mask->glibc,
				    openssl);
	else if (mask->glibc)
		text = arena_printf(arena, "GLIBC_TUNABLES=glibc.cpu.hwcaps=%s", mask->glibc);
	else
		text = arena_printf(arena, "OPENSSL_ia32cap=%s", openssl);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of an ELF file: name size, description size, type, then both padded to words. As
 * `readelf -n` shows those of a library:
 *
 *     GNU   0x00000030   NT_GNU_PROPERTY_TYPE_0   x86 feature: IBT, SHSTK
 *                                                 x86 ISA needed: x86-64-baseline
 *     GNU   0x00000014   NT_GNU_BUILD_ID          51657f818beb1ae70372216a99b7412b8a100a20
 *
 * The build-id is found as CRIU finds it (files-reg.c): the first note of type 3 whatever its
 * name, 1 to 512 bytes.
 */
#include "kernel/elf-file.h"
#include <string.h>

enum {
	PROPERTY_ISA_USED = 0xc0010002,
	PROPERTY_ISA_NEEDED = 0xc0008002,
	PROPERTY_FEATURE_1 = 0xc0000002,
};

static uint32_t
word_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* type, size, data padded to the word of the class; again and again. */
static void
properties_take(struct elf_file *f, const uint8_t *p, size_t n)
{
	size_t pad = f->wide ? 7 : 3;

	while (n >= 8) {
		uint32_t type = word_at(p), size = word_at(p + 4), value;
		size_t all;

		if (size > n - 8)
			return;
		value = size >= 4 ? word_at(p + 8) : 0;
		if (type == PROPERTY_ISA_NEEDED && size == 4) {
			f->facts->has_isa_needed = true;
			f->facts->isa_needed = value;
		} else if (type == PROPERTY_ISA_USED && size == 4) {
			f->facts->has_isa_used = true;
			f->facts->isa_used = value;
		} else if (type == PROPERTY_FEATURE_1 && size == 4) {
			f->facts->has_features_1 = true;
			f->facts->features_1 = value;
		}
		all = 8 + (((size_t) size + pad) & ~pad);
		if (all > n)
			return;
		p += all;
		n -= all;
	}
}

static void
build_id_take(struct elf_file *f, const uint8_t *p, uint32_t n)
{
	if (f->facts->build_id_length > 0 || n < 1 || n > ELF_BUILD_ID_MAX)
		return;
	memcpy(f->facts->build_id, p, n);
	f->facts->build_id_length = n;
}

/* `in_window`: how many of the bytes CRIU would see when it looks for the build-id. */
void
elf_notes_take(struct elf_file *f, const uint8_t *p, size_t n, size_t in_window)
{
	bool x86 = f->facts->machine == EM_X86_64 || f->facts->machine == EM_386;
	size_t at = 0;

	while (n - at >= 12) {
		uint64_t name = word_at(p + at), desc = word_at(p + at + 4);
		uint32_t type = word_at(p + at + 8);
		uint64_t begin = at + 12 + ((name + 3) & ~3ULL), end = begin + desc;

		if (begin > n || end > n)
			return;
		if (type == NT_GNU_BUILD_ID && end <= in_window)
			build_id_take(f, p + begin, (uint32_t) desc);
		if (type == NT_GNU_PROPERTY_TYPE_0 && x86 && name == 4 &&
		    memcmp(p + at + 12, "GNU", 4) == 0)
			properties_take(f, p + begin, (size_t) desc);
		end = (end + 3) & ~3ULL;
		if (end > n)
			return;
		at = (size_t) end;
	}
}

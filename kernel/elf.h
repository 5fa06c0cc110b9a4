/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ELF file says of itself: elf(5), and the GNU notes of the "Linux Extensions to gABI".
 *
 * The bytes come through an elf_source, which hands out any part of the file: the facts stand
 * at both ends of it, and reading all between would cost more than the answer is worth. Every
 * offset in the file is a stranger's word and is checked before use.
 */
#pragma once

#include "base/arena.h"
#include "facts/snapshot.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ELF_BUILD_ID_WINDOW = 1 << 20,	/* CRIU looks for the build-id in this many bytes only */
	ELF_BUILD_ID_MAX = 512,
	ELF_NAME_MAX = 256,
};

struct elf_source {
	uint64_t size;			/* of the file */
	/* Fills `p` with the `n` bytes from `offset` on, all of them. 0 or -errno. */
	int (*read)(void *arg, uint64_t offset, void *p, size_t n);
	void *arg;
};

/* Fixed in size, so that it can be handed from a child to its parent. */
struct elf_facts {
	uint16_t machine;		/* EM_* */
	uint8_t elf_class;		/* 1: 32 bit, 2: 64 bit */
	bool has_isa_needed, has_isa_used, has_features_1;
	bool has_ifunc, ifunc_known;	/* known: there were section headers to say so */
	uint32_t isa_needed, isa_used, features_1;
	uint32_t build_id_length;	/* 0: none */
	char interpreter[ELF_NAME_MAX];	/* "": none, or unreadable */
	char soname[ELF_NAME_MAX];
	uint8_t build_id[ELF_BUILD_ID_MAX];
};

/*
 * 0; -ENOEXEC when it is no little-endian ELF file; -EBADMSG when its header lies beyond the
 * file; -errno of source->read. What else is damaged is left out. The output is untouched on
 * failure.
 */
int elf_parse(const struct elf_source *source, struct elf_facts *ret);

/*
 * The names of the libraries that a program was linked with, parted by blanks: "libnet.so.9 libc.so.6".
 * "" where it is linked with none. 0; as elf_parse(), and -EFBIG where there is no room: then `ret` holds
 * the first of them.
 */
int elf_needed(const struct elf_source *source, char *ret, size_t room);

/* As facts of a snapshot, in `arena`; NULL when it is full. */
ElfFacts *elf_to_facts(const struct elf_facts *e, struct arena *arena);

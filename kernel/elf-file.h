/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of kernel/elf: an ELF file that is being read. Both classes are widened to the fields
 * of the 64-bit one, so that nothing beyond elf-file.c knows of two layouts of the headers.
 */
#pragma once

#include "kernel/elf.h"
#include <elf.h>

struct elf_file {
	const struct elf_source *source;
	struct elf_facts *facts;	/* to fill */
	bool wide;			/* 64 bit */
	Elf64_Ehdr header;		/* only what is used: machine and both tables */
	uint64_t dynamic, dynamic_size;
	Elf64_Phdr load[16];		/* to turn addresses into offsets */
	unsigned int n_load;
};

/* All `n` bytes from `offset` on. 0, -EBADMSG beyond the file's end, -errno of the source. */
int elf_bytes(const struct elf_file *f, uint64_t offset, void *p, size_t n);

/* Fills header, wide, and class and machine of the facts. 0 or as elf_parse(). */
int elf_header_read(struct elf_file *f);

/* One entry of the program or section headers. 0, -EBADMSG, -errno of the source. */
int elf_segment_read(const struct elf_file *f, unsigned int i, Elf64_Phdr *ret);
int elf_section_read(const struct elf_file *f, unsigned int i, Elf64_Shdr *ret);

/*
 * Takes build-id and properties out of the bytes of one segment of notes, of which CRIU would
 * see the first `in_window` when it looks for the build-id.
 */
void elf_notes_take(struct elf_file *f, const uint8_t *p, size_t n, size_t in_window);

/* Looks for code that is picked by processor. 0, -EBADMSG, -EFBIG, -errno of the source. */
int elf_ifunc_read(struct elf_file *f);

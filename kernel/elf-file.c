/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of an ELF file, elf(5), `readelf -hlS`:
 *
 *     Class: ELF64   Data: 2's complement, little endian   Machine: X86-64
 *     Start of program headers: 64     13 of 56 bytes
 *     Start of section headers: 14432  31 of 64 bytes
 */
#include "kernel/elf-file.h"
#include <string.h>

int
elf_bytes(const struct elf_file *f, uint64_t offset, void *p, size_t n)
{
	if (offset > f->source->size || n > f->source->size - offset)
		return -EBADMSG;
	return f->source->read(f->source->arg, offset, p, n);
}

int
elf_header_read(struct elf_file *f)
{
	unsigned char ident[EI_NIDENT];
	Elf32_Ehdr narrow;
	int r;

	if (f->source->size < sizeof(ident))
		return -ENOEXEC;
	r = elf_bytes(f, 0, ident, sizeof(ident));
	if (r < 0)
		return r;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0 || ident[EI_DATA] != ELFDATA2LSB ||
	    (ident[EI_CLASS] != ELFCLASS64 && ident[EI_CLASS] != ELFCLASS32))
		return -ENOEXEC;
	f->wide = ident[EI_CLASS] == ELFCLASS64;
	if (f->wide) {
		r = elf_bytes(f, 0, &f->header, sizeof(f->header));
	} else {
		r = elf_bytes(f, 0, &narrow, sizeof(narrow));
		if (r == 0)
			f->header = (Elf64_Ehdr){
				.e_machine = narrow.e_machine, .e_phoff = narrow.e_phoff,
				.e_phentsize = narrow.e_phentsize, .e_phnum = narrow.e_phnum,
				.e_shoff = narrow.e_shoff, .e_shentsize = narrow.e_shentsize,
				.e_shnum = narrow.e_shnum,
			};
	}
	if (r < 0)
		return r;
	f->facts->elf_class = ident[EI_CLASS];
	f->facts->machine = f->header.e_machine;
	return 0;
}

int
elf_segment_read(const struct elf_file *f, unsigned int i, Elf64_Phdr *ret)
{
	uint64_t at = f->header.e_phoff + (uint64_t) i * f->header.e_phentsize;
	Elf32_Phdr narrow;
	int r;

	if (f->header.e_phoff > f->source->size)
		return -EBADMSG;
	if (f->wide)
		return f->header.e_phentsize < sizeof(*ret) ? -EBADMSG :
							      elf_bytes(f, at, ret, sizeof(*ret));
	if (f->header.e_phentsize < sizeof(narrow))
		return -EBADMSG;
	r = elf_bytes(f, at, &narrow, sizeof(narrow));
	if (r < 0)
		return r;
	*ret = (Elf64_Phdr){
		.p_type = narrow.p_type, .p_offset = narrow.p_offset, .p_vaddr = narrow.p_vaddr,
		.p_filesz = narrow.p_filesz,
	};
	return 0;
}

int
elf_section_read(const struct elf_file *f, unsigned int i, Elf64_Shdr *ret)
{
	uint64_t at = f->header.e_shoff + (uint64_t) i * f->header.e_shentsize;
	Elf32_Shdr narrow;
	int r;

	if (f->header.e_shoff > f->source->size)
		return -EBADMSG;
	if (f->wide)
		return f->header.e_shentsize < sizeof(*ret) ? -EBADMSG :
							      elf_bytes(f, at, ret, sizeof(*ret));
	if (f->header.e_shentsize < sizeof(narrow))
		return -EBADMSG;
	r = elf_bytes(f, at, &narrow, sizeof(narrow));
	if (r < 0)
		return r;
	*ret = (Elf64_Shdr){
		.sh_type = narrow.sh_type, .sh_offset = narrow.sh_offset, .sh_size = narrow.sh_size,
		.sh_entsize = narrow.sh_entsize,
	};
	return 0;
}

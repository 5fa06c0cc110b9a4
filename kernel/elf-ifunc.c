/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an ELF file pick code by the processor it starts on? It then has relocations of type
 * IRELATIVE or dynamic symbols of type IFUNC, `readelf -rW --dyn-syms`:
 *
 *     00000000001d9008  0000000000000025 R_X86_64_IRELATIVE    a5d30
 *     1037: 00000000000a0e50    96 IFUNC   GLOBAL DEFAULT   16 strlen@@GLIBC_2.2.5
 *
 * A static program has the relocations too, in .rela.plt. The choice was made when the program
 * started, so after a move to a lesser processor it would die of SIGILL.
 */
#include "kernel/elf-file.h"
#include <string.h>

enum {
	MAX_SECTIONS = 4096,
	MAX_TABLE = 16 * 1024 * 1024,	/* bytes of one table of symbols or relocations */
	CHUNK = 32 * 1024,
};

static uint64_t
word_at(const uint8_t *p, bool wide)
{
	uint32_t narrow;
	uint64_t v;

	if (wide) {
		memcpy(&v, p, sizeof(v));
		return v;
	}
	memcpy(&narrow, p, sizeof(narrow));
	return narrow;
}

static uint32_t
irelative_of(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return R_X86_64_IRELATIVE;
	case EM_386:
		return R_386_IRELATIVE;
	case EM_AARCH64:
		return R_AARCH64_IRELATIVE;
	default:
		return UINT32_MAX;
	}
}

/* Is this entry of a table of symbols or relocations an indirect function? */
static bool
entry_is_ifunc(const struct elf_file *f, uint32_t section, const uint8_t *p)
{
	uint64_t info;

	if (section == SHT_DYNSYM)
		return (p[f->wide ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info)] & 15) ==
		       STT_GNU_IFUNC;
	info = word_at(p + (f->wide ? offsetof(Elf64_Rel, r_info) : offsetof(Elf32_Rel, r_info)),
		       f->wide);
	return (f->wide ? ELF64_R_TYPE(info) : ELF32_R_TYPE(info)) ==
	       irelative_of(f->facts->machine);
}

static size_t
entry_size(const struct elf_file *f, uint32_t section)
{
	switch (section) {
	case SHT_DYNSYM:
		return f->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	case SHT_RELA:
		return f->wide ? sizeof(Elf64_Rela) : sizeof(Elf32_Rela);
	case SHT_REL:
		return f->wide ? sizeof(Elf64_Rel) : sizeof(Elf32_Rel);
	default:
		return 0;
	}
}

/* 1: holds one, 0: holds none, or -errno. */
static int
table_has_ifunc(const struct elf_file *f, const Elf64_Shdr *s)
{
	size_t each = entry_size(f, s->sh_type);
	uint8_t chunk[CHUNK];
	size_t n;
	int r;

	if (each == 0 || s->sh_entsize != each)
		return 0;
	if (s->sh_size > MAX_TABLE)
		return -EFBIG;
	for (uint64_t done = 0; done + each <= s->sh_size; done += n) {
		n = CHUNK - CHUNK % each;
		if (s->sh_size - done < n)
			n = (size_t) (s->sh_size - done) / each * each;
		r = s->sh_offset > f->source->size ? -EBADMSG :
						     elf_bytes(f, s->sh_offset + done, chunk, n);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i += each)
			if (entry_is_ifunc(f, s->sh_type, chunk + i))
				return 1;
	}
	return 0;
}

int
elf_ifunc_read(struct elf_file *f)
{
	uint64_t total = 0;
	Elf64_Shdr s;
	int r;

	if (f->header.e_shnum == 0 || f->header.e_shnum > MAX_SECTIONS)
		return 0;
	for (unsigned int i = 0; i < f->header.e_shnum; i++) {
		r = elf_section_read(f, i, &s);
		if (r < 0)
			return r;
		if (entry_size(f, s.sh_type) == 0)
			continue;
		/* Sections may overlap in a crafted file: the whole work is bounded too. */
		if (__builtin_add_overflow(total, s.sh_size, &total) || total > 2ULL * MAX_TABLE)
			return -EFBIG;
		r = table_has_ifunc(f, &s);
		if (r < 0)
			return r;
		if (r > 0)
			f->facts->has_ifunc = true;
		if (r > 0)
			break;
	}
	f->facts->ifunc_known = true;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files, as far as a migration cares (readelf -lnS shows the same):
 *
 *     ELF header        class, machine, where the tables stand
 *     program headers   INTERP   /lib64/ld-linux-x86-64.so.2
 *                       NOTE     GNU  type 3  build-id, 20 bytes
 *                                GNU  type 5  properties: x86 ISA needed: x86-64-v3; IBT, SHSTK
 *                       DYNAMIC  SONAME libssl.so.3
 *     section headers   .rela.plt, .rela.dyn: R_X86_64_IRELATIVE; .dynsym: symbols of type IFUNC
 */
#include "kernel/elf-file.h"
#include <string.h>

enum {
	MAX_SEGMENTS = 512,
	MAX_NOTES = 64 * 1024,		/* bytes of one segment of notes */
	MAX_DYNAMIC = 2048,		/* entries */
};

static int
notes_read(struct elf_file *f, uint64_t offset, uint64_t size)
{
	size_t n = size < MAX_NOTES ? (size_t) size : MAX_NOTES;
	_cleanup_free_ uint8_t *p = NULL;
	size_t in_window = 0;
	int r;

	if (n == 0)
		return 0;
	p = malloc(n);
	if (!p)
		return -ENOMEM;
	r = elf_bytes(f, offset, p, n);
	if (r < 0)
		return r;
	if (offset < ELF_BUILD_ID_WINDOW)
		in_window = (size_t) (ELF_BUILD_ID_WINDOW - offset);
	elf_notes_take(f, p, n, in_window);
	return 0;
}

/* A NUL-terminated name of at most ELF_NAME_MAX - 1 bytes; longer ones are left out. */
static int
name_read(const struct elf_file *f, uint64_t offset, uint64_t limit, char ret[ELF_NAME_MAX])
{
	char name[ELF_NAME_MAX];
	uint64_t left = offset < f->source->size ? f->source->size - offset : 0;
	size_t n = sizeof(name);
	int r;

	n = limit < n ? (size_t) limit : n;
	n = left < n ? (size_t) left : n;
	r = elf_bytes(f, offset, name, n);
	if (r < 0)
		return r;
	if (!memchr(name, '\0', n))
		return -EBADMSG;
	strcpy(ret, name);
	return 0;
}

static int
offset_of(const struct elf_file *f, uint64_t address, uint64_t *ret)
{
	for (unsigned int i = 0; i < f->n_load; i++) {
		const Elf64_Phdr *l = &f->load[i];

		if (address >= l->p_vaddr && address - l->p_vaddr < l->p_filesz) {
			*ret = l->p_offset + (address - l->p_vaddr);
			return 0;
		}
	}
	return -EBADMSG;
}

static int
dynamic_entry(const struct elf_file *f, uint64_t offset, Elf64_Dyn *ret)
{
	Elf32_Dyn narrow;
	int r;

	if (f->wide)
		return elf_bytes(f, offset, ret, sizeof(*ret));
	r = elf_bytes(f, offset, &narrow, sizeof(narrow));
	if (r == 0)
		*ret = (Elf64_Dyn){ .d_tag = narrow.d_tag, .d_un.d_val = narrow.d_un.d_val };
	return r;
}

/* Hands each entry of the dynamic section to `each`, which stops with < 0. */
static int
dynamic_walk(const struct elf_file *f, int (*each)(const struct elf_file *f, const Elf64_Dyn *d, void *arg), void *arg)
{
	size_t size = f->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	uint64_t at;
	Elf64_Dyn d;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < MAX_DYNAMIC && i < f->dynamic_size / size; i++) {
		if (__builtin_add_overflow(f->dynamic, i * size, &at))
			return -EBADMSG;
		r = dynamic_entry(f, at, &d);
		if (r < 0 || d.d_tag == DT_NULL)
			break;
		r = each(f, &d, arg);
	}
	return r;
}

struct soname {
	uint64_t strings, name;
	bool has_name;
};

static int
soname_take(const struct elf_file *f, const Elf64_Dyn *d, void *arg)
{
	struct soname *s = arg;

	(void) f;
	if (d->d_tag == DT_STRTAB)
		s->strings = d->d_un.d_ptr;
	if (d->d_tag == DT_SONAME) {
		s->name = d->d_un.d_val;
		s->has_name = true;
	}
	return 0;
}

static int
soname_read(struct elf_file *f)
{
	struct soname s = { 0 };
	uint64_t at;
	int r;

	r = dynamic_walk(f, soname_take, &s);
	if (r < 0 || !s.has_name)
		return r;
	r = offset_of(f, s.strings, &at);
	if (r < 0)
		return r;
	if (__builtin_add_overflow(at, s.name, &at))
		return -EBADMSG;
	return name_read(f, at, ELF_NAME_MAX, f->facts->soname);
}

static int
segment_take(struct elf_file *f, const Elf64_Phdr *p)
{
	switch (p->p_type) {
	case PT_NOTE:
		return notes_read(f, p->p_offset, p->p_filesz);
	case PT_INTERP:
		return name_read(f, p->p_offset, p->p_filesz, f->facts->interpreter);
	case PT_DYNAMIC:
		f->dynamic = p->p_offset;
		f->dynamic_size = p->p_filesz;
		return 0;
	case PT_LOAD:
		if (f->n_load < ARRAY_SIZE(f->load))
			f->load[f->n_load++] = *p;
		return 0;
	default:
		return 0;
	}
}

/* Damage is left out; what the reader of the file says is not. */
static int
unless_damaged(int r)
{
	return r == -EBADMSG || r == -EFBIG ? 0 : r;
}

static int
segments_take(struct elf_file *f)
{
	Elf64_Phdr p;
	int r;

	r = elf_header_read(f);
	for (unsigned int i = 0; r == 0 && i < f->header.e_phnum && i < MAX_SEGMENTS; i++) {
		r = elf_segment_read(f, i, &p);
		if (r == 0)
			r = unless_damaged(segment_take(f, &p));
	}
	return r == -EBADMSG && f->facts->elf_class != 0 ? 0 : r;
}

int
elf_parse(const struct elf_source *source, struct elf_facts *ret)
{
	struct elf_facts facts = { 0 };
	struct elf_file f = { .source = source, .facts = &facts };
	int r;

	r = segments_take(&f);
	if (r == 0 && f.dynamic_size > 0)
		r = unless_damaged(soname_read(&f));
	if (r == 0)
		r = unless_damaged(elf_ifunc_read(&f));
	if (r < 0)
		return r;
	*ret = facts;
	return 0;
}

struct needed {
	uint64_t strings;		/* where their names stand in the file */
	char *text;
	size_t n, room;
};

static int
needed_take(const struct elf_file *f, const Elf64_Dyn *d, void *arg)
{
	struct needed *needed = arg;
	char name[ELF_NAME_MAX];
	uint64_t at;
	size_t n;
	int r;

	if (d->d_tag != DT_NEEDED)
		return 0;
	if (__builtin_add_overflow(needed->strings, d->d_un.d_val, &at))
		return -EBADMSG;
	r = name_read(f, at, ELF_NAME_MAX, name);
	if (r < 0)
		return r;
	n = strlen(name);
	if (n + 2 > needed->room - needed->n)
		return -EFBIG;
	if (needed->n > 0)
		needed->text[needed->n++] = ' ';
	memcpy(needed->text + needed->n, name, n + 1);
	needed->n += n;
	return 0;
}

int
elf_needed(const struct elf_source *source, char *ret, size_t room)
{
	struct elf_facts facts = { 0 };
	struct elf_file f = { .source = source, .facts = &facts };
	struct needed needed = { .text = ret, .room = room };
	struct soname s = { 0 };
	int r;

	ret[0] = '\0';
	r = segments_take(&f);
	if (r == 0)
		r = dynamic_walk(&f, soname_take, &s);
	if (r == 0 && f.dynamic_size > 0)
		r = offset_of(&f, s.strings, &needed.strings);
	if (r == 0)
		r = dynamic_walk(&f, needed_take, &needed);
	return r;
}

ElfFacts *
elf_to_facts(const struct elf_facts *e, struct arena *arena)
{
	ElfFacts *f = NEW_FACT(arena, ElfFacts, elf_facts);

	if (!f)
		return NULL;
	SET_FACT(f, elf_class, e->elf_class);
	SET_FACT(f, machine, e->machine);
	if (e->has_isa_needed)
		SET_FACT(f, isa_needed, e->isa_needed);
	if (e->has_isa_used)
		SET_FACT(f, isa_used, e->isa_used);
	if (e->has_features_1)
		SET_FACT(f, features_1, e->features_1);
	if (e->ifunc_known)
		SET_FACT(f, has_ifunc, e->has_ifunc);
	if (e->interpreter[0])
		f->interpreter = arena_strdup(arena, e->interpreter);
	if (e->soname[0])
		f->soname = arena_strdup(arena, e->soname);
	if ((e->interpreter[0] && !f->interpreter) || (e->soname[0] && !f->soname))
		return NULL;
	return f;
}

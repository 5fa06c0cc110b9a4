/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF facts of real files (this test and its libc, against what the loader holds in memory), of
 * files made by hand, and of damaged ones.
 */
#include "kernel/elf.h"
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

struct memory {
	const uint8_t *p;
	size_t n;
};

static int
memory_read(void *arg, uint64_t offset, void *p, size_t n)
{
	const struct memory *m = arg;

	assert_true(offset <= m->n && n <= m->n - offset);
	memcpy(p, m->p + offset, n);
	return 0;
}

static int
parse(const void *p, size_t n, struct elf_facts *ret)
{
	struct memory m = { .p = p, .n = n };
	struct elf_source s = { .size = n, .read = memory_read, .arg = &m };

	return elf_parse(&s, ret);
}

static uint8_t *
file_read(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *p;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = malloc((size_t) st.st_size);
	assert_non_null(p);
	assert_int_equal(read(fd, p, (size_t) st.st_size), st.st_size);
	(void) close(fd);
	*ret_n = (size_t) st.st_size;
	return p;
}

/* ---- real files ------------------------------------------------------------------------ */

struct loaded {
	const char *part;		/* of the path */
	char path[4096];
	const uint8_t *build_id;
	size_t length;
};

static int
find_loaded(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct loaded *l = arg;

	(void) size;
	if (!strstr(info->dlpi_name, l->part))
		return 0;
	strncpy(l->path, info->dlpi_name, sizeof(l->path) - 1);
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const uint8_t *at = (const uint8_t *) info->dlpi_addr + p->p_vaddr;
		ElfW(Nhdr) note;

		memcpy(&note, at, sizeof(note));
		if (p->p_type != PT_NOTE || note.n_type != NT_GNU_BUILD_ID)
			continue;
		l->build_id = at + sizeof(note) + note.n_namesz;
		l->length = note.n_descsz;
	}
	return 1;
}

static void
the_libc(void **state)
{
	struct loaded l = { .part = "libc.so" };
	struct elf_facts e;
	uint8_t *p;
	size_t n;

	(void) state;
	assert_int_equal(dl_iterate_phdr(find_loaded, &l), 1);
	p = file_read(l.path, &n);
	assert_int_equal(parse(p, n, &e), 0);
	assert_int_equal(e.elf_class, sizeof(void *) == 8 ? 2 : 1);
	assert_int_equal(e.build_id_length, l.length);
	assert_memory_equal(e.build_id, l.build_id, l.length);
	assert_string_equal(e.soname, "libc.so.6");
	assert_true(strstr(e.interpreter, "ld-linux") != NULL);
	assert_true(e.ifunc_known && e.has_ifunc);
	free(p);
}

static void
this_program(void **state)
{
	struct elf_facts e;
	uint8_t *p;
	size_t n;

	(void) state;
	p = file_read("/proc/self/exe", &n);
	assert_int_equal(parse(p, n, &e), 0);
	assert_string_equal(e.soname, "");
	assert_true(e.interpreter[0] == '/');
	assert_true(e.ifunc_known && !e.has_ifunc);
	/* However short it is cut, it is an answer, not a crash. */
	for (size_t cut = 0; cut < n; cut += cut < 2000 ? 1 : 777) {
		int r = parse(p, cut, &e);

		assert_true(r == 0 || r == -ENOEXEC || r == -EBADMSG);
	}
	free(p);
}

/* ---- made by hand ---------------------------------------------------------------------- */

struct made {
	Elf64_Ehdr header;
	Elf64_Phdr segment[5];
	char interpreter[32];
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint32_t property[12];
	} properties;
	struct {
		Elf64_Nhdr head;
		char name[4];
		uint8_t id[20];
	} build_id;
	Elf64_Dyn dynamic[3];
	char strings[32];
	Elf64_Shdr section[1];
	Elf64_Rela relocation[2];
};

#define AT(field) offsetof(struct made, field)
#define SIZE(field) sizeof(((struct made *) 0)->field)

static struct made
make(void)
{
	struct made m = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
			.e_machine = EM_X86_64,
			.e_phoff = AT(segment), .e_phnum = 5, .e_phentsize = sizeof(Elf64_Phdr),
			.e_shoff = AT(section), .e_shnum = 1, .e_shentsize = sizeof(Elf64_Shdr),
		},
		.segment = {
			{ .p_type = PT_INTERP, .p_offset = AT(interpreter),
			  .p_filesz = SIZE(interpreter) },
			{ .p_type = PT_NOTE, .p_offset = AT(properties), .p_filesz = SIZE(properties) },
			{ .p_type = PT_NOTE, .p_offset = AT(build_id), .p_filesz = SIZE(build_id) },
			{ .p_type = PT_LOAD, .p_vaddr = 0x400000, .p_filesz = sizeof(m) },
			{ .p_type = PT_DYNAMIC, .p_offset = AT(dynamic), .p_filesz = SIZE(dynamic) },
		},
		.interpreter = "/lib64/ld-linux-x86-64.so.2",
		.properties = {
			.head = { .n_namesz = 4, .n_descsz = SIZE(properties.property), .n_type = 5 },
			.name = "GNU",
			.property = { 0xc0000002, 4, 3, 0, 0xc0008002, 4, 4, 0, 0xc0010002, 4, 15, 0 },
		},
		.build_id = {
			.head = { .n_namesz = 4, .n_descsz = 20, .n_type = 3 },
			.name = "GNU",
			.id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 },
		},
		.dynamic = {
			{ .d_tag = DT_SONAME, .d_un.d_val = 6 },
			{ .d_tag = DT_STRTAB, .d_un.d_ptr = 0x400000 + AT(strings) },
		},
		.strings = "skip \0libmine.so.4",
		.section = {
			{ .sh_type = SHT_RELA, .sh_offset = AT(relocation), .sh_size = SIZE(relocation),
			  .sh_entsize = sizeof(Elf64_Rela) },
		},
		.relocation = { { .r_info = 8 }, { .r_info = R_X86_64_IRELATIVE } },
	};

	return m;
}

static void
made_by_hand(void **state)
{
	struct made m = make();
	struct elf_facts e;
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	ElfFacts *f;

	(void) state;
	assert_int_equal(parse(&m, sizeof(m), &e), 0);
	assert_int_equal(e.machine, EM_X86_64);
	assert_string_equal(e.interpreter, "/lib64/ld-linux-x86-64.so.2");
	assert_string_equal(e.soname, "libmine.so.4");
	assert_true(e.has_features_1 && e.features_1 == 3);
	assert_true(e.has_isa_needed && e.isa_needed == 4);
	assert_true(e.has_isa_used && e.isa_used == 15);
	assert_int_equal(e.build_id_length, 20);
	assert_int_equal(e.build_id[19], 20);
	assert_true(e.has_ifunc);

	f = elf_to_facts(&e, arena);
	assert_non_null(f);
	assert_true(f->has_isa_needed && f->isa_needed == 4 && f->has_ifunc && f->has_has_ifunc);
	assert_string_equal(f->soname, "libmine.so.4");
}

/* Of the test itself, and of a file that names none. */
static void
libraries_of_a_program(void **state)
{
	size_t n;
	uint8_t *p = file_read("/proc/self/exe", &n);
	struct memory m = { .p = p, .n = n };
	struct elf_source s = { .size = n, .read = memory_read, .arg = &m };
	struct made hand = make();
	char names[1024], few[8];

	(void) state;
	assert_int_equal(elf_needed(&s, names, sizeof(names)), 0);
	assert_non_null(strstr(names, " libc.so.6"));
	assert_int_equal(elf_needed(&s, few, sizeof(few)), -EFBIG);
	assert_true(strlen(few) < sizeof(few));
	m = (struct memory){ .p = (const uint8_t *) &hand, .n = sizeof(hand) };
	s.size = sizeof(hand);
	assert_int_equal(elf_needed(&s, names, sizeof(names)), 0);
	assert_string_equal(names, "");
	m.n = s.size = 3;
	assert_int_equal(elf_needed(&s, names, sizeof(names)), -ENOEXEC);
	free(p);
}

static void
what_criu_takes_for_a_build_id(void **state)
{
	struct made m = make();
	struct elf_facts e;
	uint8_t *big = calloc(1, (2 << 20) + sizeof(m));

	(void) state;
	/* The name of the note is not compared. */
	memcpy(m.build_id.name, "XYZ", 4);
	assert_int_equal(parse(&m, sizeof(m), &e), 0);
	assert_int_equal(e.build_id_length, 20);
	/* An empty one is none. */
	m.build_id.head.n_descsz = 0;
	assert_int_equal(parse(&m, sizeof(m), &e), 0);
	assert_int_equal(e.build_id_length, 0);
	/* Beyond the first MiB it is not looked for; other notes are. */
	m = make();
	m.segment[1].p_offset = m.segment[2].p_offset = 2 << 20;
	m.segment[2].p_offset += sizeof(m.properties);
	assert_non_null(big);
	memcpy(big, &m, sizeof(m));
	memcpy(big + (2 << 20), &m.properties, sizeof(m.properties) + sizeof(m.build_id));
	assert_int_equal(parse(big, (2 << 20) + sizeof(m), &e), 0);
	assert_int_equal(e.build_id_length, 0);
	assert_true(e.has_isa_needed);
	free(big);
}

static void
thirty_two_bits(void **state)
{
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
		Elf32_Nhdr note;
		char name[4];
		uint8_t id[8];
		Elf32_Shdr section;
		Elf32_Rel relocation;
	} m = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 },
			.e_machine = EM_386, .e_phoff = sizeof(Elf32_Ehdr), .e_phnum = 1,
			.e_phentsize = sizeof(Elf32_Phdr), .e_shnum = 1,
			.e_shentsize = sizeof(Elf32_Shdr),
		},
		.note = { .n_namesz = 4, .n_descsz = 8, .n_type = 3 },
		.name = "GNU",
		.id = "ABCDEFG",
		.relocation = { .r_info = R_386_IRELATIVE },
	};
	struct elf_facts e;

	(void) state;
	m.segment = (Elf32_Phdr){ .p_type = PT_NOTE, .p_filesz = 12 + 4 + 8,
				  .p_offset = (uint32_t) ((char *) &m.note - (char *) &m) };
	m.header.e_shoff = (uint32_t) ((char *) &m.section - (char *) &m);
	m.section = (Elf32_Shdr){ .sh_type = SHT_REL, .sh_size = sizeof(Elf32_Rel),
				  .sh_entsize = sizeof(Elf32_Rel),
				  .sh_offset = (uint32_t) ((char *) &m.relocation - (char *) &m) };
	assert_int_equal(parse(&m, sizeof(m), &e), 0);
	assert_int_equal(e.elf_class, 1);
	assert_int_equal(e.build_id_length, 8);
	assert_true(e.has_ifunc);
}

/* ---- hostile --------------------------------------------------------------------------- */

static void
no_elf(void **state)
{
	struct made m = make();
	struct elf_facts e = { .machine = 77 };

	(void) state;
	assert_int_equal(parse("", 0, &e), -ENOEXEC);
	assert_int_equal(parse("#!/bin/sh\necho hello, world\n", 28, &e), -ENOEXEC);
	assert_int_equal(parse(&m, 40, &e), -EBADMSG);
	m.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(parse(&m, sizeof(m), &e), -ENOEXEC);
	assert_int_equal(e.machine, 77);
}

static void
numbers_that_lie(void **state)
{
	static const uint64_t lies[] = { 0, 1, 0x7fffffff, 0xffffffff, UINT64_MAX / 2, UINT64_MAX - 1,
					 UINT64_MAX };
	struct elf_facts e;

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		for (size_t at = 16; at + 8 <= sizeof(struct made); at += 2) {
			struct made m = make();
			int r;

			memcpy((char *) &m + at, &lies[i], 8);
			r = parse(&m, sizeof(m), &e);
			assert_true(r == 0 || r == -EBADMSG);
			if (r == 0)
				assert_true(e.build_id_length <= ELF_BUILD_ID_MAX);
		}
	}
}

static int
refuse(void *arg, uint64_t offset, void *p, size_t n)
{
	(void) arg;
	(void) offset;
	(void) p;
	(void) n;
	return -EIO;
}

static void
the_source_fails(void **state)
{
	struct elf_source s = { .size = 4096, .read = refuse };
	struct elf_facts e;

	(void) state;
	assert_int_equal(elf_parse(&s, &e), -EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_libc),
		cmocka_unit_test(this_program),
		cmocka_unit_test(made_by_hand),
		cmocka_unit_test(libraries_of_a_program),
		cmocka_unit_test(what_criu_takes_for_a_build_id),
		cmocka_unit_test(thirty_two_bits),
		cmocka_unit_test(no_elf),
		cmocka_unit_test(numbers_that_lie),
		cmocka_unit_test(the_source_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

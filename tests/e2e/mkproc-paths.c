/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that factories make, and waiting until /proc shows what was made.
 *
 * Waiting reads the state letter after the last ')' of /proc/PID/stat:
 *
 *	4711 (mkproc) S 4710 4711 4711 0 -1 4194560 …
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mkproc.h"

enum { WAIT_MS = 5000 };

const char *
path_in(const struct scene *s, const char *name)
{
	static char buffers[4][SCENE_PATH + 64];
	static unsigned next;
	char *p = buffers[next++ % 4];

	snprintf(p, sizeof(buffers[0]), "%s/%s", s->dir, name);
	return p;
}

int
path_make(struct scene *s, const char *path, size_t size)
{
	static const char line[64] = "migcheck mkproc: known content of a file, sixty-three letters.\n";
	int fd = (int)must(s, open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);

	for (size_t at = 0; at < size;) {
		size_t n = size - at < sizeof(line) - 1 ? size - at : sizeof(line) - 1;

		at += (size_t)must(s, write(fd, line, n), "write");
	}
	must(s, lseek(fd, 0, SEEK_SET), "lseek");
	return fd;
}

void
path_write(struct scene *s, const char *path, const char *text)
{
	int fd = (int)must(s, open(path, O_WRONLY | O_CLOEXEC), path);

	must(s, write(fd, text, strlen(text)), path);
	close(fd);
}

void
path_read(struct scene *s, const char *path, char *buffer, size_t size)
{
	int fd = (int)must(s, open(path, O_RDONLY | O_CLOEXEC), path);
	ssize_t n = must(s, read(fd, buffer, size - 1), path);

	buffer[n] = '\0';
	close(fd);
}

/*
 * for (;;) pause(); as instructions: 64 bits: mov $34,%eax; syscall; jmp back.
 * 32 bits: mov $29,%eax; int $0x80; jmp back. Both are 9 bytes.
 */
static const unsigned char pause64[] = { 0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7 };
static const unsigned char pause32[] = { 0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7 };

enum { CODE_AT = 0x1000, BASE = 0x10000000, CODE_SIZE = sizeof(pause64) };

static void
header64(char *out)
{
	const Elf64_Ehdr e = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_entry = BASE + CODE_AT, .e_phoff = sizeof(e), .e_ehsize = sizeof(e),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
	};
	const Elf64_Phdr p = {
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE_AT,
		.p_vaddr = BASE + CODE_AT, .p_filesz = CODE_SIZE, .p_memsz = CODE_SIZE,
		.p_align = 0x1000,
	};

	memcpy(out, &e, sizeof(e));
	memcpy(out + sizeof(e), &p, sizeof(p));
}

static void
header32(char *out)
{
	const Elf32_Ehdr e = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_386, .e_version = EV_CURRENT,
		.e_entry = BASE + CODE_AT, .e_phoff = sizeof(e), .e_ehsize = sizeof(e),
		.e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1,
	};
	const Elf32_Phdr p = {
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE_AT,
		.p_vaddr = BASE + CODE_AT, .p_filesz = CODE_SIZE, .p_memsz = CODE_SIZE,
		.p_align = 0x1000,
	};

	memcpy(out, &e, sizeof(e));
	memcpy(out + sizeof(e), &p, sizeof(p));
}

void
path_make_program(struct scene *s, const char *path, int bits)
{
	char image[CODE_AT + CODE_SIZE] = { 0 };
	int fd = (int)must(s, open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), path);

	if (bits == 32)
		header32(image);
	else
		header64(image);
	memcpy(image + CODE_AT, bits == 32 ? pause32 : pause64, CODE_SIZE);
	must(s, write(fd, image, sizeof(image)), path);
	must(s, fchmod(fd, 0755), path);
	close(fd);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	if (remove(path) < 0)
		fprintf(stderr, "mkproc: cannot remove %s: %s\n", path, strerror(errno));
	return 0;
}

void
path_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void
fact_fd(struct scene *s, const char *key, int fd)
{
	char name[64];
	struct stat st;

	must(s, fstat(fd, &st), "fstat");
	fact(s, key, "%d", fd);
	snprintf(name, sizeof(name), "%s-ino", key);
	fact(s, name, "%lu", (unsigned long)st.st_ino);
}

static char
state_of(pid_t pid)
{
	char path[64], text[512];
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return '\0';
	text[0] = '\0';
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	after = strrchr(text, ')');
	return after && after[1] == ' ' ? after[2] : '\0';
}

/* How many children the first thread of a task has, and the first of them. */
static int
children_of(pid_t pid, pid_t *ret_first)
{
	char path[64], text[8192];
	int count = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fgets(text, sizeof(text), f)) {
		*ret_first = (pid_t)strtol(text, NULL, 10);
		for (const char *at = text; *at; at++)
			count += *at == ' ';
	}
	fclose(f);
	return count;
}

pid_t
first_child(pid_t pid)
{
	pid_t first = 0;

	children_of(pid, &first);
	return first;
}

void
wait_state(struct scene *s, pid_t pid, char state)
{
	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		if (state_of(pid) == state)
			return;
		usleep(5000);
	}
	errno = ETIMEDOUT;
	fail(s, "wait for a task's state");
}

void
wait_children(struct scene *s, pid_t pid, int count)
{
	pid_t first;

	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		if (children_of(pid, &first) >= count)
			return;
		usleep(5000);
	}
	errno = ETIMEDOUT;
	fail(s, "wait for children");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings of files and devices: /proc/PID/maps has them with their inode and path,
 *
 *	7f3a5c000000-7f3a5c001000 r-xp 00000000 fe:00 525378    /tmp/mkproc.4uXz1w/lib.so (deleted)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-memory.h"

/* Maps so many bytes of a path and closes it: the mapping alone is left. */
static void
map_path(struct scene *s, const char *path, int open_flags, int protection, int flags)
{
	int fd = (int)can(s, open(path, open_flags | O_CLOEXEC), path);

	memory_map(s, 4096, protection, flags, fd);
	close(fd);
}

static void
mapped_file(struct scene *s)
{
	const char *path = path_in(s, "mapped");

	close(path_make(s, path, 8192));
	if (strcmp(s->factory->arg, "shared") == 0)
		map_path(s, path, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
	else
		map_path(s, path, O_RDONLY, PROT_READ, MAP_PRIVATE);
	fact(s, "path", "%s", path);
}

static void
library(struct scene *s)
{
	const char *path = path_in(s, "lib.so");

	path_make_program(s, path, 64);
	map_path(s, path, O_RDONLY, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	fact(s, "path", "%s", path);
}

static void
library_deleted(struct scene *s)
{
	library(s);
	must(s, unlink(path_in(s, "lib.so")), "unlink");
}

/* As a package upgrade does: the new file is made beside, then renamed over. */
static void
library_replaced(struct scene *s)
{
	library(s);
	path_make_program(s, path_in(s, "lib.so.new"), 32);
	must(s, rename(path_in(s, "lib.so.new"), path_in(s, "lib.so")), "rename");
}

/* A backup keeps the old inode alive: now the name is another file and no ghost helps. */
static void
library_replaced_linked(struct scene *s)
{
	library(s);
	must(s, link(path_in(s, "lib.so"), path_in(s, "lib.so.old")), "link");
	path_make_program(s, path_in(s, "lib.so.new"), 32);
	must(s, rename(path_in(s, "lib.so.new"), path_in(s, "lib.so")), "rename");
}

static void
large_deleted(struct scene *s)
{
	const char *path = path_in(s, "mapped");

	close(path_make(s, path, 3 << 20));
	map_path(s, path, O_RDONLY, PROT_READ, MAP_PRIVATE);
	must(s, unlink(path), "unlink");
	fact(s, "path", "%s", path);
}

static void
device(struct scene *s)
{
	static const struct {
		const char *arg, *path;
		int flags;
	} kinds[] = {
		{ "zero-shared", "/dev/zero", MAP_SHARED },
		{ "zero-private", "/dev/zero", MAP_PRIVATE },
		{ "mem", "/dev/mem", MAP_SHARED },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, s->factory->arg) == 0)
			map_path(s, kinds[i].path, O_RDWR, PROT_READ | PROT_WRITE, kinds[i].flags);
}

/* The state page of a virtual CPU: KVM_CREATE_VM, _CREATE_VCPU and _GET_VCPU_MMAP_SIZE. */
static void
virtual_cpu(struct scene *s)
{
	int kvm = (int)can(s, open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = (int)can(s, ioctl(kvm, 0xae01, 0), "KVM_CREATE_VM");
	int cpu = (int)can(s, ioctl(vm, 0xae41, 0), "KVM_CREATE_VCPU");
	long size = must(s, ioctl(kvm, 0xae04, 0), "KVM_GET_VCPU_MMAP_SIZE");

	memory_map(s, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu);
	close(vm);
	close(cpu);
	close(kvm);
}

static void
memfd(struct scene *s)
{
	int fd = (int)can(s, memfd_create("mkproc", MFD_CLOEXEC), "memfd_create");

	must(s, ftruncate(fd, 8192), "ftruncate");
	memory_map(s, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd);
	close(fd);
}

static void
shm_deleted(struct scene *s)
{
	int fd = (int)can(s, open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), "/dev/shm");

	must(s, ftruncate(fd, 8192), "ftruncate");
	memory_map(s, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	close(fd);
}

#define ROW(NAME, SUMMARY, NEEDS, CRIU, RULE, ARG, INSIDE)                                         \
	{ .name = (NAME), .summary = (SUMMARY), .needs = (NEEDS), .criu = (CRIU), .rule = (RULE),  \
	  .arg = (ARG), .inside = (INSIDE) }

const struct factory factories_mapped[] = {
	ROW("map-file", "a file mapped for reading", "", "ok", "vma-mapped-file-rules", "private",
	    mapped_file),
	ROW("map-file-shared", "a file mapped shared for writing", "", "ok",
	    "vma-mapped-file-rules", "shared", mapped_file),
	ROW("map-file-deleted-large", "a large deleted file, mapped only", "",
	    "needs:--ghost-limit", "file-ghost-too-big", NULL, large_deleted),
	ROW("map-library", "a file mapped executable", "", "ok", "dst-file-buildid", NULL, library),
	ROW("map-library-deleted", "a file mapped executable, deleted since", "", "ok",
	    "file-ghost-any", NULL, library_deleted),
	ROW("map-library-replaced", "a file mapped executable, replaced since", "", "ok",
	    "file-ghost-any", NULL, library_replaced),
	ROW("map-library-replaced-linked", "as map-library-replaced, the old one has another link",
	    "", "needs:--link-remap", "file-link-remap", NULL, library_replaced_linked),
	ROW("map-zero-shared", "/dev/zero mapped shared", "", "ok", "", "zero-shared", device),
	ROW("map-zero-private", "/dev/zero mapped privately", "", "ok", "", "zero-private", device),
	ROW("map-mem", "/dev/mem mapped", "root device", "refused", "vma-device-map", "mem",
	    device),
	ROW("map-kvm", "the page of a virtual CPU mapped, descriptors closed", "device", "refused",
	    "vma-anon-inode", NULL, virtual_cpu),
	ROW("map-memfd-exec", "a memfd mapped executable, descriptor closed", "", "ok", "", NULL,
	    memfd),
	ROW("map-shm-deleted", "a deleted file of /dev/shm mapped shared", "", "ok",
	    "file-ghost-any", NULL, shm_deleted),
	{ .name = NULL },
};

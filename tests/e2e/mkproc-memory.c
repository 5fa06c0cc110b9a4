/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory without a file: anonymous, shared, huge, locked, guarded, System V.
 * Each factory tells where its mapping begins: "at=7f3a5c000000", as /proc/PID/maps writes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-memory.h"

/* Of newer kernels than the C library's headers: Linux 6.13 and 6.10. */
enum {
	ADVICE_GUARD_INSTALL = 102,
	SYSCALL_MSEAL = 462,
};

void *
memory_map(struct scene *s, size_t size, int protection, int flags, int fd)
{
	void *at = mmap(NULL, size, protection, flags, fd, 0);

	if (at == MAP_FAILED)
		fail(s, "mmap");
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
	return at;
}

static void *
anonymous(struct scene *s, size_t size)
{
	return memory_map(s, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void
large(struct scene *s)
{
	size_t size = (size_t)arg_number(s, "mib") << 20;

	memset(anonymous(s, size), 'm', size);
	fact(s, "size", "%zu", size);
}

/* Memory that was asked for and never touched: it costs a move nothing. */
static void
untouched(struct scene *s)
{
	size_t size = (size_t)arg_number(s, "mib") << 20;

	memory_map(s, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	fact(s, "size", "%zu", size);
}

static void
shared(struct scene *s)
{
	memset(memory_map(s, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1), 'm',
	       1 << 20);
	tree_child(s, NULL);
}

static void
huge_pages(struct scene *s)
{
	void *at = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (at == MAP_FAILED)
		skip(s, "no huge page is free: %s", strerror(errno));
	memset(at, 'm', 2 << 20);
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
}

static void
locked(struct scene *s)
{
	can(s, mlock(anonymous(s, 64 << 10), 64 << 10), "mlock");
}

static void
guarded(struct scene *s)
{
	char *at = anonymous(s, 64 << 10);

	memset(at, 'm', 64 << 10);
	can(s, madvise(at + 8192, 4096, ADVICE_GUARD_INSTALL), "madvise(MADV_GUARD_INSTALL)");
}

static void
sealed(struct scene *s)
{
	can(s, syscall(SYSCALL_MSEAL, anonymous(s, 8192), 8192, 0), "mseal");
}

static void
with_key(struct scene *s)
{
	int key = (int)can(s, pkey_alloc(0, 0), "pkey_alloc");
	void *at = anonymous(s, 8192);

	must(s, pkey_mprotect(at, 8192, PROT_READ | PROT_WRITE, key), "pkey_mprotect");
	fact(s, "pkey", "%d", key);
}

static void
advised(struct scene *s)
{
	static const struct {
		const char *arg;
		int advice;
	} kinds[] = {
		{ "wipeonfork", MADV_WIPEONFORK },
		{ "dontfork", MADV_DONTFORK },
		{ "dontdump", MADV_DONTDUMP },
		{ "hugepage", MADV_HUGEPAGE },
		{ "mergeable", MADV_MERGEABLE },
	};
	void *at = anonymous(s, 4 << 20);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, s->factory->arg) == 0)
			can(s, madvise(at, 4 << 20, kinds[i].advice), "madvise");
}

static void
no_huge_pages(struct scene *s)
{
	can(s, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "PR_SET_THP_DISABLE");
}

static void
many_mappings(struct scene *s)
{
	long count = arg_number(s, "count");

	/* Neighbours of different protection are not merged. */
	for (long i = 0; i < count; i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			skip(s, "mmap: %s", strerror(errno));
	fact(s, "count", "%ld", count);
}

/* Only with five-level page tables is there memory above 2^47. */
static void
above_47_bits(struct scene *s)
{
	void *hint = (void *)(uintptr_t)(UINT64_C(1) << 50);
	void *at = mmap(hint, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || (uintptr_t)at < UINT64_C(1) << 47)
		skip(s, "no five-level page tables");
	memset(at, 'm', 8192);
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
}

static void
aio_ring(struct scene *s)
{
	aio_context_t context = 0;

	can(s, syscall(SYS_io_setup, 8, &context), "io_setup");
	fact(s, "at", "%lx", (unsigned long)context);
}

/* Removed at once: it lives as long as it is attached, and its path then says "(deleted)". */
void
memory_attach_sysv(struct scene *s)
{
	int id = (int)can(s, shmget(IPC_PRIVATE, 65536, IPC_CREAT | 0600), "shmget");
	char *at = shmat(id, NULL, 0);

	must(s, shmctl(id, IPC_RMID, NULL), "IPC_RMID");
	if ((intptr_t)at == -1)
		fail(s, "shmat");
	at[0] = 'm';
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
	fact(s, "shmid", "%d", id);
}

static void
all_locked(struct scene *s)
{
	can(s, mlockall(MCL_CURRENT | MCL_FUTURE), "mlockall");
}

static void
grows_down(struct scene *s)
{
	char *at = memory_map(s, 64 << 10, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);

	memset(at, 'm', 64 << 10);
}

#define ROW(NAME, SUMMARY, NEEDS, CRIU, RULE, ARG, INSIDE)                                         \
	{ .name = (NAME), .summary = (SUMMARY), .needs = (NEEDS), .criu = (CRIU), .rule = (RULE),  \
	  .arg = (ARG), .inside = (INSIDE) }

const struct factory factories_memory[] = {
	{ .name = "mem-large", .summary = "touched anonymous memory", .needs = "", .criu = "ok",
	  .rule = "dst-memory", .args = "mib=64", .inside = large },
	{ .name = "mem-untouched", .summary = "anonymous memory never touched", .needs = "",
	  .criu = "ok", .rule = "dst-memory", .args = "mib=1024", .inside = untouched },
	{ .name = "mem-many", .summary = "many mappings", .needs = "", .criu = "ok",
	  .rule = "vma-map-count", .args = "count=2000", .inside = many_mappings },
	ROW("mem-shared", "shared anonymous memory of two tasks", "", "ok", "", NULL, shared),
	ROW("mem-hugetlb", "a huge page", "hugepages", "ok", "vma-hugetlb-shared", NULL, huge_pages),
	ROW("mem-locked", "locked memory", "", "ok", "", NULL, locked),
	ROW("mem-locked-all", "mlockall for now and the future", "", "ok", "", NULL, all_locked),
	ROW("mem-guard", "a guard page (MADV_GUARD_INSTALL)", "kernel-6.13", "ok", "vma-guard-pages",
	    NULL, guarded),
	ROW("mem-sealed", "a sealed mapping (mseal)", "kernel-6.10", "ok", "vma-mseal", NULL,
	    sealed),
	ROW("mem-pkey", "memory with a protection key", "pku", "ok", "task-pkeys", NULL, with_key),
	ROW("mem-growsdown", "a mapping that grows down", "", "ok", "", NULL, grows_down),
	ROW("mem-wipeonfork", "MADV_WIPEONFORK", "", "ok", "", "wipeonfork", advised),
	ROW("mem-dontfork", "MADV_DONTFORK", "", "ok", "", "dontfork", advised),
	ROW("mem-dontdump", "MADV_DONTDUMP", "", "ok", "", "dontdump", advised),
	ROW("mem-hugepage", "MADV_HUGEPAGE", "thp", "ok", "", "hugepage", advised),
	ROW("mem-mergeable", "MADV_MERGEABLE", "ksm", "ok", "", "mergeable", advised),
	ROW("mem-no-thp", "transparent huge pages off (prctl)", "thp", "ok", "", NULL,
	    no_huge_pages),
	ROW("mem-above-47-bits", "memory above 2^47", "la57", "ok", "vma-above-47bit", NULL,
	    above_47_bits),
	ROW("mem-aio", "a ring of asynchronous I/O", "aio", "ok", "vma-aio-ring", NULL, aio_ring),
	ROW("mem-sysv", "System V shared memory in the host's IPC namespace", "", "refused",
	    "ns-sysv-shm-host-ipc", NULL, memory_attach_sysv),
	{ .name = NULL },
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files without a name: memory descriptors, and the anonymous inodes that CRIU does not know.
 * Kernel interfaces by their own numbers where the C library of Debian 12 has no wrapper.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mkproc.h"

static void
make_memfd(struct scene *s)
{
	int fd = (int)can(s, memfd_create("mkproc", MFD_ALLOW_SEALING), "memfd_create");

	must(s, ftruncate(fd, 8192), "ftruncate");
	if (strcmp(s->factory->arg, "sealed") == 0)
		must(s, fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), "F_ADD_SEALS");
	fact_fd(s, "fd", fd);
}

static void
memfd_hugetlb(struct scene *s)
{
	fact_fd(s, "fd", (int)can(s, memfd_create("mkproc", MFD_HUGETLB), "MFD_HUGETLB"));
}

static void
make_secret(struct scene *s)
{
	int fd = (int)can(s, syscall(SYS_memfd_secret, 0), "memfd_secret");
	char *at;

	must(s, ftruncate(fd, 8192), "ftruncate");
	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		skip(s, "mmap of memfd_secret: %s", strerror(errno));
	at[0] = 's';
	if (strcmp(s->factory->arg, "map") == 0)
		close(fd);
	else
		fact_fd(s, "fd", fd);
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
}

static void
make_io_uring(struct scene *s)
{
	struct io_uring_params params = { 0 };
	int fd = (int)can(s, syscall(SYS_io_uring_setup, 4, &params), "io_uring_setup");
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);

	if (at == MAP_FAILED)
		fail(s, "mmap of a ring");
	if (strcmp(s->factory->arg, "map") == 0)
		close(fd);
	else
		fact_fd(s, "fd", fd);
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
}

static void
make_userfaultfd(struct scene *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)can(s, syscall(SYS_userfaultfd, O_NONBLOCK), "userfaultfd");
	void *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		fail(s, "mmap");
	must(s, ioctl(fd, UFFDIO_API, &api), "UFFDIO_API");
	range.range.start = (uintptr_t)at;
	range.range.len = 8192;
	must(s, ioctl(fd, UFFDIO_REGISTER, &range), "UFFDIO_REGISTER");
	fact_fd(s, "fd", fd);
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
}

static void
make_perf_event(struct scene *s)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.disabled = 1,
		.exclude_kernel = 1,
	};
	int fd = (int)can(s, syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), "perf_event_open");

	if (strcmp(s->factory->arg, "map") == 0) {
		void *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (at == MAP_FAILED)
			fail(s, "mmap of perf_event");
		fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
	}
	fact_fd(s, "fd", fd);
}

static void
make_bpf_map(struct scene *s)
{
	static const struct {
		const char *arg;
		unsigned type, key, value, entries, flags;
	} kinds[] = {
		{ "hash", BPF_MAP_TYPE_HASH, 4, 8, 16, 0 },
		{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 16, 0 },
		{ "lpm-trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC },
		{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		union bpf_attr attr = {
			.map_type = kinds[i].type,
			.key_size = kinds[i].key,
			.value_size = kinds[i].value,
			.max_entries = kinds[i].entries,
			.map_flags = kinds[i].flags,
		};

		if (strcmp(kinds[i].arg, s->factory->arg) != 0)
			continue;
		fact_fd(s, "fd", (int)can(s, syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)),
					  "bpf(BPF_MAP_CREATE)"));
		fact(s, "map-type", "%u", kinds[i].type);
	}
}

static void
make_bpf_prog(struct scene *s)
{
	static const char licence[] = "Apache-2.0";
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t)licence,
	};

	fact_fd(s, "fd", (int)can(s, syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)),
				  "bpf(BPF_PROG_LOAD)"));
}

static void
make_fscontext(struct scene *s)
{
	fact_fd(s, "fd", (int)can(s, syscall(SYS_fsopen, "tmpfs", 0), "fsopen"));
}

static void
make_landlock(struct scene *s)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE };

	fact_fd(s, "fd", (int)can(s, syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0),
				  "landlock_create_ruleset"));
}

static void
make_seccomp_listener(struct scene *s)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { .len = 1, .filter = code };

	must(s, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	fact_fd(s, "fd", (int)can(s, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
					     SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
				  "seccomp(NEW_LISTENER)"));
}

/* A copy of a mount that is attached nowhere: its id is in no mount table. */
static void
detached_mount(struct scene *s)
{
	int tree = (int)can(s, syscall(SYS_open_tree, AT_FDCWD, s->dir, OPEN_TREE_CLONE), "open_tree");

	close(path_make(s, path_in(s, "file"), 64));
	fact_fd(s, "fd", (int)must(s, openat(tree, "file", O_RDONLY), "openat"));
	close(tree);
}

static void
make_mqueue(struct scene *s)
{
	char name[32];
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	int fd;

	snprintf(name, sizeof(name), "/mkproc-%d", s->outside);
	fd = (int)can(s, mq_open(name, O_RDWR | O_CREAT, 0600, &attr), "mq_open");
	must(s, mq_send(fd, "message", 7, 0), "mq_send");
	fact_fd(s, "fd", fd);
	fact(s, "name", "%s", name);
}

static void
undo_mqueue(struct scene *s)
{
	char name[32];

	snprintf(name, sizeof(name), "/mkproc-%d", s->outside);
	mq_unlink(name);
}

const struct factory factories_anon[] = {
	{ .name = "memfd",
	  .summary = "a memfd", .needs = "", .criu = "ok", .rule = "", .arg = "",
	  .inside = make_memfd },
	{ .name = "memfd-sealed", .summary = "a memfd with seals", .needs = "", .criu = "ok",
	  .rule = "", .arg = "sealed", .inside = make_memfd },
	{ .name = "memfd-hugetlb",
	  .summary = "a memfd of huge pages", .needs = "", .criu = "host:hugepages",
	  .rule = "memfd-hugetlb", .inside = memfd_hugetlb },
	{ .name = "memfd-secret",
	  .summary = "a memfd_secret, open and mapped", .needs = "secretmem",
	  .criu = "refused", .rule = "vma-secretmem", .arg = "", .inside = make_secret },
	{ .name = "memfd-secret-map", .summary = "a memfd_secret mapping, descriptor closed",
	  .needs = "secretmem", .criu = "refused", .rule = "vma-secretmem", .arg = "map",
	  .inside = make_secret },
	{ .name = "io-uring", .summary = "an io_uring, open and mapped", .needs = "io_uring",
	  .criu = "refused", .rule = "file-anon-unsupported", .arg = "", .inside = make_io_uring },
	{ .name = "io-uring-map", .summary = "an io_uring ring mapping, descriptor closed",
	  .needs = "io_uring", .criu = "refused", .rule = "vma-io-uring", .arg = "map",
	  .inside = make_io_uring },
	{ .name = "userfaultfd", .summary = "a userfaultfd with a registered range",
	  .needs = "userfaultfd", .criu = "refused", .rule = "vma-uffd",
	  .inside = make_userfaultfd },
	{ .name = "perf-event", .summary = "a perf counter", .needs = "perf", .criu = "refused",
	  .rule = "file-anon-unsupported", .arg = "", .inside = make_perf_event },
	{ .name = "perf-event-map", .summary = "a perf counter with its ring mapped",
	  .needs = "perf", .criu = "refused", .rule = "vma-anon-inode", .arg = "map",
	  .inside = make_perf_event },
	{ .name = "bpf-map-hash",
	  .summary = "a BPF hash map", .needs = "root bpf", .criu = "host:libbpf",
	  .rule = "bpf-map-nolib", .arg = "hash", .inside = make_bpf_map },
	{ .name = "bpf-map-array",
	  .summary = "a BPF array map", .needs = "root bpf", .criu = "host:libbpf",
	  .rule = "bpf-map-nolib", .arg = "array", .inside = make_bpf_map },
	{ .name = "bpf-map-lpm-trie", .summary = "a BPF prefix trie", .needs = "root bpf",
	  .criu = "refused", .rule = "bpf-map-type", .arg = "lpm-trie", .inside = make_bpf_map },
	{ .name = "bpf-map-ringbuf", .summary = "a BPF ring buffer", .needs = "root bpf",
	  .criu = "refused", .rule = "bpf-map-type", .arg = "ringbuf", .inside = make_bpf_map },
	{ .name = "bpf-prog",
	  .summary = "a BPF program", .needs = "root bpf", .criu = "refused",
	  .rule = "file-anon-unsupported", .inside = make_bpf_prog },
	{ .name = "fscontext", .summary = "a file system context of fsopen(2)", .needs = "root",
	  .criu = "refused", .rule = "file-anon-unsupported", .inside = make_fscontext },
	{ .name = "landlock-ruleset", .summary = "a landlock ruleset", .needs = "landlock",
	  .criu = "refused", .rule = "file-anon-unsupported", .inside = make_landlock },
	{ .name = "seccomp-listener",
	  .summary = "a seccomp notification descriptor", .needs = "",
	  .criu = "refused", .rule = "file-anon-unsupported", .inside = make_seccomp_listener },
	{ .name = "mount-detached", .summary = "a file on a mount that is attached nowhere",
	  .needs = "root", .criu = "refused", .rule = "file-mount-unknown",
	  .inside = detached_mount },
	{ .name = "mqueue",
	  .summary = "a POSIX message queue with a message", .needs = "mqueue",
	  .criu = "refused", .rule = "file-mqueue-fd", .inside = make_mqueue,
	  .undo = undo_mqueue },
	{ .name = NULL },
};

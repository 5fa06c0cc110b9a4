/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel can do, as far as it can be seen without trying it out: a file that only a
 * kernel with the feature has, or the option it was built with. A feature whose file is always
 * there is decided by its absence too; one whose file came later than the feature is not.
 *
 *     /proc/self/timers is there      CONFIG_CHECKPOINT_RESTORE=y, so kcmp(2) too
 *     "sd" in VmFlags of /proc/self/smaps     soft-dirty bits work
 *     a /proc/self/pagemap that knows PAGEMAP_SCAN (a reading ioctl, Linux 6.7)
 */
#include "probes/kernel.h"
#include "probes/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>

struct feature {
	const char *name;
	const char *path;		/* there: present */
	const char *option;		/* of the kernel's configuration, where the path says nothing */
	bool path_decides;		/* not there: not present */
};

static const struct feature features[] = {
	{ "aio", "/proc/sys/fs/aio-max-nr", "AIO", true },
	{ "arch_status", "/proc/self/arch_status", NULL, true },
	{ "bpf", "/proc/sys/kernel/unprivileged_bpf_disabled", "BPF_SYSCALL", true },
	{ "cgroupns", "/proc/self/ns/cgroup", "CGROUPS", true },
	{ "checkpoint_restore", "/proc/self/timers", "CHECKPOINT_RESTORE", false },
	{ "children", "/proc/thread-self/children", "PROC_CHILDREN", true },
	{ "epoll", "/proc/sys/fs/epoll", "EPOLL", true },
	{ "eventfd", NULL, "EVENTFD", false },
	{ "fanotify", "/proc/sys/fs/fanotify", "FANOTIFY", false },
	{ "file_handles", NULL, "FHANDLE", false },
	{ "hugetlb", "/sys/kernel/mm/hugepages", "HUGETLB_PAGE", true },
	{ "inotify", "/proc/sys/fs/inotify", "INOTIFY_USER", true },
	{ "io_uring", "/proc/sys/kernel/io_uring_disabled", "IO_URING", false },
	{ "ipcns", "/proc/self/ns/ipc", "IPC_NS", true },
	{ "ipv6", "/proc/net/if_inet6", "IPV6", false },
	{ "kcmp", "/proc/self/timers", "KCMP", false },
	{ "ksm", "/sys/kernel/mm/ksm", "KSM", true },
	{ "loginuid", "/proc/self/loginuid", "AUDIT", true },
	{ "map_files", "/proc/self/map_files", NULL, true },
	{ "membarrier", NULL, "MEMBARRIER", false },
	{ "memfd", "/proc/sys/vm/memfd_noexec", "MEMFD_CREATE", false },
	{ "mqueue", "/proc/sys/fs/mqueue", "POSIX_MQUEUE", true },
	{ "netfilter", "/proc/net/netfilter", "NETFILTER", false },
	{ "netns", "/proc/self/ns/net", "NET_NS", true },
	{ "ns_last_pid", "/proc/sys/kernel/ns_last_pid", NULL, true },
	{ "packet_sockets", "/proc/net/packet", "PACKET", false },
	{ "pagemap", "/proc/self/pagemap", "PROC_PAGE_MONITOR", true },
	{ "pidns", "/proc/self/ns/pid", "PID_NS", true },
	{ "posix_timers", "/proc/self/timers", "POSIX_TIMERS", false },
	{ "rt_group_scheduling", NULL, "RT_GROUP_SCHED", false },
	{ "seccomp", "/proc/sys/kernel/seccomp/actions_avail", "SECCOMP_FILTER", false },
	{ "signalfd", NULL, "SIGNALFD", false },
	{ "sysvipc", "/proc/sysvipc", "SYSVIPC", true },
	{ "timens", "/proc/self/timens_offsets", "TIME_NS", true },
	{ "timerfd", NULL, "TIMERFD", false },
	{ "timers", "/proc/self/timers", NULL, true },
	{ "transparent_hugepage", "/sys/kernel/mm/transparent_hugepage", "TRANSPARENT_HUGEPAGE",
	  true },
	{ "userfaultfd", "/proc/sys/vm/unprivileged_userfaultfd", "USERFAULTFD", false },
	{ "userns", "/proc/self/ns/user", "USER_NS", true },
	{ "utsns", "/proc/self/ns/uts", "UTS_NS", true },
};

Feature *
feature_add(struct probe_context *c, const char *name, int present, const char *seen)
{
	struct arena *arena = c->snapshot->arena;
	Kernel *k = c->host->kernel;
	Feature *f = NEW_FACT(arena, Feature, feature);

	if (!f)
		return NULL;
	f->name = arena_strdup(arena, name);
	if (present >= 0)
		SET_FACT(f, present, present != 0);
	if (seen)
		f->seen = arena_strdup(arena, seen);
	if (!f->name || (seen && !f->seen) || ADD_FACT(arena, k->feature, k->n_feature, f) < 0)
		return NULL;
	return f;
}

/* 1 there, 0 not there, -1 cannot be told. */
static int
is_there(const struct root *root, const char *path)
{
	_cleanup_close_ int fd = root_openat(root, path, O_PATH | O_NOFOLLOW);

	if (fd >= 0)
		return 1;
	return fd == -ENOENT ? 0 : -1;
}

/* The same of an option; a module that may or may not be there tells nothing. */
static int
is_configured(const Kernel *k, const char *option)
{
	const char *value = option ? kernel_config(k, option) : NULL;

	if (!value || streq(value, "m"))
		return -1;
	return !streq(value, "n");
}

static int
feature_look(struct probe_context *c, const struct feature *f)
{
	const Kernel *k = c->host->kernel;
	const char *seen = f->path;
	int present = f->path ? is_there(c->root, f->path) : -1;

	if (present == 0 && !f->path_decides)
		present = -1;
	if (present < 0) {
		present = is_configured(k, f->option);
		seen = present < 0 ? NULL
				   : arena_printf(c->snapshot->arena, "CONFIG_%s in %s", f->option,
						  k->config_source);
	}
	return feature_add(c, f->name, present, seen) ? 0 : -ENOMEM;
}

/* Every mapping of a kernel with soft-dirty bits begins dirty: some line has "sd". */
static int
soft_dirty_look(struct probe_context *c)
{
	struct slice text = SLICE(""), line, word;
	int present = 0, r = root_read(c->root, "/proc/self/smaps", c->text, MAX_PROC_FILE);
	bool flags_seen = false;

	if (r == -ENOMEM)
		return r;
	if (r == 0)
		text = buffer_slice(c->text);
	while (!present && slice_line(&text, &line)) {
		if (!slice_cut(&line, "VmFlags:"))
			continue;
		flags_seen = true;
		while (!present && slice_word(&line, &word))
			present = slice_eq(word, "sd");
	}
	return feature_add(c, "soft_dirty", flags_seen ? present : -1, "/proc/self/smaps")
		       ? 0
		       : -ENOMEM;
}

/* struct pm_scan_arg of linux/fs.h since 6.7. */
struct pagemap_scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define PAGEMAP_SCAN_IOCTL _IOWR('f', 16, struct pagemap_scan)
#define PAGE_IS_PRESENT (1ULL << 3)
#define PAGE_IS_GUARD (1ULL << 8)	/* Linux 6.15 */

/* Asks for such pages in an empty range of our own memory: 1 it can be asked, 0 not, -1 cannot be told. */
static int
pagemap_scans(struct probe_context *c, uint64_t category)
{
	struct pagemap_scan arg = { .size = sizeof(arg), .return_mask = category };
	_cleanup_close_ int fd = c->root->recorded ? -1 : root_openat(c->root, "/proc/self/pagemap", O_RDONLY);

	if (fd < 0)
		return -1;
	if (ioctl(fd, PAGEMAP_SCAN_IOCTL, &arg) >= 0)
		return 1;
	return errno == ENOTTY || errno == EINVAL ? 0 : -1;
}

static int
pagemap_scan_look(struct probe_context *c)
{
	int guards = pagemap_scans(c, PAGE_IS_GUARD);

	if (!feature_add(c, "guard_pages_reported", guards, guards < 0 ? NULL : "/proc/self/pagemap"))
		return -ENOMEM;
	return feature_add(c, "pagemap_scan", pagemap_scans(c, PAGE_IS_PRESENT), "/proc/self/pagemap") ? 0 : -ENOMEM;
}

/* The auxiliary vector tells of rseq(2) since Linux 6.3, and of the vDSO. */
static int
auxv_look(struct probe_context *c)
{
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#endif
	int rseq = is_configured(c->host->kernel, "RSEQ"), vdso = -1;
	const char *seen = rseq < 0 ? NULL : "CONFIG_RSEQ";

	if (!c->root->recorded) {
		vdso = getauxval(AT_SYSINFO_EHDR) != 0;
		if (getauxval(AT_RSEQ_FEATURE_SIZE) != 0) {
			rseq = 1;
			seen = "AT_RSEQ_FEATURE_SIZE";
		}
	}
	if (!feature_add(c, "rseq", rseq, seen))
		return -ENOMEM;
	return feature_add(c, "vdso", vdso, vdso < 0 ? NULL : "AT_SYSINFO_EHDR") ? 0 : -ENOMEM;
}

/* Built in, and not switched off at boot: "ia32_emulation=off" (or 0, n, false). */
static int
ia32_look(struct probe_context *c)
{
	const Kernel *k = c->host->kernel;
	struct slice rest = slice_of(k->cmdline ? k->cmdline : ""), word;
	const char *seen = "/proc/sys/abi/vsyscall32";
	int present = is_there(c->root, seen);

	if (present == 1 && is_configured(k, "IA32_EMULATION_DEFAULT_DISABLED") == 1)
		present = 0;
	while (present >= 0 && slice_word(&rest, &word)) {
		if (!slice_cut(&word, "ia32_emulation="))
			continue;
		seen = "/proc/cmdline";
		present = present && (slice_starts(word, "1") || slice_starts(word, "y") ||
				      slice_starts(word, "on") || slice_starts(word, "t"));
	}
	return feature_add(c, "ia32", present, seen) ? 0 : -ENOMEM;
}

int
features_ask(struct probe_context *c)
{
	static int (*const looks[])(struct probe_context *) = { soft_dirty_look, pagemap_scan_look,
								auxv_look, ia32_look,
								features_asked };
	int r;

	if (!c->host->kernel)
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		r = feature_look(c, &features[i]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		r = looks[i](c);
		if (r < 0)
			return r;
	}
	return 0;
}

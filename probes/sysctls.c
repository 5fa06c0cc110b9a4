/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings under /proc/sys that a restore depends on. Which there are differs from kernel
 * to kernel, so one that is not there is no fact; the names are those of sysctl(8) with
 * slashes, and a value is the text of the file:
 *
 *     kernel/pid_max          4194304
 *     kernel/sem              32000	1024000000	500	32000
 *     net/ipv4/ping_group_range   1	0
 */
#include "probes/probes.h"

#include <errno.h>

enum { MAX_SETTING = 4096 };

static const char *const sysctls[] = {
	/* tasks and their ids */
	"kernel/pid_max", "kernel/threads-max", "kernel/ns_last_pid", "kernel/cap_last_cap",
	"kernel/randomize_va_space", "kernel/sched_rt_runtime_us", "kernel/ngroups_max",
	"kernel/core_pattern",
	/* what is allowed */
	"kernel/yama/ptrace_scope", "kernel/modules_disabled", "kernel/io_uring_disabled",
	"kernel/unprivileged_bpf_disabled", "kernel/unprivileged_userns_clone",
	"kernel/apparmor_restrict_unprivileged_userns", "kernel/seccomp/actions_avail",
	"kernel/perf_event_paranoid",
	/* System V and POSIX objects */
	"kernel/sem", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/shmmax",
	"kernel/shmall", "kernel/shmmni", "kernel/sem_next_id", "kernel/msg_next_id",
	"kernel/shm_next_id", "fs/mqueue/queues_max", "fs/mqueue/msg_max",
	"fs/mqueue/msgsize_max",
	/* terminals */
	"kernel/pty/max", "kernel/pty/nr", "kernel/pty/reserve",
	/* memory */
	"vm/max_map_count", "vm/mmap_min_addr", "vm/overcommit_memory", "vm/overcommit_ratio",
	"vm/overcommit_kbytes", "vm/nr_hugepages", "vm/nr_overcommit_hugepages",
	"vm/unprivileged_userfaultfd", "vm/legacy_va_layout", "vm/memfd_noexec",
	/* files */
	"fs/nr_open", "fs/file-max", "fs/file-nr", "fs/aio-max-nr", "fs/aio-nr",
	"fs/pipe-max-size", "fs/pipe-user-pages-hard", "fs/pipe-user-pages-soft",
	"fs/epoll/max_user_watches", "fs/inotify/max_user_watches",
	"fs/inotify/max_user_instances", "fs/inotify/max_queued_events",
	"fs/fanotify/max_user_groups", "fs/fanotify/max_user_marks",
	"fs/protected_hardlinks", "fs/protected_symlinks", "fs/mount-max",
	/* namespaces */
	"user/max_cgroup_namespaces", "user/max_ipc_namespaces", "user/max_mnt_namespaces",
	"user/max_net_namespaces", "user/max_pid_namespaces", "user/max_time_namespaces",
	"user/max_user_namespaces", "user/max_uts_namespaces",
	/* of the network namespace we are in */
	"net/core/rmem_max", "net/core/wmem_max", "net/core/somaxconn",
	"net/unix/max_dgram_qlen", "net/ipv4/ip_forward", "net/ipv4/ip_local_port_range",
	"net/ipv4/ip_nonlocal_bind", "net/ipv4/ip_unprivileged_port_start",
	"net/ipv4/ping_group_range", "net/ipv4/tcp_available_congestion_control",
	"net/ipv4/tcp_congestion_control", "net/ipv4/tcp_rmem", "net/ipv4/tcp_wmem",
	"net/ipv4/tcp_sack", "net/ipv4/tcp_timestamps", "net/ipv4/tcp_window_scaling",
	"net/ipv6/bindv6only", "net/ipv6/conf/all/disable_ipv6", "net/ipv6/ip_nonlocal_bind",
	"net/netfilter/nf_conntrack_max",
	/* programs of 32 bits */
	"abi/vsyscall32", "kernel/arch",
};

static int
sysctl_read(struct probe_context *c, const char *name)
{
	struct arena *arena = c->snapshot->arena;
	struct slice text;
	Setting *s;
	int r = root_readf(c->root, c->text, MAX_SETTING, "/proc/sys/%s", name);

	/* ns_last_pid and the *_next_id may be shown to their owner alone. */
	if (r == -ENOENT || r == -EACCES || r == -EPERM)
		return 0;
	if (r < 0) {
		gap_note(c->gaps, DOMAIN__DOMAIN_KERNEL, "sysctls", 0, r, NULL, "/proc/sys/%s",
			 name);
		return 0;
	}
	text = buffer_slice(c->text);
	(void) slice_cut_end(&text, "\n");
	s = NEW_FACT(arena, Setting, setting);
	if (!s)
		return -ENOMEM;
	s->name = arena_strdup(arena, name);
	s->value = arena_strndup(arena, text.p, text.n);
	if (!s->name || !s->value)
		return -ENOMEM;
	return ADD_FACT(arena, c->host->kernel->sysctl, c->host->kernel->n_sysctl, s);
}

int
sysctls_ask(struct probe_context *c)
{
	if (!c->host->kernel)
		return -ENODATA;
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++)
		if (sysctl_read(c, sysctls[i]) == -ENOMEM)
			return -ENOMEM;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what two hosts are compared by: see host-facts.h. Every field that can be reached
 * from a snapshot's part about its host has a row; a test walks them.
 */
#include "checker/host-facts.h"

#include "base/cleanup.h"
#include "base/glob.h"
#include "base/text.h"

#define OF(message) .of = &message##__descriptor
#define NEVER(message, name_) { OF(message), .field = #name_, .how = HOST_NEVER }
#define VALUE(message, name_, ...) { OF(message), .field = #name_, .how = HOST_VALUE, __VA_ARGS__ }
#define WHETHER(message, name_, ...) { OF(message), .field = #name_, .how = HOST_WHETHER, __VA_ARGS__ }
#define WORDS(message, name_, ...) { OF(message), .field = #name_, .how = HOST_WORDS, __VA_ARGS__ }
#define SET(message, name_, ...) { OF(message), .field = #name_, .how = HOST_SET, __VA_ARGS__ }
#define COUNT(message, name_, ...) { OF(message), .field = #name_, .how = HOST_COUNT, __VA_ARGS__ }
#define INSIDE(message, name_, subject_) { OF(message), .field = #name_, .how = HOST_INSIDE, .subject = subject_ }
#define LIST(message, name_, ...) { OF(message), .field = #name_, .how = HOST_LIST, __VA_ARGS__ }

/* What one tree asked. */
#define ANSWERS(message) \
	LIST(message, path_answer, .subject = HOST_ANSWERS, .key = { "path", "of_host" }, .shows = "kind", \
	     .rules = "dst-file-missing dst-file-type"), \
	COUNT(message, pid_answer, .subject = HOST_ANSWERS, .name = "ids asked about"), \
	LIST(message, cgroup_answer, .subject = HOST_ANSWERS, .name = "cgroup", .key = { "controllers", "path" }, \
	     .shows = "exists", .rules = "cg-dir-missing"), \
	LIST(message, unix_answer, .subject = HOST_ANSWERS, .name = "unix name", .key = { "name" }, .shows = "kind", \
	     .rules = "net-unix-path"), \
	COUNT(message, terminal_answer, .subject = HOST_ANSWERS, .name = "terminals asked about"), \
	LIST(message, route_answer, .subject = HOST_ANSWERS, .name = "way to", .key = { "destination" }, \
	     .shows = "error", .rules = "net-tcp-route net-udp-connect"), \
	LIST(message, trial, .subject = HOST_ANSWERS, .name = "rehearsal of", .key = { "subject", "thing", "pid" }, \
	     .shows = "error"), \
	LIST(message, mount_option_answer, .subject = HOST_ANSWERS, .name = "mount option of", \
	     .key = { "fs_type", "option" }, .shows = "error", .rules = "mnt-options")

const struct host_fact host_facts[] = {
	INSIDE(snapshot, host, HOST_KERNEL),
	INSIDE(snapshot, criu_place, HOST_SECURITY),
	NEVER(snapshot, header), NEVER(snapshot, tree), NEVER(snapshot, process), NEVER(snapshot, file),
	NEVER(snapshot, socket), NEVER(snapshot, mount), NEVER(snapshot, ns), NEVER(snapshot, cgroup_set),
	NEVER(snapshot, cgroup), NEVER(snapshot, gap),

	VALUE(host, name, .subject = HOST_ITSELF, .name = "host name"),
	VALUE(host, machine_id, .subject = HOST_ITSELF, .name = "machine id"),
	VALUE(host, boot_id, .subject = HOST_ITSELF, .name = "boot id"),
	VALUE(host, os_release, .name = "distribution"),
	INSIDE(host, cpu, HOST_CPU),
	INSIDE(host, kernel, HOST_KERNEL),
	INSIDE(host, modules, HOST_MODULES),
	INSIDE(host, cgroups, HOST_CGROUPS),
	INSIDE(host, memory, HOST_MEMORY),
	INSIDE(host, net, HOST_NET),
	INSIDE(host, security, HOST_SECURITY),
	INSIDE(host, filesystems, HOST_FILESYSTEMS),
	LIST(host, tool, .subject = HOST_TOOLS, .key = { "name" }, .shows = "state"),
	VALUE(host, pid_ns, .subject = HOST_ITSELF, .name = "pid namespace"),
	VALUE(host, clock_ticks, .name = "clock ticks a second"),
	VALUE(host, page_size, .name = "page size"),
	VALUE(host, uptime_ms, .subject = HOST_ITSELF, .name = "uptime (ms)"),
	NEVER(host, ns),
	NEVER(host, root),

	VALUE(cpu, vendor), VALUE(cpu, family), VALUE(cpu, model), VALUE(cpu, stepping), VALUE(cpu, brand),
	{ OF(cpu), .field = "leaf", .how = HOST_CPUID },
	NEVER(cpu, xcr0),		/* with the leaves, by the names of what it enables */
	VALUE(cpu, online, .name = "processors", .rules = "task-cpu-affinity cg-prop-value"),
	VALUE(cpu, uniform, .name = "all processors alike"),
	{ OF(cpu), .field = "flags", .how = HOST_FLAGS, .name = "more flags of the kernel" },
	NEVER(cpu, hwcap),		/* a word of CPUID */
	VALUE(cpu, hwcap2, .name = "AT_HWCAP2"),
	VALUE(cpu, minsigstksz, .name = "AT_MINSIGSTKSZ", .rules = "cpu-auxv"),

	VALUE(kernel, sysname, .name = "system"),
	VALUE(kernel, release),
	VALUE(kernel, version),
	VALUE(kernel, machine, .name = "architecture", .rules = "cpu-arch"),
	NEVER(kernel, config_source),
	LIST(kernel, config, .subject = HOST_CONFIG, .key = { "name" }, .shows = "value", .nothing = "not set"),
	LIST(kernel, feature, .subject = HOST_FEATURES, .key = { "name" }, .shows = "present"),
	LIST(kernel, sysctl, .subject = HOST_SYSCTLS, .key = { "name" }, .shows = "value", .nothing = "not there"),
	WORDS(kernel, cmdline, .name = "command line"),
	NEVER(setting, name), VALUE(setting, value),
	NEVER(feature, name), VALUE(feature, present), NEVER(feature, seen),

	VALUE(modules, index_usable, .name = "index of modules readable"),
	NEVER(modules, folder),		/* follows from the release */
	VALUE(modules, loading_disabled, .name = "loading disabled"),
	LIST(modules, module, .key = { "asked" }, .shows = "state"),
	NEVER(module, asked), NEVER(module, name), VALUE(module, state), NEVER(module, seen), NEVER(module, path),

	VALUE(cgroups, mode, .rules = "cg-v2-missing cg-hierarchy-missing"),
	LIST(cgroups, hierarchy, .name = "hierarchy", .key = { "controllers" }, .shows = "mountpoint",
	     .nothing = "not there", .rules = "cg-hierarchy-missing", .unnamed = "cgroup2"),
	LIST(cgroups, controller, .name = "controller", .key = { "name" }, .shows = "enabled", .nothing = "not there",
	     .rules = "cg-hierarchy-missing cg-subtree-ctl"),
	NEVER(cgroup_hierarchy, id), NEVER(cgroup_hierarchy, controllers),
	VALUE(cgroup_hierarchy, mountpoint, .nothing = "not mounted"),
	VALUE(cgroup_hierarchy, root), VALUE(cgroup_hierarchy, read_only, .name = "read-only"),
	WORDS(cgroup_hierarchy, available, .name = "controllers at its root", .nothing = "", .rules = "cg-subtree-ctl"),
	NEVER(cgroup_controller, name), NEVER(cgroup_controller, hierarchy), VALUE(cgroup_controller, enabled),

	VALUE(memory, total_kb, .name = "total (kB)", .rules = "mem-free"),
	VALUE(memory, available_kb, .name = "available (kB)", .rules = "mem-free"),
	VALUE(memory, swap_total_kb, .name = "swap (kB)", .rules = "mem-free"),
	VALUE(memory, swap_free_kb, .name = "swap free (kB)", .rules = "mem-free"),
	VALUE(memory, commit_limit_kb, .name = "commit limit (kB)", .rules = "mem-overcommit"),
	VALUE(memory, committed_kb, .name = "committed (kB)", .rules = "mem-overcommit"),
	VALUE(memory, free_kb, .name = "free (kB)"),
	VALUE(memory, nodes, .name = "NUMA nodes", .rules = "cg-prop-value"),
	LIST(memory, huge_pages, .name = "huge pages of so many kB:", .key = { "size_kb" }, .shows = "total",
	     .nothing = "not there", .rules = "mem-hugepages"),
	NEVER(huge_pages, size_kb), VALUE(huge_pages, total), VALUE(huge_pages, free), VALUE(huge_pages, reserved),
	VALUE(huge_pages, overcommit),

	LIST(net, device, .name = "device", .key = { "name" }, .shows = "type", .nothing = "not there",
	     .rules = "net-bindtodevice"),
	VALUE(net, netns, .subject = HOST_ITSELF, .name = "network namespace"),
	COUNT(net, socket, .name = "sockets", .rules = "net-port-in-use"),
	VALUE(net, ipv6, .name = "IPv6"),
	LIST(net, diag, .name = "sock_diag of", .key = { "name" }, .shows = "present",
	     .rules = "sock-diag-proto-missing src-sock-diag-missing"),
	NEVER(net, sockets_complete), NEVER(net, only_asked), NEVER(net, asked_port),
	COUNT(net, unix_name, .name = "abstract unix names", .rules = "net-unix-abstract"),
	SET(net, conf4, .name = "settings of IPv4 devices", .rules = "net-sysctls"),
	SET(net, conf6, .name = "settings of IPv6 devices", .rules = "net-sysctls"),
	NEVER(net_device, ifindex), NEVER(net_device, name), VALUE(net_device, type, .name = "ARPHRD type"),
	VALUE(net_device, kind, .nothing = "none"), NEVER(net_device, flags), VALUE(net_device, mtu),
	NEVER(net_device, master), NEVER(net_device, link), NEVER(net_device, link_netns),
	COUNT(net_device, address, .name = "addresses", .rules = "net-addr-missing"),
	VALUE(net_device, persistent, .nothing = "no"),
	NEVER(sock_diag, name), VALUE(sock_diag, present), NEVER(sock_diag, error),

	WORDS(security, lsm, .name = "security modules", .separator = ',', .rules = "dst-lsm-type"),
	NEVER(security, lsm_known),
	VALUE(security, apparmor, .name = "AppArmor", .rules = "dst-lsm-type task-apparmor-ns"),
	VALUE(security, selinux, .name = "SELinux", .rules = "dst-lsm-type"),
	VALUE(security, selinux_enforcing, .name = "SELinux enforces", .nothing = "no"),
	SET(security, apparmor_profile, .name = "AppArmor profiles", .nothing = "", .rules = "dst-lsm-profile"),
	VALUE(security, yama_ptrace_scope, .name = "yama ptrace_scope", .nothing = "none", .rules = "src-ptrace-denied"),
	NEVER(security, own),		/* of migcheck; what counts is who criu would be */
	VALUE(security, cap_last, .name = "last capability", .rules = "src-cap-last"),
	NEVER(criu_place, pid), NEVER(criu_place, comm), NEVER(criu_place, ns), NEVER(criu_place, cgroup_set),
	NEVER(criu_place, sid), NEVER(criu_place, pgid), NEVER(criu_place, tty_nr),
	INSIDE(criu_place, credentials, HOST_SECURITY),
	NEVER(criu_place, ancestor), NEVER(criu_place, stdin_is_tty), NEVER(criu_place, given),
	VALUE(criu_place, lsm_label, .name = "label of CRIU", .nothing = "none"),
	LIST(criu_place, limit, .name = "CRIU's limit", .key = { "name" }, .shows = "hard", .rules = "rlimits"),
	VALUE(criu_place, root, .name = "root folder of CRIU", .nothing = "/"),
	NEVER(criu_place, start_time),
	VALUE(credentials, euid, .name = "user of CRIU", .rules = "dst-criu-caps"),
	NEVER(credentials, uid), NEVER(credentials, suid), NEVER(credentials, fsuid), NEVER(credentials, gid),
	NEVER(credentials, egid), NEVER(credentials, sgid), NEVER(credentials, fsgid), NEVER(credentials, group),
	NEVER(credentials, cap_inheritable), NEVER(credentials, cap_permitted), NEVER(credentials, cap_ambient),
	VALUE(credentials, cap_effective, .name = "capabilities of CRIU", .rules = "dst-criu-caps"),
	VALUE(credentials, cap_bounding, .name = "bounding set of CRIU", .rules = "dst-caps"),
	VALUE(credentials, no_new_privs, .name = "no_new_privs of CRIU"),
	VALUE(credentials, seccomp, .name = "seccomp mode of CRIU", .rules = "dst-io-denied task-seccomp-filters"),
	NEVER(credentials, seccomp_filters),
	NEVER(limit, name), VALUE(limit, soft), VALUE(limit, hard),

	SET(filesystems, registered, .name = "registered", .rules = "mnt-fs-module"),
	LIST(filesystems, mount, .subject = HOST_MOUNTS, .key = { "mountpoint" }, .shows = "fs_type",
	     .nothing = "not mounted"),
	NEVER(mount, mnt_ns), NEVER(mount, id), NEVER(mount, parent), NEVER(mount, dev_major), NEVER(mount, dev_minor),
	VALUE(mount, root, .name = "folder of the file system"), NEVER(mount, mountpoint),
	WORDS(mount, options, .separator = ',', .rules = "dst-file-ro dst-file-noexec"),
	WHETHER(mount, shared, .rules = "dst-root-private"), WHETHER(mount, master, .name = "slave"),
	NEVER(mount, propagate_from), VALUE(mount, unbindable, .nothing = "no"), NEVER(mount, unknown_optional),
	VALUE(mount, fs_type), VALUE(mount, source),
	WORDS(mount, super_options, .separator = ',', .name = "options of the file system"),
	VALUE(mount, free_bytes, .name = "free bytes", .rules = "disk-space"), NEVER(mount, line_length), NEVER(mount, entries),

	NEVER(tool, name), VALUE(tool, state), VALUE(tool, path), VALUE(tool, version),
	VALUE(tool, error, .nothing = "none"),
	WORDS(tool, libraries, .name = "linked with", .rules = "dst-criu-build"),

	ANSWERS(snapshot),
	ANSWERS(tree_answers),
	NEVER(tree_answers, asked_sha256), NEVER(tree_answers, header), NEVER(tree_answers, gap),
	INSIDE(tree_answers, host, HOST_ANSWERS),	/* what was asked for this tree alone */
	LIST(snapshot, tree_answers, .subject = HOST_ANSWERS, .name = "tree", .key = { "asked_sha256" }),
	NEVER(path_answer, path), VALUE(path_answer, error, .nothing = "none"), VALUE(path_answer, kind),
	VALUE(path_answer, mode, .rules = "dst-file-mode"), VALUE(path_answer, size, .rules = "dst-file-size"),
	VALUE(path_answer, nlink), NEVER(path_answer, dev_major), NEVER(path_answer, dev_minor), NEVER(path_answer, ino),
	VALUE(path_answer, uid), VALUE(path_answer, gid),
	VALUE(path_answer, rdev_major, .name = "major number", .nothing = "none", .rules = "dst-special-dev"),
	VALUE(path_answer, rdev_minor, .name = "minor number", .nothing = "none", .rules = "dst-special-dev"),
	VALUE(path_answer, fs_type), VALUE(path_answer, read_only, .rules = "dst-file-ro"),
	VALUE(path_answer, noexec, .rules = "dst-file-noexec"), VALUE(path_answer, immutable),
	VALUE(path_answer, build_id, .rules = "dst-file-buildid"), NEVER(path_answer, digest_state),
	VALUE(path_answer, sha256, .rules = "dst-file-content"),
	VALUE(path_answer, same_as_asked, .name = "content equals the tree's", .rules = "dst-file-content"),
	NEVER(path_answer, digest_errno), NEVER(path_answer, mtime_ns), NEVER(path_answer, ctime_ns),
	NEVER(path_answer, timed_out), VALUE(path_answer, declared, .nothing = "no"),
	NEVER(path_answer, build_id_looked), VALUE(path_answer, free_bytes, .rules = "dst-ghost-space"),
	VALUE(path_answer, free_inodes), VALUE(path_answer, parent_missing, .nothing = "no"),
	COUNT(path_answer, lock, .name = "locks", .rules = "dst-filelock-conflict"), NEVER(path_answer, locks_looked),
	VALUE(path_answer, mapped_to, .nothing = "none"), NEVER(path_answer, of_host),
	VALUE(path_answer, leads_to, .nothing = "nowhere else"), VALUE(path_answer, leads_error, .nothing = "none"),
	NEVER(path_answer, listed),
	NEVER(cgroup_answer, controllers), NEVER(cgroup_answer, path), NEVER(cgroup_answer, hierarchy_found),
	VALUE(cgroup_answer, exists), VALUE(cgroup_answer, error, .nothing = "none"),
	LIST(cgroup_answer, value, .name = "cgroup", .key = { "name" }, .shows = "value", .nothing = "not there",
	     .rules = "cg-prop-missing cg-prop-value"),
	VALUE(cgroup_answer, memory_limit, .nothing = "none", .rules = "cg-limits-vs-need"),
	VALUE(cgroup_answer, memory_used, .nothing = "none", .rules = "cg-limits-vs-need"),
	VALUE(cgroup_answer, pids_limit, .nothing = "none", .rules = "cg-limits-vs-need"),
	VALUE(cgroup_answer, pids_used, .nothing = "none", .rules = "cg-limits-vs-need"),
	VALUE(cgroup_answer, version), NEVER(cgroup_answer, memory_reclaimable),
	VALUE(cgroup_answer, folders_missing, .nothing = "none"),
	VALUE(cgroup_answer, folders_limit, .nothing = "none", .rules = "cg-dir-create"),
	VALUE(cgroup_answer, folders_used, .nothing = "none", .rules = "cg-dir-create"),
	VALUE(cgroup_answer, too_deep, .nothing = "no", .rules = "cg-dir-create"),
	NEVER(cgroup_answer, own),
	NEVER(cgroup_value, name), VALUE(cgroup_value, value),
	NEVER(unix_answer, name), VALUE(unix_answer, kind, .nothing = "none"),
	VALUE(unix_answer, listening, .nothing = "no"), NEVER(unix_answer, holder_pid), NEVER(unix_answer, holder_comm),
	NEVER(unix_answer, connected), NEVER(unix_answer, ino), VALUE(unix_answer, parent_missing, .nothing = "no"),
	VALUE(unix_answer, error, .nothing = "none"), NEVER(unix_answer, holder_start_time),
	NEVER(route_answer, destination), VALUE(route_answer, error, .nothing = "none"),
	NEVER(mount_option_answer, fs_type), NEVER(mount_option_answer, option),
	VALUE(mount_option_answer, error, .nothing = "none"),
	NEVER(trial, subject), NEVER(trial, thing), NEVER(trial, pid), VALUE(trial, tried),
	VALUE(trial, error, .nothing = "none"), NEVER(trial, detail),
};

const size_t n_host_facts = ARRAY_SIZE(host_facts);

const struct host_record_rules host_record_rules[] = {
	{ HOST_FEATURES, "aio", "dst-aio" },
	{ HOST_FEATURES, "bpf", "bpf-map" },
	{ HOST_FEATURES, "cgroupns", "cg-ns" },
	{ HOST_FEATURES, "checkpoint_restore", "dst-checkpoint-restore" },
	{ HOST_FEATURES, "children", "src-proc-children" },
	{ HOST_FEATURES, "clone3_set_tid", "pid-set-tid" },
	{ HOST_FEATURES, "droppable", "dst-droppable" },
	{ HOST_FEATURES, "fanotify", "dst-fanotify" },
	{ HOST_FEATURES, "guard_pages", "dst-madv-guard vma-guard-pages" },
	{ HOST_FEATURES, "guard_pages_reported", "vma-guard-pages" },
	{ HOST_FEATURES, "ia32", "cpu-32bit" },
	{ HOST_FEATURES, "inotify", "dst-inotify" },
	{ HOST_FEATURES, "kcmp", "src-kcmp" },
	{ HOST_FEATURES, "ksm", "dst-madvise-ksm" },
	{ HOST_FEATURES, "loginuid", "dst-loginuid" },
	{ HOST_FEATURES, "map_files", "src-map-files" },
	{ HOST_FEATURES, "membarrier*", "dst-membarrier" },
	{ HOST_FEATURES, "memfd", "dst-memfd" },
	{ HOST_FEATURES, "mount_set_group", "dst-movemount" },
	{ HOST_FEATURES, "netns", "dst-ns-limits" },
	{ HOST_FEATURES, "ns_last_pid", "pid-set-tid" },
	{ HOST_FEATURES, "pidfd", "pidfd" },
	{ HOST_FEATURES, "rseq", "dst-rseq" },
	{ HOST_FEATURES, "rt_group_scheduling", "rt-sched" },
	{ HOST_FEATURES, "seccomp", "dst-seccomp" },
	{ HOST_FEATURES, "timens", "dst-timens" },
	{ HOST_FEATURES, "timer_restore_ids", "dst-timer-ids" },
	{ HOST_FEATURES, "timerfd", "dst-timerfd-ticks" },
	{ HOST_FEATURES, "timers", "src-posix-timers-proc" },
	{ HOST_FEATURES, "transparent_hugepage", "dst-madvise-thp" },
	{ HOST_FEATURES, "userfaultfd", "dst-uffd" },
	{ HOST_FEATURES, "userns", "dst-userns" },
	{ HOST_FEATURES, "vdso", "dst-vdso" },
	{ HOST_SYSCTLS, "fs/epoll/*", "quota-epoll" },
	{ HOST_SYSCTLS, "fs/inotify/*", "quota-inotify" },
	{ HOST_SYSCTLS, "fs/nr_open", "fd-limits" },
	{ HOST_SYSCTLS, "fs/pipe-*", "quota-pipe-size" },
	{ HOST_SYSCTLS, "kernel/*_next_id", "ipc-sysctls" },
	{ HOST_SYSCTLS, "kernel/pid_max", "pid-max" },
	{ HOST_SYSCTLS, "kernel/pty/*", "mnt-devpts tty-pty-index" },
	{ HOST_SYSCTLS, "kernel/threads-max", "pid-limits" },
	{ HOST_SYSCTLS, "net/ipv4/ip_nonlocal_bind", "net-addr-missing" },
	{ HOST_SYSCTLS, "net/ipv4/ip_unprivileged_port_start", "net-priv-port" },
	{ HOST_SYSCTLS, "net/ipv4/tcp_*congestion_control", "tcp-congestion" },
	{ HOST_SYSCTLS, "user/max_*", "dst-ns-limits" },
	{ HOST_SYSCTLS, "vm/max_map_count", "mem-map-count" },
	{ HOST_SYSCTLS, "vm/mmap_min_addr", "mem-mmap-min-addr" },
	{ HOST_SYSCTLS, "vm/overcommit_*", "mem-overcommit" },
	{ HOST_MODULES, "*_diag", "sock-diag-proto-missing src-sock-diag-missing" },
	{ HOST_MODULES, "fs-*", "mnt-fs-module" },
	{ HOST_MODULES, "net-pf-*", "net-proto-module" },
	{ HOST_MODULES, "nf_conntrack*", "net-conntrack" },
	{ HOST_MODULES, "nf_tables", "dst-netns-nftables" },
	{ HOST_MODULES, "nfnetlink", "dst-criu-nftables" },
	{ HOST_MODULES, "rtnl-link-*", "net-ns-create" },
	{ HOST_MODULES, "tun", "net-ns-create" },
	{ HOST_TOOLS, "criu", "dst-criu-present dst-criu-version" },
	{ HOST_TOOLS, "ip", "net-iproute" },
	{ HOST_TOOLS, "ip*tables-*", "net-iptables" },
	{ HOST_TOOLS, "tar", "mnt-tmpfs-tar" },
	{ HOST_TOOLS, "gzip", "mnt-tmpfs-tar" },
};

const size_t n_host_record_rules = ARRAY_SIZE(host_record_rules);

static const struct {
	const char *name, *title;
} subjects[HOST_SUBJECTS] = {
	[HOST_CPU] = { "cpu", "CPU" },
	[HOST_KERNEL] = { "kernel", "Kernel" },
	[HOST_CONFIG] = { "config", "Kernel configuration" },
	[HOST_FEATURES] = { "features", "What the kernel can do" },
	[HOST_SYSCTLS] = { "sysctls", "Sysctls" },
	[HOST_MODULES] = { "modules", "Modules" },
	[HOST_CGROUPS] = { "cgroups", "Cgroups" },
	[HOST_MEMORY] = { "memory", "Memory" },
	[HOST_NET] = { "net", "Network" },
	[HOST_SECURITY] = { "security", "Security, and where CRIU would run" },
	[HOST_FILESYSTEMS] = { "filesystems", "File systems" },
	[HOST_MOUNTS] = { "mounts", "Mounts" },
	[HOST_TOOLS] = { "tools", "Tools" },
	[HOST_ANSWERS] = { "answers", "Answers for the same tree" },
	[HOST_ITSELF] = { "itself", "The hosts themselves" },
};

const struct host_fact *
host_fact_of(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f)
{
	for (size_t i = 0; i < n_host_facts; i++)
		if (host_facts[i].of == d && streq(host_facts[i].field, f->name))
			return &host_facts[i];
	return NULL;
}

const char *
host_rules(enum host_subject subject, const char *key)
{
	for (size_t i = 0; i < n_host_record_rules; i++)
		if (host_record_rules[i].subject == subject && glob_match(host_record_rules[i].key, key))
			return host_record_rules[i].rules;
	return NULL;
}

const char *
host_subject_name(enum host_subject s)
{
	return subjects[s].name;
}

const char *
host_subject_title(enum host_subject s)
{
	return subjects[s].title;
}

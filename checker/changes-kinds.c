/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is compared between two looks at a tree, by what each record is known again, and which
 * fields pass: they move with every read and write of a program that does its work, so that
 * they are no news unless a finding comes of them, and then the finding is told.
 */
#include "checker/changes-kinds.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <sys/stat.h>

/* What the kernel deals out to every process ("[heap]", "[vdso]") tells nothing. */
static bool
mapping_counts(const ProtobufCMessage *m)
{
	const Mapping *map = (const Mapping *) m;

	return map->has_file || (map->name && map->name[0] != '[' && map->name[0] != '\0');
}

static bool
socket_counts(const ProtobufCMessage *m)
{
	const Socket *s = (const Socket *) m;

	return s->has_in_tree && s->in_tree;
}

static bool
cgroup_value_counts(const ProtobufCMessage *m)
{
	static const char *const moving[] = {
		"memory.current", "memory.usage_in_bytes", "pids.current", "cgroup.events",
	};
	const CgroupValue *v = (const CgroupValue *) m;

	for (size_t i = 0; i < ARRAY_SIZE(moving); i++)
		if (v->name && streq(v->name, moving[i]))
			return false;
	return true;
}

/* That a task ended while it was looked at is told by the task itself. */
static bool
gap_counts(const ProtobufCMessage *m)
{
	return ((const Gap *) m)->effect != GAP_EFFECT__GAP_VANISHED;
}

const struct change_kind change_kinds[CHANGE_OFS] = {
	[CHANGE_OF_TASK] = {
		.name = "task",
		.title = "Tasks",
		.of = &process__descriptor,
		.in = -1,
		.list = "process",
		.key = { "pid", "start_time" },
	},
	[CHANGE_OF_THREAD] = {
		.name = "thread",
		.title = "Threads",
		.of = &thread__descriptor,
		.in = CHANGE_OF_TASK,
		.list = "thread",
		.key = { "tid", "start_time" },
	},
	[CHANGE_OF_LIMIT] = {
		.name = "limit",
		.title = "Limits",
		.of = &limit__descriptor,
		.in = CHANGE_OF_TASK,
		.list = "limit",
		.key = { "name" },
	},
	[CHANGE_OF_TIMER] = {
		.name = "timer",
		.title = "Timers",
		.of = &posix_timer__descriptor,
		.in = CHANGE_OF_TASK,
		.list = "timer",
		.key = { "id" },
	},
	[CHANGE_OF_FD] = {
		.name = "descriptor",
		.title = "Descriptors",
		.of = &fd__descriptor,
		.in = CHANGE_OF_TASK,
		.list = "fd",
		.key = { "number" },
	},
	[CHANGE_OF_MAPPING] = {
		.name = "mapping",
		.title = "Mappings",
		.of = &mapping__descriptor,
		.in = CHANGE_OF_TASK,
		.list = "mapping",
		.key = { "file", "name", "dev_major", "dev_minor", "ino" },
		.once = true,
		.counts = mapping_counts,
	},
	[CHANGE_OF_FILE] = {
		.name = "file",
		.title = "Files",
		.of = &file__descriptor,
		.in = -1,
		.list = "file",
		.key = { "path", "mnt_ns", "dev_major", "dev_minor", "ino" },
	},
	[CHANGE_OF_SOCKET] = {
		.name = "socket",
		.title = "Sockets",
		.of = &socket__descriptor,
		.in = -1,
		.list = "socket",
		.key = { "ino" },
		.counts = socket_counts,
	},
	[CHANGE_OF_MOUNT] = {
		.name = "mount",
		.title = "Mounts",
		.of = &mount__descriptor,
		.in = -1,
		.list = "mount",
		.key = { "mnt_ns", "id" },
	},
	[CHANGE_OF_NAMESPACE] = {
		.name = "namespace",
		.title = "Namespaces",
		.of = &namespace__descriptor,
		.in = -1,
		.list = "ns",
		.key = { "kind", "ino" },
	},
	[CHANGE_OF_DEVICE] = {
		.name = "device",
		.title = "Network devices",
		.of = &net_device__descriptor,
		.in = CHANGE_OF_NAMESPACE,
		.list = "device",
		.key = { "ifindex" },
	},
	[CHANGE_OF_CGROUP] = {
		.name = "cgroup",
		.title = "Cgroups",
		.of = &cgroup__descriptor,
		.in = -1,
		.list = "cgroup",
		.key = { "controllers", "path" },
	},
	[CHANGE_OF_CGROUP_VALUE] = {
		.name = "cgroup-value",
		.title = "Values of cgroups",
		.of = &cgroup_value__descriptor,
		.in = CHANGE_OF_CGROUP,
		.list = "value",
		.key = { "name" },
		.counts = cgroup_value_counts,
	},
	[CHANGE_OF_PLACE] = {
		.name = "place",
		.title = "Where CRIU would run",
		.of = &criu_place__descriptor,
		.in = -1,
		.list = "criu_place",
	},
	[CHANGE_OF_GAP] = {
		.name = "gap",
		.title = "Not learned",
		.of = &gap__descriptor,
		.in = -1,
		.list = "gap",
		.key = { "domain", "collector", "pid", "subject" },
		.counts = gap_counts,
	},
};

/* Lists that are kinds of their own stand here too. */
const struct change_passing change_passing[] = {
	{ &process__descriptor, "thread fd mapping limit timer sample memory flags tty_pgrp reaped_faults "
				"reaped_faults_later" },
	{ &thread__descriptor, "comm sig_pending sig_shared_pending sig_blocked wchan avx512_elapsed_ms flags "
			       "syscall syscall_argument" },
	{ &fd__descriptor, "position epoll_target scm_fds eventfd_count pipe_queue_bytes outside_pid "
			   "outside_comm" },
	{ &dup_state__descriptor, "tcp_state" },
	{ &timerfd_state__descriptor, "ticks value_ns" },
	{ &terminal_state__descriptor, "pgrp" },
	{ &mapping__descriptor, "start end prot offset mnt_id" },
	{ &file__descriptor, "blocks ctime_ns user_pid users fd_flags elf_looked whole_readable other_ino other_dev_major "
			     "other_dev_minor" },
	{ &socket__descriptor, "receive_queue send_queue timer timer_ms retransmits pending half_open sample "
			       "drops holder_pid holder_comm facts_from" },
	{ &mount__descriptor, "line_length" },
	{ &namespace__descriptor, "device member_pid" },
	{ &net_device__descriptor, "flags" },
	{ &cgroup__descriptor, "value children" },
	{ &criu_place__descriptor, "pid comm start_time sid pgid tty_nr ancestor stdin_is_tty limit" },
};

const size_t n_change_passing = ARRAY_SIZE(change_passing);

bool
change_passes(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f)
{
	for (size_t i = 0; i < n_change_passing; i++) {
		struct slice rest = slice_of(change_passing[i].fields), word;

		while (change_passing[i].of == d && slice_word(&rest, &word))
			if (slice_eq(word, f->name))
				return true;
	}
	return false;
}

static bool
is_up_and_doing(const char *state)
{
	return state && strchr("RSDI", *state);
}

static bool
was_read(const File *f)
{
	return f->has_sha256 && f->digest_state == DIGEST_STATE__DIGEST_DONE;
}

bool
change_is_nothing(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *before,
		  const ProtobufCMessage *after)
{
	const ProtobufCMessageDescriptor *d = after->descriptor;
	const File *x = (const File *) before, *y = (const File *) after;

	if (d == &process__descriptor && streq(f->name, "state"))
		return is_up_and_doing(((const Process *) before)->state) &&
		       is_up_and_doing(((const Process *) after)->state);
	if (d == &thread__descriptor && streq(f->name, "state"))
		return is_up_and_doing(((const Thread *) before)->state) &&
		       is_up_and_doing(((const Thread *) after)->state);
	if (d != &file__descriptor)
		return false;
	/* A folder's change with every name in it. Of a content that was read the digest tells. */
	if (streq(f->name, "size") || streq(f->name, "nlink"))
		return !S_ISREG(y->mode) && y->has_mode;
	if (streq(f->name, "mtime_ns"))
		return (!S_ISREG(y->mode) && y->has_mode) || (was_read(x) && was_read(y));
	return false;
}

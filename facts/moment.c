/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a host lasts: see moment.h.
 */
#include "facts/moment.h"

#include "base/text.h"
#include "facts/fields.h"

enum { MAX_NAMES = MOMENT_NAMES };

/* A kind of message, and the names of its fields that do not last. */
struct moment {
	const ProtobufCMessageDescriptor *kind;
	const char *fields[MAX_NAMES];
};

/* When and how it was looked: never a fact of the host. */
static const struct moment of_the_look[] = {
	{ &header__descriptor, { "taken_at_ns", "duration_us", "own_sha256", "files_hashed",
	  "bytes_hashed", "files_known", "files_cached" } },
};

static const struct moment of_the_moment[] = {
	{ &snapshot__descriptor, { "cgroup_set", "pid_answer", "terminal_answer" } },
	{ &tree_answers__descriptor, { "pid_answer", "terminal_answer" } },
	{ &header__descriptor, { "tool" } },
	{ &host__descriptor, { "name", "machine_id", "boot_id", "pid_ns", "uptime_ms" } },
	{ &kernel__descriptor, { "cmdline" } },
	{ &memory__descriptor, { "available_kb", "swap_free_kb", "committed_kb", "free_kb" } },
	{ &huge_pages__descriptor, { "free", "reserved" } },
	{ &net__descriptor, { "netns", "socket", "unix_name", "sockets_complete", "only_asked",
	  "asked_port" } },
	{ &net_device__descriptor, { "address" } },
	{ &mount__descriptor, { "mnt_ns", "id", "parent", "line_length", "dev_major", "dev_minor", "source",
	  "free_bytes" } },
	{ &namespace_set__descriptor, { "ipc", "mnt", "net", "pid", "pid_for_children", "uts" } },
	{ &criu_place__descriptor, { "pid", "comm", "start_time", "ancestor", "cgroup_set", "sid", "pgid",
	  "tty_nr", "stdin_is_tty" } },
	{ &path_answer__descriptor, { "dev_major", "dev_minor", "ino", "nlink", "mtime_ns", "ctime_ns",
	  "free_bytes", "free_inodes", "lock", "locks_looked" } },
	{ &cgroup_answer__descriptor, { "memory_used", "memory_reclaimable", "pids_used", "folders_used" } },
	{ &unix_answer__descriptor, { "listening", "holder_pid", "holder_comm", "holder_start_time", "ino" } },
	{ &gap__descriptor, { "pid" } },
};

/* Of these that they are there lasts, and their number does not: a kernel without the kind has none. */
static const struct moment numbers_of_the_moment[] = {
	{ &namespace_set__descriptor, { "ipc", "mnt", "net", "pid", "pid_for_children", "uts" } },
};

/* fs/file-max is computed at boot of the memory that is free then: two boots of one machine differ. */
static const struct moment_value values_of_the_moment[] = {
	{ &setting__descriptor, "name", { "kernel/ns_last_pid", "kernel/pty/nr", "kernel/sem_next_id",
	  "kernel/msg_next_id", "kernel/shm_next_id", "fs/file-nr", "fs/aio-nr", "fs/file-max" } },
	/* Ends of containers and virtual machines; a veth with another name may be the host's own uplink. */
	{ &net_device__descriptor, "name", { "veth*", "cali*", "lxc*", "vnet*", "tap*", "cni-*" } },
	/* Of sessions, containers and namespaces: they come and go. */
	{ &mount__descriptor, "mountpoint", { "/run/user/*", "/run/netns/*", "/run/docker/*", "/run/containerd/*",
	  "/run/credentials/*", "/var/lib/docker/*", "/var/lib/containers/*", "/var/lib/containerd/*",
	  "/var/lib/kubelet/*", "/tmp/*" } },
	{ &cgroup_value__descriptor, "name", { "memory.usage_in_bytes", "memory.current", "pids.current",
	  "cgroup.events" } },
	{ &cgroup_answer__descriptor, "own", { NULL } },
};

static const char *const none[MAX_NAMES];

static bool
is_named(const char *const *names, struct slice name)
{
	for (size_t i = 0; i < MAX_NAMES && names[i]; i++) {
		struct slice wanted = slice_of(names[i]);

		if (name.n == 0 || names[i][0] != name.p[0])
			continue;
		if (slice_cut_end(&wanted, "*") ? name.n > wanted.n && memcmp(name.p, wanted.p, wanted.n) == 0 :
						  slice_eq(name, names[i]))
			return true;
	}
	return false;
}

static const char *const *
fields_of(const struct moment *row, size_t n, const ProtobufCMessageDescriptor *d)
{
	for (size_t i = 0; i < n; i++)
		if (row[i].kind == d)
			return row[i].fields;
	return none;
}

bool
moment_is(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f, enum facts_kept kept)
{
	struct slice name = slice_of(f->name);

	return is_named(fields_of(of_the_look, ARRAY_SIZE(of_the_look), d), name) ||
	       (kept == FACTS_LASTING && is_named(fields_of(of_the_moment, ARRAY_SIZE(of_the_moment), d), name));
}

bool
moment_is_number(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f)
{
	return is_named(fields_of(numbers_of_the_moment, ARRAY_SIZE(numbers_of_the_moment), d), slice_of(f->name));
}

const struct moment_value *
moment_value_of(const ProtobufCMessageDescriptor *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(values_of_the_moment); i++)
		if (values_of_the_moment[i].kind == d)
			return &values_of_the_moment[i];
	return NULL;
}

bool
moment_value_is(const struct moment_value *v, struct slice text)
{
	return is_named(v->values, text);
}

bool
moment_passes(const ProtobufCMessage *m)
{
	const struct moment_value *v = moment_value_of(m->descriptor);
	const ProtobufCFieldDescriptor *named;

	if (!v)
		return false;
	named = protobuf_c_message_descriptor_get_field_by_name(v->kind, v->field);
	if (field_count(m, named) == 0)
		return false;
	return v->values[0] ? moment_value_is(v, slice_of(*(const char *const *) field_at(m, named, 0))) :
			      *(const protobuf_c_boolean *) field_at(m, named, 0);
}

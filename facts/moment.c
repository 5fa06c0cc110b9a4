/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a host lasts: see moment.h. A message within a message is a field with a length, which
 * changes when something is taken out of it.
 */
#include "facts/moment.h"

#include "facts/fields.h"
#include "facts/wire.h"

#include <errno.h>

enum { MAX_DEPTH = 16 };

enum { MAX_NAMES = 10 };

/* A kind of message, and the names of its fields that do not last. */
struct moment {
	const ProtobufCMessageDescriptor *kind;
	const char *fields[MAX_NAMES];
};

/* A message that does not last as a whole where its text `field` is one of `values`; without any: where it is true. */
struct moment_value {
	const ProtobufCMessageDescriptor *kind;
	const char *field;
	const char *values[MAX_NAMES];
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
	{ &mount__descriptor, { "mnt_ns", "dev_major", "dev_minor", "source", "free_bytes" } },
	{ &namespace_set__descriptor, { "mnt", "net" } },
	{ &criu_place__descriptor, { "pid", "comm", "start_time", "ancestor", "cgroup_set", "sid", "pgid",
	  "tty_nr", "stdin_is_tty" } },
	{ &path_answer__descriptor, { "dev_major", "dev_minor", "ino", "nlink", "mtime_ns", "ctime_ns",
	  "free_bytes", "free_inodes" } },
	{ &cgroup_answer__descriptor, { "memory_used", "memory_reclaimable", "pids_used", "folders_used" } },
	{ &unix_answer__descriptor, { "listening", "holder_pid", "holder_comm", "holder_start_time", "ino" } },
	{ &gap__descriptor, { "pid" } },
};

static const struct moment_value values_of_the_moment[] = {
	{ &setting__descriptor, "name", { "kernel/ns_last_pid", "kernel/pty/nr", "kernel/sem_next_id",
	  "kernel/msg_next_id", "kernel/shm_next_id", "fs/file-nr", "fs/aio-nr" } },
	{ &net_device__descriptor, "kind", { "veth" } },
	{ &cgroup_value__descriptor, "name", { "memory.usage_in_bytes", "memory.current", "pids.current",
	  "cgroup.events" } },
	{ &cgroup_answer__descriptor, "own", { NULL } },
};

static const char *const none[MAX_NAMES];

static bool
is_named(const char *const *names, struct slice name)
{
	for (size_t i = 0; i < MAX_NAMES && names[i]; i++)
		if (name.n > 0 && names[i][0] == name.p[0] && slice_eq(name, names[i]))
			return true;
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

static const char *const *
names_of_the_look(const ProtobufCMessageDescriptor *d)
{
	return fields_of(of_the_look, ARRAY_SIZE(of_the_look), d);
}

static const char *const *
names_of_the_moment(const ProtobufCMessageDescriptor *d, enum facts_kept kept)
{
	return kept == FACTS_NOW ? none : fields_of(of_the_moment, ARRAY_SIZE(of_the_moment), d);
}

bool
moment_is(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f)
{
	struct slice name = slice_of(f->name);

	return is_named(names_of_the_look(d), name) || is_named(names_of_the_moment(d, FACTS_LASTING), name);
}

bool
moment_passes(const ProtobufCMessage *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(values_of_the_moment); i++) {
		const struct moment_value *v = &values_of_the_moment[i];
		const ProtobufCFieldDescriptor *named;

		if (v->kind != m->descriptor)
			continue;
		named = protobuf_c_message_descriptor_get_field_by_name(v->kind, v->field);
		if (field_count(m, named) == 0)
			return false;
		return v->values[0] ? is_named(v->values, slice_of(*(const char *const *) field_at(m, named, 0))) :
				      *(const protobuf_c_boolean *) field_at(m, named, 0);
	}
	return false;
}

/* The same, on the wire. */
static bool
is_passing(const ProtobufCMessageDescriptor *d, struct slice bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(values_of_the_moment); i++) {
		const struct moment_value *v = &values_of_the_moment[i];
		struct wire_field f;

		if (v->kind != d)
			continue;
		if (!wire_find(bytes, protobuf_c_message_descriptor_get_field_by_name(d, v->field)->id, &f))
			return false;
		return v->values[0] ? f.type == WIRE_BYTES && is_named(v->values, f.value) :
				      f.type == WIRE_VARINT && f.number != 0;
	}
	return false;
}

/* Whether messages of this kind are kept as they are. */
static bool
is_plain(const ProtobufCMessageDescriptor *d, enum facts_kept kept)
{
	if (*names_of_the_look(d) || *names_of_the_moment(d, kept))
		return false;
	for (unsigned int i = 0; i < d->n_fields; i++)
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			return false;
	return true;
}

static int strip(const ProtobufCMessageDescriptor *d, struct slice bytes, enum facts_kept kept, unsigned int depth,
		 struct buffer *out);

/* A message within: its new length is known when it is written, so it is written aside. */
static int
strip_within(const ProtobufCFieldDescriptor *f, const struct wire_field *field, enum facts_kept kept,
	     unsigned int depth, struct buffer *out)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;
	_cleanup_buffer_ struct buffer inner = { 0 };
	int r;

	if (kept == FACTS_LASTING && is_passing(d, field->value))
		return 0;
	if (is_plain(d, kept))
		return buffer_add(out, field->all.p, field->all.n);
	r = strip(d, field->value, kept, depth + 1, &inner);
	return r == 0 ? wire_add_bytes(out, f->id, buffer_slice(&inner)) : r;
}

static int
strip(const ProtobufCMessageDescriptor *d, struct slice bytes, enum facts_kept kept, unsigned int depth,
      struct buffer *out)
{
	const char *const *look = names_of_the_look(d), *const *moment = names_of_the_moment(d, kept);
	int r;

	if (depth > MAX_DEPTH)
		return -EBADMSG;
	while (bytes.n > 0) {
		const ProtobufCFieldDescriptor *f;
		struct wire_field field;

		r = wire_take(&bytes, &field);
		if (r < 0)
			return r;
		f = protobuf_c_message_descriptor_get_field(d, field.id);
		if (f && (is_named(look, slice_of(f->name)) || is_named(moment, slice_of(f->name))))
			continue;
		if (f && f->type == PROTOBUF_C_TYPE_MESSAGE && field.type == WIRE_BYTES)
			r = strip_within(f, &field, kept, depth, out);
		else
			r = buffer_add(out, field.all.p, field.all.n);
		if (r < 0)
			return r;
	}
	return 0;
}

int
moment_strip(const ProtobufCMessageDescriptor *d, struct slice bytes, enum facts_kept kept, struct buffer *out)
{
	return strip(d, bytes, kept, 0, out);
}

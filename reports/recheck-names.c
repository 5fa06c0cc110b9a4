/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came, went or changed, by name:
 *
 *     worker 4321   /usr/sbin/nginx
 *     fd 7 of nginx 4211   /var/log/nginx/access.log
 *     tcp 127.0.0.1:80 to 127.0.0.1:41034
 *     /data in mount namespace 4026531840   ext4
 */
#include "reports/recheck.h"

#include "facts/gaps.h"
#include "reports/facts.h"

#include <errno.h>
#include <netinet/in.h>

static const char *
text_or(const char *text, const char *other)
{
	return text ? text : other;
}

/* The record as it is, or as it was. */
static const ProtobufCMessage *
record_of(const struct change *change)
{
	return change->after ? change->after : change->before;
}

static const Snapshot *
snapshot_of(const struct changes *c, const struct change *change)
{
	return change->after ? c->after : c->before;
}

static int
put_process(struct buffer *out, const Process *p)
{
	return buffer_printf(out, "%s %d", text_or(p->comm, "?"), p->pid);
}

static int
put_owned(struct buffer *out, const char *what, const struct change *change)
{
	int r = buffer_printf(out, "%s of ", what);

	return r < 0 ? r : put_process(out, (const Process *) change->owner);
}

static int
put_namespace(struct buffer *out, const Namespace *ns)
{
	static const char *const kinds[] = {
		[NAMESPACE_KIND__NS_CGROUP] = "cgroup", [NAMESPACE_KIND__NS_IPC] = "ipc",
		[NAMESPACE_KIND__NS_MNT] = "mount",	[NAMESPACE_KIND__NS_NET] = "network",
		[NAMESPACE_KIND__NS_PID] = "pid",	[NAMESPACE_KIND__NS_TIME] = "time",
		[NAMESPACE_KIND__NS_USER] = "user",	[NAMESPACE_KIND__NS_UTS] = "uts",
	};
	size_t kind = (size_t) ns->kind;

	return buffer_printf(out, "%s namespace %llu", kind < ARRAY_SIZE(kinds) && kinds[kind] ? kinds[kind] : "?",
			     (unsigned long long) ns->ino);
}

/* One end of a connection: the field of an address prints it, the port follows. */
static int
put_end(struct buffer *out, const Socket *s, const char *field, uint32_t port)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(&socket__descriptor, field);
	bool six = s->family == SOCKET_FAMILY__SOCKET_INET6;
	int r = buffer_printf(out, "%s", six ? "[" : "");

	if (r == 0 && field_count(&s->base, f))
		r = field_print(f, field_at(&s->base, f, 0), out);
	return r < 0 ? r : buffer_printf(out, "%s:%u", six ? "]" : "", port);
}

static const char *
protocol_of(const Socket *s)
{
	switch (s->has_protocol ? s->protocol : 0) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return text_or(s->protocol_name, "ip");
	}
}

static int
put_inet(struct buffer *out, const Socket *s)
{
	int r = buffer_printf(out, "%s ", protocol_of(s));

	if (r == 0)
		r = put_end(out, s, "source", s->source_port);
	if (r < 0 || !s->has_destination_port || s->destination_port == 0)
		return r;
	r = buffer_printf(out, " to ");
	return r < 0 ? r : put_end(out, s, "destination", s->destination_port);
}

static int
put_socket(struct buffer *out, const Socket *s)
{
	const ProtobufCFieldDescriptor *name =
		protobuf_c_message_descriptor_get_field_by_name(&socket__descriptor, "unix_name");
	int r;

	switch (s->family) {
	case SOCKET_FAMILY__SOCKET_INET:
	case SOCKET_FAMILY__SOCKET_INET6:
		return put_inet(out, s);
	case SOCKET_FAMILY__SOCKET_UNIX:
		r = buffer_printf(out, "unix socket %llu%s", (unsigned long long) s->ino,
				  s->has_unix_name && s->unix_name.len > 0 ? " " : "");
		return r == 0 && s->has_unix_name ? field_print(name, &s->unix_name, out) : r;
	default:
		return buffer_printf(out, "%s socket %llu", text_or(s->protocol_name, "a"),
				     (unsigned long long) s->ino);
	}
}

static const char *
file_path(const Snapshot *s, bool has, uint32_t file)
{
	return has && file < s->n_file ? s->file[file]->path : NULL;
}

static int
put_shared(struct buffer *out, const struct change *change)
{
	const ProtobufCMessage *m = record_of(change);

	switch (change->of) {
	case CHANGE_OF_FILE:
		return buffer_printf(out, "%s", text_or(((const File *) m)->path, "a file without a path"));
	case CHANGE_OF_SOCKET:
		return put_socket(out, (const Socket *) m);
	case CHANGE_OF_MOUNT:
		return buffer_printf(out, "%s in mount namespace %llu", text_or(((const Mount *) m)->mountpoint, "?"),
				     (unsigned long long) ((const Mount *) m)->mnt_ns);
	case CHANGE_OF_NAMESPACE:
		return put_namespace(out, (const Namespace *) m);
	case CHANGE_OF_CGROUP:
		return buffer_printf(out, "%s:%s", text_or(((const Cgroup *) m)->controllers, ""),
				     text_or(((const Cgroup *) m)->path, "?"));
	case CHANGE_OF_GAP:
		return buffer_printf(out, "%s", text_or(((const Gap *) m)->subject,
							domain_name(((const Gap *) m)->domain)));
	default:
		return buffer_printf(out, "where criu would run");
	}
}

int
change_thing(const struct changes *c, const struct change *change, struct buffer *out)
{
	const ProtobufCMessage *m = record_of(change);
	const Snapshot *s = snapshot_of(c, change);
	_cleanup_buffer_ struct buffer what = { 0 };
	const Mapping *map = (const Mapping *) m;
	int r;

	switch (change->of) {
	case CHANGE_OF_TASK:
		return put_process(out, (const Process *) m);
	case CHANGE_OF_THREAD:
		r = buffer_printf(&what, "thread %d", ((const Thread *) m)->tid);
		break;
	case CHANGE_OF_LIMIT:
		r = buffer_printf(&what, "%s", text_or(((const Limit *) m)->name, "a limit"));
		break;
	case CHANGE_OF_TIMER:
		r = buffer_printf(&what, "timer %d", ((const PosixTimer *) m)->id);
		break;
	case CHANGE_OF_FD:
		r = buffer_printf(&what, "fd %d", ((const Fd *) m)->number);
		break;
	case CHANGE_OF_MAPPING:
		r = buffer_printf(&what, "mapping of %s in the memory",
				  text_or(file_path(s, map->has_file, map->file), text_or(map->name, "a file")));
		break;
	case CHANGE_OF_DEVICE:
		r = buffer_printf(out, "%s in ", text_or(((const NetDevice *) m)->name, "?"));
		return r < 0 ? r : put_namespace(out, (const Namespace *) change->owner);
	case CHANGE_OF_CGROUP_VALUE:
		return buffer_printf(out, "%s of %s", text_or(((const CgroupValue *) m)->name, "?"),
				     text_or(((const Cgroup *) change->owner)->path, "?"));
	default:
		return put_shared(out, change);
	}
	return r < 0 ? r : put_owned(out, buffer_slice(&what).p, change);
}

int
change_nature(const struct changes *c, const struct change *change, struct buffer *out)
{
	const ProtobufCMessage *m = record_of(change);
	const Process *p = (const Process *) m;
	const Gap *gap = (const Gap *) m;
	const Fd *fd = (const Fd *) m;

	switch (change->of) {
	case CHANGE_OF_TASK:
		return buffer_printf(out, "%s", text_or(p->exe ? p->exe->path : NULL, ""));
	case CHANGE_OF_FD:
		return buffer_printf(out, "%s", text_or(file_path(snapshot_of(c, change), fd->has_file, fd->file),
							text_or(fd->link, "")));
	case CHANGE_OF_MOUNT:
		return buffer_printf(out, "%s", text_or(((const Mount *) m)->fs_type, ""));
	case CHANGE_OF_CGROUP_VALUE:
		return buffer_printf(out, "%s", text_or(((const CgroupValue *) m)->value, ""));
	case CHANGE_OF_GAP:
		return buffer_printf(out, "%s", text_or(gap->reason, ""));
	default:
		return 0;
	}
}

static int
put_cgroup_set(struct buffer *out, const CgroupSet *set)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n_membership; i++)
		r = buffer_printf(out, "%s%s:%s", i ? ", " : "", text_or(set->membership[i]->controllers, ""),
				  text_or(set->membership[i]->path, "?"));
	return r;
}

static int
put_target(struct buffer *out, const ProtobufCMessage *m)
{
	const File *f = (const File *) m;

	if (m->descriptor == &cgroup_set__descriptor)
		return put_cgroup_set(out, (const CgroupSet *) m);
	return buffer_printf(out, "%s (inode %llu)", text_or(f->path, "?"), (unsigned long long) f->ino);
}

int
change_value(const struct changes *c, const struct field_change *f, bool after, struct buffer *out)
{
	const ProtobufCMessage *m = after ? f->after : f->before;
	size_t n = m ? field_count(m, f->field) : 0;
	int r = 0;

	if (f->field->type == PROTOBUF_C_TYPE_MESSAGE)
		return n ? buffer_printf(out, "%zu of them", n) : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const void *at = field_at(m, f->field, i);
		const ProtobufCMessage *target = change_target(after ? c->after : c->before, f->field, at);

		r = i ? buffer_add(out, ", ", 2) : 0;
		if (r == 0)
			r = target ? put_target(out, target) : field_print(f->field, at, out);
	}
	return r;
}

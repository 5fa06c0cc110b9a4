/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of a host by name, and their values:
 *
 *     kernel/pid_max   device eth0 mtu   hierarchy cpu,cpuacct   cgroup memory /srv memory.max
 */
#include "reports/host-diff.h"

#include "base/names.h"
#include "reports/facts.h"

#include <errno.h>

enum { DIGEST = 32, SHOWN_OF_DIGEST = 6 };

/* The beginning of a digest is enough to know it again. */
static int
put_key_field(const ProtobufCFieldDescriptor *f, const void *at, struct buffer *out)
{
	const ProtobufCBinaryData *bytes = at;
	ProtobufCBinaryData first;

	if (f->type != PROTOBUF_C_TYPE_BYTES || bytes->len != DIGEST)
		return field_print(f, at, out);
	first = (ProtobufCBinaryData){ .data = bytes->data, .len = SHOWN_OF_DIGEST };
	return field_print(f, &first, out);
}

static int
put_key(const struct host_record *record, struct buffer *out)
{
	const ProtobufCMessage *m = record->record;
	size_t begin = out->n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < MAX_HOST_KEY && record->list->key[i]; i++) {
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(m->descriptor, record->list->key[i]);

		/* A yes or no tells records apart, and names nothing. */
		if (field_count(m, f) == 0 || f->type == PROTOBUF_C_TYPE_BOOL)
			continue;
		if (out->n > begin)
			r = buffer_add(out, " ", 1);
		if (r == 0)
			r = put_key_field(f, field_at(m, f, 0), out);
	}
	if (r == 0 && out->n == begin && record->list->unnamed)
		r = buffer_printf(out, "%s", record->list->unnamed);
	return r;
}

static int
put_record(const struct host_record *record, struct buffer *out)
{
	int r = 0;

	if (record->around)
		r = put_record(record->around, out);
	if (r == 0)
		r = buffer_printf(out, "%s%s%s", record->around ? " " : "", record->list->name ? record->list->name : "",
				  record->list->name ? " " : "");
	return r < 0 ? r : put_key(record, out);
}

int
host_fact_name(const struct host_record *record, const char *name, struct buffer *out)
{
	int r = record ? put_record(record, out) : 0;

	if (r == 0 && name)
		r = buffer_printf(out, "%s%s", record ? " " : "", name);
	return r;
}

int
host_value(const struct host_difference *x, int side, struct buffer *out)
{
	const ProtobufCMessage *m = x->holder[side];
	const void *at;

	if (x->text[side])
		return buffer_printf(out, "%s", x->text[side]);
	if (!m || field_count(m, x->field) == 0)
		return buffer_printf(out, "%s", x->nothing ? x->nothing : "nothing");
	at = field_at(m, x->field, 0);
	if (streq(x->field->name, "error") && x->field->type == PROTOBUF_C_TYPE_INT32)
		return buffer_printf(out, "%s", *(const int32_t *) at ? errno_name(*(const int32_t *) at) : "none");
	return field_print(x->field, at, out);
}

int
host_diff_exit_code(const struct host_diff *d)
{
	return d->n_lasting > 0 ? 1 : 0;
}

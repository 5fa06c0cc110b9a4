/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as JSON, from the descriptors: every message an object, every field that is there
 * a key of its own name. Numbers stay numbers; masks, modes, times, addresses and bytes are
 * text in the form that people know. Absent stays absent.
 */
#include "reports/facts.h"
#include "reports/json-out.h"

static void add_message(struct json *parent, const char *key, const ProtobufCMessage *message);

static void
add_value(struct json *parent, const char *key, const ProtobufCFieldDescriptor *f, const void *at)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct slice s;

	if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		add_message(parent, key, *(const ProtobufCMessage *const *) at);
		return;
	}
	if (f->type == PROTOBUF_C_TYPE_BOOL) {
		json_add_bool(parent, key, *(const protobuf_c_boolean *) at);
		return;
	}
	if (field_format_of(f) == FORMAT_PLAIN) {
		switch (f->type) {
		case PROTOBUF_C_TYPE_INT32:
		case PROTOBUF_C_TYPE_SINT32:
			json_add_int(parent, key, *(const int32_t *) at);
			return;
		case PROTOBUF_C_TYPE_UINT32:
		case PROTOBUF_C_TYPE_FIXED32:
			json_add_uint(parent, key, *(const uint32_t *) at);
			return;
		case PROTOBUF_C_TYPE_INT64:
			json_add_int(parent, key, *(const int64_t *) at);
			return;
		case PROTOBUF_C_TYPE_UINT64:
		case PROTOBUF_C_TYPE_FIXED64:
			json_add_uint(parent, key, *(const uint64_t *) at);
			return;
		default:
			break;
		}
	}
	(void) field_print(f, at, &text);
	s = buffer_slice(&text);
	json_add_bytes(parent, key, s.p, s.n);
}

static void
add_fields(struct json *object, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *d = message->descriptor;

	for (unsigned int i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		size_t n = field_count(message, f);
		struct json *array;

		if (n == 0)
			continue;
		if (f->label != PROTOBUF_C_LABEL_REPEATED) {
			add_value(object, f->name, f, field_at(message, f, 0));
			continue;
		}
		array = json_add_array(object, f->name);
		for (size_t k = 0; k < n; k++)
			add_value(array, NULL, f, field_at(message, f, k));
	}
}

static void
add_message(struct json *parent, const char *key, const ProtobufCMessage *message)
{
	add_fields(json_add_object(parent, key), message);
}

int
facts_report_json(const Snapshot *s, struct buffer *out)
{
	struct json *root = json_root();

	json_add_text(root, "schema", "migcheck-snapshot-1");
	add_fields(root, &s->base);
	return json_print(root, out);
}

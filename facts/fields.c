/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of messages, reached through their descriptors: see fields.h. protobuf-c keeps a
 * repeated field as a count and a pointer to the values, an optional number as a flag and the
 * number, texts and messages as pointers:
 *
 *     size_t n_fd; Fd **fd;        protobuf_c_boolean has_pid; int32_t pid;        char *comm;
 */
#include "facts/fields.h"

#include "base/text.h"

size_t
field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f)
{
	const char *base = (const char *) message;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n;

		memcpy(&n, base + f->quantifier_offset, sizeof(n));
		return n;
	}
	if (f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING) {
		const void *p;

		memcpy(&p, base + f->offset, sizeof(p));
		return p ? 1 : 0;
	}
	if (f->label == PROTOBUF_C_LABEL_REQUIRED)
		return 1;
	return *(const protobuf_c_boolean *) (const void *) (base + f->quantifier_offset) ? 1 : 0;
}

static size_t
value_size(const ProtobufCFieldDescriptor *f)
{
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t);
	}
}

const void *
field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f, size_t i)
{
	const char *place = (const char *) message + f->offset, *first = place;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		first = *(const char *const *) (const void *) place;
	return first + i * value_size(f);
}

const ProtobufCMessage *
field_message(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f, size_t i)
{
	return *(const ProtobufCMessage *const *) field_at(message, f, i);
}

static int
compare_bytes(const void *a, size_t n_a, const void *b, size_t n_b)
{
	size_t n = n_a < n_b ? n_a : n_b;
	int r = n ? memcmp(a, b, n) : 0;

	return r ? r : (n_a > n_b) - (n_a < n_b);
}

static uint64_t
number_at(const void *at, size_t size)
{
	uint64_t wide = 0;

	/* x86: the low bytes come first. */
	memcpy(&wide, at, size);
	return wide;
}

/* Numbers as if they had no sign: any order will do for those below zero. */
int
field_compare(const ProtobufCFieldDescriptor *f, const void *a, const void *b)
{
	const ProtobufCBinaryData *x = a, *y = b;
	uint64_t number_a, number_b;

	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_compare(*(const ProtobufCMessage *const *) a,
				       *(const ProtobufCMessage *const *) b);
	case PROTOBUF_C_TYPE_STRING:
		return strcmp(*(const char *const *) a, *(const char *const *) b);
	case PROTOBUF_C_TYPE_BYTES:
		return compare_bytes(x->data, x->len, y->data, y->len);
	default:
		break;
	}
	number_a = number_at(a, value_size(f));
	number_b = number_at(b, value_size(f));
	return (number_a > number_b) - (number_a < number_b);
}

int
message_compare(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	const ProtobufCMessageDescriptor *d = a->descriptor;

	for (unsigned int i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		size_t n_a = field_count(a, f), n_b = field_count(b, f);

		for (size_t k = 0; k < n_a && k < n_b; k++) {
			int r = field_compare(f, field_at(a, f, k), field_at(b, f, k));

			if (r)
				return r;
		}
		if (n_a != n_b)
			return n_a > n_b ? 1 : -1;
	}
	return 0;
}

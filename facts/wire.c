/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a packed message: see wire.h.
 */
#include "facts/wire.h"

#include <errno.h>

enum { MAX_VARINT = 10 };

static int
take_varint(struct slice *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s->n && i < MAX_VARINT; i++) {
		uint8_t byte = (uint8_t) s->p[i];

		v |= (uint64_t) (byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		*s = (struct slice){ .p = s->p + i + 1, .n = s->n - i - 1 };
		*ret = v;
		return 0;
	}
	return -EBADMSG;
}

int
wire_take(struct slice *rest, struct wire_field *ret)
{
	struct slice s = *rest;
	uint64_t tag, length = 0;

	if (take_varint(&s, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
		return -EBADMSG;
	*ret = (struct wire_field){ .id = (uint32_t) (tag >> 3), .type = tag & 7 };
	if (ret->type == WIRE_VARINT) {
		if (take_varint(&s, &ret->number) < 0)
			return -EBADMSG;
	} else if (ret->type == WIRE_BYTES) {
		if (take_varint(&s, &length) < 0)
			return -EBADMSG;
	} else if (ret->type == WIRE_64 || ret->type == WIRE_32) {
		length = ret->type == WIRE_64 ? 8 : 4;
	} else {
		return -EBADMSG;
	}
	if (length > s.n)
		return -EBADMSG;
	ret->value = (struct slice){ .p = s.p, .n = length };
	s = (struct slice){ .p = s.p + length, .n = s.n - length };
	ret->all = (struct slice){ .p = rest->p, .n = rest->n - s.n };
	*rest = s;
	return 0;
}

static int
add_varint(struct buffer *out, uint64_t v)
{
	char bytes[MAX_VARINT];
	size_t n = 0;

	do {
		bytes[n] = (char) ((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		n++;
		v >>= 7;
	} while (v);
	return buffer_add(out, bytes, n);
}

int
wire_add_bytes(struct buffer *out, uint32_t id, struct slice value)
{
	int r;

	r = add_varint(out, (uint64_t) id << 3 | WIRE_BYTES);
	if (r == 0)
		r = add_varint(out, value.n);
	return r == 0 ? buffer_add(out, value.p, value.n) : r;
}

bool
wire_find(struct slice message, uint32_t id, struct wire_field *ret)
{
	struct wire_field f;
	bool found = false;

	while (message.n > 0 && wire_take(&message, &f) == 0)
		if (f.id == id) {
			*ret = f;
			found = true;	/* the last one counts */
		}
	return found;
}

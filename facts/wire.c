/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a packed message: see wire.h.
 */
#include "facts/wire.h"

#include <errno.h>

enum { MAX_VARINT = 10 };

static const char *
take_long_varint(const char *p, const char *end, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int i = 0; p < end && i < MAX_VARINT; i++, p++) {
		uint8_t byte = (uint8_t) *p;

		v |= (uint64_t) (byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		*ret = v;
		return p + 1;
	}
	return NULL;
}

/* Most have one byte. Where it ends; NULL: it does not. */
static inline const char *
take_varint(const char *p, const char *end, uint64_t *ret)
{
	if (p < end && !(*p & 0x80)) {
		*ret = (uint8_t) *p;
		return p + 1;
	}
	return take_long_varint(p, end, ret);
}

int
wire_take(struct slice *rest, struct wire_field *ret)
{
	const char *end = rest->p + rest->n, *p;
	uint64_t tag, number = 0, length = 0;
	uint32_t type;

	p = take_varint(rest->p, end, &tag);
	if (!p || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
		return -EBADMSG;
	type = tag & 7;
	if (type == WIRE_VARINT)
		p = take_varint(p, end, &number);
	else if (type == WIRE_BYTES)
		p = take_varint(p, end, &length);
	else if (type == WIRE_64 || type == WIRE_32)
		length = type == WIRE_64 ? 8 : 4;
	else
		return -EBADMSG;
	if (!p || length > (size_t) (end - p))
		return -EBADMSG;
	ret->id = (uint32_t) (tag >> 3);
	ret->type = type;
	ret->number = number;
	ret->value = (struct slice){ .p = p, .n = length };
	p += length;
	ret->all = (struct slice){ .p = rest->p, .n = (size_t) (p - rest->p) };
	*rest = (struct slice){ .p = p, .n = (size_t) (end - p) };
	return 0;
}

static size_t
pack_varint(uint64_t v, char bytes[MAX_VARINT])
{
	size_t n = 0;

	do {
		bytes[n] = (char) ((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		n++;
		v >>= 7;
	} while (v);
	return n;
}

static int
add_varint(struct buffer *out, uint64_t v)
{
	char bytes[MAX_VARINT];

	return buffer_add(out, bytes, pack_varint(v, bytes));
}

int
wire_open(struct buffer *out, uint32_t id, size_t at_most, struct wire_mark *ret)
{
	int r = add_varint(out, (uint64_t) id << 3 | WIRE_BYTES);
	size_t length_at = out->n;

	if (r == 0)
		r = add_varint(out, at_most);
	if (r == 0)
		*ret = (struct wire_mark){ .length_at = length_at, .value_at = out->n };
	return r;
}

void
wire_close(struct buffer *out, const struct wire_mark *mark)
{
	size_t value = out->n - mark->value_at, n;
	char length[MAX_VARINT];

	n = pack_varint(value, length);
	memcpy(out->p + mark->length_at, length, n);
	if (mark->length_at + n < mark->value_at)
		memmove(out->p + mark->length_at + n, out->p + mark->value_at, value);
	out->n = mark->length_at + n + value;
	out->p[out->n] = '\0';
}

int
wire_add_number(struct buffer *out, uint32_t id, uint64_t number)
{
	int r = add_varint(out, (uint64_t) id << 3 | WIRE_VARINT);

	return r == 0 ? add_varint(out, number) : r;
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

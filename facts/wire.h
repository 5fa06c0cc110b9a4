/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packed message as a row of fields, without unpacking it (Protocol Buffers Documentation,
 * "Encoding"):
 *
 *     0a 02 76 6d        field 1, wire type 2 (a length follows): "vm"
 *     88 01 ed 01        field 17, wire type 0 (a varint): 237
 */
#pragma once

#include "base/buffer.h"
#include <stdbool.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct wire_field {
	uint32_t id;
	uint32_t type;			/* enum wire_type */
	uint64_t number;		/* of WIRE_VARINT */
	struct slice all;		/* with its tag */
	struct slice value;		/* of WIRE_BYTES: what the length counts */
};

/* Takes the next field off the front. 0 or -EBADMSG. */
int wire_take(struct slice *rest, struct wire_field *ret);

/* The last field with this number; false: there is none. */
bool wire_find(struct slice message, uint32_t id, struct wire_field *ret);

/* Appends a field of wire type 0. 0 or -ENOMEM. */
int wire_add_number(struct buffer *out, uint32_t id, uint64_t number);
/* Appends a field of wire type 2. 0 or -ENOMEM. */
int wire_add_bytes(struct buffer *out, uint32_t id, struct slice value);

/* A field of wire type 2 whose value is being appended. */
struct wire_mark {
	size_t length_at, value_at;
};

/* Begins such a field, whose value will have `at_most` bytes. 0 or -ENOMEM. */
int wire_open(struct buffer *out, uint32_t id, size_t at_most, struct wire_mark *ret);
void wire_close(struct buffer *out, const struct wire_mark *mark);

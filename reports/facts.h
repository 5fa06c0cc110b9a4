/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole snapshot told from the protobuf descriptors, by one generic walk, so that no field
 * is forgotten: what `migcheck show` prints.
 */
#pragma once

#include "base/buffer.h"
#include "facts/fields.h"
#include "base/text.h"

int facts_report_json(const Snapshot *s, struct buffer *out);	/* 0 or -ENOMEM */
int facts_report_text(const Snapshot *s, struct buffer *out);

/* How a field is best written: decided by its name, for both formats. */
enum field_format {
	FORMAT_PLAIN,
	FORMAT_OCTAL,			/* modes */
	FORMAT_HEX,			/* masks */
	FORMAT_TIME,			/* nanoseconds since 1970 */
	FORMAT_ADDRESS,			/* 4 or 16 bytes of an IP address */
	FORMAT_DIGEST,			/* bytes as hexadecimal */
	FORMAT_NAME,			/* bytes as text: names of unix sockets, a leading NUL as '@' */
};

enum field_format field_format_of(const ProtobufCFieldDescriptor *f);

/* Writes one scalar of a field as text (unescaped); `at` points at the value. */
int field_print(const ProtobufCFieldDescriptor *f, const void *at, struct buffer *out);

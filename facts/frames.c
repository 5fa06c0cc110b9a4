/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a stream: see frames.h.
 *
 *     03 00 00 00   2a 00 00 00   ...42 bytes...     record kind 3 (Process), its length, itself
 *     00 00 00 00   28 00 00 00   count(8) sha256(32)   the trailer: kind 0
 */
#include "facts/frames.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char frames_magic[MAGIC_BYTES] = { 'M', 'I', 'G', 'C', 'H', 'E', 'C', 'K' };

int
frames_refuse(struct stream_error *e, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return error;
}

static uint32_t
get_le32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t
get_le64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

int
frames_check_head(const char *p, struct stream_error *e)
{
	uint32_t format = get_le32(p + MAGIC_BYTES);

	if (memcmp(p, frames_magic, MAGIC_BYTES) != 0)
		return frames_refuse(e, -EBADMSG, "not a migcheck snapshot: it does not begin with \"MIGCHECK\"");
	if (format != SNAPSHOT_FORMAT)
		return frames_refuse(e, -EPROTONOSUPPORT,
			      "snapshot format %u, this migcheck reads format %d: use the same migcheck on both hosts",
			      format, SNAPSHOT_FORMAT);
	return 0;
}

int
frames_walk(const char *p, size_t n, size_t *at, uint64_t *records, struct stream_error *e)
{
	for (;;) {
		uint32_t kind, length;

		if (n - *at < FRAME_BYTES)
			return 0;
		kind = get_le32(p + *at);
		length = get_le32(p + *at + 4);
		if (kind == 0 && length != TRAILER_BYTES)
			return frames_refuse(e, -EBADMSG, "damaged: a trailer of %u bytes where %d are due",
				      length, TRAILER_BYTES);
		if (length > MAX_RECORD_BYTES)
			return frames_refuse(e, -EFBIG, "record %llu claims %u bytes, the limit is %d",
				      (unsigned long long) *records, length, MAX_RECORD_BYTES);
		if (n - *at - FRAME_BYTES < length)
			return 0;
		if (kind == 0)
			return 1;
		if (++*records > MAX_RECORDS)
			return frames_refuse(e, -EFBIG, "more than %d records", MAX_RECORDS);
		*at += FRAME_BYTES + length;
	}
}

static int
check_trailer(const char *p, size_t at, uint64_t records, uint8_t *ret_sha256, struct stream_error *e)
{
	_cleanup_digest_ struct digest *digest = digest_new();
	const char *trailer = p + at + FRAME_BYTES;
	uint64_t count = get_le64(trailer);
	int r;

	if (!digest)
		return -ENOMEM;
	if (count != records)
		return frames_refuse(e, -EBADMSG, "damaged: its trailer counts %llu records, %llu are there",
			      (unsigned long long) count, (unsigned long long) records);
	r = digest_add(digest, p, at);
	if (r < 0)
		return r;
	r = digest_end(digest, ret_sha256);
	if (r < 0)
		return r;
	if (memcmp(ret_sha256, trailer + 8, DIGEST_SIZE) != 0)
		return frames_refuse(e, -EBADMSG, "damaged: its SHA-256 is not the one in its trailer");
	return 0;
}

int
frames_verify(const void *bytes, size_t n, struct frames *ret, struct stream_error *ret_error)
{
	size_t at = HEAD_BYTES;
	struct frames f;
	uint64_t records = 0;
	int r;

	if (n < HEAD_BYTES)
		return frames_refuse(ret_error, -EBADMSG, "%s: %zu bytes", n ? "cut off" : "empty", n);
	r = frames_check_head(bytes, ret_error);
	if (r < 0)
		return r;
	r = frames_walk(bytes, n, &at, &records, ret_error);
	if (r < 0)
		return r;
	if (r == 0)
		return frames_refuse(ret_error, -EBADMSG, "cut off after %llu records: it has no trailer",
				     (unsigned long long) records);
	if (n != at + FRAME_BYTES + TRAILER_BYTES)
		return frames_refuse(ret_error, -EBADMSG, "damaged: %zu bytes follow its trailer",
				     n - at - FRAME_BYTES - TRAILER_BYTES);
	r = check_trailer(bytes, at, records, f.sha256, ret_error);
	if (r < 0)
		return r;
	f.left = (struct slice){ .p = (const char *) bytes + HEAD_BYTES, .n = at - HEAD_BYTES };
	*ret = f;
	return 0;
}

int
frames_check_single(const struct frames *f, struct stream_error *e)
{
	struct frames left = *f;
	struct frame frame;
	uint64_t seen = 0;

	while (frames_next(&left, &frame)) {
		const ProtobufCFieldDescriptor *d =
			protobuf_c_message_descriptor_get_field(&snapshot__descriptor, frame.kind);

		if (!d || d->label == PROTOBUF_C_LABEL_REPEATED || frame.kind >= 64)
			continue;
		if (seen >> frame.kind & 1)
			return frames_refuse(e, -EBADMSG, "damaged: a second %s record", d->name);
		seen |= UINT64_C(1) << frame.kind;
	}
	return 0;
}

bool
frames_next(struct frames *f, struct frame *ret)
{
	size_t length;

	if (f->left.n == 0)
		return false;
	length = get_le32(f->left.p + 4);
	*ret = (struct frame){
		.kind = get_le32(f->left.p),
		.message = { .p = f->left.p + FRAME_BYTES, .n = length },
	};
	f->left.p += FRAME_BYTES + length;
	f->left.n -= FRAME_BYTES + length;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream: the eight bytes "MIGCHECK", a 32-bit format number, records, a trailer. All
 * numbers of the frame are little-endian. A frame:
 *
 *     03 00 00 00   2a 00 00 00   ...42 bytes...     record kind 3 (Process), its length, itself
 *     00 00 00 00   28 00 00 00   count(8) sha256(32)   the trailer: kind 0
 *
 * Record kinds are the field numbers of Snapshot, found through its descriptor, so that a new
 * kind of record is one line in snapshot.proto and nothing here.
 */
#include "facts/stream.h"

#include "base/buffer.h"
#include "base/digest.h"

#include <endian.h>
#include <stdarg.h>

enum {
	HEAD_BYTES = 12,
	FRAME_BYTES = 8,
	TRAILER_BYTES = 8 + DIGEST_SIZE,
	WRITE_CHUNK = 256 * 1024,
	READ_CHUNK = 64 * 1024,
	/* A message in memory is larger than on the wire; a legitimate one never this much. */
	UNPACK_FACTOR = 64,
	UNPACK_BASE = 16 * 1024 * 1024,
};

static const char magic[8] = { 'M', 'I', 'G', 'C', 'H', 'E', 'C', 'K' };

static int __attribute__((format(printf, 3, 4)))
refuse(struct stream_error *e, int error, const char *format, ...)
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

/* ---- writing ------------------------------------------------------------------------------ */

struct writer {
	int fd;
	struct buffer out;		/* not yet written */
	struct digest *digest;
	uint64_t records;
};

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t) done;
	}
	return 0;
}

static int
flush(struct writer *w)
{
	int r;

	r = digest_add(w->digest, w->out.p, w->out.n);
	if (r < 0)
		return r;
	r = write_all(w->fd, w->out.p, w->out.n);
	w->out.n = 0;
	return r;
}

static int
add_frame(struct writer *w, uint32_t kind, size_t length)
{
	uint32_t frame[2] = { htole32(kind), htole32((uint32_t) length) };

	return buffer_add(&w->out, frame, sizeof(frame));
}

static int
add_record(struct writer *w, uint32_t kind, const ProtobufCMessage *message)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	int r;

	if (n > MAX_RECORD_BYTES)
		return -EFBIG;
	r = add_frame(w, kind, n);
	if (r < 0)
		return r;
	r = buffer_reserve(&w->out, n);
	if (r < 0)
		return r;
	w->out.n += protobuf_c_message_pack(message, (uint8_t *) w->out.p + w->out.n);
	w->records++;
	return w->out.n >= WRITE_CHUNK ? flush(w) : 0;
}

/* The messages that one field of Snapshot holds: an array of them, or one or none. */
static ProtobufCMessage *const *
field_messages(const Snapshot *s, const ProtobufCFieldDescriptor *f, size_t *ret_n)
{
	const char *base = (const char *) s;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		ProtobufCMessage *const *const *array = (const void *) (base + f->offset);

		memcpy(ret_n, base + f->quantifier_offset, sizeof(*ret_n));
		return *array;
	}
	*ret_n = *(ProtobufCMessage *const *) (const void *) (base + f->offset) ? 1 : 0;
	return (const void *) (base + f->offset);
}

static int
add_trailer(struct writer *w, uint8_t *ret_sha256)
{
	uint64_t count = htole64(w->records);
	uint8_t sha256[DIGEST_SIZE];
	int r;

	r = flush(w);
	if (r < 0)
		return r;
	r = digest_end(w->digest, sha256);
	if (r < 0)
		return r;
	r = add_frame(w, 0, TRAILER_BYTES);
	if (r < 0)
		return r;
	r = buffer_add(&w->out, &count, sizeof(count));
	if (r < 0)
		return r;
	r = buffer_add(&w->out, sha256, sizeof(sha256));
	if (r < 0)
		return r;
	r = write_all(w->fd, w->out.p, w->out.n);
	if (r < 0)
		return r;
	if (ret_sha256)
		memcpy(ret_sha256, sha256, sizeof(sha256));
	return 0;
}

static int
add_all(struct writer *w, const Snapshot *s)
{
	const ProtobufCMessageDescriptor *d = &snapshot__descriptor;
	int r;

	for (unsigned int i = 0; i < d->n_fields; i++) {
		size_t n;
		ProtobufCMessage *const *messages = field_messages(s, &d->fields[i], &n);

		for (size_t k = 0; k < n; k++) {
			r = add_record(w, d->fields[i].id, messages[k]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int
stream_write(const struct snapshot *s, int fd, uint8_t *ret_sha256)
{
	_cleanup_digest_ struct digest *digest = digest_new();
	struct writer w = { .fd = fd, .digest = digest };
	uint32_t format = htole32(SNAPSHOT_FORMAT);
	int r;

	if (!digest)
		return -ENOMEM;
	r = buffer_add(&w.out, magic, sizeof(magic));
	if (r == 0)
		r = buffer_add(&w.out, &format, sizeof(format));
	if (r == 0)
		r = add_all(&w, s->facts);
	if (r == 0)
		r = add_trailer(&w, ret_sha256);
	buffer_free(&w.out);
	return r;
}

/* ---- reading ------------------------------------------------------------------------------ */

static void *
unpack_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void
unpack_free(void *arena, void *p)
{
	(void) arena;			/* the arena frees all at once */
	(void) p;
}

static int
check_head(const char *p, struct stream_error *e)
{
	uint32_t format = get_le32(p + sizeof(magic));

	if (memcmp(p, magic, sizeof(magic)) != 0)
		return refuse(e, -EBADMSG, "not a migcheck snapshot: it does not begin with \"MIGCHECK\"");
	if (format != SNAPSHOT_FORMAT)
		return refuse(e, -EPROTONOSUPPORT,
			      "snapshot format %u, this migcheck reads format %d: use the same migcheck on both hosts",
			      format, SNAPSHOT_FORMAT);
	return 0;
}

/*
 * Walks as many whole frames as `n` bytes hold, from *at on. 1 when the trailer is complete
 * (*at stands at its frame), 0 when more bytes are needed, -errno.
 */
static int
walk_frames(const char *p, size_t n, size_t *at, uint64_t *records, struct stream_error *e)
{
	for (;;) {
		uint32_t kind, length;

		if (n - *at < FRAME_BYTES)
			return 0;
		kind = get_le32(p + *at);
		length = get_le32(p + *at + 4);
		if (kind == 0 && length != TRAILER_BYTES)
			return refuse(e, -EBADMSG, "damaged: a trailer of %u bytes where %d are due",
				      length, TRAILER_BYTES);
		if (length > MAX_RECORD_BYTES)
			return refuse(e, -EFBIG, "record %llu claims %u bytes, the limit is %d",
				      (unsigned long long) *records, length, MAX_RECORD_BYTES);
		if (n - *at - FRAME_BYTES < length)
			return 0;
		if (kind == 0)
			return 1;
		if (++*records > MAX_RECORDS)
			return refuse(e, -EFBIG, "more than %d records", MAX_RECORDS);
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
		return refuse(e, -EBADMSG, "damaged: its trailer counts %llu records, %llu are there",
			      (unsigned long long) count, (unsigned long long) records);
	r = digest_add(digest, p, at);
	if (r < 0)
		return r;
	r = digest_end(digest, ret_sha256);
	if (r < 0)
		return r;
	if (memcmp(ret_sha256, trailer + 8, DIGEST_SIZE) != 0)
		return refuse(e, -EBADMSG, "damaged: its SHA-256 is not the one in its trailer");
	return 0;
}

/* Puts an unpacked record into its field of Snapshot. */
static int
keep_record(struct snapshot *s, const ProtobufCFieldDescriptor *f, ProtobufCMessage *message)
{
	char *base = (char *) s->facts;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		ProtobufCMessage **place = arena_grow(s->arena, base + f->offset,
						      (size_t *) (void *) (base + f->quantifier_offset),
						      sizeof(message));

		if (!place)
			return -ENOMEM;
		*place = message;
		return 0;
	}
	memcpy(base + f->offset, &message, sizeof(message));
	return 0;
}

static int
unpack_records(const char *p, size_t end, struct snapshot *s, struct stream_error *e)
{
	ProtobufCAllocator allocator = {
		.alloc = unpack_alloc,
		.free = unpack_free,
		.allocator_data = s->arena,
	};
	uint64_t number = 0;
	int r;

	for (size_t at = HEAD_BYTES; at < end;) {
		uint32_t kind = get_le32(p + at), length = get_le32(p + at + 4);
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field(&snapshot__descriptor, kind);
		const uint8_t *bytes = (const uint8_t *) p + at + FRAME_BYTES;
		const ProtobufCMessageDescriptor *d = f ? f->descriptor : NULL;
		ProtobufCMessage *message;

		at += FRAME_BYTES + length;
		number++;
		if (!d)
			continue;	/* from a newer migcheck of the same format */
		message = protobuf_c_message_unpack(d, &allocator, length, bytes);
		if (!message)
			return refuse(e, -EBADMSG, "damaged: record %llu is not a %s, or is too large",
				      (unsigned long long) number, d->name);
		r = keep_record(s, f, message);
		if (r < 0)
			return refuse(e, r, "out of memory at record %llu", (unsigned long long) number);
	}
	return 0;
}

/* An empty snapshot to read `bytes` bytes into. */
static int
new_for_reading(size_t bytes, struct snapshot *ret)
{
	size_t cap = UNPACK_BASE;
	struct arena *a;
	Snapshot *facts;

	cap += bytes > (MAX_ARENA_BYTES - UNPACK_BASE) / UNPACK_FACTOR ? MAX_ARENA_BYTES - UNPACK_BASE
								       : bytes * UNPACK_FACTOR;
	a = arena_new(cap);
	if (!a)
		return -ENOMEM;
	facts = NEW_FACT(a, Snapshot, snapshot);
	if (!facts) {
		a = arena_free(a);
		return -ENOMEM;
	}
	*ret = (struct snapshot){ .arena = a, .facts = facts };
	return 0;
}

/* Unpacks a stream whose frames were walked up to its trailer at `end`. */
static int
load(const char *p, size_t end, uint64_t records, struct snapshot *ret, struct stream_error *e)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	uint8_t sha256[DIGEST_SIZE], *own;
	int r;

	r = check_trailer(p, end, records, sha256, e);
	if (r < 0)
		return r;
	r = new_for_reading(end, &s);
	if (r < 0)
		return refuse(e, r, "out of memory");
	r = unpack_records(p, end, &s, e);
	if (r < 0)
		return r;
	if (!s.facts->header)
		return refuse(e, -EBADMSG, "damaged: it has no header record");
	own = arena_memdup(s.arena, sha256, sizeof(sha256));
	if (!own)
		return refuse(e, -ENOMEM, "out of memory");
	SET_FACT(s.facts->header, own_sha256,
		 ((ProtobufCBinaryData){ .len = sizeof(sha256), .data = own }));
	*ret = s;
	s = (struct snapshot){ 0 };
	return 0;
}

int
stream_parse(const void *bytes, size_t n, struct snapshot *ret, struct stream_error *ret_error)
{
	size_t at = HEAD_BYTES;
	uint64_t records = 0;
	int r;

	if (n < HEAD_BYTES)
		return refuse(ret_error, -EBADMSG, "%s: %zu bytes", n ? "cut off" : "empty", n);
	r = check_head(bytes, ret_error);
	if (r < 0)
		return r;
	r = walk_frames(bytes, n, &at, &records, ret_error);
	if (r < 0)
		return r;
	if (r == 0)
		return refuse(ret_error, -EBADMSG, "cut off after %llu records: it has no trailer",
			      (unsigned long long) records);
	if (n != at + FRAME_BYTES + TRAILER_BYTES)
		return refuse(ret_error, -EBADMSG, "damaged: %zu bytes follow its trailer",
			      n - at - FRAME_BYTES - TRAILER_BYTES);
	return load(bytes, at, records, ret, ret_error);
}

/* Reads until the trailer is complete, so that the other side need not close the pipe. */
int
stream_read(int fd, struct snapshot *ret, struct stream_error *ret_error)
{
	_cleanup_buffer_ struct buffer b = { 0 };
	size_t at = HEAD_BYTES;
	uint64_t records = 0;
	int r;

	for (;;) {
		ssize_t n;

		r = buffer_reserve(&b, READ_CHUNK);
		if (r < 0)
			return refuse(ret_error, r, "out of memory");
		n = read(fd, b.p + b.n, b.room - b.n - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(ret_error, -errno, "cannot be read");
		if (n == 0)
			return stream_parse(b.p, b.n, ret, ret_error);
		if (b.n < HEAD_BYTES && b.n + (size_t) n >= HEAD_BYTES) {
			r = check_head(b.p, ret_error);
			if (r < 0)
				return r;
		}
		b.n += (size_t) n;
		if (b.n > MAX_STREAM_BYTES)
			return refuse(ret_error, -EFBIG, "longer than %llu bytes", MAX_STREAM_BYTES);
		if (b.n < HEAD_BYTES)
			continue;
		r = walk_frames(b.p, b.n, &at, &records, ret_error);
		if (r < 0)
			return r;
		if (r > 0)
			return stream_parse(b.p, b.n, ret, ret_error);
	}
}

int
snapshot_unpack(const void *bytes, size_t n, struct snapshot *ret)
{
	ProtobufCAllocator allocator = { .alloc = unpack_alloc, .free = unpack_free };
	_cleanup_arena_ struct arena *a = arena_new(MAX_ARENA_BYTES);
	Snapshot *facts;

	if (!a)
		return -ENOMEM;
	allocator.allocator_data = a;
	facts = snapshot__unpack(&allocator, n, bytes);
	if (!facts)
		return -EBADMSG;
	*ret = (struct snapshot){ .arena = steal_pointer(&a), .facts = facts };
	return 0;
}

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
#include "facts/frames.h"

#include <endian.h>

enum {
	WRITE_CHUNK = 256 * 1024,
	READ_CHUNK = 64 * 1024,
	/* A message in memory is larger than on the wire; a legitimate one never this much. */
	UNPACK_FACTOR = 64,
	UNPACK_BASE = 16 * 1024 * 1024,
};

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
	r = buffer_add(&w.out, frames_magic, MAGIC_BYTES);
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
unpack_records(const struct frames *frames, struct snapshot *s, struct stream_error *e)
{
	ProtobufCAllocator allocator = {
		.alloc = unpack_alloc,
		.free = unpack_free,
		.allocator_data = s->arena,
	};
	struct frames left = *frames;
	struct frame frame;
	uint64_t number = 0;
	int r;

	while (frames_next(&left, &frame)) {
		const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field(&snapshot__descriptor, frame.kind);
		const ProtobufCMessageDescriptor *d = f ? f->descriptor : NULL;
		ProtobufCMessage *message;

		number++;
		if (!d)
			continue;	/* from a newer migcheck of the same format */
		message = protobuf_c_message_unpack(d, &allocator, frame.message.n, (const uint8_t *) frame.message.p);
		if (!message)
			return frames_refuse(e, -EBADMSG, "damaged: record %llu is not a %s, or is too large",
					     (unsigned long long) number, d->name);
		r = keep_record(s, f, message);
		if (r < 0)
			return frames_refuse(e, r, "out of memory at record %llu", (unsigned long long) number);
	}
	return 0;
}

/* What `bytes` bytes may become in memory. */
static struct arena *
arena_for(size_t bytes)
{
	size_t more = bytes > (MAX_ARENA_BYTES - UNPACK_BASE) / UNPACK_FACTOR ? MAX_ARENA_BYTES - UNPACK_BASE
									       : bytes * UNPACK_FACTOR;

	return arena_new(UNPACK_BASE + more);
}

/* An empty snapshot to read `bytes` bytes into. */
static int
new_for_reading(size_t bytes, struct snapshot *ret)
{
	struct arena *a = arena_for(bytes);
	Snapshot *facts;

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

int
stream_parse(const void *bytes, size_t n, struct snapshot *ret, struct stream_error *ret_error)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct frames frames;
	uint8_t *own;
	int r;

	r = frames_verify(bytes, n, &frames, ret_error);
	if (r == 0)
		r = frames_check_single(&frames, ret_error);
	if (r < 0)
		return r;
	r = new_for_reading(n, &s);
	if (r < 0)
		return frames_refuse(ret_error, r, "out of memory");
	r = unpack_records(&frames, &s, ret_error);
	if (r < 0)
		return r;
	if (!s.facts->header)
		return frames_refuse(ret_error, -EBADMSG, "damaged: it has no header record");
	own = arena_memdup(s.arena, frames.sha256, sizeof(frames.sha256));
	if (!own)
		return frames_refuse(ret_error, -ENOMEM, "out of memory");
	SET_FACT(s.facts->header, own_sha256,
		 ((ProtobufCBinaryData){ .len = sizeof(frames.sha256), .data = own }));
	*ret = s;
	s = (struct snapshot){ 0 };
	return 0;
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
			return frames_refuse(ret_error, r, "out of memory");
		n = read(fd, b.p + b.n, b.room - b.n - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return frames_refuse(ret_error, -errno, "cannot be read");
		if (n == 0)
			return stream_parse(b.p, b.n, ret, ret_error);
		if (b.n < HEAD_BYTES && b.n + (size_t) n >= HEAD_BYTES) {
			r = frames_check_head(b.p, ret_error);
			if (r < 0)
				return r;
		}
		b.n += (size_t) n;
		if (b.n > MAX_STREAM_BYTES)
			return frames_refuse(ret_error, -EFBIG, "longer than %llu bytes", MAX_STREAM_BYTES);
		if (b.n < HEAD_BYTES)
			continue;
		r = frames_walk(b.p, b.n, &at, &records, ret_error);
		if (r < 0)
			return r;
		if (r > 0)
			return stream_parse(b.p, b.n, ret, ret_error);
	}
}

Snapshot *
snapshot_unpack_into(struct arena *a, const void *bytes, size_t n)
{
	ProtobufCAllocator allocator = { .alloc = unpack_alloc, .free = unpack_free, .allocator_data = a };

	return snapshot__unpack(&allocator, n, bytes);
}

int
snapshot_unpack(const void *bytes, size_t n, struct snapshot *ret)
{
	_cleanup_arena_ struct arena *a = arena_for(n);
	Snapshot *facts = a ? snapshot_unpack_into(a, bytes, n) : NULL;

	if (!facts)
		return a ? -EBADMSG : -ENOMEM;
	*ret = (struct snapshot){ .arena = steal_pointer(&a), .facts = facts };
	return 0;
}

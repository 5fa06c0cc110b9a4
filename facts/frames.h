/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stream is made of, before any record is understood: a head, frames with a kind, a length
 * and a message each, and a trailer that counts and digests them. All numbers are little-endian.
 */
#pragma once

#include "base/digest.h"
#include "base/text.h"
#include "facts/limits.h"
#include "facts/stream.h"

enum {
	MAGIC_BYTES = 8,
	HEAD_BYTES = MAGIC_BYTES + 4,
	FRAME_BYTES = 8,
	TRAILER_BYTES = 8 + DIGEST_SIZE,
};

extern const char frames_magic[MAGIC_BYTES];

struct frame {
	uint32_t kind;			/* the number of a field of Snapshot */
	struct slice message;
};

/* The frames of a stream that was verified. */
struct frames {
	struct slice left;		/* not yet taken */
	uint8_t sha256[DIGEST_SIZE];	/* as its trailer has it */
};

/* A whole stream in memory: head, frames, trailer. 0, or as stream_parse(). */
int frames_verify(const void *bytes, size_t n, struct frames *ret, struct stream_error *ret_error);

/* Takes the next frame; false at the end. */
bool frames_next(struct frames *f, struct frame *ret);

/*
 * Whether there is a second record of a kind of which there is one at most: two readers would not
 * see the same host. 0 or -EBADMSG.
 */
int frames_check_single(const struct frames *f, struct stream_error *e);

/* The head alone, HEAD_BYTES of it. 0, -EBADMSG, -EPROTONOSUPPORT. */
int frames_check_head(const char *p, struct stream_error *e);

/*
 * Walks as many whole frames as `n` bytes hold, from *at on. 1 when the trailer is complete
 * (*at stands at its frame), 0 when more bytes are needed, -errno.
 */
int frames_walk(const char *p, size_t n, size_t *at, uint64_t *records, struct stream_error *e);

/* Puts words into `e` and returns `error`. */
int frames_refuse(struct stream_error *e, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

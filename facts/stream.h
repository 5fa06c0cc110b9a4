/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot as a stream: written and read front to back, never by seeking, so that it goes
 * through one pipe or one connection.
 */
#pragma once

#include "facts/snapshot.h"
#include <stdint.h>

/* Why a stream was refused, in words for a person; text is never foreign. */
struct stream_error {
	char text[256];
};

/*
 * Writes all of `s` to the descriptor. 0 or -errno of write(2). ret_sha256, when not NULL,
 * is the digest that the trailer carries.
 */
int stream_write(const struct snapshot *s, int fd, uint8_t *ret_sha256);

/*
 * Reads a whole stream to its end. 0, or: -EBADMSG (not a snapshot, damaged, cut off, bad
 * digest), -EPROTONOSUPPORT (another format), -EFBIG (over a limit), -ENOMEM, -errno of read(2).
 * On failure *ret_error says what was expected and what was found. Header.own_sha256 is set.
 * Unknown records and fields are skipped.
 */
int stream_read(int fd, struct snapshot *ret, struct stream_error *ret_error);

/* The same from bytes in memory; nothing of them is kept. */
int stream_parse(const void *bytes, size_t n, struct snapshot *ret, struct stream_error *ret_error);

/* A bare Snapshot message, as the sieve leaves it, or protoc --encode makes it from text (tests). 0, -EBADMSG, -ENOMEM. */
int snapshot_unpack(const void *bytes, size_t n, struct snapshot *ret);
/* The same, into an arena that is there. NULL: no memory, or not one. */
Snapshot *snapshot_unpack_into(struct arena *a, const void *bytes, size_t n);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable buffer, used to read whole small files of /proc: read it once, parse the bytes.
 * Kept by its user over many reads, so that it allocates only for the largest.
 */
#pragma once

#include "base/cleanup.h"
#include "base/text.h"

struct buffer {
	char *p;
	size_t n;			/* bytes in use */
	size_t room;			/* bytes allocated, always more than n: p[n] is a NUL */
};

/* Makes room for `extra` more bytes and the NUL. 0 or -ENOMEM. */
int buffer_reserve(struct buffer *b, size_t extra);
int buffer_add(struct buffer *b, const void *p, size_t n);
int buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_free(struct buffer *b);

/*
 * For what refuses its input and says why: the content becomes this one sentence, cut after 1023
 * bytes. -EINVAL, or -ENOMEM.
 */
int buffer_refuse(struct buffer *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline struct slice
buffer_slice(const struct buffer *b)
{
	return (struct slice){ .p = b->p ? b->p : "", .n = b->n };
}

/*
 * Replaces the content by all that can be read from `fd`, up to `limit` bytes.
 * 0, -EFBIG when there is more, or -errno of read(2).
 */
int buffer_read_fd(struct buffer *b, int fd, size_t limit);

static inline void
cleanup_buffer(struct buffer *b)
{
	buffer_free(b);
}
#define _cleanup_buffer_ cleanup(cleanup_buffer)

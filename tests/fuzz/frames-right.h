/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as frames of a stream. The digest in the trailer would stop every mutation at the
 * door, so the frames that are there are given a right one.
 */
#pragma once

#include "base/buffer.h"
#include "base/digest.h"

#include <stdint.h>

/* Counts the frames as they stand; a trailer or a cut-off frame ends them. */
static uint64_t
count_frames(const uint8_t *p, size_t n, size_t *ret_end)
{
	uint64_t count = 0;
	size_t at = 12;

	while (n - at >= 8) {
		uint32_t kind, length;

		memcpy(&kind, p + at, 4);
		memcpy(&length, p + at + 4, 4);
		if (kind == 0 || length > n - at - 8)
			break;
		at += 8 + length;
		count++;
	}
	*ret_end = at;
	return count;
}

/* The frames between a right head and a right trailer. False: there are none, or no memory. */
static bool
frames_made_right(const uint8_t *data, size_t size, struct buffer *b)
{
	static const uint32_t frame[2] = { 0, 8 + DIGEST_SIZE };
	_cleanup_digest_ struct digest *d = digest_new();
	uint8_t sha256[DIGEST_SIZE];
	uint64_t count;
	size_t end;

	if (size < 12 || !d)
		return false;
	count = count_frames(data, size, &end);
	return buffer_add(b, "MIGCHECK\1\0\0\0", 12) == 0 && buffer_add(b, data + 12, end - 12) == 0 &&
	       digest_add(d, b->p, b->n) == 0 && digest_end(d, sha256) == 0 &&
	       buffer_add(b, frame, sizeof(frame)) == 0 && buffer_add(b, &count, sizeof(count)) == 0 &&
	       buffer_add(b, sha256, sizeof(sha256)) == 0;
}

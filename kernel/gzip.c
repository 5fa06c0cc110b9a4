/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip data (RFC 1952) in memory: 1f 8b 08 …, expanded piece by piece so that a small input
 * that claims to be huge costs no more than the limit.
 */
#include "kernel/gzip.h"

#include <errno.h>

#define ZLIB_CONST
#include <zlib.h>

enum { PIECE = 64 * 1024, GZIP_WINDOW = 15 + 16 };

static int
expand(z_stream *z, size_t limit, struct buffer *out)
{
	for (;;) {
		size_t room;
		int r = buffer_reserve(out, PIECE);

		if (r < 0)
			return r;
		room = out->room - out->n - 1;
		if (room > limit - out->n + 1)
			room = limit - out->n + 1;
		z->next_out = (Bytef *) (out->p + out->n);
		z->avail_out = (uInt) room;
		r = inflate(z, Z_NO_FLUSH);
		out->n += room - z->avail_out;
		if (out->n > limit)
			return -EFBIG;
		if (r == Z_STREAM_END)
			return 0;
		if (r == Z_MEM_ERROR)
			return -ENOMEM;
		if (r != Z_OK || (z->avail_in == 0 && z->avail_out > 0))
			return -EBADMSG;
	}
}

int
gzip_expand(struct slice packed, size_t limit, struct buffer *out)
{
	z_stream z = {};
	int r;

	out->n = 0;
	if (packed.n > UINT32_MAX || limit > UINT32_MAX / 2)
		return -EFBIG;
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	z.next_in = (const Bytef *) packed.p;
	z.avail_in = (uInt) packed.n;
	r = expand(&z, limit, out);
	(void) inflateEnd(&z);
	if (r < 0)
		out->n = 0;
	if (out->p)
		out->p[out->n] = '\0';
	return r;
}

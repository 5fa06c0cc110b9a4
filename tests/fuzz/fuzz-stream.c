/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot reader on any bytes. The digest in the trailer would stop every mutation at the
 * door, so the frames are also given a right trailer here and read again.
 */
#include "facts/stream.h"

#include "base/buffer.h"
#include "base/digest.h"
#include "reports/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_and_show(const void *p, size_t n)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	_cleanup_buffer_ struct buffer out = { 0 };
	struct stream_error e = { "" };

	if (stream_parse(p, n, &s, &e) < 0)
		return;
	(void) facts_report_text(s.facts, &out);
	(void) facts_report_json(s.facts, &out);
}

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t frame[2] = { 0, 8 + DIGEST_SIZE };
	_cleanup_buffer_ struct buffer b = { 0 };
	_cleanup_digest_ struct digest *d = digest_new();
	uint8_t sha256[DIGEST_SIZE];
	uint64_t count;
	size_t end;

	read_and_show(data, size);
	if (size < 12 || !d)
		return 0;
	count = count_frames(data, size, &end);
	if (buffer_add(&b, "MIGCHECK\1\0\0\0", 12) < 0 || buffer_add(&b, data + 12, end - 12) < 0 ||
	    digest_add(d, b.p, b.n) < 0 || digest_end(d, sha256) < 0 ||
	    buffer_add(&b, frame, sizeof(frame)) < 0 || buffer_add(&b, &count, sizeof(count)) < 0 ||
	    buffer_add(&b, sha256, sizeof(sha256)) < 0)
		return 0;
	read_and_show(b.p, b.n);
	return 0;
}

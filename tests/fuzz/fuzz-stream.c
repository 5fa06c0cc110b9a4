/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot reader on any bytes: as they are, and between a right head and a right trailer. */
#include "facts/stream.h"

#include "reports/facts.h"
#include "tests/fuzz/frames-right.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buffer_ struct buffer b = { 0 };

	read_and_show(data, size);
	if (frames_made_right(data, size, &b))
		read_and_show(b.p, b.n);
	return 0;
}

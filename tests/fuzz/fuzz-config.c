/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a kernel's configuration, as one in gzip, and as os-release. */
#include "kernel/config.h"
#include "kernel/gzip.h"
#include "kernel/osrelease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 20 };

static void
read_options(struct slice text)
{
	struct slice name, value;
	size_t n = text.n;

	while (config_next(&text, &name, &value)) {
		if (name.n > n || value.n > n || text.n >= n)
			abort();
		n = text.n + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20);
	_cleanup_buffer_ struct buffer expanded = {};
	struct slice text = { .p = (const char *) data, .n = size };
	char *name = NULL;

	if (!arena)
		return 0;
	read_options(text);
	if (gzip_expand(text, LIMIT, &expanded) == 0) {
		if (expanded.n > LIMIT)
			abort();
		read_options(buffer_slice(&expanded));
	}
	if (osrelease_get(text, "PRETTY_NAME", arena, &name) == 0 && strlen(name) > size)
		abort();
	return 0;
}

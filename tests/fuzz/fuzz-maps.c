/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/maps; names are unescaped within their own length. */
#include "kernel/maps.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { .p = (const char *) data, .n = size };
	struct maps_entry e;

	while (maps_next(&rest, &e) == 1) {
		char *plain = malloc(e.name.n + 1);

		if (!plain)
			return 0;
		if (e.start >= e.end || maps_unescape(e.name, plain) > e.name.n)
			abort();
		(void) maps_is_path(&e);
		free(plain);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of waivers, which are then put to a finding. */
#include "cli/waivers-file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(16 << 20);
	_cleanup_buffer_ struct buffer problem = { 0 };
	struct slice text = { .p = (const char *) data, .n = size };
	const struct waiver *found = NULL;
	struct waivers w = { 0 };
	unsigned int line = 0;

	if (!arena || waivers_read(text, arena, &w, &problem, &line) < 0)
		return 0;
	(void) waivers_match(&w, "dst-file-content", "node7.example.org", "nginx", 0, &found);
	(void) waivers_unused(&w, found);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a mount table. */
#include "kernel/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20);
	struct slice text = { .p = (const char *) data, .n = size };
	Mount **mount = NULL;
	size_t n = 0;

	if (!arena)
		return 0;
	(void) mountinfo_parse(text, arena, 1, &mount, &n);
	for (size_t i = 0; i < n; i++) {
		if (!mount[i]->mountpoint || !mount[i]->root || !mount[i]->fs_type ||
		    !mount[i]->source || !mount[i]->super_options || !mount[i]->options)
			abort();
		(void) mount_of_path(mount, n, 1, mount[i]->mountpoint);
		(void) mount_has_option(mount[i]->super_options, "ro");
	}
	return 0;
}

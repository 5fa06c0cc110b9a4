/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/stat: what is parsed lies within the bytes. */
#include "kernel/stat.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { .p = (const char *) data, .n = size };
	struct task_stat s;

	if (stat_parse(text, &s) == 0 &&
	    (s.comm.p < text.p || s.comm.p + s.comm.n > text.p + text.n))
		abort();
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/PID/syscall: what is no such line leaves the answer untouched. */
#include "kernel/syscall.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { .p = (const char *) data, .n = size };
	struct task_syscall s = { .number = 7 };

	if (syscall_parse(text, &s) <= 0 && s.number != 7)
		abort();
	return 0;
}

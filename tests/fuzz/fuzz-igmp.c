/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/net/igmp and igmp6. */
#include "kernel/igmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
count(const struct multicast_group *g, void *arg)
{
	size_t *n = arg;

	(void) g;
	return ++*n > 1000 ? -1 : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { .p = (const char *) data, .n = size };
	size_t n = 0;

	(void) igmp_parse(text, false, count, &n);
	(void) igmp_parse(text, true, count, &n);
	return 0;
}

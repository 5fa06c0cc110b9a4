/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of an answer of rtnetlink(7), and the two texts that stand in for it.
 */
#include "kernel/rtlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct slice answer = { .p = (const char *) data, .n = size };
	NetDevice d = NET_DEVICE__INIT;
	NetAddress a = NET_ADDRESS__INIT;
	NetDevice **device = NULL;
	uint32_t ifindex;
	size_t n = 0;

	if (!arena)
		return 0;
	(void) rtlink_parse(answer, arena, &d);
	(void) rtaddress_parse(answer, arena, &a, &ifindex);
	(void) net_dev_parse(answer, arena, &device, &n);
	(void) if_inet6_parse(answer, arena, device, n);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a table of sockets under /proc/PID/net, read as each kind of table.
 */
#include "kernel/proc-net.h"

#include <netinet/in.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		int family, protocol;
	} tables[] = {
		{ AF_INET, IPPROTO_TCP }, { AF_INET6, IPPROTO_UDP }, { AF_INET, IPPROTO_RAW },
		{ AF_UNIX, 0 }, { AF_NETLINK, 0 }, { AF_PACKET, 0 },
	};
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	struct slice text = { .p = (const char *) data, .n = size }, line;

	if (!arena)
		return 0;
	while (slice_line(&text, &line)) {
		for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
			Socket s = SOCKET__INIT;

			(void) proc_net_parse(line, tables[i].family, tables[i].protocol, arena, &s);
		}
	}
	return 0;
}

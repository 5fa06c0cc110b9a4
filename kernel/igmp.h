/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/net/igmp and /proc/net/igmp6: the multicast groups that somebody on an interface has joined.
 */
#pragma once

#include "base/text.h"

struct multicast_group {
	uint32_t ifindex;
	bool ipv6;
	uint8_t address[16];		/* IPv4: the first four */
};

/*
 * Calls `each` for the groups that programs join, and not for those of every host (224.0.0.1,
 * ff02::1 and the like). 0, -EBADMSG, or what `each` returned below 0.
 */
int igmp_parse(struct slice text, bool ipv6, int (*each)(const struct multicast_group *g, void *arg), void *arg);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of rtnetlink(7) about network devices and their addresses. Pure.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

struct rtlink_request {
	uint8_t bytes[16];		/* struct ifinfomsg, of which struct ifaddrmsg is shorter */
	size_t n;
};

/* Asks for all devices (RTM_GETLINK), for all addresses of IPv4 and IPv6 (RTM_GETADDR). */
void rtlink_request(struct rtlink_request *ret);
void rtaddress_request(struct rtlink_request *ret);

/* Fills `d` from the payload of RTM_NEWLINK. 0, -EBADMSG or -ENOMEM. */
int rtlink_parse(struct slice answer, struct arena *arena, NetDevice *d);

/*
 * Fills `a` from the payload of RTM_NEWADDR: the device's own address, not its peer's. 0;
 * -ENODATA where the answer has none; -EBADMSG or -ENOMEM.
 */
int rtaddress_parse(struct slice answer, struct arena *arena, NetAddress *a, uint32_t *ret_ifindex);

/*
 * Adds the names from the text of /proc/PID/net/dev, and the addresses from that of
 * /proc/PID/net/if_inet6, where rtnetlink cannot be asked. 0, -EBADMSG or -ENOMEM.
 */
int net_dev_parse(struct slice text, struct arena *arena, NetDevice ***device, size_t *n);
int if_inet6_parse(struct slice text, struct arena *arena, NetDevice *const *device, size_t n);

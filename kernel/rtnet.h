/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking rtnetlink(7) for the devices and addresses of a network namespace. Loads no module.
 */
#pragma once

#include "base/netlink.h"
#include "facts/snapshot.h"

/*
 * Lists the devices, each with its addresses, of the namespace of `netlink` (NETLINK_ROUTE).
 * 0 or -errno.
 */
int rtnet_devices(struct netlink *netlink, struct arena *arena, NetDevice ***device, size_t *n);

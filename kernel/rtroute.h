/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking rtnetlink(7) for the way to an address (RTM_GETROUTE): the look-up that connect(2) makes.
 * Nothing is sent to the address.
 */
#pragma once

#include "base/netlink.h"

/*
 * `address`: 4 or 16 bytes in network order. 0: there is a way. 1: there is none, and *ret_error is
 * what connect(2) would say (ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL). -errno: it could not be
 * asked.
 */
int rtroute_ask(struct netlink *netlink, struct slice address, int *ret_error);

/* What an answer's payload (RTM_NEWROUTE) says: 0, or the errno of connect(2); -EBADMSG. Pure. */
int rtroute_parse(struct slice answer);

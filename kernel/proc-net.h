/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of sockets as text, /proc/PID/net/{tcp,udp,udplite,raw,icmp}{,6}, unix, netlink
 * and packet: less than sock_diag(7) says, but there without any module. Pure.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/* The inode in a line of a table of `family`; 0: held by nobody. 0 or -EBADMSG (the heading). */
int proc_net_ino(struct slice line, int family, uint64_t *ret);

/*
 * Fills `s` from a line of the table of `family` and `protocol` (IPPROTO_*; of no meaning
 * beyond AF_INET and AF_INET6). 0, -EBADMSG or -ENOMEM.
 */
int proc_net_parse(struct slice line, int family, int protocol, struct arena *arena, Socket *s);

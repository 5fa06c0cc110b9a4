/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink sockets, as /proc/net/netlink shows them:
 *
 *	sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
 *	0000000000000000 0   4711       00000001 0        0        0     2        0        81233
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mkproc.h"

static int
netlink(struct scene *s, int protocol, unsigned groups)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = (int)can(s, socket(AF_NETLINK, SOCK_RAW, protocol), "socket(AF_NETLINK)");

	can(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	fact_fd(s, "fd", fd);
	fact(s, "protocol", "%d", protocol);
	return fd;
}

static void
route(struct scene *s)
{
	netlink(s, NETLINK_ROUTE, 0);
}

static void
unbound(struct scene *s)
{
	fact_fd(s, "fd", (int)must(s, socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), "socket"));
}

static void
route_group(struct scene *s)
{
	netlink(s, NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_ROUTE);
}

static void
join(struct scene *s, int fd, int group)
{
	can(s, setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)),
	    "NETLINK_ADD_MEMBERSHIP");
	fact(s, "group", "%d", group);
}

static void
route_high_group(struct scene *s)
{
	join(s, netlink(s, NETLINK_ROUTE, 0), RTNLGRP_NEXTHOP + 1);
}

/* Asks for the links and reads no answer. */
static void
unread(struct scene *s)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} ask = {
		.head = {
			.nlmsg_len = sizeof(ask),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	int fd = netlink(s, NETLINK_ROUTE, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	must(s, send(fd, &ask, sizeof(ask), 0), "send");
	must(s, poll(&p, 1, 2000), "poll");
}

/*
 * Groups of generic netlink are given out from 1 up; which exist differs by kernel. Joining one
 * above 32 is what matters, and any group of a family with more than 64 groups.
 */
static void
generic_group(struct scene *s)
{
	int fd = netlink(s, NETLINK_GENERIC, 0);

	for (int group = 64; group > 32; group--) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0) {
			fact(s, "group", "%d", group);
			return;
		}
	}
	skip(s, "generic netlink has no group above 32 here");
}

/* Group 0x10 is the one of GENL_ID_CTRL, which always exists. */
static void
generic_ctrl(struct scene *s)
{
	join(s, netlink(s, NETLINK_GENERIC, 0), GENL_ID_CTRL);
}

static void
uevent(struct scene *s)
{
	netlink(s, NETLINK_KOBJECT_UEVENT, 1);
}

static void
connected(struct scene *s)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = netlink(s, NETLINK_ROUTE, 0);

	must(s, connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)), "connect");
}

const struct factory factories_netlink[] = {
	{ .name = "netlink-route", .summary = "a bound route netlink socket", .needs = "",
	  .criu = "ok", .rule = "", .inside = route },
	{ .name = "netlink-unbound",
	  .summary = "a route netlink socket never bound", .needs = "",
	  .criu = "ok", .rule = "", .inside = unbound },
	{ .name = "netlink-connected",
	  .summary = "a route netlink socket connected to the kernel",
	  .needs = "", .criu = "ok", .rule = "", .inside = connected },
	{ .name = "netlink-group", .summary = "a route netlink socket in two low groups",
	  .needs = "", .criu = "ok", .rule = "", .inside = route_group },
	{ .name = "netlink-high-group", .summary = "a route netlink socket in group 33",
	  .needs = "", .criu = "refused", .rule = "netlink-groups-over-32",
	  .inside = route_high_group },
	{ .name = "netlink-unread", .summary = "a route netlink socket with unread answers",
	  .needs = "", .criu = "refused", .rule = "netlink-rx-data", .inside = unread },
	{ .name = "netlink-generic", .summary = "a generic netlink socket in group 16",
	  .needs = "", .criu = "ok", .rule = "netlink-groups-over-32", .inside = generic_ctrl },
	{ .name = "netlink-generic-high-group",
	  .summary = "a generic netlink socket in a group above 32",
	  .needs = "", .criu = "refused", .rule = "netlink-groups-over-32",
	  .inside = generic_group },
	{ .name = "netlink-uevent",
	  .summary = "a socket for uevents of the kernel", .needs = "",
	  .criu = "ok", .rule = "netlink-kernel-module", .inside = uevent },
	{ .name = NULL },
};

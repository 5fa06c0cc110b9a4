/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices in a network namespace of the tree's own, made by ip(8): which kinds CRIU can
 * make again is told by IFLA_INFO_KIND.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "mkproc.h"

static void
run_ip(struct scene *s, const char *arguments)
{
	char command[SCENE_PATH];

	snprintf(command, sizeof(command), "exec ip %s 2>/dev/null", arguments);
	if (system(command) != 0)
		skip(s, "ip %s does not work", arguments);
}

static void
own_network(struct scene *s)
{
	can(s, unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
	loopback_up(s);
}

static void
device(struct scene *s)
{
	own_network(s);
	run_ip(s, s->factory->arg);
}

/* A veth pair across the border: the far end is left in mkproc's (CRIU's) namespace. */
static void
veth_outside(struct scene *s)
{
	char arguments[64];

	own_network(s);
	snprintf(arguments, sizeof(arguments), "link add inner type veth peer name mkproc%d", s->outside);
	run_ip(s, arguments);
	snprintf(arguments, sizeof(arguments), "link set mkproc%d netns %d", s->outside, s->outside);
	run_ip(s, arguments);
}

#define DEVICE_ROW(NAME, SUMMARY, CRIU, RULE, ARG, INSIDE)                                         \
	{ .name = (NAME), .summary = (SUMMARY), .needs = "root netns", .criu = (CRIU),             \
	  .rule = (RULE), .arg = (ARG), .inside = (INSIDE) }

const struct factory factories_netdevs[] = {
	DEVICE_ROW("netdev-bridge", "a bridge", "ok", "", "link add t0 type bridge", device),
	DEVICE_ROW("netdev-veth", "a veth pair, both ends inside", "ok", "",
		   "link add t0 type veth peer name t1", device),
	DEVICE_ROW("netdev-veth-outside", "a veth whose other end is outside", "ok", "", NULL,
		   veth_outside),
	DEVICE_ROW("netdev-ifb", "a device of a kind that CRIU does not know", "refused",
		   "netdev-kind-unsupported", "link add t0 type ifb", device),
	{ .name = NULL },
};

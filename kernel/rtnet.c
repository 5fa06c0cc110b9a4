/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two dumps: RTM_GETLINK, then RTM_GETADDR, whose answers name their device by its index. An
 * address of a device that came only after the first dump is left out.
 */
#include "kernel/rtnet.h"

#include "kernel/rtlink.h"

#include <linux/rtnetlink.h>

enum { MAX_REQUEST = 32 };

struct listing {
	struct arena *arena;
	NetDevice **device;
	size_t n;
};

static struct slice
payload(const struct nlmsghdr *m)
{
	return (struct slice){
		.p = (const char *) m + NLMSG_HDRLEN,
		.n = m->nlmsg_len - NLMSG_HDRLEN,
	};
}

static int
each_link(const struct nlmsghdr *m, void *arg)
{
	struct listing *l = arg;
	NetDevice *d;
	int r;

	if (m->nlmsg_type != RTM_NEWLINK)
		return 0;
	d = NEW_FACT(l->arena, NetDevice, net_device);
	if (!d)
		return -ENOMEM;
	r = rtlink_parse(payload(m), l->arena, d);
	if (r < 0)
		return r;
	return ADD_FACT(l->arena, l->device, l->n, d);
}

static void
forget_links(void *arg)
{
	struct listing *l = arg;

	l->n = 0;
}

static int
each_address(const struct nlmsghdr *m, void *arg)
{
	struct listing *l = arg;
	NetAddress *a;
	uint32_t ifindex;
	int r;

	if (m->nlmsg_type != RTM_NEWADDR)
		return 0;
	a = NEW_FACT(l->arena, NetAddress, net_address);
	if (!a)
		return -ENOMEM;
	r = rtaddress_parse(payload(m), l->arena, a, &ifindex);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	for (size_t i = 0; i < l->n; i++)
		if (l->device[i]->ifindex == ifindex)
			return ADD_FACT(l->arena, l->device[i]->address, l->device[i]->n_address, a);
	return 0;
}

static void
forget_addresses(void *arg)
{
	struct listing *l = arg;

	for (size_t i = 0; i < l->n; i++)
		l->device[i]->n_address = 0;
}

static int
dump(struct netlink *netlink, uint16_t type, const struct rtlink_request *body,
     int (*each)(const struct nlmsghdr *m, void *arg), struct listing *l, void (*restart)(void *arg))
{
	union {
		struct nlmsghdr header;
		char bytes[NLMSG_LENGTH(MAX_REQUEST)];
	} request = { 0 };

	request.header.nlmsg_len = (uint32_t) NLMSG_LENGTH(body->n);
	request.header.nlmsg_type = type;
	memcpy(NLMSG_DATA(&request.header), body->bytes, body->n);
	return netlink_dump(netlink, &request.header, each, l, restart);
}

int
rtnet_devices(struct netlink *netlink, struct arena *arena, NetDevice ***device, size_t *n)
{
	struct listing l = { .arena = arena };
	struct rtlink_request body;
	int r;

	rtlink_request(&body);
	r = dump(netlink, RTM_GETLINK, &body, each_link, &l, forget_links);
	if (r < 0)
		return r;
	rtaddress_request(&body);
	r = dump(netlink, RTM_GETADDR, &body, each_address, &l, forget_addresses);
	if (r < 0)
		return r;
	*device = l.device;
	*n = l.n;
	return 0;
}

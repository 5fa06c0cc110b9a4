/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel describes network devices and their addresses: rtnetlink(7), struct ifinfomsg
 * and struct ifaddrmsg, then attributes. A dummy device (little endian):
 *
 *     00 00 01 00            padding, type ARPHRD_ETHER
 *     02 00 00 00 82 00 00 00 ff ff ff ff   index 2, IFF_* flags, change mask
 *     0a 00 03 00 64 75 6d 6d 79 30 00 ..   IFLA_IFNAME "dummy0"
 *     08 00 04 00 dc 05 00 00               IFLA_MTU 1500
 *     14 00 12 00 0a 00 01 00 64 75 6d 6d 79 00 ..   IFLA_LINKINFO { IFLA_INFO_KIND "dummy" }
 *     18 00 12 00 08 00 01 00 74 75 6e 00 0c 00 02 00 05 00 06 00 01 00 00 00
 *                            IFLA_LINKINFO { IFLA_INFO_KIND "tun", IFLA_INFO_DATA { IFLA_TUN_PERSIST 1 } }
 *
 * Where rtnetlink cannot be asked there is /proc/PID/net/dev, which says only the names, and
 * /proc/PID/net/if_inet6 (address, index, prefix, scope, flags, name):
 *
 *     Inter-|   Receive                                                |  Transmit
 *      face |bytes    packets errs drop fifo frame compressed multicast|bytes …
 *         lo:     840       8    0    0    0     0          0         0      840 …
 *
 *     00000000000000000000000000000001 01 80 10 80       lo
 */
#include "kernel/rtlink.h"

#include "base/netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

void
rtlink_request(struct rtlink_request *ret)
{
	struct ifinfomsg q = { .ifi_family = AF_UNSPEC };

	_Static_assert(sizeof(q) == sizeof(ret->bytes), "ifinfomsg has 16 bytes");
	memcpy(ret->bytes, &q, sizeof(q));
	ret->n = sizeof(q);
}

void
rtaddress_request(struct rtlink_request *ret)
{
	struct ifaddrmsg q = { .ifa_family = AF_UNSPEC };

	memcpy(ret->bytes, &q, sizeof(q));
	ret->n = sizeof(q);
}

static int
add_text(struct slice value, struct arena *arena, char **ret)
{
	char *copy = arena_strndup(arena, value.p, strnlen(value.p, value.n));

	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* What the driver of a tun or tap device says of it. */
static int
add_tun(struct slice rest, NetDevice *d)
{
	unsigned int type;
	struct slice value;
	int r;

	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		if (type == IFLA_TUN_PERSIST && value.n >= 1)
			SET_FACT(d, persistent, value.p[0] != 0);
	}
}

/* The kind stands before what is said of it. */
static int
add_info(struct slice rest, struct arena *arena, NetDevice *d)
{
	unsigned int type;
	struct slice value;
	int r;

	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		if (type == IFLA_INFO_KIND)
			r = add_text(value, arena, &d->kind);
		else if (type == IFLA_INFO_DATA && d->kind && streq(d->kind, "tun"))
			r = add_tun(value, d);
		if (r < 0)
			return r;
	}
}

static uint32_t
number(struct slice value)
{
	uint32_t n = 0;

	if (value.n >= sizeof(n))
		memcpy(&n, value.p, sizeof(n));
	return n;
}

static int
add_link_attribute(unsigned int type, struct slice value, struct arena *arena, NetDevice *d)
{
	switch (type) {
	case IFLA_IFNAME:
		return add_text(value, arena, &d->name);
	case IFLA_LINKINFO:
		return add_info(value, arena, d);
	case IFLA_MTU:
		SET_FACT(d, mtu, number(value));
		return 0;
	case IFLA_MASTER:
		SET_FACT(d, master, number(value));
		return 0;
	case IFLA_LINK:
		SET_FACT(d, link, number(value));
		return 0;
	case IFLA_LINK_NETNSID:
		SET_FACT(d, link_netns, (int32_t) number(value));
		return 0;
	default:
		return 0;
	}
}

int
rtlink_parse(struct slice answer, struct arena *arena, NetDevice *d)
{
	struct ifinfomsg m;
	struct slice rest, value;
	unsigned int type;
	int r;

	if (answer.n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, answer.p, sizeof(m));
	SET_FACT(d, ifindex, (uint32_t) m.ifi_index);
	SET_FACT(d, type, m.ifi_type);
	SET_FACT(d, flags, m.ifi_flags);
	rest = (struct slice){ .p = answer.p + sizeof(m), .n = answer.n - sizeof(m) };
	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		r = add_link_attribute(type, value, arena, d);
		if (r < 0)
			return r;
	}
}

static int
set_address(NetAddress *a, const void *p, size_t n, struct arena *arena)
{
	uint8_t *copy = arena_memdup(arena, p, n);

	if (!copy)
		return -ENOMEM;
	a->has_address = true;
	a->address = (ProtobufCBinaryData){ .len = n, .data = copy };
	return 0;
}

int
rtaddress_parse(struct slice answer, struct arena *arena, NetAddress *a, uint32_t *ret_ifindex)
{
	struct ifaddrmsg m;
	struct slice rest, value, local = { 0 }, address = { 0 };
	unsigned int type;
	int r;

	if (answer.n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, answer.p, sizeof(m));
	rest = (struct slice){ .p = answer.p + sizeof(m), .n = answer.n - sizeof(m) };
	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r < 0)
			return r;
		if (r == 0)
			break;
		if (type == IFA_LOCAL)
			local = value;
		else if (type == IFA_ADDRESS)
			address = value;
	}
	if (local.n == 0)
		local = address;
	if (local.n != 4 && local.n != 16)
		return -ENODATA;
	SET_FACT(a, family, m.ifa_family);
	SET_FACT(a, prefix, m.ifa_prefixlen);
	SET_FACT(a, scope, m.ifa_scope);
	r = set_address(a, local.p, local.n, arena);
	if (r < 0)
		return r;
	*ret_ifindex = m.ifa_index;
	return 0;
}

int
net_dev_parse(struct slice text, struct arena *arena, NetDevice ***device, size_t *n)
{
	struct slice line, name;

	for (size_t i = 0; slice_line(&text, &line); i++) {
		NetDevice *d;
		int r;

		if (i < 2)
			continue;
		if (!memchr(line.p, ':', line.n) || !slice_field(&line, ':', &name))
			return -EBADMSG;
		d = NEW_FACT(arena, NetDevice, net_device);
		if (!d)
			return -ENOMEM;
		r = add_text(slice_trim(name), arena, &d->name);
		if (r < 0)
			return r;
		r = ADD_FACT(arena, *device, *n, d);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
hex_bytes(struct slice s, uint8_t *out, size_t n)
{
	if (s.n != 2 * n)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		uint32_t b;

		if (parse_u32((struct slice){ .p = s.p + 2 * i, .n = 2 }, 16, &b) < 0)
			return -EBADMSG;
		out[i] = (uint8_t) b;
	}
	return 0;
}

/* One line of if_inet6. The scope there is the kernel's own: 0x20 for link-local. */
static int
if_inet6_line(struct slice line, struct arena *arena, struct slice *ret_name, NetAddress *a)
{
	struct slice address, index, prefix, scope, flags;
	uint8_t bytes[16];
	uint32_t n;

	if (!slice_word(&line, &address) || !slice_word(&line, &index) ||
	    !slice_word(&line, &prefix) || !slice_word(&line, &scope) ||
	    !slice_word(&line, &flags) || !slice_word(&line, ret_name))
		return -EBADMSG;
	if (hex_bytes(address, bytes, sizeof(bytes)) < 0 || parse_u32(prefix, 16, &n) < 0)
		return -EBADMSG;
	SET_FACT(a, family, AF_INET6);
	SET_FACT(a, prefix, n);
	if (parse_u32(scope, 16, &n) < 0)
		return -EBADMSG;
	SET_FACT(a, scope, n == 0x10 ? RT_SCOPE_HOST : n == 0x20 ? RT_SCOPE_LINK :
			   n == 0x40 ? RT_SCOPE_SITE : RT_SCOPE_UNIVERSE);
	return set_address(a, bytes, sizeof(bytes), arena);
}

int
if_inet6_parse(struct slice text, struct arena *arena, NetDevice *const *device, size_t n)
{
	struct slice line, name;

	while (slice_line(&text, &line)) {
		NetAddress *a = NEW_FACT(arena, NetAddress, net_address);
		int r;

		if (!a)
			return -ENOMEM;
		r = if_inet6_line(line, arena, &name, a);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			if (!slice_eq(name, device[i]->name))
				continue;
			r = ADD_FACT(arena, device[i]->address, device[i]->n_address, a);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

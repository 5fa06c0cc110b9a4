/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question and one answer: struct rtmsg (12 bytes), then attributes. The way to 10.0.0.9:
 *
 *     02 20 00 00 fe 00 00 01 00 02 00 00   AF_INET, /32, table main, RTN_UNICAST, flags
 *     08 00 01 00 0a 00 00 09               RTA_DST
 *     08 00 04 00 02 00 00 00               RTA_OIF 2
 *
 * Where there is none the answer is an error of the kernel, or a route of a type that refuses.
 */
#include "kernel/rtroute.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <sys/socket.h>

enum { IPV4_BYTES = 4, IPV6_BYTES = 16 };

struct question {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr attribute;
	uint8_t address[IPV6_BYTES];
};

int
rtroute_parse(struct slice answer)
{
	struct rtmsg route;

	if (answer.n < sizeof(route))
		return -EBADMSG;
	memcpy(&route, answer.p, sizeof(route));
	switch (route.rtm_type) {
	case RTN_UNREACHABLE:
		return EHOSTUNREACH;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_BLACKHOLE:
		return EINVAL;
	case RTN_THROW:
		return ENETUNREACH;
	default:
		return 0;
	}
}

static int
take_answer(const struct nlmsghdr *m, void *arg)
{
	int *said = arg;
	struct slice payload = { .p = (const char *) m + NLMSG_HDRLEN, .n = m->nlmsg_len - NLMSG_HDRLEN };

	*said = m->nlmsg_type == RTM_NEWROUTE ? rtroute_parse(payload) : -EPROTO;
	return *said < 0 ? *said : 0;
}

/* The errors by which the kernel says that there is no way; others say that it was not asked well. */
static bool
is_no_way(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL;
}

int
rtroute_ask(struct netlink *netlink, struct slice address, int *ret_error)
{
	struct question q = {
		.header = { .nlmsg_type = RTM_GETROUTE },
		.route = { .rtm_family = address.n == IPV4_BYTES ? AF_INET : AF_INET6,
			   .rtm_dst_len = (unsigned char) (address.n * 8) },
		.attribute = { .rta_type = RTA_DST, .rta_len = (unsigned short) RTA_LENGTH(address.n) },
	};
	int said = -EPROTO, r;

	if (address.n != IPV4_BYTES && address.n != IPV6_BYTES)
		return -EINVAL;
	memcpy(q.address, address.p, address.n);
	q.header.nlmsg_len = (uint32_t) (NLMSG_LENGTH(sizeof(q.route)) + RTA_LENGTH(address.n));
	r = netlink_ask(netlink, &q.header, take_answer, &said);
	if (r < 0 && is_no_way(-r)) {
		*ret_error = -r;
		return 1;
	}
	if (r < 0)
		return r;
	if (said == 0)
		return 0;
	*ret_error = said;
	return 1;
}

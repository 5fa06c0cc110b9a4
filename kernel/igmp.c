/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of IPv4 a line an interface, and below it, indented, one a group, whose address is a number
 * in the order of this machine's bytes:
 *
 *     Idx	Device    : Count Querier	Group    Users Timer	Reporter
 *     4	eth0      :     2      V3
 *     				FB0000E0     1 0:00000000		0
 *     				010000E0     1 0:00000000		0
 *
 * Of IPv6 a line a group:
 *
 *     4    eth0            ff0200000000000000000000000000fb     1 00000004 0
 */
#include "kernel/igmp.h"

#include <errno.h>

static bool
is_every_hosts(const struct multicast_group *g)
{
	static const uint8_t all_hosts[4] = { 224, 0, 0, 1 };
	static const uint8_t zero[13];
	const uint8_t *a = g->address;

	if (!g->ipv6)
		return memcmp(a, all_hosts, sizeof(all_hosts)) == 0;
	/* All nodes, all routers; ff02::1:ffXX:XXXX, by which neighbours ask. */
	if (memcmp(a + 2, zero, sizeof(zero)) == 0 && (a[15] == 1 || a[15] == 2))
		return true;
	return a[1] == 2 && memcmp(a + 2, zero, 9) == 0 && a[11] == 1 && a[12] == 0xff;
}

static int
parse_v4_address(struct slice word, uint8_t ret[16])
{
	uint32_t address;

	if (word.n != 8 || parse_u32(word, 16, &address) < 0)
		return -EBADMSG;
	memcpy(ret, &address, sizeof(address));
	return 0;
}

static int
parse_v6_address(struct slice word, uint8_t ret[16])
{
	if (word.n != 32)
		return -EBADMSG;
	for (size_t i = 0; i < 16; i++) {
		struct slice digits = { .p = word.p + 2 * i, .n = 2 };
		uint32_t byte;

		if (parse_u32(digits, 16, &byte) < 0)
			return -EBADMSG;
		ret[i] = (uint8_t) byte;
	}
	return 0;
}

/* 1: a group; 0: an interface, which g->ifindex is now, or the heading. */
static int
parse_line(struct slice line, struct multicast_group *g)
{
	bool indented = line.n > 0 && line.p[0] == '\t';
	struct slice word, name;

	if (!slice_word(&line, &word))
		return -EBADMSG;
	if (indented)
		return parse_v4_address(word, g->address) < 0 ? -EBADMSG : 1;
	if (slice_eq(word, "Idx"))
		return 0;
	if (parse_u32(word, 10, &g->ifindex) < 0)
		return -EBADMSG;
	if (!g->ipv6)
		return 0;
	if (!slice_word(&line, &name) || !slice_word(&line, &word) || parse_v6_address(word, g->address) < 0)
		return -EBADMSG;
	return 1;
}

int
igmp_parse(struct slice text, bool ipv6, int (*each)(const struct multicast_group *g, void *arg), void *arg)
{
	struct multicast_group g = { .ipv6 = ipv6 };
	struct slice line;
	int r;

	while (slice_line(&text, &line)) {
		r = parse_line(line, &g);
		if (r < 0)
			return r;
		if (r == 0 || is_every_hosts(&g))
			continue;
		r = each(&g, arg);
		if (r < 0)
			return r;
	}
	return 0;
}

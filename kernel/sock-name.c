/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as `getfattr -n system.sockprotoname /proc/PID/fd/N` shows them: "TCP", "UDPv6",
 * "UNIX-STREAM", "AF_VSOCK". They are those of the kernel's struct proto, also listed in
 * /proc/net/protocols. Before Linux 5.15 all unix sockets were "UNIX". A socket of MPTCP is
 * found among those of TCP, by its first subflow, which shows the same inode.
 */
#include "kernel/sock-name.h"

#include "base/cleanup.h"

#include <netinet/in.h>
#include <sys/socket.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static const struct sock_name names[] = {
	{ "TCP", "tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ "TCPv6", "tcp", AF_INET6, SOCK_STREAM, IPPROTO_TCP },
	{ "MPTCP", "tcp", AF_INET, SOCK_STREAM, IPPROTO_MPTCP },
	{ "MPTCPv6", "tcp", AF_INET6, SOCK_STREAM, IPPROTO_MPTCP },
	{ "UDP", "udp", AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ "UDPv6", "udp", AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
	{ "UDP-Lite", "udplite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "UDPLITEv6", "udplite", AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "RAW", "raw", AF_INET, SOCK_RAW, -1 },
	{ "RAWv6", "raw", AF_INET6, SOCK_RAW, -1 },
	{ "PING", "icmp", AF_INET, SOCK_DGRAM, IPPROTO_ICMP },
	{ "PINGv6", "icmp", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6 },
	{ "SCTP", NULL, AF_INET, 0, IPPROTO_SCTP },
	{ "SCTPv6", NULL, AF_INET6, 0, IPPROTO_SCTP },
	{ "DCCP", NULL, AF_INET, SOCK_DCCP, IPPROTO_DCCP },
	{ "DCCPv6", NULL, AF_INET6, SOCK_DCCP, IPPROTO_DCCP },
	{ "UNIX", "unix", AF_UNIX, 0, 0 },
	{ "UNIX-STREAM", "unix", AF_UNIX, SOCK_STREAM, 0 },
	{ "NETLINK", "netlink", AF_NETLINK, 0, -1 },
	{ "PACKET", "packet", AF_PACKET, 0, -1 },
};

const struct sock_name *
sock_name_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (slice_eq(name, names[i].name))
			return &names[i];
	return NULL;
}

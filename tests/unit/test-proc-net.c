/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of sockets and devices as text, and which modules may be asked.
 */
#include "kernel/proc-net.h"

#include "kernel/rtlink.h"
#include "kernel/sock-diag.h"
#include "kernel/sock-holders.h"
#include "kernel/sock-name.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/test.h"

static Socket
parse(struct arena *arena, const char *line, int family, int protocol)
{
	Socket s = SOCKET__INIT;

	assert_int_equal(proc_net_parse(slice_of(line), family, protocol, arena, &s), 0);
	return s;
}

static void
test_tcp(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Socket s;

	(void) state;
	s = parse(arena, "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000"
			 "  1000        0 12345 2 0000000054dc25b9 100 0 0 10 0", AF_INET, IPPROTO_TCP);
	assert_int_equal(s.ino, 12345);
	assert_int_equal(s.state, 10);
	assert_int_equal(s.receive_queue, 1);
	assert_int_equal(s.source_port, 8080);
	assert_int_equal(s.uid, 1000);
	assert_int_equal(s.source.len, 4);
	assert_memory_equal(s.source.data, "\x7f\0\0\1", 4);
	assert_false(s.has_drops);
	s = parse(arena, "   3: 0100007F:9C4A 0100007F:1F90 06 00000000:00000000 03:00001770 00000000"
			 "     0        0 0 3 0000000023d6ae4d", AF_INET, IPPROTO_TCP);
	assert_int_equal(s.ino, 0);
	assert_int_equal(s.timer, 3);
	assert_int_equal(s.timer_ms, 60000);
	s = parse(arena, "   1: 0000000000000000FFFF00000100007F:1F91 0000000000000000FFFF00000100007F:A2C0"
			 " 01 00000005:00000000 01:00000014 00000002     0        0 77 1 0 20 4 0 10 -1",
		  AF_INET6, IPPROTO_TCP);
	assert_int_equal(s.source.len, 16);
	assert_memory_equal(s.source.data, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	assert_int_equal(s.send_queue, 5);
	assert_int_equal(s.retransmits, 2);
}

static void
test_udp_and_raw(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Socket s;

	(void) state;
	s = parse(arena, "  336: 0100007F:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000"
			 "     0        0 99 2 0000000032c9ba6c 4", AF_INET, IPPROTO_UDP);
	assert_int_equal(s.drops, 4);
	assert_int_equal(s.receive_queue, 0x300);
	assert_int_equal(s.type, SOCK_DGRAM);
	s = parse(arena, "   1: 0100007F:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000"
			 "     0        0 562061 2 00000000a3f1cd13 0", AF_INET, IPPROTO_RAW);
	assert_int_equal(s.type, SOCK_RAW);
	assert_int_equal(s.protocol, IPPROTO_ICMP);
	assert_int_equal(s.source_port, 0);
}

static void
test_unix(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Socket s;

	(void) state;
	s = parse(arena, "00000000ab1a734c: 00000002 00000000 00010000 0005 01 562062 /run/a b", AF_UNIX, 0);
	assert_int_equal(s.state, 10);
	assert_int_equal(s.type, SOCK_SEQPACKET);
	assert_int_equal(s.unix_name.len, 8);
	assert_memory_equal(s.unix_name.data, "/run/a b", 8);
	s = parse(arena, "000000008ce7518c: 00000003 00000000 00000000 0001 03 77 @x", AF_UNIX, 0);
	assert_int_equal(s.state, 1);
	assert_memory_equal(s.unix_name.data, "\0x", 2);
	s = parse(arena, "000000008ce7518c: 00000003 00000000 00000000 0002 01 78", AF_UNIX, 0);
	assert_int_equal(s.state, 7);
	assert_false(s.has_unix_name);
	s = parse(arena, "000000008ce7518c: 00000003 00000000 00000000 0002 01 78 ", AF_UNIX, 0);
	assert_false(s.has_unix_name);
}

static void
test_netlink_and_packet(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	Socket s;

	(void) state;
	s = parse(arena, "0000000053e58d04 0   4242       00000011 6656     0        1     2        3        562067  ",
		  AF_NETLINK, 0);
	assert_int_equal(s.port_id, 4242);
	assert_int_equal(s.receive_queue, 6656);
	assert_int_equal(s.n_netlink_groups, 1);
	assert_int_equal(s.netlink_groups[0], 0x11);
	assert_int_equal(s.drops, 3);
	s = parse(arena, "0000000022034f59 3      3    0003   1     1 12     0      562069", AF_PACKET, 0);
	assert_int_equal(s.type, SOCK_RAW);
	assert_int_equal(s.protocol, 3);
	assert_int_equal(s.packet_ifindex, 1);
	assert_int_equal(s.receive_queue, 12);
	assert_int_equal(s.ino, 562069);
}

static void
test_odd_lines(void **state)
{
	static const struct {
		const char *line;
		int family, protocol;
	} odd[] = {
		{ "", AF_INET, IPPROTO_TCP },
		{ "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
		  AF_INET, IPPROTO_TCP },
		{ "0: 0100007F 0:0 0A 0:0 0:0 0 0 0 1", AF_INET, IPPROTO_TCP },
		{ "0: 0100007F:10000 00000000:0000 0A 0:0 0:0 0 0 0 1", AF_INET, IPPROTO_TCP },
		{ "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 1", AF_INET6, IPPROTO_TCP },
		{ "0: 0100007F:1F90 00000000:0000 0A 0:0 00 0 0 0 1", AF_INET, IPPROTO_TCP },
		{ "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 -1 0 1", AF_INET, IPPROTO_TCP },
		{ "0: 2 0 10000 5 1 x", AF_UNIX, 0 },
		{ "/run/second line of a name", AF_UNIX, 0 },
		{ "a 0 1 11 0 0 1 2 3 99999999999999999999", AF_NETLINK, 0 },
		{ "a 3 3 zz 1 1 0 0 5", AF_PACKET, 0 },
		{ "a 3 3 3 1 1 0 0 5", 40, 0 },
	};
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		Socket s = SOCKET__INIT;

		if (proc_net_parse(slice_of(odd[i].line), odd[i].family, odd[i].protocol, arena, &s) != -EBADMSG)
			fail_msg("accepted: %s", odd[i].line);
	}
}

static void
test_devices(void **state)
{
	static const char dev[] = "Inter-|   Receive\n face |bytes\n    lo:     840       8    0\n  eth0:1 2\n";
	static const char inet6[] = "00000000000000000000000000000001 01 80 10 80       lo\n"
				    "fe80000000000000021122fffe334455 02 40 20 80     eth0\n";
	_cleanup_arena_ struct arena *arena = arena_new(1 << 20);
	NetDevice **device = NULL;
	size_t n = 0;

	(void) state;
	assert_int_equal(net_dev_parse(slice_of(dev), arena, &device, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(device[1]->name, "eth0");
	assert_int_equal(if_inet6_parse(slice_of(inet6), arena, device, n), 0);
	assert_int_equal(device[0]->n_address, 1);
	assert_int_equal(device[0]->address[0]->prefix, 128);
	assert_int_equal(device[1]->address[0]->scope, 253);
	assert_memory_equal(device[1]->address[0]->address.data, "\xfe\x80", 2);
	assert_int_equal(if_inet6_parse(SLICE("0001 01 80 10 80 lo\n"), arena, device, n), -EBADMSG);
	assert_int_equal(net_dev_parse(SLICE("a\nb\nno colon\n"), arena, &device, &n), -EBADMSG);
}

static void
test_modules(void **state)
{
	const struct slice modules = SLICE("tcp_diag 16384 0 - Live 0x0000000000000000\n"
					   "inet_diag 28672 1 tcp_diag, Live 0x0000000000000000\n"
					   "unix_diag 16384 0 - Loading 0x0000000000000000\n"
					   "udp_diag 16384\n");
	const struct slice builtin = SLICE("kernel/net/packet/af_packet_diag.ko\nraw_diag.ko\n");

	(void) state;
	assert_true(modules_has_live(modules, "tcp_diag"));
	assert_true(modules_has_live(modules, "inet_diag"));
	assert_false(modules_has_live(modules, "unix_diag"));
	assert_false(modules_has_live(modules, "udp_diag"));
	assert_false(modules_has_live(modules, "diag"));
	assert_true(modules_builtin_has(builtin, "af_packet_diag"));
	assert_true(modules_builtin_has(builtin, "raw_diag"));
	assert_false(modules_builtin_has(builtin, "packet_diag"));
	assert_false(modules_builtin_has(SLICE(""), "raw_diag"));
}

static const struct sock_kind *
kind(const char *name)
{
	for (size_t i = 0; i < n_sock_kinds; i++)
		if (streq(sock_kinds[i].name, name))
			return &sock_kinds[i];
	fail_msg("no kind %s", name);
	return &sock_kinds[0];
}

static void
test_who_may_be_asked(void **state)
{
	struct sock_handlers h = { 0 };

	(void) state;
	assert_false(sock_handlers_have(&h, kind("tcp")));
	assert_int_equal(buffer_printf(&h.loaded, "tcp_diag 1 0 - Live 0x0\n"), 0);
	assert_false(sock_handlers_have(&h, kind("tcp")));	/* its family is not there */
	assert_int_equal(buffer_printf(&h.builtin, "kernel/net/ipv4/inet_diag.ko\n"), 0);
	assert_true(sock_handlers_have(&h, kind("tcp")));
	assert_true(sock_handlers_have(&h, kind("tcp6")));
	assert_false(sock_handlers_have(&h, kind("udp")));
	assert_false(sock_handlers_have(&h, kind("unix")));
	h.all = true;
	assert_true(sock_handlers_have(&h, kind("unix")));
	assert_false(sock_handlers_have(&h, kind("icmp")));	/* nobody answers for ping sockets */
	sock_handlers_free(&h);
}

static void
test_names_and_links(void **state)
{
	uint64_t ino = 0;

	(void) state;
	assert_int_equal(sock_name_find(SLICE("MPTCP"))->protocol, 262);
	assert_string_equal(sock_name_find(SLICE("MPTCP"))->service, "tcp");
	assert_null(sock_name_find(SLICE("AF_VSOCK")));
	assert_null(sock_name_find(SLICE("")));
	assert_int_equal(sock_link_parse(SLICE("socket:[12345]"), &ino), 0);
	assert_int_equal(ino, 12345);
	assert_int_equal(sock_link_parse(SLICE("socket:[12345"), &ino), -EINVAL);
	assert_int_equal(sock_link_parse(SLICE("socket:[]"), &ino), -EINVAL);
	assert_int_equal(sock_link_parse(SLICE("pipe:[1]"), &ino), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp_and_raw),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_netlink_and_packet),
		cmocka_unit_test(test_odd_lines),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_who_may_be_asked),
		cmocka_unit_test(test_names_and_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of families beside the internet, UNIX and netlink: packet, vsock, alg, xdp; and socket
 * filters.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/vm_sockets.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-inet.h"

enum { RING_BLOCK = 1 << 16, RING_FRAME = 2048 };

static void
make_vsock(struct scene *s)
{
	struct sockaddr_vm to = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = VMADDR_PORT_ANY,
	};
	int fd = (int)can(s, socket(AF_VSOCK, SOCK_STREAM, 0), "socket(AF_VSOCK)");

	can(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	fact_fd(s, "fd", fd);
}

static void
make_alg(struct scene *s)
{
	struct sockaddr_alg to = {
		.salg_family = AF_ALG,
		.salg_type = "hash",
		.salg_name = "sha256",
	};
	int fd = (int)can(s, socket(AF_ALG, SOCK_SEQPACKET, 0), "socket(AF_ALG)");

	can(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	fact_fd(s, "fd", fd);
}

static void
make_other_family(struct scene *s)
{
	static const struct {
		const char *arg;
		int family, type, protocol;
	} kinds[] = {
		{ "xdp", AF_XDP, SOCK_RAW, 0 },
		{ "can", AF_CAN, SOCK_RAW, 1 },
		{ "key", AF_KEY, SOCK_RAW, 2 },
		{ "tipc", AF_TIPC, SOCK_RDM, 0 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, s->factory->arg) == 0)
			fact_fd(s, "fd", (int)can(s, socket(kinds[i].family, kinds[i].type,
							    kinds[i].protocol), "socket"));
}

/* Bound to the loopback with a protocol that is not sent there (0x88b5: for local experiments). */
static int
packet_socket(struct scene *s)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x88b5),
		.sll_ifindex = (int)if_nametoindex("lo"),
	};
	int fd = (int)can(s, socket(AF_PACKET, SOCK_RAW, 0), "socket(AF_PACKET)");

	must(s, bind(fd, (const struct sockaddr *)&to, sizeof(to)), "bind");
	return fd;
}

static void
packet_plain(struct scene *s)
{
	fact_fd(s, "fd", packet_socket(s));
}

static void
packet_multicast(struct scene *s)
{
	struct packet_mreq request = {
		.mr_ifindex = (int)if_nametoindex("lo"),
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = 6,
		.mr_address = { 0x33, 0x33, 0, 0, 0, 0x77 },
	};
	int fd = packet_socket(s);

	for (int i = *s->factory->arg == '2' ? 0 : 1; i < 2; i++)
		can(s, setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)),
		    "PACKET_ADD_MEMBERSHIP");
	fact_fd(s, "fd", fd);
}

static void
packet_ring(struct scene *s)
{
	struct tpacket_req ring = {
		.tp_block_size = RING_BLOCK,
		.tp_block_nr = 1,
		.tp_frame_size = RING_FRAME,
		.tp_frame_nr = RING_BLOCK / RING_FRAME,
	};
	int fd = packet_socket(s);
	void *at;

	must(s, setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)), "PACKET_RX_RING");
	at = mmap(NULL, RING_BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		fail(s, "mmap of the ring");
	fact(s, "at", "%lx", (unsigned long)(uintptr_t)at);
	if (strcmp(s->factory->arg, "closed") == 0)
		close(fd);
	else
		fact_fd(s, "fd", fd);
}

static void
filter_classic(struct scene *s)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0xffff) };
	struct sock_fprog program = { .len = 1, .filter = code };
	int fd = inet_bound(s, SOCK_DGRAM, 0);

	must(s, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)),
	     "SO_ATTACH_FILTER");
	inet_tell(s, fd);
}

static void
filter_ebpf(struct scene *s)
{
	static const char licence[] = "Apache-2.0";
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0xffff },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t)licence,
	};
	int program = (int)can(s, syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)),
			       "bpf(BPF_PROG_LOAD)");
	int fd = inet_bound(s, SOCK_DGRAM, 0);

	must(s, setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)),
	     "SO_ATTACH_BPF");
	close(program);
	inet_tell(s, fd);
}

const struct factory factories_sockets[] = {
	{ .name = "vsock", .summary = "a bound AF_VSOCK socket", .needs = "vsock",
	  .criu = "refused", .rule = "sock-family-unsupported", .inside = make_vsock },
	{ .name = "alg", .summary = "an AF_ALG socket for sha256", .needs = "alg",
	  .criu = "refused", .rule = "sock-family-unsupported", .inside = make_alg },
	{ .name = "xdp", .summary = "an AF_XDP socket", .needs = "root xdp", .criu = "refused",
	  .rule = "sock-family-unsupported", .arg = "xdp", .inside = make_other_family },
	{ .name = "can", .summary = "an AF_CAN socket", .needs = "can", .criu = "refused",
	  .rule = "sock-family-unsupported", .arg = "can", .inside = make_other_family },
	{ .name = "key", .summary = "an AF_KEY socket", .needs = "root af_key",
	  .criu = "refused", .rule = "sock-family-unsupported", .arg = "key",
	  .inside = make_other_family },
	{ .name = "tipc", .summary = "an AF_TIPC socket", .needs = "tipc", .criu = "refused",
	  .rule = "sock-family-unsupported", .arg = "tipc", .inside = make_other_family },
	{ .name = "packet", .summary = "a packet socket on the loopback", .needs = "root",
	  .criu = "ok", .rule = "packet-not-in-diag", .inside = packet_plain },
	{ .name = "packet-multicast", .summary = "a packet socket in a multicast group",
	  .needs = "root", .criu = "ok", .rule = "packet-multi-membership", .arg = "1",
	  .inside = packet_multicast },
	{ .name = "packet-multicast-twice",
	  .summary = "a packet socket that joined one group twice",
	  .needs = "root", .criu = "refused", .rule = "packet-multi-membership", .arg = "2",
	  .inside = packet_multicast },
	{ .name = "packet-ring", .summary = "a packet socket with its ring mapped",
	  .needs = "root", .criu = "ok", .rule = "", .arg = "", .inside = packet_ring },
	{ .name = "packet-ring-closed",
	  .summary = "a mapped packet ring whose socket is closed",
	  .needs = "root", .criu = "refused", .rule = "vma-packet-ring-closed", .arg = "closed",
	  .inside = packet_ring },
	{ .name = "socket-filter-classic", .summary = "a UDP socket with a classic filter",
	  .needs = "", .criu = "ok", .rule = "", .inside = filter_classic },
	{ .name = "socket-filter-ebpf", .summary = "a UDP socket with an eBPF filter",
	  .needs = "root bpf", .criu = "refused", .rule = "sock-filter-ebpf",
	  .inside = filter_ebpf },
	{ .name = NULL },
};

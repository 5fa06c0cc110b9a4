/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collectors of sockets and devices on netlink and packet sockets, other families and other
 * network namespaces.
 */
#include "tests/unit/own-tree.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <signal.h>
#include <sys/wait.h>

static void
test_netlink(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	uint64_t ino = hold(f, fd);
	const Socket *s;

	assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof(at)), 0);
	assert_int_equal(send(fd, &request, sizeof(request), 0), sizeof(request));
	collect(f);
	s = must_find(f, ino);
	assert_true(s->receive_queue > 0);
	assert_int_equal(s->protocol, NETLINK_ROUTE);
	assert_true(s->port_id != 0);
	assert_true(s->n_netlink_groups >= 1);
	assert_int_equal(s->netlink_groups[0], RTMGRP_LINK);
	assert_int_equal(s->n_sample, 4);
	close(fd);
}

static void
test_packet(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int) if_nametoindex("lo"),
	};
	struct tpacket_req ring = {
		.tp_block_size = 4096,
		.tp_block_nr = 1,
		.tp_frame_size = 2048,
		.tp_frame_nr = 2,
	};
	struct packet_mreq promiscuous = { .mr_ifindex = at.sll_ifindex, .mr_type = PACKET_MR_PROMISC };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	uint64_t ino = hold(f, fd);
	const Socket *s;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof(at)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
				    sizeof(promiscuous)), 0);
	collect(f);
	s = must_find(f, ino);
	assert_true(s->packet_ring);
	assert_false(s->filter);
	assert_int_equal(s->packet_ifindex, at.sll_ifindex);
	assert_int_equal(s->n_packet_membership, 1);
	assert_int_equal(s->packet_membership[0]->type, PACKET_MR_PROMISC);
	assert_int_equal(s->packet_membership[0]->count, 1);
	assert_int_equal(s->protocol, ETH_P_ALL);
	close(fd);
}

static void
test_other_family(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);
	uint64_t ino;

	if (fd < 0)
		fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0)
		skip_because("neither AF_ALG nor AF_VSOCK here");
	ino = hold(f, fd);
	collect(f);
	assert_int_equal(must_find(f, ino)->family, SOCKET_FAMILY__SOCKET_OTHER);
	assert_non_null(must_find(f, ino)->protocol_name);
	close(fd);
}

static void
test_devices(void **state)
{
	struct fixture *f = *state;
	const Namespace *ns;
	bool loopback = false;

	assert_int_equal(netdevs_collect(&f->context), 0);
	assert_int_equal(f->gaps.n, 0);
	assert_int_equal(f->snapshot.facts->n_ns, 1);
	ns = f->snapshot.facts->ns[0];
	assert_int_equal(ns->ino, f->self->ns->net);
	for (size_t i = 0; i < ns->n_device; i++) {
		print_message("device %s kind %s addresses %zu\n", ns->device[i]->name,
			      ns->device[i]->kind ? ns->device[i]->kind : "-", ns->device[i]->n_address);
		if (streq(ns->device[i]->name, "lo") && ns->device[i]->n_address > 0 &&
		    ns->device[i]->address[0]->prefix == 8)
			loopback = memcmp(ns->device[i]->address[0]->address.data, "\x7f\0\0\1", 4) == 0;
	}
	assert_true(loopback);
}

static uint64_t
own_netns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
	return st.st_ino;
}

static void
test_foreign_namespace(void **state)
{
	struct fixture *f = *state;
	uint64_t before = own_netns(), ino;
	int back = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	/* A unix socket of a namespace that no process of the tree lives in. */
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(setns(back, CLONE_NEWNET), 0);
	ino = hold(f, fd);
	collect(f);
	assert_false(must_find(f, ino)->has_netns);
	assert_int_equal(must_find(f, ino)->family, SOCKET_FAMILY__SOCKET_UNIX);
	assert_int_equal(own_netns(), before);
	close(back);
	close(fd);
}

/* A child in a namespace of its own, with a listener at a port; says the socket's inode. */
static pid_t
make_child(int ready)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(7777) };
	struct stat st = { 0 };
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	if (unshare(CLONE_NEWNET) == 0) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *) &at, sizeof(at)) == 0 && listen(fd, 5) == 0)
			(void) fstat(fd, &st);
	}
	if (write(ready, &st.st_ino, sizeof(st.st_ino)) < 0)
		_exit(1);
	(void) pause();
	_exit(0);
}

static void
test_child_namespace(void **state)
{
	struct fixture *f = *state;
	Process *child = NEW_FACT(f->snapshot.arena, Process, process);
	Fd *fact = NEW_FACT(f->snapshot.arena, Fd, fd);
	uint64_t before = own_netns();
	int ready[2];
	char path[64];
	struct stat st;
	ino_t ino;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = make_child(ready[1]);
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &ino, sizeof(ino)), sizeof(ino));
	(void) snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_int_equal(stat(path, &st), 0);
	SET_FACT(child, pid, pid);
	child->ns = NEW_FACT(f->snapshot.arena, NamespaceSet, namespace_set);
	SET_FACT(child->ns, net, st.st_ino);
	SET_FACT(fact, number, 3);
	SET_FACT(fact, kind, FD_KIND__FD_SOCKET);
	SET_FACT(fact, ino, ino);
	assert_int_equal(ADD_FACT(f->snapshot.arena, child->fd, child->n_fd, fact), 0);
	assert_int_equal(ADD_FACT(f->snapshot.arena, f->snapshot.facts->process,
				  f->snapshot.facts->n_process, child), 0);
	collect(f);
	assert_int_equal(netdevs_collect(&f->context), 0);
	assert_int_equal(f->gaps.n, 0);
	assert_int_equal(must_find(f, ino)->netns, st.st_ino);
	assert_int_equal(must_find(f, ino)->source_port, 7777);
	assert_int_equal(f->snapshot.facts->n_ns, 2);
	assert_int_equal(own_netns(), before);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_netlink, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_packet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_family, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_namespace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_namespace, set_up, tear_down),
	};

	if (!enter_own_network())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

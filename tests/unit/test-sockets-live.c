/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collectors of sockets and devices on real sockets: this test makes them in a network
 * namespace of its own, describes itself as the tree, and compares.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "light-dump/collectors.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

struct fixture {
	struct root root;
	struct snapshot snapshot;
	struct gaps gaps;
	struct dump_options options;
	struct tree_context context;
	Process *self;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct stat st;

	assert_non_null(f);
	assert_int_equal(root_open("/", false, &f->root), 0);
	assert_int_equal(snapshot_new(&f->snapshot), 0);
	f->gaps.arena = f->snapshot.arena;
	f->options.timeout_ms = 5000;
	f->context = (struct tree_context){
		.options = &f->options,
		.root = &f->root,
		.snapshot = &f->snapshot,
		.gaps = &f->gaps,
	};
	f->self = NEW_FACT(f->snapshot.arena, Process, process);
	SET_FACT(f->self, pid, getpid());
	f->self->ns = NEW_FACT(f->snapshot.arena, NamespaceSet, namespace_set);
	assert_int_equal(stat("/proc/thread-self/ns/net", &st), 0);
	SET_FACT(f->self->ns, net, st.st_ino);
	assert_int_equal(ADD_FACT(f->snapshot.arena, f->snapshot.facts->process,
				  f->snapshot.facts->n_process, f->self), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	snapshot_free(&f->snapshot);
	root_close(&f->root);
	free(f);
	return 0;
}

/* Adds a socket of ours to the tree and returns its inode. */
static uint64_t
hold(struct fixture *f, int fd)
{
	Fd *fact = NEW_FACT(f->snapshot.arena, Fd, fd);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	SET_FACT(fact, number, fd);
	SET_FACT(fact, kind, FD_KIND__FD_SOCKET);
	SET_FACT(fact, ino, st.st_ino);
	assert_int_equal(ADD_FACT(f->snapshot.arena, f->self->fd, f->self->n_fd, fact), 0);
	return st.st_ino;
}

static const Socket *
find(const struct fixture *f, uint64_t ino)
{
	static const Socket none = SOCKET__INIT;

	for (size_t i = 0; i < f->snapshot.facts->n_socket; i++)
		if (f->snapshot.facts->socket[i]->ino == ino)
			return f->snapshot.facts->socket[i];
	fail_msg("no socket %llu", (unsigned long long) ino);
	return &none;
}

static const Socket *
must_find(const struct fixture *f, uint64_t ino)
{
	const Socket *s = find(f, ino);

	assert_true(s->in_tree);
	return s;
}

static void
collect(struct fixture *f)
{
	assert_int_equal(sockets_collect(&f->context), 0);
	for (size_t i = 0; i < f->gaps.n; i++)
		print_message("gap: %s %s %s\n", f->gaps.gap[i]->reason, f->gaps.gap[i]->subject,
			      f->gaps.gap[i]->remedy ? f->gaps.gap[i]->remedy : "");
}

static int
tcp_listener(int family, struct sockaddr_storage *ret, socklen_t *ret_n)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_storage){ .ss_family = (sa_family_t) family };
	*ret_n = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (family == AF_INET)
		((struct sockaddr_in *) ret)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *) ret, *ret_n), 0);
	assert_int_equal(listen(fd, 7), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) ret, ret_n), 0);
	return fd;
}

static int
tcp_connect(const struct sockaddr_storage *to, socklen_t n)
{
	int fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *) to, n), 0);
	return fd;
}

static void
test_tcp(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_storage at;
	socklen_t n;
	int listener = tcp_listener(AF_INET, &at, &n);
	int one = tcp_connect(&at, n), two = tcp_connect(&at, n);
	int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	uint64_t l = hold(f, listener), e = hold(f, one), w = hold(f, two), a = hold(f, accepted);
	uint64_t unbound = hold(f, socket(AF_INET, SOCK_STREAM, 0));
	const Socket *s;

	close(one);	/* FIN: the accepted end is in CLOSE_WAIT */
	collect(f);
	s = must_find(f, l);
	assert_int_equal(s->state, 10);
	assert_int_equal(s->receive_queue, 1);
	assert_int_equal(s->send_queue, 7);
	assert_int_equal(s->source_port, ntohs(((struct sockaddr_in *) &at)->sin_port));
	assert_memory_equal(s->source.data, "\x7f\0\0\1", 4);
	assert_true(s->has_half_open && s->half_open == 0);
	assert_int_equal(s->n_sample, 2);
	assert_int_equal(s->sample[1]->receive_queue, 1);
	assert_true(s->sample[1]->at_us >= 100000);
	assert_string_equal(s->protocol_name, "TCP");
	assert_string_equal(s->facts_from, "sock_diag");
	s = must_find(f, w);
	assert_int_equal(s->state, 1);
	assert_non_null(s->congestion);
	assert_int_equal(s->n_sample, 0);
	assert_int_equal(must_find(f, a)->state, 8);
	s = must_find(f, unbound);
	assert_false(s->has_netns);
	assert_int_equal(s->protocol, IPPROTO_TCP);
	assert_int_equal(s->family, SOCKET_FAMILY__SOCKET_INET);
	assert_false(must_find(f, e)->has_netns);
	close(two);
	close(accepted);
	close(listener);
}

static void
test_tcp6(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_storage at;
	socklen_t n;
	int listener = tcp_listener(AF_INET6, &at, &n);
	int only, yes = 1;
	uint64_t l = hold(f, listener), o;

	only = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(setsockopt(only, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)), 0);
	assert_int_equal(listen(only, 3), 0);
	o = hold(f, only);
	collect(f);
	assert_int_equal(must_find(f, l)->family, SOCKET_FAMILY__SOCKET_INET6);
	assert_int_equal(must_find(f, l)->source.len, 16);
	assert_true(must_find(f, l)->has_v6only && !must_find(f, l)->v6only);
	assert_true(must_find(f, o)->v6only);
	close(listener);
	close(only);
}

static void
test_bound_only(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(4321) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t ino = hold(f, fd);
	const Socket *s;

	assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof(at)), 0);
	collect(f);
	s = must_find(f, ino);
	/* In a table only since Linux 6.8. */
	if (s->has_state) {
		assert_int_equal(s->state, 7);
		assert_int_equal(s->source_port, 4321);
	}
	print_message("bound only: %s\n", s->has_state ? "seen" : "not seen");
	close(fd);
}

static void
test_mptcp(void **state)
{
	struct fixture *f = *state;
	int fd = socket(AF_INET, SOCK_STREAM, 262);
	uint64_t ino;
	const Socket *s;

	if (fd < 0)
		skip();
	ino = hold(f, fd);
	assert_int_equal(listen(fd, 1), 0);
	collect(f);
	s = must_find(f, ino);
	assert_int_equal(s->protocol, 262);
	assert_int_equal(s->state, 10);
	assert_string_equal(s->protocol_name, "MPTCP");
	close(fd);
}

static void
test_udp(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t r = hold(f, receiver), s = hold(f, sender);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(receiver, (struct sockaddr *) &at, n), 0);
	assert_int_equal(getsockname(receiver, (struct sockaddr *) &at, &n), 0);
	assert_int_equal(connect(sender, (struct sockaddr *) &at, n), 0);
	assert_int_equal(send(sender, "hello", 5, 0), 5);
	collect(f);
	assert_true(must_find(f, r)->receive_queue > 0);
	assert_int_equal(must_find(f, r)->state, 7);
	assert_int_equal(must_find(f, r)->n_sample, 2);
	assert_int_equal(must_find(f, s)->state, 1);
	assert_int_equal(must_find(f, s)->destination_port, ntohs(at.sin_port));
	assert_int_equal(must_find(f, s)->type, SOCK_DGRAM);
	close(receiver);
	close(sender);
}

static void
test_raw_and_ping(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = { .sin_family = AF_INET };
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	uint64_t ino = hold(f, raw);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(raw, (struct sockaddr *) &at, sizeof(at)), 0);
	collect(f);
	assert_int_equal(must_find(f, ino)->protocol, IPPROTO_ICMP);
	assert_int_equal(must_find(f, ino)->type, SOCK_RAW);
	assert_memory_equal(must_find(f, ino)->source.data, "\x7f\0\0\1", 4);
	print_message("raw from %s\n", must_find(f, ino)->facts_from);
	close(raw);
}

static void
test_unix(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0migcheck-test" };
	socklen_t n = (socklen_t) offsetof(struct sockaddr_un, sun_path) + 14;
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	int pair[2];
	uint64_t l = hold(f, listener), c = hold(f, client), p;
	struct stat st;
	const Socket *s;

	assert_int_equal(bind(listener, (struct sockaddr *) &abstract, n), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(connect(client, (struct sockaddr *) &abstract, n), 0);
	assert_int_equal(write(client, "xyz", 3), 3);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	p = hold(f, pair[0]);	/* the other end stays outside the tree */
	assert_int_equal(fstat(pair[1], &st), 0);
	collect(f);
	s = must_find(f, l);
	assert_int_equal(s->state, 10);
	assert_int_equal(s->n_pending, 1);
	assert_int_equal(s->pending[0], c);
	assert_int_equal(s->unix_name.len, 14);
	assert_int_equal(s->unix_name.data[0], 0);
	assert_int_equal(s->n_sample, 2);
	assert_int_equal(s->sample[0]->pending, 1);
	assert_true(must_find(f, c)->send_queue > 0);
	assert_int_equal(must_find(f, p)->peer, st.st_ino);
	s = find(f, st.st_ino);
	assert_false(s->in_tree);
	assert_int_equal(s->holder_pid, getpid());
	assert_int_equal(s->peer, p);
	close(listener);
	close(client);
	close(pair[0]);
	close(pair[1]);
}

static void
test_unix_client_outside(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0migcheck-two" };
	socklen_t n = (socklen_t) offsetof(struct sockaddr_un, sun_path) + 13;
	int listener = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	uint64_t s = hold(f, sender), l = hold(f, server);
	struct stat st;
	const Socket *outside;

	/* A dgram peer that does not know of us: only the second walk finds it. */
	assert_int_equal(bind(listener, (struct sockaddr *) &abstract, n), 0);
	assert_int_equal(connect(sender, (struct sockaddr *) &abstract, n), 0);
	assert_int_equal(fstat(listener, &st), 0);
	/* A client in the backlog of a listener of the tree. */
	abstract.sun_path[1] = 'M';
	assert_int_equal(bind(server, (struct sockaddr *) &abstract, n), 0);
	assert_int_equal(listen(server, 5), 0);
	assert_int_equal(connect(client, (struct sockaddr *) &abstract, n), 0);
	collect(f);
	assert_int_equal(must_find(f, s)->peer, st.st_ino);
	outside = find(f, st.st_ino);
	assert_memory_equal(outside->unix_name.data, "\0migcheck-two", 13);
	assert_int_equal(fstat(client, &st), 0);
	assert_int_equal(must_find(f, l)->pending[0], st.st_ino);
	assert_false(find(f, st.st_ino)->in_tree);
	close(listener);
	close(sender);
	close(server);
	close(client);
}

static void
bind_path(int fd, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void) snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof(at)), 0);
}

static void
test_unix_paths(void **state)
{
	struct fixture *f = *state;
	char folder[] = "/tmp/migcheck-test-XXXXXX", path[3][64];
	int fd[4];
	uint64_t ino[3];

	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < 3; i++) {
		(void) snprintf(path[i], sizeof(path[i]), "%s/%d", folder, i);
		fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		bind_path(fd[i], path[i]);
		ino[i] = hold(f, fd[i]);
	}
	assert_int_equal(unlink(path[1]), 0);
	assert_int_equal(unlink(path[2]), 0);
	fd[3] = socket(AF_UNIX, SOCK_DGRAM, 0);
	bind_path(fd[3], path[2]);
	collect(f);
	assert_int_equal(must_find(f, ino[0])->unix_vfs_path_state, PATH_STATE__PATH_SAME);
	assert_int_equal(must_find(f, ino[1])->unix_vfs_path_state, PATH_STATE__PATH_GONE);
	assert_int_equal(must_find(f, ino[2])->unix_vfs_path_state, PATH_STATE__PATH_REPLACED);
	assert_int_equal(must_find(f, ino[0])->unix_name.len, strlen(path[0]));
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	assert_int_equal(unlink(path[0]), 0);
	assert_int_equal(unlink(path[2]), 0);
	assert_int_equal(rmdir(folder), 0);
}

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
	assert_int_equal(s->n_sample, 2);
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
		skip();
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

static void
bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
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
		cmocka_unit_test_setup_teardown(test_tcp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tcp6, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bound_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mptcp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_udp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_raw_and_ping, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix_client_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix_paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_netlink, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_packet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_family, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_devices, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_namespace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_namespace, set_up, tear_down),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: unshare(CLONE_NEWNET): %s\n", strerror(errno));
		return 0;
	}
	bring_up_loopback();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

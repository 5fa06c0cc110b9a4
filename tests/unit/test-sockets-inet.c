/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector of sockets on real inet sockets.
 */
#include "tests/unit/own-tree.h"

#include <arpa/inet.h>

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
	assert_int_equal(s->n_sample, 4);
	assert_int_equal(s->sample[3]->receive_queue, 1);
	assert_true(s->sample[0]->at_us >= 10000 && s->sample[3]->at_us >= 100000);
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
		skip_because("no MPTCP here");
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
	assert_int_equal(must_find(f, r)->n_sample, 4);
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
	};

	if (!enter_own_network())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

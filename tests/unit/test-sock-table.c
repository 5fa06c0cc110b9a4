/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ways to a table of sockets say the same, as far as the text goes; and an answer that is
 * cut off anywhere is refused or read, never overrun.
 */
#include "kernel/sock-table.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/test.h"

enum { MAX_SOCKETS = 64 };

struct listing {
	struct arena *arena;
	Socket *socket[MAX_SOCKETS];
	size_t n;
};

static int
each(const struct sock_entry *e, void *arg)
{
	struct listing *l = arg;
	Socket *s = NEW_FACT(l->arena, Socket, socket);
	uint64_t ino;

	assert_non_null(s);
	assert_int_equal(sock_entry_ino(e, &ino), 0);
	assert_int_equal(sock_entry_parse(e, l->arena, s), 0);
	assert_int_equal(ino, s->ino);
	if (ino > 0 && l->n < MAX_SOCKETS)
		l->socket[l->n++] = s;
	/* Whatever is missing at the end, nothing behind it is looked at (ASan sees to that). */
	for (size_t n = 0; n < e->bytes.n && !e->text; n++) {
		_cleanup_free_ char *copy = malloc(n + 1);
		struct sock_entry cut = { .kind = e->kind, .bytes = { .p = copy, .n = n } };
		Socket scratch = SOCKET__INIT;

		assert_non_null(copy);
		memcpy(copy, e->bytes.p, n);
		(void) sock_entry_ino(&cut, &ino);
		(void) sock_entry_parse(&cut, l->arena, &scratch);
	}
	return 0;
}

static void
compare(const struct sock_kind *kind, const Socket *a, const Socket *b)
{
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->protocol, b->protocol);
	/* The queue of the netlink socket by which we ask is filled by the answer itself. */
	if (kind->family != AF_NETLINK) {
		assert_int_equal(a->receive_queue, b->receive_queue);
		assert_int_equal(a->type, b->type);
		assert_int_equal(a->state, b->state);
	}
	assert_int_equal(a->source_port, b->source_port);
	assert_int_equal(a->destination_port, b->destination_port);
	assert_int_equal(a->port_id, b->port_id);
	assert_int_equal(a->packet_ifindex, b->packet_ifindex);
	assert_int_equal(a->source.len, b->source.len);
	if (a->source.len > 0)
		assert_memory_equal(a->source.data, b->source.data, a->source.len);
	assert_int_equal(a->unix_name.len, b->unix_name.len);
	if (a->unix_name.len > 0)
		assert_memory_equal(a->unix_name.data, b->unix_name.data, a->unix_name.len);
}

static void
compare_kind(struct sock_tables *t, const struct sock_kind *kind)
{
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20);
	struct listing diag = { .arena = arena }, text = { .arena = arena };
	struct netlink *netlink = t->netlink;
	struct sock_walk w = { .each = each, .arg = &diag };
	struct sock_walked walked;
	size_t found = 0;

	assert_int_equal(sock_table_walk(t, kind, &w, &walked), 0);
	if (walked.text)
		return;
	t->netlink = NULL;
	w.arg = &text;
	assert_int_equal(sock_table_walk(t, kind, &w, &walked), 0);
	assert_true(walked.text);
	assert_int_equal(walked.odd_lines, 0);
	t->netlink = netlink;
	for (size_t i = 0; i < text.n; i++) {
		for (size_t k = 0; k < diag.n; k++) {
			if (diag.socket[k]->ino != text.socket[i]->ino)
				continue;
			/* Receive queues of a unix socket are not in the text. */
			if (kind->family == AF_UNIX)
				diag.socket[k]->receive_queue = 0;
			compare(kind, diag.socket[k], text.socket[i]);
			found++;
			break;
		}
	}
	print_message("%s: %zu by sock_diag, %zu as text\n", kind->name, diag.n, text.n);
	assert_int_equal(found, text.n);
}

static void
bind_inet(int family, int type, int protocol, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_ANY_INIT,	/* the loopback device is down */
	};
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return;
	if (family == AF_INET)
		assert_int_equal(bind(fd, (struct sockaddr *) &in, sizeof(in)), 0);
	else if (bind(fd, (struct sockaddr *) &in6, sizeof(in6)) < 0)
		return;
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 3), 0);
}

static void
make_sockets(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0migcheck-table" };
	int fd, pair[2];

	bind_inet(AF_INET, SOCK_STREAM, 0, 3001);
	bind_inet(AF_INET6, SOCK_STREAM, 0, 3002);
	bind_inet(AF_INET, SOCK_DGRAM, 0, 3003);
	bind_inet(AF_INET6, SOCK_DGRAM, 0, 3004);
	bind_inet(AF_INET, SOCK_DGRAM, 136, 3005);
	bind_inet(AF_INET, SOCK_RAW, 1, 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof(at.sun_family) + 15), 0);
	assert_int_equal(listen(fd, 2), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_true(socket(AF_PACKET, SOCK_RAW, htons(0x800)) >= 0);
}

static void
test_both_ways(void **state)
{
	_cleanup_root_ struct root root = ROOT_NONE, proc = ROOT_NONE;
	_cleanup_sock_handlers_ struct sock_handlers handlers = { 0 };
	_cleanup_netlink_ struct netlink *netlink = NULL;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct sock_tables tables = { .handlers = &handlers, .proc = &proc, .text = &text };

	(void) state;
	make_sockets();
	assert_int_equal(root_open("/", false, &root), 0);
	assert_int_equal(root_sub(&root, "/proc/thread-self", &proc), 0);
	assert_int_equal(sock_handlers_read(&root, false, &handlers), 0);
	assert_int_equal(netlink_open(-1, NETLINK_SOCK_DIAG, &netlink), 0);
	tables.netlink = netlink;
	for (size_t i = 0; i < n_sock_kinds; i++)
		compare_kind(&tables, &sock_kinds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: unshare(CLONE_NEWNET): %s\n", strerror(errno));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

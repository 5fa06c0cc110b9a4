/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes of the network, of unix names and of terminals, in a network namespace of the
 * test's own: what they answer to a source tree that is written down here.
 */
#include "base/cleanup.h"
#include "probes/probes.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/test.h"

struct fixture {
	struct root root;
	struct snapshot source, snapshot;
	struct gaps gaps;
	struct buffer text;
	struct probe_options options;
	struct probe_context context;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(root_open("/", false, &f->root), 0);
	assert_int_equal(snapshot_new(&f->snapshot), 0);
	assert_int_equal(snapshot_new(&f->source), 0);
	f->gaps.arena = f->snapshot.arena;
	f->options.timeout_ms = 5000;
	f->context = (struct probe_context){
		.options = &f->options,
		.root = &f->root,
		.tree_root = &f->root,
		.source = f->source.facts,
		.snapshot = &f->snapshot,
		.host = NEW_FACT(f->snapshot.arena, Host, host),
		.gaps = &f->gaps,
		.text = &f->text,
	};
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	snapshot_free(&f->snapshot);
	snapshot_free(&f->source);
	buffer_free(&f->text);
	root_close(&f->root);
	free(f);
	return 0;
}

static Socket *
add_source_socket(struct fixture *f, SocketFamily family, uint32_t protocol)
{
	Socket *s = NEW_FACT(f->source.arena, Socket, socket);

	SET_FACT(s, in_tree, true);
	SET_FACT(s, family, family);
	SET_FACT(s, protocol, protocol);
	assert_int_equal(ADD_FACT(f->source.arena, f->source.facts->socket, f->source.facts->n_socket, s), 0);
	return s;
}

static void
name_source_socket(struct fixture *f, const char *name, size_t n)
{
	Socket *s = add_source_socket(f, SOCKET_FAMILY__SOCKET_UNIX, 0);

	s->has_unix_name = true;
	s->unix_name.data = arena_memdup(f->source.arena, name, n);
	assert_non_null(s->unix_name.data);
	s->unix_name.len = n;
}

static int
bound(int type, uint16_t port, bool listening)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *) &at, sizeof(at)), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static const HostSocket *
at_port(const Net *net, uint32_t protocol, uint32_t port)
{
	for (size_t i = 0; i < net->n_socket; i++)
		if (net->socket[i]->protocol == protocol && net->socket[i]->source_port == port)
			return net->socket[i];
	return NULL;
}

static void
test_ports_of_the_tree(void **state)
{
	struct fixture *f = *state;
	int tcp = bound(SOCK_STREAM, 4001, true), idle = bound(SOCK_STREAM, 4002, false);
	int udp = bound(SOCK_DGRAM, 4003, false), other = bound(SOCK_STREAM, 4004, true);
	const HostSocket *s;
	const Net *net;

	add_source_socket(f, SOCKET_FAMILY__SOCKET_INET, 6)->source_port = 4001;
	add_source_socket(f, SOCKET_FAMILY__SOCKET_INET, 262)->source_port = 4002;
	add_source_socket(f, SOCKET_FAMILY__SOCKET_INET6, 17)->source_port = 4003;
	add_source_socket(f, SOCKET_FAMILY__SOCKET_INET, 17)->source_port = 4004;
	assert_int_equal(net_ask(&f->context), 0);
	net = f->context.host->net;
	assert_int_equal(f->gaps.n, 0);
	assert_true(net->sockets_complete);
	assert_true(net->ipv6);
	s = at_port(net, 6, 4001);
	assert_true(s && s->state == 10 && s->holder_pid == getpid() && s->holder_start_time > 0);
	assert_true(s && s->holder_comm && strncmp(s->holder_comm, "test-net-probe", 14) == 0);
	assert_non_null(at_port(net, 17, 4003));
	assert_null(at_port(net, 6, 4004));
	/* Bound and not listening: in the tables since Linux 6.8, and taken. */
	print_message("bound only: %s\n", at_port(net, 6, 4002) ? "seen" : "not seen");
	close(tcp);
	close(idle);
	close(udp);
	close(other);
}

static void
test_all_ports(void **state)
{
	struct fixture *f = *state;
	int tcp = bound(SOCK_STREAM, 4001, true);
	const Net *net;
	bool loopback = false;

	f->context.source = NULL;
	assert_int_equal(net_ask(&f->context), 0);
	net = f->context.host->net;
	assert_non_null(at_port(net, 6, 4001));
	for (size_t i = 0; i < net->n_device; i++)
		loopback = loopback || (streq(net->device[i]->name, "lo") && net->device[i]->n_address > 0);
	assert_true(loopback);
	for (size_t i = 0; i < net->n_diag; i++)
		print_message("sock_diag %s: %s %d\n", net->diag[i]->name,
			      net->diag[i]->present ? "present" : "absent", net->diag[i]->error);
	assert_int_equal(net->n_diag, 7);
	close(tcp);
}

/* A kernel may be without IPv6 or UDP-Lite; without UDP it is a table that was not read. */
static void
test_a_table_that_is_missing(void **state)
{
	struct fixture *f = *state;
	char folder[] = "/tmp/test-net-probe.XXXXXX", path[64];
	static const char *const names[] = { "tcp", "udp" };

	assert_non_null(mkdtemp(folder));
	root_close(&f->root);
	assert_int_equal(root_open(folder, true, &f->root), 0);
	assert_int_equal(mkdirat(f->root.fd, "proc", 0755), 0);
	assert_int_equal(mkdirat(f->root.fd, "proc/net", 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		(void) snprintf(path, sizeof(path), "%s/proc/net/%s", folder, names[i]);
		assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
		f->gaps.n = 0;
		assert_int_equal(net_ask(&f->context), 0);
		assert_int_equal(f->context.host->net->sockets_complete, i == 1);
		for (size_t k = 0; k < f->gaps.n; k++)
			assert_true(i == 0 || !strstr(f->gaps.gap[k]->subject, "/proc/net/udp"));
	}
	(void) snprintf(path, sizeof(path), "rm -r %s", folder);
	assert_int_equal(system(path), 0);
}

static void
test_source_side_tells_no_ports(void **state)
{
	struct fixture *f = *state;
	int tcp = bound(SOCK_STREAM, 4001, true);

	f->context.source = NULL;
	f->context.source_side = true;
	assert_int_equal(net_ask(&f->context), 0);
	assert_int_equal(f->context.host->net->n_socket, 0);
	assert_true(f->context.host->net->n_device > 0);
	close(tcp);
}

static const UnixAnswer *
answer_of(const struct fixture *f, const char *name, size_t n)
{
	static const UnixAnswer none = UNIX_ANSWER__INIT;

	for (size_t i = 0; i < f->snapshot.facts->n_unix_answer; i++) {
		const UnixAnswer *a = f->snapshot.facts->unix_answer[i];

		if (a->name.len == n && memcmp(a->name.data, name, n) == 0)
			return a;
	}
	fail_msg("no answer");
	return &none;
}

static int
unix_bound(const char *name, size_t n, int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, name, n);
	assert_int_equal(bind(fd, (struct sockaddr *) &at,
			      (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n)), 0);
	return fd;
}

static void
test_unix_names(void **state)
{
	struct fixture *f = *state;
	char folder[] = "/tmp/migcheck-test-XXXXXX";
	char live[64], stale[64], file[64], gone[64], nowhere[64];
	char *const all[] = { live, stale, file, gone, nowhere };
	int fd, stream, abstract, plain;

	assert_non_null(mkdtemp(folder));
	(void) snprintf(live, sizeof(live), "%s/live", folder);
	(void) snprintf(stale, sizeof(stale), "%s/stale", folder);
	(void) snprintf(file, sizeof(file), "%s/file", folder);
	(void) snprintf(gone, sizeof(gone), "%s/gone", folder);
	(void) snprintf(nowhere, sizeof(nowhere), "%s/no/where", folder);
	stream = unix_bound(live, strlen(live), SOCK_STREAM);
	assert_int_equal(listen(stream, 1), 0);
	fd = unix_bound(stale, strlen(stale), SOCK_DGRAM);
	close(fd);
	plain = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(plain);
	abstract = unix_bound("\0mc-abstract", 12, SOCK_DGRAM);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		name_source_socket(f, all[i], strlen(all[i]));
	name_source_socket(f, "\0mc-abstract", 12);
	name_source_socket(f, "\0mc-free", 8);
	/* One that only talks to the tree is not to be made here. */
	name_source_socket(f, "/peer", 5);
	f->source.facts->socket[f->source.facts->n_socket - 1]->in_tree = false;
	assert_int_equal(unix_names_ask(&f->context), 0);
	assert_int_equal(f->gaps.n, 0);
	assert_int_equal(f->snapshot.facts->n_unix_answer, 7);
	assert_int_equal(answer_of(f, live, strlen(live))->kind, PATH_KIND__PATH_KIND_SOCKET);
	assert_true(answer_of(f, live, strlen(live))->listening);
	assert_int_equal(answer_of(f, live, strlen(live))->holder_pid, getpid());
	assert_int_equal(answer_of(f, stale, strlen(stale))->kind, PATH_KIND__PATH_KIND_SOCKET);
	assert_false(answer_of(f, stale, strlen(stale))->listening);
	assert_int_equal(answer_of(f, file, strlen(file))->kind, PATH_KIND__PATH_KIND_REGULAR);
	assert_int_equal(answer_of(f, gone, strlen(gone))->error, ENOENT);
	assert_false(answer_of(f, gone, strlen(gone))->parent_missing);
	assert_true(answer_of(f, nowhere, strlen(nowhere))->parent_missing);
	assert_true(answer_of(f, "\0mc-abstract", 12)->listening);
	assert_false(answer_of(f, "\0mc-free", 8)->listening);
	close(stream);
	close(abstract);
	for (int i = 0; i < 3; i++)
		assert_int_equal(unlink(all[i]), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
test_abstract_names(void **state)
{
	struct fixture *f = *state;
	int fd = unix_bound("\0a\0b", 4, SOCK_DGRAM);
	bool seen = false;

	f->context.source = NULL;
	f->context.host->net = NEW_FACT(f->snapshot.arena, Net, net);
	assert_int_equal(unix_names_ask(&f->context), 0);
	for (size_t i = 0; i < f->context.host->net->n_unix_name; i++)
		seen = seen || streq(f->context.host->net->unix_name[i], "@a@b");
	assert_true(seen);
	close(fd);
}

static void
test_terminals(void **state)
{
	struct fixture *f = *state;
	Process *p = NEW_FACT(f->source.arena, Process, process);
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	unsigned int index = 0;

	assert_int_equal(ADD_FACT(f->source.arena, f->source.facts->process, f->source.facts->n_process, p), 0);
	if (master < 0)
		skip_because("no pseudoterminals");
	assert_int_equal(ioctl(master, TIOCGPTN, &index), 0);
	/* Each is answered once, however many descriptors lead to it. */
	for (uint32_t i = 0; i < 6; i++) {
		Fd *fd = NEW_FACT(f->source.arena, Fd, fd);

		fd->terminal = NEW_FACT(f->source.arena, TerminalState, terminal_state);
		SET_FACT(fd->terminal, index, i % 2 == 0 ? index : 4000);
		assert_int_equal(ADD_FACT(f->source.arena, p->fd, p->n_fd, fd), 0);
	}
	assert_int_equal(terminals_ask(&f->context), 0);
	assert_int_equal(f->snapshot.facts->n_terminal_answer, 2);
	assert_true(f->snapshot.facts->terminal_answer[0]->in_use);
	assert_false(f->snapshot.facts->terminal_answer[1]->in_use);
	assert_true(f->snapshot.facts->terminal_answer[1]->free_below > 3000);
	close(master);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ports_of_the_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_ports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_table_that_is_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_source_side_tells_no_ports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_abstract_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_terminals, set_up, tear_down),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: unshare(CLONE_NEWNET): %s\n", strerror(errno));
		return 0;
	}
	bring_up_loopback();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

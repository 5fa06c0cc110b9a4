/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector of sockets on real unix sockets: peers, backlogs, paths.
 */
#include "tests/unit/own-tree.h"

#include <sys/un.h>

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
	assert_int_equal(s->n_sample, 4);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unix, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix_client_outside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unix_paths, set_up, tear_down),
	};

	if (!enter_own_network())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test that is its own tree: it lives in a network namespace of its own, makes sockets there,
 * and describes itself in a snapshot as the collectors of tasks would have.
 */
#pragma once

#include "base/cleanup.h"
#include "base/text.h"
#include "light-dump/collectors.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

struct fixture {
	struct root root;
	struct snapshot snapshot;
	struct gaps gaps;
	struct dump_options options;
	struct tree_context context;
	Process *self;
};

static inline int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct stat st;

	assert_non_null(f);
	assert_int_equal(root_open("/", false, &f->root), 0);
	assert_int_equal(snapshot_new(&f->snapshot), 0);
	f->gaps.arena = f->snapshot.arena;
	f->options.timeout_ms = 5000;
	f->options.span_ms = 100;
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

static inline int
tear_down(void **state)
{
	struct fixture *f = *state;

	snapshot_free(&f->snapshot);
	root_close(&f->root);
	free(f);
	return 0;
}

/* Adds a socket of ours to the tree and returns its inode. */
static inline uint64_t
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

static inline const Socket *
find(const struct fixture *f, uint64_t ino)
{
	static const Socket none = SOCKET__INIT;

	for (size_t i = 0; i < f->snapshot.facts->n_socket; i++)
		if (f->snapshot.facts->socket[i]->ino == ino)
			return f->snapshot.facts->socket[i];
	fail_msg("no socket %llu", (unsigned long long) ino);
	return &none;
}

static inline const Socket *
must_find(const struct fixture *f, uint64_t ino)
{
	const Socket *s = find(f, ino);

	assert_true(s->in_tree);
	return s;
}

static inline void
collect(struct fixture *f)
{
	assert_int_equal(sockets_collect(&f->context), 0);
	assert_int_equal(passing_collect(&f->context), 0);
	passing_end(&f->context);
	for (size_t i = 0; i < f->gaps.n; i++)
		print_message("gap: %s %s %s\n", f->gaps.gap[i]->reason, f->gaps.gap[i]->subject,
			      f->gaps.gap[i]->remedy ? f->gaps.gap[i]->remedy : "");
}

static inline void
bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* Enters a network namespace of our own; false where that is not allowed. */
static inline bool
enter_own_network(void)
{
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: unshare(CLONE_NEWNET): %s\n", strerror(errno));
		return false;
	}
	bring_up_loopback();
	return true;
}

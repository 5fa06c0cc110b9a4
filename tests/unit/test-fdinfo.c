/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/fdinfo/N: each kind as a 6.18 kernel wrote it. */
#include "tests/unit/test.h"

#include "kernel/fdinfo.h"

#define HEAD "pos:\t0\nflags:\t02\nmnt_id:\t17\nino:\t1038\n"

struct fixture {
	struct arena *arena;
	Fd fd;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new(1 << 20);
	fd__init(&f->fd);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	f->arena = arena_free(f->arena);
	free(f);
	return 0;
}

static const Fd *
parsed(void **state, const char *text)
{
	struct fixture *f = *state;

	assert_int_equal(fdinfo_parse(slice_of(text), f->arena, &f->fd), 0);
	return &f->fd;
}

static void
head(void **state)
{
	const Fd *fd = parsed(state, "pos:\t97\nflags:\t02100001\nmnt_id:\t27\nino:\t10977457\n");

	assert_int_equal(fd->position, 97);
	assert_int_equal(fd->flags, 02100001);
	assert_int_equal(fd->mnt_id, 27);
	assert_int_equal(fd->ino, 10977457);
}

/* Before 5.14 there is no ino line, before 3.15 no mnt_id; a position may be -1. */
static void
old_head(void **state)
{
	const Fd *fd = parsed(state, "pos:\t-1\nflags:\t0100000\n");

	assert_true(fd->position == UINT64_MAX);
	assert_false(fd->has_mnt_id);
	assert_false(fd->has_ino);
}

static void
locks(void **state)
{
	const Fd *fd = parsed(state, HEAD "lock:\t1: FLOCK  ADVISORY  WRITE 23612 fe:00:10952757 0 EOF\n"
					  "lock:\t2: POSIX  ADVISORY  READ 23612 fe:00:10952757 5 9\n"
					  "lock:\t3: OFDLCK ADVISORY  WRITE -1 fe:00:10952757 0 EOF\n"
					  "lock:\t4: LEASE  BREAKING  READ 23612 fe:00:10952757 0 EOF\n");

	assert_int_equal(fd->n_lock, 4);
	assert_string_equal(fd->lock[0]->kind, "FLOCK");
	assert_true(fd->lock[0]->end == UINT64_MAX);
	assert_string_equal(fd->lock[1]->access, "READ");
	assert_int_equal(fd->lock[1]->start, 5);
	assert_int_equal(fd->lock[1]->end, 9);
	assert_int_equal(fd->lock[2]->pid, -1);
	assert_string_equal(fd->lock[3]->mode, "BREAKING");
}

static void
epoll(void **state)
{
	const Fd *fd = parsed(
		state, HEAD "tfd:        3 events:       19 data:                3  pos:0 ino:40e sdev:10\n"
			    "tfd:       12 events: 8000001d data: ffffffffffffffff  pos:-1 ino:8 sdev:fe00000\n");

	assert_int_equal(fd->n_epoll_target, 2);
	assert_int_equal(fd->epoll_target[0]->fd, 3);
	assert_int_equal(fd->epoll_target[0]->events, 0x19);
	assert_int_equal(fd->epoll_target[0]->ino, 0x40e);
	assert_int_equal(fd->epoll_target[0]->dev, 0x10);
	assert_int_equal(fd->epoll_target[1]->events, 0x8000001d);
	assert_true(fd->epoll_target[1]->data == UINT64_MAX);
}

static void
inotify(void **state)
{
	const Fd *fd = parsed(state, HEAD
			      "inotify wd:2 ino:13 sdev:fe00000 mask:fff ignored_mask:0 fhandle-bytes:8 "
			      "fhandle-type:1 f_handle:13000000ffab0100\n"
			      "inotify wd:1 ino:3c51a sdev:fe00000 mask:100 ignored_mask:0 \n");

	assert_int_equal(fd->n_inotify_watch, 2);
	assert_int_equal(fd->inotify_watch[0]->wd, 2);
	assert_int_equal(fd->inotify_watch[0]->ino, 0x13);
	assert_int_equal(fd->inotify_watch[0]->mask, 0xfff);
	assert_int_equal(fd->inotify_watch[0]->handle.len, 8);
	assert_int_equal(fd->inotify_watch[0]->handle.data[4], 0xff);
	assert_false(fd->inotify_watch[1]->has_handle);
}

static void
fanotify(void **state)
{
	const Fd *fd = parsed(state, HEAD
			      "fanotify flags:10 event-flags:8000\n"
			      "fanotify sdev:1b mflags:0 mask:20 ignored_mask:0\n"
			      "fanotify mnt_id:1e mflags:40 mask:20 ignored_mask:0\n"
			      "fanotify ino:3c51a sdev:fe00000 mflags:0 mask:38 ignored_mask:0 "
			      "fhandle-bytes:8 fhandle-type:1 f_handle:1ac5030000000000\n");

	assert_int_equal(fd->fanotify_flags, 0x10);
	assert_int_equal(fd->fanotify_event_flags, 0x8000);
	assert_int_equal(fd->n_fanotify_mark, 3);
	assert_true(fd->fanotify_mark[0]->whole_filesystem);
	assert_int_equal(fd->fanotify_mark[1]->mnt_id, 0x1e);
	assert_int_equal(fd->fanotify_mark[1]->flags, 0x40);
	assert_false(fd->fanotify_mark[2]->whole_filesystem);
	assert_int_equal(fd->fanotify_mark[2]->ino, 0x3c51a);
}

static void
events(void **state)
{
	assert_int_equal(parsed(state, HEAD "eventfd-count:               1f\neventfd-id: 1\n")->eventfd_count,
			 0x1f);
	assert_int_equal(parsed(state, HEAD "sigmask:\t0000000000000200\n")->signalfd_mask, 0x200);
	assert_int_equal(parsed(state, HEAD "scm_fds: 2\n")->scm_fds, 2);
}

static void
timerfd(void **state)
{
	const TimerfdState *t = parsed(state, HEAD "clockid: 1\nticks: 3\nsettime flags: 01\n"
						   "it_value: (99, 928005386)\nit_interval: (1, 500)\n")
					->timerfd;

	assert_int_equal(t->clock_id, 1);
	assert_int_equal(t->ticks, 3);
	assert_int_equal(t->settime_flags, 1);
	assert_int_equal(t->value_ns, 99928005386);
	assert_int_equal(t->interval_ns, 1000000500);
}

static void
far_timerfd(void **state)
{
	const TimerfdState *t = parsed(state, HEAD "it_value: (9223372036854775807, 1)\n")->timerfd;

	assert_true(t->value_ns == UINT64_MAX);
}

static void
others(void **state)
{
	const Fd *fd = parsed(state, HEAD "Pid:\t-1\nNSpid:\t-1\n");

	assert_int_equal(fd->pidfd->pid, -1);
	fd = parsed(state, HEAD "map_type:\t2\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t3\n"
				"map_flags:\t0x80\nmap_extra:\t0x0\nmemlock:\t336\nmap_id:\t25\nfrozen:\t0\n");
	assert_int_equal(fd->bpf->type, 2);
	assert_int_equal(fd->bpf->map_flags, 0x80);
	assert_int_equal(fd->bpf->id, 25);
	assert_string_equal(parsed(state, HEAD "iff:\ttap0\n")->iff, "tap0");
	assert_string_equal(parsed(state, HEAD "iff:\t\n")->iff, "");
	assert_int_equal(parsed(state, HEAD "tty-index:\t5\n")->terminal->index, 5);
}

static void
odd(void **state)
{
	static const char *const bad[] = {
		"", "\n", "pos:\t0\n", "flags:\t9\n", "flags:\t-1\n", "flags:\t\n", HEAD "pos:\tx\n",
		HEAD "lock:\t1: FLOCK\n", HEAD "lock:\t\n", HEAD "lock:\t1: POSIX ADVISORY READ 1 a x y\n",
		HEAD "tfd: \n", HEAD "tfd: x events: 1\n", HEAD "inotify ino:1\n",
		HEAD "inotify wd:1 f_handle:123\n", HEAD "inotify wd:1 f_handle:zz\n",
		HEAD "it_value: 99\n", HEAD "it_value: (1 2)\n", HEAD "it_value: (1,\n",
		HEAD "Pid:\tone\n", HEAD "NSpid:\t1 x\n", HEAD "map_flags:\t0xz\n", HEAD "mnt_id:\t-3\n",
		HEAD "ino:\t99999999999999999999999\n", HEAD "eventfd-count: g\n",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fd__init(&f->fd);
		assert_int_equal(fdinfo_parse(slice_of(bad[i]), f->arena, &f->fd), -EBADMSG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(head, set_up, tear_down),
		cmocka_unit_test_setup_teardown(old_head, set_up, tear_down),
		cmocka_unit_test_setup_teardown(locks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(epoll, set_up, tear_down),
		cmocka_unit_test_setup_teardown(inotify, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fanotify, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events, set_up, tear_down),
		cmocka_unit_test_setup_teardown(timerfd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(far_timerfd, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(odd, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("fdinfo", tests, NULL, NULL);
}

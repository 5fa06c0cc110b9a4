/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The light-dump of trees that are made here: what it says of them, that it does not depend on
 * who read what, and that it ends when the tree does not hold still.
 */
#include "tests/unit/test.h"

#include "light-dump/dump.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that makes a scene, says so, and waits to be killed. */
struct scene {
	pid_t pid;
	int said;
};

static void
scene_begin(struct scene *s, void (*make)(void))
{
	int ready[2];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) setsid();
		(void) close(ready[0]);
		make();
		(void) !write(ready[1], "x", 1);	/* and it stays open: nothing changes any more */
		for (;;)
			(void) pause();
	}
	(void) close(ready[1]);
	assert_int_equal(read(ready[0], &s->said, 1), 1);
	(void) close(ready[0]);
}

/* The whole session is the scene's. */
static void
scene_end(struct scene *s)
{
	(void) kill(-s->pid, SIGKILL);
	(void) waitpid(s->pid, NULL, 0);
}

static int
dump(pid_t pid, unsigned int threads, struct snapshot *ret)
{
	struct dump_options options = {
		.pid = pid,
		.threads = threads,
		.timeout_ms = 5000,
		.no_hash = true,
	};
	_cleanup_root_ struct root root = ROOT_NONE;

	assert_int_equal(root_open("/", false, &root), 0);
	assert_int_equal(snapshot_new(ret), 0);
	return dump_tree(&root, &options, ret);
}

static const Fd *
fd_of(const Process *p, int number)
{
	static DupState no_dup;
	static Fd none;

	for (size_t i = 0; i < p->n_fd; i++)
		if (p->fd[i]->number == number)
			return p->fd[i];
	fail_msg("no descriptor %d", number);
	none.dup = &no_dup;
	return &none;
}

static void
pause_child(void)
{
	if (fork() == 0)
		for (;;)
			(void) pause();
}

/* ---- one process with one of most things -------------------------------------------------- */

enum { DELETED = 100, PIPE_READ = 110, PIPE_WRITE = 111, SOCKET = 120, APPEND = 130, PLACE = 140 };

static void
put(int fd, int number)
{
	(void) dup2(fd, number);
	(void) close(fd);
}

static void
make_things(void)
{
	char path[] = "/tmp/test-dump-XXXXXX", log[] = "/tmp/test-dump-XXXXXX";
	int pair[2];

	put(mkstemp(path), DELETED);
	(void) unlink(path);
	if (pipe(pair) == 0) {
		put(pair[0], PIPE_READ);
		(void) !write(pair[1], "abc", 3);
		put(pair[1], PIPE_WRITE);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		put(pair[0], SOCKET);
		put(pair[1], SOCKET + 1);
	}
	(void) close(mkstemp(log));
	put(open(log, O_WRONLY | O_APPEND), APPEND);
	(void) unlink(log);
	put(open("/tmp", O_PATH), PLACE);
	if (chdir("/") < 0)
		_exit(1);
	(void) prctl(PR_SET_NAME, "a) name", 0, 0, 0);
}

static void
things(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	const Process *p;
	struct scene scene;
	const File *f;

	(void) state;
	scene_begin(&scene, make_things);
	assert_int_equal(dump(scene.pid, 1, &s), 0);
	scene_end(&scene);
	assert_int_equal(s.facts->n_process, 1);
	assert_int_equal(s.facts->tree->root_pid, scene.pid);
	assert_false(s.facts->tree->unstable);
	p = s.facts->process[0];
	assert_int_equal(p->pid, scene.pid);
	assert_int_equal(p->sid, scene.pid);
	assert_string_equal(p->comm, "a) name");
	assert_int_equal(p->n_limit, 16);
	assert_true(p->n_mapping > 5);
	assert_int_equal(p->n_thread, 1);
	assert_non_null(p->thread[0]->credentials);
	assert_true(p->ns->has_net);
	assert_string_equal(s.facts->file[p->cwd->file]->path, "/");
	assert_true(s.facts->file[p->exe->file]->used_exe);
	assert_true(s.facts->file[p->exe->file]->used_map_exec);

	f = s.facts->file[fd_of(p, DELETED)->file];
	assert_true(f->deleted);
	assert_int_equal(f->nlink, 0);
	assert_true(f->used_write);
	assert_null(strstr(f->path, " (deleted)"));
	assert_true(s.facts->file[fd_of(p, APPEND)->file]->used_append_only);
	assert_false(f->used_append_only);
	assert_int_equal(fd_of(p, PIPE_READ)->kind, FD_KIND__FD_PIPE);
	assert_true(fd_of(p, PIPE_READ)->ino == fd_of(p, PIPE_WRITE)->ino);
	assert_int_equal(fd_of(p, PIPE_READ)->pipe_queue_bytes, 3);
	assert_int_equal(fd_of(p, PIPE_READ)->dup->pipe_size, 65536);
	assert_int_equal(fd_of(p, SOCKET)->dup->so_domain, AF_UNIX);
	assert_int_equal(fd_of(p, SOCKET)->dup->filter_length, 0);
	assert_true(fd_of(p, SOCKET)->dup->netns == p->ns->net);
	assert_int_equal(fd_of(p, PLACE)->kind, FD_KIND__FD_DIRECTORY);
}

/* ---- threads, a dead leader, zombies ------------------------------------------------------- */

static void *
wait_for_ever(void *arg)
{
	for (;;)
		(void) pause();
	return arg;
}

static void *
tell_and_wait(void *arg)
{
	(void) usleep(20000);		/* the leader is dead by then */
	(void) !write(*(int *) arg, "x", 1);
	return wait_for_ever(NULL);
}

static void
threads(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	int ready[2];
	pid_t pid;
	char c;

	(void) state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t t;

		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) pthread_create(&t, NULL, tell_and_wait, &ready[1]);
		(void) pthread_create(&t, NULL, wait_for_ever, NULL);
		pthread_exit(NULL);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(dump(pid, 2, &s), 0);
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	assert_int_equal(s.facts->n_process, 1);
	assert_int_equal(s.facts->process[0]->n_thread, 3);
	assert_string_equal(s.facts->process[0]->state, "Z");
	assert_int_equal(s.facts->process[0]->thread[0]->tid, pid);
	/* The leader's own folder shows nothing of this any more. */
	assert_false(s.facts->process[0]->fd_table_empty);
	assert_true(fd_of(s.facts->process[0], ready[1])->kind == FD_KIND__FD_PIPE);
	assert_true(s.facts->process[0]->n_mapping > 5);
	assert_non_null(s.facts->process[0]->exe);
	(void) close(ready[0]);
	(void) close(ready[1]);
}

static void
make_zombie(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	while (waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) < 0)
		;
}

static void
zombie(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct scene scene;
	const Process *dead;

	(void) state;
	scene_begin(&scene, make_zombie);
	assert_int_equal(dump(scene.pid, 2, &s), 0);
	scene_end(&scene);
	assert_int_equal(s.facts->n_process, 2);
	dead = s.facts->process[s.facts->process[0]->pid == scene.pid];
	assert_string_equal(dead->state, "Z");
	assert_true(dead->fd_table_empty);
	assert_int_equal(s.facts->n_gap, 0);
}

/* ---- sharing ------------------------------------------------------------------------------- */

static void
clone_and_pause(unsigned long flags)
{
	if (syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL) == 0)
		for (;;)
			(void) pause();
}

static void
make_sharers(void)
{
	clone_and_pause(CLONE_FILES);
	clone_and_pause(CLONE_FS);
	pause_child();
}

static void
sharing(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct scene scene;
	Process **p;

	(void) state;
	scene_begin(&scene, make_sharers);
	assert_int_equal(dump(scene.pid, 2, &s), 0);
	scene_end(&scene);
	assert_int_equal(s.facts->n_process, 4);
	p = s.facts->process;
	if (p[0]->pid != scene.pid)
		skip_because("the pids began anew between the processes");
	assert_true(p[0]->shares->looked);
	assert_int_equal(p[0]->shares->files_with, p[1]->pid);
	assert_int_equal(p[1]->shares->files_with, scene.pid);
	assert_false(p[1]->shares->has_fs_with);
	assert_int_equal(p[2]->shares->fs_with, scene.pid);
	assert_false(p[3]->shares->has_files_with);
	assert_false(p[0]->shares->has_vm_with);
}

/* ---- many ---------------------------------------------------------------------------------- */

static void
make_many(void)
{
	for (int i = 0; i < 40; i++)
		if (fork() == 0) {
			pause_child();
			pause_child();
			for (;;)
				(void) pause();
		}
	(void) usleep(50000);
}

static void
any_number_of_workers(void **state)
{
	_cleanup_snapshot_ struct snapshot one = { 0 }, four = { 0 };
	struct scene scene;

	(void) state;
	scene_begin(&scene, make_many);
	assert_int_equal(dump(scene.pid, 1, &one), 0);
	assert_int_equal(dump(scene.pid, 4, &four), 0);
	scene_end(&scene);
	assert_int_equal(one.facts->n_process, 121);
	assert_int_equal(four.facts->n_process, 121);
	assert_int_equal(one.facts->n_file, four.facts->n_file);
	for (size_t i = 0; i < one.facts->n_file; i++)
		assert_string_equal(one.facts->file[i]->path, four.facts->file[i]->path);
	for (size_t i = 0; i < one.facts->n_process; i++) {
		const Process *a = one.facts->process[i], *b = four.facts->process[i];

		assert_int_equal(a->pid, b->pid);
		assert_int_equal(a->n_fd, b->n_fd);
		assert_int_equal(a->n_mapping, b->n_mapping);
		for (size_t k = 0; k < a->n_mapping; k++)
			assert_int_equal(a->mapping[k]->file, b->mapping[k]->file);
	}
	/* The program itself is used by all. */
	assert_int_equal(one.facts->file[one.facts->process[0]->exe->file]->users, 121);
	assert_int_equal(one.facts->file[one.facts->process[0]->exe->file]->user_pid,
			 one.facts->process[0]->pid);
}

static void
make_storm(void)
{
	if (fork() > 0)
		return;
	for (;;) {
		if (fork() == 0)
			_exit(0);
		(void) wait(NULL);
	}
}

static void
storm(void **state)
{
	struct scene scene;

	(void) state;
	scene_begin(&scene, make_storm);
	for (int i = 0; i < 20; i++) {
		_cleanup_snapshot_ struct snapshot s = { 0 };

		assert_int_equal(dump(scene.pid, 2, &s), 0);
		assert_true(s.facts->n_process >= 2);
		assert_true(s.facts->tree->passes >= 2 && s.facts->tree->passes <= 6);
		assert_int_equal(s.facts->tree->n_churn, s.facts->tree->passes - 1);
	}
	scene_end(&scene);
}

/* ---- who cannot be dumped ------------------------------------------------------------------ */

static void
nobody(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 }, negative = { 0 };

	(void) state;
	assert_int_equal(dump(0x3fffff, 1, &s), -ESRCH);
	assert_int_equal(dump(-1, 1, &negative), -ESRCH);
}

static void *
tell_tid(void *arg)
{
	pid_t tid = (pid_t) syscall(SYS_gettid);

	(void) !write(*(int *) arg, &tid, sizeof(tid));
	return wait_for_ever(NULL);
}

/* The number of a thread has a folder in /proc, but it is no process. */
static void
thread_number(void **state)
{
	_cleanup_snapshot_ struct snapshot s = { 0 };
	int ready[2];
	pthread_t t;
	pid_t tid;

	(void) state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pthread_create(&t, NULL, tell_tid, &ready[1]), 0);
	assert_int_equal(read(ready[0], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(dump(tid, 1, &s), -ESRCH);
	(void) pthread_cancel(t);
	(void) pthread_join(t, NULL);
	(void) close(ready[0]);
	(void) close(ready[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(things),  cmocka_unit_test(threads),
		cmocka_unit_test(zombie),  cmocka_unit_test(sharing),
		cmocka_unit_test(storm),   cmocka_unit_test(any_number_of_workers),
		cmocka_unit_test(nobody),  cmocka_unit_test(thread_number),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}

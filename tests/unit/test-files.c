/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of files in use: real files of this very process, held by descriptors, mapped,
 * replaced, deleted, sparse, a FIFO, /proc/kmsg's kind, and a file that changes all the time.
 */
#include "base/digest.h"
#include "light-dump/collectors.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

static struct snapshot snapshot;
static struct gaps gaps;
static struct root root;
static struct dump_options options;
static Process *self;
static char folder[64], name[128];

/* ---- a snapshot of ourselves ----------------------------------------------------------- */

static uint64_t
own_mnt_ns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	return st.st_ino;
}

static int
begin(void **state)
{
	Snapshot *s;

	(void) state;
	strcpy(folder, "/tmp/test-files.XXXXXX");
	if (!mkdtemp(folder) || snapshot_new(&snapshot) < 0 || root_open("/", false, &root) < 0)
		return -1;
	s = snapshot.facts;
	gaps = (struct gaps){ .arena = snapshot.arena };
	options = (struct dump_options){ .hash_limit = 1 << 20, .timeout_ms = 5000 };
	self = NEW_FACT(snapshot.arena, Process, process);
	SET_FACT(self, pid, getpid());
	self->ns = NEW_FACT(snapshot.arena, NamespaceSet, namespace_set);
	SET_FACT(self->ns, mnt, own_mnt_ns());
	self->root = NEW_FACT(snapshot.arena, PathUse, path_use);
	self->root->path = arena_strdup(snapshot.arena, "/");
	return ADD_FACT(snapshot.arena, s->process, s->n_process, self);
}

static int
end(void **state)
{
	char command[128];

	(void) state;
	snapshot_free(&snapshot);
	root_close(&root);
	(void) snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static const char *
path_of(const char *file)
{
	(void) snprintf(name, sizeof(name), "%s/%s", folder, file);
	return name;
}

static void
write_file(const char *file, const char *text)
{
	int fd = open(path_of(file), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

/* Records what `fd` leads to under `path`, as the collectors of tasks do. */
static File *
record(const char *path, int fd)
{
	Snapshot *s = snapshot.facts;
	File *f = NEW_FACT(snapshot.arena, File, file);
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	f->path = arena_strdup(snapshot.arena, path);
	SET_FACT(f, mnt_ns, own_mnt_ns());
	SET_FACT(f, dev_major, major(st.st_dev));
	SET_FACT(f, dev_minor, minor(st.st_dev));
	SET_FACT(f, ino, st.st_ino);
	SET_FACT(f, mode, st.st_mode);
	SET_FACT(f, nlink, st.st_nlink);
	SET_FACT(f, size, (uint64_t) st.st_size);
	SET_FACT(f, user_pid, getpid());
	assert_int_equal(ADD_FACT(snapshot.arena, s->file, s->n_file, f), 0);
	return f;
}

static File *
use_fd(const char *path, int fd)
{
	File *f = record(path, fd);
	Fd *d = NEW_FACT(snapshot.arena, Fd, fd);

	SET_FACT(f, used_fd, true);
	SET_FACT(d, number, fd);
	SET_FACT(d, file, (uint32_t) (snapshot.facts->n_file - 1));
	assert_int_equal(ADD_FACT(snapshot.arena, self->fd, self->n_fd, d), 0);
	return f;
}

static int
open_file(const char *file, int flags)
{
	int fd = open(path_of(file), flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
collect(void)
{
	struct tree_context c = { .options = &options, .root = &root, .snapshot = &snapshot,
				  .gaps = &gaps };

	assert_int_equal(mounts_collect(&c), 0);
	assert_int_equal(files_collect(&c), 0);
}

static void
assert_content(const File *f, const char *text)
{
	_cleanup_digest_ struct digest *d = digest_new();
	uint8_t sum[DIGEST_SIZE];

	assert_int_equal(digest_add(d, text, strlen(text)), 0);
	assert_int_equal(digest_end(d, sum), 0);
	assert_int_equal(f->digest_state, DIGEST_STATE__DIGEST_DONE);
	assert_int_equal(f->sha256.len, DIGEST_SIZE);
	assert_memory_equal(f->sha256.data, sum, DIGEST_SIZE);
}

/* ---- cases ----------------------------------------------------------------------------- */

static void
paths_and_what_they_lead_to(void **state)
{
	File *same, *gone, *replaced;
	int fd;

	(void) state;
	write_file("same", "one");
	write_file("gone", "two");
	write_file("replaced", "three");
	fd = open_file("same", O_RDONLY);
	same = use_fd(name, fd);
	fd = open_file("gone", O_RDONLY);
	gone = use_fd(name, fd);
	fd = open_file("replaced", O_RDONLY);
	replaced = use_fd(name, fd);
	assert_int_equal(unlink(path_of("gone")), 0);
	write_file("new", "other");
	assert_int_equal(rename(path_of("new"), replaced->path), 0);

	collect();
	assert_int_equal(same->path_state, PATH_STATE__PATH_SAME);
	assert_int_equal(gone->path_state, PATH_STATE__PATH_GONE);
	assert_int_equal(replaced->path_state, PATH_STATE__PATH_REPLACED);
	assert_true(replaced->has_other_ino && replaced->other_ino != replaced->ino);
	/* The content is that of the inode in use, whatever became of the path. */
	assert_content(same, "one");
	assert_content(gone, "two");
	assert_content(replaced, "three");
	assert_non_null(same->fs_type);
	assert_int_equal(snapshot.facts->header->files_hashed, 3);
	assert_int_equal(snapshot.facts->header->bytes_hashed, 11);
	assert_int_equal(gaps.n, 0);
}

static void
one_inode_is_read_once(void **state)
{
	File *a, *b;

	(void) state;
	write_file("a", "content");
	a = use_fd(path_of("a"), open_file("a", O_RDONLY));
	assert_int_equal(link(a->path, path_of("b")), 0);
	b = use_fd(path_of("b"), open_file("b", O_RDONLY));
	collect();
	assert_content(a, "content");
	assert_content(b, "content");
	assert_int_equal(snapshot.facts->header->bytes_hashed, 7);
}

static void
what_is_not_wanted(void **state)
{
	File *written, *sparse, *code, *proc;
	int fd;

	(void) state;
	write_file("written", "text");
	written = use_fd(path_of("written"), open_file("written", O_RDWR));
	SET_FACT(written, used_write, true);
	write_file("sparse", "");
	assert_int_equal(truncate(path_of("sparse"), 1LL << 40), 0);
	fd = open_file("sparse", O_RDONLY);
	sparse = use_fd(name, fd);
	write_file("code", "");
	assert_int_equal(truncate(path_of("code"), 3 << 20), 0);
	fd = open_file("code", O_RDONLY);
	code = use_fd(name, fd);
	SET_FACT(code, used_map_exec, true);
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	proc = use_fd("/proc/self/status", fd);

	collect();
	assert_int_equal(written->digest_state, DIGEST_STATE__DIGEST_NOT_WANTED);
	assert_int_equal(sparse->digest_state, DIGEST_STATE__DIGEST_OVER_LIMIT);
	assert_int_equal(code->digest_state, DIGEST_STATE__DIGEST_DONE);
	assert_int_equal(proc->digest_state, DIGEST_STATE__DIGEST_NOT_ALLOWED);
	assert_string_equal(proc->fs_type, "proc");
	assert_false(proc->has_sha256);
}

/* A FIFO or a device is never opened: a writer waiting at it would be let through. */
static void
no_fifo_is_opened(void **state)
{
	File *fifo, *null;
	int fd;

	(void) state;
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	fd = open_file("fifo", O_PATH);
	fifo = use_fd(name, fd);
	SET_FACT(fifo, used_map_exec, true);
	null = use_fd("/dev/null", open("/dev/null", O_RDONLY | O_CLOEXEC));
	/* Even a record that lies: "it is a regular file". */
	fifo->mode = S_IFREG | 0644;
	collect();
	assert_int_equal(fifo->path_state, PATH_STATE__PATH_SAME);
	assert_int_equal(fifo->digest_state, DIGEST_STATE__DIGEST_NOT_ALLOWED);
	assert_int_equal(null->digest_state, DIGEST_STATE__DIGEST_NOT_WANTED);
	assert_int_equal(open(fifo->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
}

static void
the_executable_by_exe_and_map_files(void **state)
{
	Mapping *m = NEW_FACT(snapshot.arena, Mapping, mapping);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	File *f;

	(void) state;
	assert_true(n > 0 && at != MAP_FAILED);
	path[n] = '\0';
	f = record(path, fd);
	SET_FACT(f, used_map_exec, true);
	SET_FACT(m, file, 0);
	SET_FACT(m, start, (uint64_t) (uintptr_t) at);
	SET_FACT(m, end, (uint64_t) (uintptr_t) at + 4096);
	assert_int_equal(ADD_FACT(snapshot.arena, self->mapping, self->n_mapping, m), 0);
	collect();
	assert_int_equal(f->path_state, PATH_STATE__PATH_SAME);
	assert_int_equal(f->digest_state, DIGEST_STATE__DIGEST_DONE);
	assert_non_null(f->elf);
	assert_true(f->has_build_id && f->build_id.len > 0);
	assert_int_equal(munmap(at, 4096), 0);
	(void) close(fd);
}

/* Without map_files there is no mode: the path shows what it is. */
static void
a_record_from_the_maps_text_alone(void **state)
{
	File *f;
	int fd;

	(void) state;
	write_file("lib", "library");
	fd = open_file("lib", O_RDONLY);
	f = record(name, fd);
	SET_FACT(f, used_map_exec, true);
	f->has_mode = f->has_size = f->has_nlink = false;
	f->mode = 0;
	f->size = 0;
	collect();
	assert_int_equal(f->path_state, PATH_STATE__PATH_SAME);
	assert_true(f->has_mode && S_ISREG(f->mode) && f->size == 7);
	assert_content(f, "library");
	(void) close(fd);
}

static void
a_handle_that_has_gone(void **state)
{
	File *by_path, *lost;
	int fd;

	(void) state;
	write_file("closed", "still there");
	fd = open_file("closed", O_RDONLY);
	by_path = use_fd(name, fd);
	(void) close(fd);
	write_file("lost", "lost");
	fd = open_file("lost", O_RDONLY);
	lost = use_fd(name, fd);
	(void) close(fd);
	assert_int_equal(unlink(lost->path), 0);
	collect();
	assert_content(by_path, "still there");
	assert_int_equal(lost->digest_state, DIGEST_STATE__DIGEST_FAILED);
	assert_int_equal(lost->digest_errno, ENOENT);
	assert_int_equal(gaps.n, 1);
	assert_int_equal(gaps.gap[0]->effect, GAP_EFFECT__GAP_VANISHED);
}

static void
a_name_that_ends_in_deleted(void **state)
{
	File *named, *deleted;
	int fd;

	(void) state;
	write_file("x (deleted)", "text");
	fd = open_file("x (deleted)", O_RDONLY);
	named = use_fd(path_of("x"), fd);
	SET_FACT(named, deleted, true);
	write_file("y", "other");
	fd = open_file("y", O_RDONLY);
	deleted = use_fd(path_of("y"), fd);
	SET_FACT(deleted, deleted, true);
	assert_int_equal(linkat(AT_FDCWD, deleted->path, AT_FDCWD, path_of("z"), 0), 0);
	assert_int_equal(unlink(deleted->path), 0);
	collect();
	assert_string_equal(named->path, path_of("x (deleted)"));
	assert_false(named->deleted);
	assert_int_equal(named->path_state, PATH_STATE__PATH_SAME);
	assert_content(named, "text");
	assert_string_equal(deleted->path, path_of("y"));
	assert_true(deleted->deleted);
	assert_int_equal(deleted->path_state, PATH_STATE__PATH_GONE);
}

static void
a_file_that_changes_all_the_time(void **state)
{
	_cleanup_free_ char *bytes = calloc(1, 64 << 20);
	File *f;
	pid_t writer;
	int fd;

	(void) state;
	assert_non_null(bytes);
	options.hash_limit = 1 << 30;
	write_file("log", "");
	fd = open_file("log", O_RDWR);
	assert_int_equal(write(fd, bytes, 64 << 20), 64 << 20);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0)
		for (;;) {
			if (pwrite(fd, "x", 1, 0) != 1)
				_exit(1);
			(void) usleep(500);
		}
	f = use_fd(path_of("log"), open_file("log", O_RDONLY));
	collect();
	assert_int_equal(kill(writer, SIGKILL), 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	assert_int_equal(f->digest_state, DIGEST_STATE__DIGEST_CHANGED_WHILE_READ);
	assert_false(f->has_sha256);
	assert_int_equal(gaps.n, 1);
	assert_int_equal(gaps.gap[0]->effect, GAP_EFFECT__GAP_INTERRUPTED);
}

static void
a_write_lease_is_not_broken(void **state)
{
	FileLock *lock = NEW_FACT(snapshot.arena, FileLock, file_lock);
	File *f;
	int fd;

	(void) state;
	write_file("leased", "text");
	fd = open_file("leased", O_RDONLY);
	assert_int_equal(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	(void) signal(SIGIO, SIG_DFL);
	f = use_fd(name, fd);
	lock->kind = arena_strdup(snapshot.arena, "LEASE");
	lock->access = arena_strdup(snapshot.arena, "WRITE");
	assert_int_equal(ADD_FACT(snapshot.arena, self->fd[0]->lock, self->fd[0]->n_lock, lock), 0);
	collect();
	assert_int_equal(f->digest_state, DIGEST_STATE__DIGEST_FAILED);
	assert_int_equal(f->digest_errno, EBUSY);
	assert_int_equal(fcntl(fd, F_GETLEASE), F_WRLCK);
	(void) close(fd);
}

static void
looking_leaves_no_trace(void **state)
{
	struct stat before, after;
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	File *f;

	(void) state;
	write_file("old", "text");
	assert_int_equal(utimensat(AT_FDCWD, path_of("old"), old, 0), 0);
	f = use_fd(path_of("old"), open_file("old", O_RDONLY));
	assert_int_equal(stat(f->path, &before), 0);
	collect();
	assert_content(f, "text");
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_atim.tv_sec, after.st_atim.tv_sec);
	assert_int_equal(before.st_atim.tv_nsec, after.st_atim.tv_nsec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paths_and_what_they_lead_to, begin, end),
		cmocka_unit_test_setup_teardown(one_inode_is_read_once, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_wanted, begin, end),
		cmocka_unit_test_setup_teardown(no_fifo_is_opened, begin, end),
		cmocka_unit_test_setup_teardown(the_executable_by_exe_and_map_files, begin, end),
		cmocka_unit_test_setup_teardown(a_record_from_the_maps_text_alone, begin, end),
		cmocka_unit_test_setup_teardown(a_handle_that_has_gone, begin, end),
		cmocka_unit_test_setup_teardown(a_name_that_ends_in_deleted, begin, end),
		cmocka_unit_test_setup_teardown(a_file_that_changes_all_the_time, begin, end),
		cmocka_unit_test_setup_teardown(a_write_lease_is_not_broken, begin, end),
		cmocka_unit_test_setup_teardown(looking_leaves_no_trace, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

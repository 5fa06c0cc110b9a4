/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The light-dump of a recorded root: a few files stand in for a machine, one whose kernel has
 * no list of children, so the tree is found by the parents' numbers.
 */
#include "tests/unit/test.h"

#include "light-dump/dump.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* PF_RANDOMIZE, as programs have it; with PF_KTHREAD, field 9 of proc_pid_stat(5) */
enum { PROGRAM = 0x400000, KERNEL_THREAD = 0x200000 | 0x2138040 };

struct fixture {
	char path[64];
	struct root root;
};

static void
make_folder(const struct fixture *f, const char *name)
{
	char path[256];

	(void) snprintf(path, sizeof(path), "%s/%s", f->path, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
make_file(const struct fixture *f, const char *name, const char *text)
{
	char path[256];
	FILE *out;

	(void) snprintf(path, sizeof(path), "%s/%s", f->path, name);
	out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void
make_link(const struct fixture *f, const char *name, const char *text)
{
	char path[256];

	(void) snprintf(path, sizeof(path), "%s/%s", f->path, name);
	assert_int_equal(symlink(text, path), 0);
}

static void
make_task(const struct fixture *f, int pid, int ppid, unsigned int flags)
{
	char name[64], text[512];

	(void) snprintf(name, sizeof(name), "proc/%d", pid);
	make_folder(f, name);
	(void) snprintf(name, sizeof(name), "proc/%d/stat", pid);
	(void) snprintf(text, sizeof(text),
			"%d (task) S %d %d 10 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 1 1 1 1 0 0 0 0 0 0 "
			"0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
			pid, ppid, pid, flags, 1000 + pid);
	make_file(f, name, text);
	(void) snprintf(name, sizeof(name), "proc/%d/status", pid);
	(void) snprintf(text, sizeof(text), "Name:\ttask\nState:\tS (sleeping)\nTgid:\t%d\nNSpid:\t%d\n", pid,
			pid);
	make_file(f, name, text);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	(void) snprintf(f->path, sizeof(f->path), "/tmp/test-recorded-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	assert_int_equal(root_open(f->path, true, &f->root), 0);
	make_folder(f, "proc");
	make_task(f, 10, 1, PROGRAM);
	make_task(f, 11, 10, PROGRAM);
	make_task(f, 5, 11, PROGRAM);		/* a child may have the lower number */
	make_task(f, 12, 1, PROGRAM);		/* not of the tree */
	make_task(f, 2, 0, KERNEL_THREAD);
	make_folder(f, "proc/10/ns");
	make_link(f, "proc/10/ns/mnt", "mnt:[4026531832]");
	make_folder(f, "proc/10/fd");
	make_link(f, "proc/10/fd/0", "/var/log/x (deleted)");
	make_link(f, "proc/10/fd/3", "socket:[77]");
	make_folder(f, "proc/10/fdinfo");
	make_file(f, "proc/10/fdinfo/0", "pos:\t5\nflags:\t0102001\nmnt_id:\t27\nino:\t99\n");
	make_file(f, "proc/10/fdinfo/3", "pos:\t0\nflags:\t02\nmnt_id:\t10\nino:\t77\n");
	make_file(f, "proc/10/maps",
		  "1000-2000 r-xp 00000000 fe:00 7    /etc/hostname\n2000-3000 rw-p 00000000 00:00 0 [heap]\n");
	/* What it links to must never be looked at on the machine that runs the test. */
	make_link(f, "proc/10/exe", "/etc/hostname");
	make_link(f, "proc/10/cwd", "/");
	make_link(f, "proc/10/root", "/");
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	root_close(&f->root);
	(void) snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void
tree(void **state)
{
	struct fixture *f = *state;
	const struct dump_options options = { .pid = 10, .threads = 2, .timeout_ms = 1000, .no_hash = true };
	_cleanup_snapshot_ struct snapshot s = { 0 };
	const Process *p;
	const File *file;
	size_t no_duplicates = 0, lacking = 0;

	assert_int_equal(snapshot_new(&s), 0);
	assert_int_equal(dump_tree(&f->root, &options, &s), 0);
	assert_int_equal(s.facts->n_process, 3);
	assert_int_equal(s.facts->process[0]->pid, 5);
	assert_int_equal(s.facts->process[0]->ppid, 11);
	assert_int_equal(s.facts->process[2]->pid, 11);
	assert_int_equal(s.facts->tree->root_start_time, 1010);
	p = s.facts->process[1];
	assert_int_equal(p->pid, 10);
	assert_int_equal(p->n_fd, 2);
	file = s.facts->file[p->fd[0]->file];
	assert_string_equal(file->path, "/var/log/x");
	assert_true(file->deleted);
	assert_true(file->used_append_only);
	assert_int_equal(file->ino, 99);
	assert_false(file->has_size);
	assert_int_equal(p->fd[1]->kind, FD_KIND__FD_SOCKET);
	assert_null(p->fd[1]->dup);
	assert_int_equal(p->n_mapping, 2);
	assert_string_equal(s.facts->file[p->mapping[0]->file]->path, "/etc/hostname");
	assert_false(s.facts->file[p->mapping[0]->file]->has_size);
	assert_false(s.facts->file[p->exe->file]->has_size);
	/* No duplicate of the socket was made, and that is said once. */
	for (size_t i = 0; i < s.facts->n_gap; i++) {
		/* A file that a living process lacks was not lost with it. */
		if (streq(s.facts->gap[i]->reason, "ENOENT")) {
			assert_int_equal(s.facts->gap[i]->effect, GAP_EFFECT__GAP_UNSUPPORTED);
			lacking++;
		}
		no_duplicates += streq(s.facts->gap[i]->subject, "pidfd_getfd(2)");
	}
	assert_true(lacking > 0);
	assert_int_equal(no_duplicates, 1);
}

static void
nobody(void **state)
{
	struct fixture *f = *state;
	const struct dump_options options = { .pid = 77 };
	_cleanup_snapshot_ struct snapshot s = { 0 };

	assert_int_equal(snapshot_new(&s), 0);
	assert_int_equal(dump_tree(&f->root, &options, &s), -ESRCH);
}

static void
kernel_thread(void **state)
{
	struct fixture *f = *state;
	const struct dump_options options = { .pid = 2, .threads = 1, .timeout_ms = 1000, .no_hash = true };
	_cleanup_snapshot_ struct snapshot s = { 0 };

	assert_int_equal(snapshot_new(&s), 0);
	assert_int_equal(dump_tree(&f->root, &options, &s), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kernel_thread, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("dump-recorded", tests, NULL, NULL);
}

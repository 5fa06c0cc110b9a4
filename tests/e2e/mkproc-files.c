/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular files, folders, and files of /proc and /sys, in every relation of an open file to its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mkproc.h"

enum { SMALL = 4096, GROW_US = 10000 };

static int
open_again(struct scene *s, const char *path, int flags)
{
	int fd = path_make(s, path, SMALL);

	close(fd);
	return (int)must(s, open(path, flags), path);
}

static void
open_plain(struct scene *s)
{
	static const struct {
		const char *arg;
		int flags;
	} modes[] = {
		{ "ro", O_RDONLY },
		{ "rw", O_RDWR },
		{ "append", O_WRONLY | O_APPEND },
		{ "rw-append", O_RDWR | O_APPEND },
		{ "path", O_PATH },
	};
	const char *path = path_in(s, "file");

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].arg, s->factory->arg) == 0)
			fact_fd(s, "fd", open_again(s, path, modes[i].flags));
	fact(s, "path", "%s", path);
	fact(s, "size", "%d", SMALL);
}

static void
open_folder(struct scene *s)
{
	fact_fd(s, "fd", (int)must(s, open(s->dir, O_RDONLY | O_DIRECTORY), s->dir));
	fact(s, "path", "%s", s->dir);
}

static void
open_growing(struct scene *s)
{
	const char *path = path_in(s, "log");
	int fd = open_again(s, path, O_RDWR);

	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
	tree_ready(s);
	for (;;) {
		if (write(fd, "one more line of a growing file\n", 32) < 0)
			_exit(1);
		usleep(GROW_US);
	}
}

static void
open_deleted(struct scene *s)
{
	const char *path = path_in(s, "ghost");
	int fd = path_make(s, path, (size_t)arg_number(s, "size"));

	must(s, unlink(path), "unlink");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
	fact(s, "size", "%s", arg_text(s, "size"));
}

static void
open_deleted_sparse(struct scene *s)
{
	const char *path = path_in(s, "ghost");
	int fd = path_make(s, path, 0);

	must(s, ftruncate(fd, arg_number(s, "size")), "ftruncate");
	must(s, unlink(path), "unlink");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
	fact(s, "size", "%s", arg_text(s, "size"));
}

static void
open_deleted_folder_path(struct scene *s)
{
	const char *folder = path_in(s, "gone");
	const char *path = path_in(s, "gone/file");
	int fd;

	must(s, mkdir(folder, 0755), folder);
	fd = path_make(s, path, SMALL);
	must(s, unlink(path), path);
	must(s, rmdir(folder), folder);
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
}

static void
open_tmpfile(struct scene *s)
{
	fact_fd(s, "fd", (int)can(s, open(s->dir, O_RDWR | O_TMPFILE, 0600), "O_TMPFILE"));
}

static void
open_link_remap(struct scene *s)
{
	const char *path = path_in(s, "name");
	const char *other = path_in(s, "other-name");
	int fd = path_make(s, path, SMALL);

	must(s, link(path, other), "link");
	must(s, unlink(path), "unlink");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
	fact(s, "other", "%s", other);
}

static void
open_name_reused(struct scene *s)
{
	const char *path = path_in(s, "name");
	const char *other = path_in(s, "other-name");
	const char *newer = path_in(s, "newer");
	int fd = path_make(s, path, SMALL);

	if (strcmp(s->factory->arg, "linked") == 0)
		must(s, link(path, other), "link");
	close(path_make(s, newer, SMALL));
	must(s, rename(newer, path), "rename");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
}

static void
open_moved(struct scene *s)
{
	const char *path = path_in(s, "name");
	const char *other = path_in(s, "moved");
	int fd = path_make(s, path, SMALL);

	must(s, rename(path, other), "rename");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", other);
}

static void
open_symlinked(struct scene *s)
{
	const char *target = path_in(s, "target");
	const char *link_name = path_in(s, "link");
	int fd;

	close(path_make(s, target, SMALL));
	must(s, symlink("target", link_name), "symlink");
	fd = (int)must(s, open(link_name, O_PATH | O_NOFOLLOW), link_name);
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", link_name);
}

static void
cwd_deleted(struct scene *s)
{
	const char *path = path_in(s, "gone");

	must(s, mkdir(path, 0755), path);
	must(s, chdir(path), path);
	must(s, rmdir(path), path);
	fact(s, "cwd", "%s", path);
}

static void
exe_changed(struct scene *s)
{
	const char *path = path_in(s, "program");

	path_make_program(s, path, 64);
	fact(s, "exe", "%s", path);
	tree_exec(s, path);
}

static void
exe_delete(struct scene *s)
{
	must(s, unlink(path_in(s, "program")), "unlink");
}

static void
exe_replace(struct scene *s)
{
	path_make_program(s, path_in(s, "newer"), 64);
	must(s, rename(path_in(s, "newer"), path_in(s, "program")), "rename");
}

static void
odd_name(struct scene *s)
{
	static const char name[] = "odd \n\t\x01\xff::'$(x)`;|name";
	const char *path = path_in(s, name);

	fact_fd(s, "fd", path_make(s, path, SMALL));
}

static void
open_system_file(struct scene *s)
{
	int fd = (int)can(s, open(s->factory->arg, O_RDONLY), s->factory->arg);

	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", s->factory->arg);
}

static void
open_proc_of(struct scene *s, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fact_fd(s, "fd", (int)must(s, open(path, O_RDONLY), path));
	fact(s, "path", "%s", path);
}

static void
open_proc_own(struct scene *s)
{
	open_proc_of(s, getpid());
}

static void
open_proc_foreign(struct scene *s)
{
	open_proc_of(s, s->outside);
}

static void
open_proc_dead(struct scene *s)
{
	pid_t pid = (pid_t)must(s, fork(), "fork");

	if (pid == 0) {
		close(s->report);
		tree_wait();
	}
	open_proc_of(s, pid);
	must(s, kill(pid, SIGKILL), "kill");
	must(s, waitpid(pid, NULL, 0), "waitpid");
	fact(s, "dead", "%d", pid);
}

static void
open_many(struct scene *s)
{
	long count = arg_number(s, "count");
	const char *path = path_in(s, "file");

	close(path_make(s, path, SMALL));
	for (long i = 0; i < count; i++)
		can(s, open(path, O_RDONLY), path);
	fact(s, "count", "%ld", count);
	fact(s, "path", "%s", path);
}

const struct factory factories_files[] = {
	{ .name = "plain", .summary = "a process with nothing but /dev/null", .needs = "",
	  .criu = "ok", .rule = "", .inside = tree_ready },
	{ .name = "file-readonly",
	  .summary = "a file open for reading", .needs = "", .criu = "ok",
	  .rule = "dst-file-size", .arg = "ro", .inside = open_plain },
	{ .name = "file-readwrite",
	  .summary = "a file open for reading and writing", .needs = "",
	  .criu = "ok", .rule = "dst-file-size", .arg = "rw", .inside = open_plain },
	{ .name = "file-append",
	  .summary = "a file open for appending only", .needs = "", .criu = "ok",
	  .rule = "dst-file-missing", .arg = "append", .inside = open_plain },
	{ .name = "file-readwrite-append", .summary = "a file open for reading and appending",
	  .needs = "", .criu = "ok", .rule = "dst-file-size", .arg = "rw-append",
	  .inside = open_plain },
	{ .name = "file-opath", .summary = "a file open with O_PATH", .needs = "", .criu = "ok",
	  .rule = "dst-file-missing", .arg = "path", .inside = open_plain },
	{ .name = "file-symlink",
	  .summary = "a symbolic link itself, open with O_PATH", .needs = "",
	  .criu = "ok", .rule = "file-irregular-type", .inside = open_symlinked },
	{ .name = "file-folder", .summary = "an open folder", .needs = "", .criu = "ok",
	  .rule = "dst-file-mode", .inside = open_folder },
	{ .name = "file-growing",
	  .summary = "a file that grows 100 times a second", .needs = "",
	  .criu = "ok", .rule = "dst-file-size", .inside = open_growing },
	{ .name = "file-moved",
	  .summary = "a file renamed while open", .needs = "", .criu = "ok",
	  .rule = "dst-file-missing", .inside = open_moved },
	{ .name = "file-odd-name",
	  .summary = "a file whose name holds control characters and invalid UTF-8",
	  .needs = "", .criu = "ok", .rule = "dst-file-missing", .inside = odd_name },
	{ .name = "file-many",
	  .summary = "many descriptors of one file", .needs = "", .criu = "ok",
	  .rule = "", .args = "count=500", .inside = open_many },
	{ .name = "file-deleted-small",
	  .summary = "a small deleted file", .needs = "", .criu = "ok",
	  .rule = "file-ghost-any", .args = "size=4096", .inside = open_deleted },
	{ .name = "file-deleted-large", .summary = "a deleted file above CRIU's limit of 1 MiB",
	  .needs = "", .criu = "needs:--ghost-limit", .rule = "file-ghost-too-big",
	  .args = "size=3145728", .inside = open_deleted },
	{ .name = "file-deleted-sparse", .summary = "a deleted file of holes only", .needs = "",
	  .criu = "ok", .rule = "file-ghost-any", .args = "size=1073741824",
	  .inside = open_deleted_sparse },
	{ .name = "file-deleted-folder",
	  .summary = "a deleted file in a deleted folder", .needs = "",
	  .criu = "ok", .rule = "dst-dir-missing", .inside = open_deleted_folder_path },
	{ .name = "file-tmpfile",
	  .summary = "a file that never had a name (O_TMPFILE)", .needs = "",
	  .criu = "ok", .rule = "file-ghost-any", .inside = open_tmpfile },
	{ .name = "file-link-remap",
	  .summary = "a deleted file that has another link", .needs = "",
	  .criu = "needs:--link-remap", .rule = "file-link-remap", .inside = open_link_remap },
	{ .name = "file-name-reused",
	  .summary = "a file with another link, its own name taken by a newer one",
	  .needs = "", .criu = "needs:--link-remap", .rule = "file-link-remap", .arg = "linked",
	  .inside = open_name_reused },
	{ .name = "file-renamed-over",
	  .summary = "a file without any link, its name taken by a newer one",
	  .needs = "", .criu = "ok", .rule = "file-ghost-any", .arg = "", .inside = open_name_reused },
	{ .name = "file-cwd-deleted",
	  .summary = "the working directory was removed", .needs = "",
	  .criu = "ok", .rule = "file-ghost-any", .inside = cwd_deleted },
	{ .name = "file-exe-deleted", .summary = "the executable was deleted since the start",
	  .needs = "", .criu = "ok", .rule = "file-ghost-any", .inside = exe_changed,
	  .after = exe_delete },
	{ .name = "file-exe-replaced", .summary = "the executable was replaced since the start",
	  .needs = "", .criu = "ok", .rule = "file-ghost-any", .inside = exe_changed,
	  .after = exe_replace },
	{ .name = "file-proc-own",
	  .summary = "an open /proc file of the task itself", .needs = "",
	  .criu = "ok", .rule = "", .inside = open_proc_own },
	{ .name = "file-proc-foreign",
	  .summary = "an open /proc file of a task outside of the tree",
	  .needs = "", .criu = "ok", .rule = "file-proc-foreign-pid", .inside = open_proc_foreign },
	{ .name = "file-proc-dead", .summary = "an open /proc file of a dead task", .needs = "",
	  .criu = "ok", .rule = "file-proc-dead-pid", .inside = open_proc_dead },
	{ .name = "file-proc-meminfo",
	  .summary = "an open /proc/meminfo", .needs = "", .criu = "ok",
	  .rule = "dst-proc-sys-path", .arg = "/proc/meminfo", .inside = open_system_file },
	{ .name = "file-sys", .summary = "an open file of /sys", .needs = "", .criu = "ok",
	  .rule = "dst-proc-sys-path", .arg = "/sys/kernel/mm/transparent_hugepage/enabled",
	  .inside = open_system_file },
	{ .name = NULL },
};

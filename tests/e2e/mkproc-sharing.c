/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that share what usually only threads share, and threads that do not share what threads
 * usually do. clone(2) and unshare(2) decide; kcmp(2) shows it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mkproc.h"

static void
share(struct scene *s)
{
	static const struct {
		const char *arg;
		int flags;
	} kinds[] = {
		{ "vm", CLONE_VM },
		{ "fs", CLONE_FS },
		{ "files", CLONE_FILES },
		{ "sighand", CLONE_VM | CLONE_SIGHAND },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, s->factory->arg) == 0)
			fact(s, "child", "%d", tree_clone(s, kinds[i].flags));
}

/*
 * A grandchild that shares the descriptors of the root, while its parent between them does not:
 * CLONE_PARENT makes a sharing sibling, which is the same to CRIU.
 */
static void
share_files_sibling(struct scene *s)
{
	fact(s, "child", "%d", tree_clone(s, CLONE_FILES | CLONE_PARENT));
}

static void
sibling_parent(struct scene *s)
{
	tree_child(s, share_files_sibling);
}

static void
leave_net(struct scene *s)
{
	can(s, unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
	loopback_up(s);
}

static void
leave_files(struct scene *s)
{
	must(s, unshare(CLONE_FILES), "unshare(CLONE_FILES)");
	must(s, open("/dev/zero", O_RDONLY), "/dev/zero");
	/* The report is the table's own copy now. */
	close(s->report);
}

static void
leave_fs(struct scene *s)
{
	must(s, unshare(CLONE_FS), "unshare(CLONE_FS)");
	must(s, chdir(s->dir), "chdir");
}

static void
leave_uts(struct scene *s)
{
	can(s, unshare(CLONE_NEWUTS), "unshare(CLONE_NEWUTS)");
}

static void
thread_leaves(struct scene *s)
{
	static const struct {
		const char *arg;
		void (*leave)(struct scene *s);
	} kinds[] = {
		{ "net", leave_net },
		{ "files", leave_files },
		{ "fs", leave_fs },
		{ "uts", leave_uts },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].arg, s->factory->arg) == 0)
			fact(s, "tid", "%d", tree_thread(s, kinds[i].leave));
}

const struct factory factories_sharing[] = {
	{ .name = "share-vm", .summary = "two processes in one address space (CLONE_VM)",
	  .needs = "", .criu = "refused", .rule = "task-shared-vm", .arg = "vm",
	  .inside = share },
	{ .name = "share-fs", .summary = "two processes with one working directory (CLONE_FS)",
	  .needs = "", .criu = "refused", .rule = "task-shared-fs", .arg = "fs",
	  .inside = share },
	{ .name = "share-files", .summary = "parent and child with one table of descriptors",
	  .needs = "", .criu = "ok", .rule = "", .arg = "files", .inside = share },
	{ .name = "share-files-sibling", .summary = "siblings with one table of descriptors",
	  .needs = "", .criu = "refused", .rule = "task-shared-files-nonparent",
	  .inside = sibling_parent },
	{ .name = "share-sighand", .summary = "two processes with the same handlers and memory",
	  .needs = "", .criu = "refused", .rule = "task-shared-sighand", .arg = "sighand",
	  .inside = share },
	{ .name = "thread-own-net", .summary = "a thread in a network namespace of its own",
	  .needs = "root netns", .criu = "ok", .rule = "task-thread-unshared", .arg = "net",
	  .inside = thread_leaves },
	{ .name = "thread-own-uts", .summary = "a thread in a UTS namespace of its own",
	  .needs = "root", .criu = "ok", .rule = "task-thread-unshared", .arg = "uts",
	  .inside = thread_leaves },
	{ .name = "thread-own-files",
	  .summary = "a thread with a table of descriptors of its own",
	  .needs = "", .criu = "ok", .rule = "task-thread-unshared", .arg = "files",
	  .inside = thread_leaves },
	{ .name = "thread-own-fs", .summary = "a thread with a working directory of its own",
	  .needs = "", .criu = "ok", .rule = "task-thread-unshared", .arg = "fs",
	  .inside = thread_leaves },
	{ .name = NULL },
};

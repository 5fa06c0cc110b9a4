/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel can do that shows in no file, learned from how it refuses a call, or from a call
 * that changes nothing but a page of our own memory:
 *
 *     clone3(2) with too many ids     EINVAL: it knows set_tid; E2BIG, ENOSYS: it does not
 *     move_mount(2) of no descriptor  EBADF: it knows the flag; EINVAL: it does not
 *     membarrier(2), QUERY            a bit a command
 *
 * Where something between us and the kernel says EPERM or EACCES (a seccomp filter, no capability)
 * it could not be told.
 */
#include "probes/kernel.h"
#include "probes/probes.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	GUARD_INSTALL = 102,		/* MADV_GUARD_INSTALL, Linux 6.13 */
	DROPPABLE = 0x08,		/* MAP_DROPPABLE, Linux 6.11 */
	TIMER_RESTORE_IDS = 77,		/* PR_TIMER_CREATE_RESTORE_IDS, Linux 6.15 */
	TIMER_RESTORE_IDS_GET = 2,
	SET_GROUP = 0x100,		/* MOVE_MOUNT_SET_GROUP, Linux 5.15 */
	EMPTY_PATHS = 0x04 | 0x40,	/* MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH */
	TOO_MANY_IDS = 1000,
};

/* Of a call that failed: 1 where it knows what was asked, 0 where not, -1 it could not be told. */
static int
refused(int error, int knows, int knows_not)
{
	if (error == knows)
		return 1;
	return error == knows_not || error == ENOSYS ? 0 : -1;
}

/* Ids for more levels than there are: no process is made. */
static int
set_tid(void)
{
	pid_t ids[1] = { 0 };
	struct clone_args args = { .set_tid = (uintptr_t) ids, .set_tid_size = TOO_MANY_IDS };

	if (syscall(SYS_clone3, &args, sizeof(args)) >= 0)
		return -1;
	return refused(errno, EINVAL, E2BIG);
}

static int
pidfd(void)
{
	_cleanup_close_ int fd = (int) syscall(SYS_pidfd_open, getpid(), 0);

	return fd >= 0 ? 1 : refused(errno, 0, ENOSYS);
}

static int
set_group(void)
{
	if (syscall(SYS_move_mount, -1, "", -1, "", SET_GROUP | EMPTY_PATHS) == 0)
		return -1;
	return refused(errno, EBADF, EINVAL);
}

static int
timer_ids(void)
{
	int r = prctl(TIMER_RESTORE_IDS, TIMER_RESTORE_IDS_GET, 0, 0, 0);

	return r >= 0 ? 1 : refused(errno, 0, EINVAL);
}

static int
droppable(void)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, DROPPABLE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return refused(errno, 0, EINVAL);
	(void) munmap(p, page);
	return 1;
}

static int
guard_pages(void)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int present;

	if (p == MAP_FAILED)
		return -1;
	present = madvise(p, page, GUARD_INSTALL) == 0 ? 1 : refused(errno, 0, EINVAL);
	(void) munmap(p, page);
	return present;
}

static int
membarriers(void)
{
	static const long wanted = MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
				   MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	return commands < 0 ? refused(errno, 0, ENOSYS) : (commands & wanted) == wanted;
}

static const struct {
	const char *name;
	const char *seen;
	int (*ask)(void);		/* 1 there, 0 not there, -1 could not be told */
} questions[] = {
	{ "clone3_set_tid", "clone3(2)", set_tid },
	{ "droppable", "mmap(2), MAP_DROPPABLE", droppable },
	{ "guard_pages", "madvise(2), MADV_GUARD_INSTALL", guard_pages },
	{ "membarriers", "membarrier(2), MEMBARRIER_CMD_QUERY", membarriers },
	{ "mount_set_group", "move_mount(2), MOVE_MOUNT_SET_GROUP", set_group },
	{ "pidfd", "pidfd_open(2)", pidfd },
	{ "timer_restore_ids", "prctl(2), PR_TIMER_CREATE_RESTORE_IDS", timer_ids },
};

int
features_asked(struct probe_context *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		int present = c->root->recorded ? -1 : questions[i].ask();

		if (!feature_add(c, questions[i].name, present, present < 0 ? NULL : questions[i].seen))
			return -ENOMEM;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File locks of every kind, as fdinfo shows them:
 *
 *	lock:	1: POSIX  ADVISORY  WRITE 4711 fe:00:525378 0 EOF
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "mkproc.h"

static int
locked_file(struct scene *s)
{
	const char *path = path_in(s, "locked");
	int fd = path_make(s, path, 64);

	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
	return fd;
}

static void
lock_posix(struct scene *s)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 8, .l_len = 16 };

	must(s, fcntl(locked_file(s), F_SETLK, &lock), "F_SETLK");
}

static void
lock_ofd(struct scene *s)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	must(s, fcntl(locked_file(s), F_OFD_SETLK, &lock), "F_OFD_SETLK");
}

static void
lock_flock(struct scene *s)
{
	must(s, flock(locked_file(s), LOCK_EX), "flock");
}

/* A lease of the reading kind wants that no one has the file open for writing. */
static void
lock_lease(struct scene *s)
{
	const char *path = path_in(s, "leased");
	bool writes = strcmp(s->factory->arg, "write") == 0;
	int fd;

	signal(SIGIO, SIG_IGN);
	close(path_make(s, path, 64));
	fd = (int)must(s, open(path, writes ? O_RDWR : O_RDONLY), path);
	can(s, fcntl(fd, F_SETLEASE, writes ? F_WRLCK : F_RDLCK), "F_SETLEASE");
	fact_fd(s, "fd", fd);
	fact(s, "path", "%s", path);
}

/* An opening that would have to wait starts the breaking; lease-break-time is 45 s by default. */
static void
break_lease(struct scene *s)
{
	int fd = open(path_in(s, "leased"), O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

/* The lock names a pid that is not in the tree, though the tree holds the open file. */
static void
inherit_lock(struct scene *s)
{
	s->fd[0] = path_make(s, path_in(s, "locked"), 64);
	must(s, flock(s->fd[0], LOCK_EX), "flock");
	scene_give(s, 0);
}

static void
tell_lock(struct scene *s)
{
	fact_fd(s, "fd", s->fd[0]);
	fact(s, "path", "%s", path_in(s, "locked"));
}

const struct factory factories_locks[] = {
	{ .name = "lock-posix", .summary = "a POSIX record lock", .needs = "",
	  .criu = "needs:--file-locks", .rule = "file-lock-held", .inside = lock_posix },
	{ .name = "lock-flock", .summary = "a flock", .needs = "", .criu = "needs:--file-locks",
	  .rule = "file-lock-held", .inside = lock_flock },
	{ .name = "lock-ofd", .summary = "a lock of the open file description", .needs = "",
	  .criu = "needs:--file-locks", .rule = "file-lock-held", .inside = lock_ofd },
	{ .name = "lock-flock-inherited",
	  .summary = "a flock taken by another process before the fork",
	  .needs = "", .criu = "needs:--file-locks", .rule = "file-lock-held",
	  .prepare = inherit_lock, .inside = tell_lock },
	{ .name = "lock-lease",
	  .summary = "a lease for writing (CRIU breaks it: the dump takes lease-break-time)", .needs = "",
	  .criu = "needs:--file-locks", .rule = "file-lock-held", .arg = "write",
	  .inside = lock_lease },
	{ .name = "lock-lease-read", .summary = "a lease for reading", .needs = "",
	  .criu = "needs:--file-locks", .rule = "file-lock-held", .arg = "read",
	  .inside = lock_lease },
	{ .name = "lock-lease-breaking", .summary = "a lease that is being broken", .needs = "",
	  .criu = "needs:--file-locks", .rule = "file-lease-breaking", .arg = "write", .inside = lock_lease,
	  .after = break_lease },
	{ .name = NULL },
};

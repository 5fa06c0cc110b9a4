/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals: pseudo terminals with their ends on either side of the tree's border, and others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "mkproc.h"

static int
open_master(struct scene *s, int flags)
{
	int fd = (int)can(s, posix_openpt(O_RDWR | O_NOCTTY | flags), "/dev/ptmx");

	must(s, grantpt(fd), "grantpt");
	must(s, unlockpt(fd), "unlockpt");
	return fd;
}

static int
index_of(struct scene *s, int master)
{
	unsigned n = 0;

	must(s, ioctl(master, TIOCGPTN, &n), "TIOCGPTN");
	return (int)n;
}

static int
open_slave(struct scene *s, int master, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/pts/%d", index_of(s, master));
	return (int)can(s, open(path, O_RDWR | O_NOCTTY | flags), path);
}

static void
tell_slave(struct scene *s, const char *key, int fd)
{
	struct stat st;

	must(s, fstat(fd, &st), "fstat");
	fact_fd(s, key, fd);
	fact(s, "rdev", "%u:%u", major(st.st_rdev), minor(st.st_rdev));
}

/* Both ends in the tree; "ctty" makes it the terminal of the tree's session, as sshd's child has. */
static void
pair_inside(struct scene *s)
{
	int master = open_master(s, 0);
	int slave = open_slave(s, master, 0);

	if (strcmp(s->factory->arg, "ctty") == 0)
		must(s, ioctl(slave, TIOCSCTTY, 0), "TIOCSCTTY");
	fact_fd(s, "master", master);
	tell_slave(s, "slave", slave);
	fact(s, "index", "%d", index_of(s, master));
}

static void
slave_opath(struct scene *s)
{
	int master = open_master(s, 0);

	fact_fd(s, "master", master);
	tell_slave(s, "slave", open_slave(s, master, O_PATH));
}

static void
master_only(struct scene *s)
{
	int master = open_master(s, 0);

	fact_fd(s, "master", master);
	fact(s, "index", "%d", index_of(s, master));
}

static void
slave_outside_prepare(struct scene *s)
{
	s->fd[1] = open_master(s, O_CLOEXEC);
	s->fd[0] = open_slave(s, s->fd[1], O_CLOEXEC);
	scene_give(s, 0);
}

static void
slave_inside(struct scene *s)
{
	if (strcmp(s->factory->arg, "ctty") == 0)
		must(s, ioctl(s->fd[0], TIOCSCTTY, 0), "TIOCSCTTY");
	tell_slave(s, "slave", s->fd[0]);
}

/* /dev/tty itself: what a task opens that wants its terminal, whatever it is. */
static void
dev_tty(struct scene *s)
{
	must(s, ioctl(s->fd[0], TIOCSCTTY, 0), "TIOCSCTTY");
	fact_fd(s, "fd", (int)must(s, open("/dev/tty", O_RDWR), "/dev/tty"));
	tell_slave(s, "slave", s->fd[0]);
}

static void
two_slaves_prepare(struct scene *s)
{
	slave_outside_prepare(s);
	s->fd[3] = open_master(s, O_CLOEXEC);
	s->fd[2] = open_slave(s, s->fd[3], O_CLOEXEC);
	scene_give(s, 2);
}

static void
two_slaves(struct scene *s)
{
	tell_slave(s, "slave", s->fd[0]);
	tell_slave(s, "slave2", s->fd[2]);
}

/* The master is closed once the slave is in the tree: a read of it gives an error from then on. */
static void
hang_up(struct scene *s)
{
	close(s->fd[1]);
	s->fd[1] = -1;
}

static void
take_terminal(struct scene *s)
{
	must(s, ioctl(s->fd[0], TIOCSCTTY, 0), "TIOCSCTTY");
	close(s->fd[0]);
	close(s->fd[1]);
}

/* Both ends are the tree's, but the session that the terminal belongs to is another one. */
static void
foreign_session_prepare(struct scene *s)
{
	s->fd[1] = open_master(s, O_CLOEXEC);
	s->fd[0] = open_slave(s, s->fd[1], O_CLOEXEC);
	scene_outsider(s, take_terminal);
	scene_give(s, 0);
	scene_give(s, 1);
}

static void
foreign_session(struct scene *s)
{
	fact_fd(s, "master", s->fd[1]);
	tell_slave(s, "slave", s->fd[0]);
	fact(s, "session", "%d", s->outsider);
}

static void
other_terminal(struct scene *s)
{
	int fd = (int)can(s, open(s->factory->arg, O_RDWR | O_NOCTTY | O_NONBLOCK), s->factory->arg);

	tell_slave(s, "fd", fd);
	fact(s, "path", "%s", s->factory->arg);
}

const struct factory factories_tty[] = {
	{ .name = "pty-pair", .summary = "a pseudo terminal, both ends in the tree",
	  .needs = "devpts", .criu = "ok", .rule = "", .arg = "", .inside = pair_inside },
	{ .name = "pty-pair-ctty", .summary = "as pty-pair, and it is the session's terminal",
	  .needs = "devpts", .criu = "ok", .rule = "", .arg = "ctty", .inside = pair_inside },
	{ .name = "pty-opath", .summary = "a pseudo terminal, its slave open with O_PATH",
	  .needs = "devpts", .criu = "refused", .rule = "file-opath-unsupported", .inside = slave_opath },
	{ .name = "pty-master-only", .summary = "a pseudo terminal whose slave nobody has open",
	  .needs = "devpts", .criu = "ok", .rule = "", .inside = master_only },
	{ .name = "pty-slave-outside", .summary = "a slave whose master is outside",
	  .needs = "devpts", .criu = "needs:--shell-job", .rule = "tty-slave-no-master",
	  .arg = "", .prepare = slave_outside_prepare, .inside = slave_inside },
	{ .name = "pty-slave-ctty", .summary = "the session's terminal, its master outside",
	  .needs = "devpts", .criu = "needs:--shell-job", .rule = "tty-slave-no-master",
	  .arg = "ctty", .prepare = slave_outside_prepare, .inside = slave_inside },
	{ .name = "pty-dev-tty", .summary = "/dev/tty open, the master outside",
	  .needs = "devpts", .criu = "needs:--shell-job", .rule = "tty-slave-no-master",
	  .prepare = slave_outside_prepare, .inside = dev_tty },
	{ .name = "pty-two-slaves-outside", .summary = "two slaves whose masters are outside",
	  .needs = "devpts", .criu = "refused", .rule = "tty-two-external-slaves",
	  .prepare = two_slaves_prepare, .inside = two_slaves },
	{ .name = "pty-hangup", .summary = "a slave whose master was closed", .needs = "devpts",
	  .criu = "ok", .rule = "tty-hangup", .arg = "", .prepare = slave_outside_prepare,
	  .inside = slave_inside, .after = hang_up },
	{ .name = "pty-foreign-session",
	  .summary = "both ends inside, the terminal's session outside",
	  .needs = "devpts", .criu = "needs:--shell-job", .rule = "tty-sid-dangling",
	  .prepare = foreign_session_prepare, .inside = foreign_session },
	{ .name = "tty-serial", .summary = "a serial line", .needs = "root device",
	  .criu = "refused", .rule = "tty-driver-unsupported", .arg = "/dev/ttyS0",
	  .inside = other_terminal },
	{ .name = "tty-virtual", .summary = "a virtual terminal", .needs = "root device",
	  .criu = "ok", .rule = "", .arg = "/dev/tty1", .inside = other_terminal },
	{ .name = NULL },
};

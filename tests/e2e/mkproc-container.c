/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container in all but name: a fresh tmpfs as the root of a new mount namespace, so that no mount
 * of this host is in the tree's table, and a program without libraries as the executable, so that
 * no file of this host is mapped.
 *
 *	/dev/null /dev/zero /dev/full /dev/urandom  /pause  /proc  /tmp  /data
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mkproc.h"

static const struct {
	const char *path;
	unsigned minor;
} devices[] = {
	{ "dev/null", 3 },
	{ "dev/zero", 5 },
	{ "dev/full", 7 },
	{ "dev/urandom", 9 },
};

static const char *const folders[] = { "dev", "proc", "tmp", "data" };

/* In a user namespace mknod is refused: then the host's device is bound over an empty file. */
static void
make_device(struct scene *s, const char *path, unsigned minor)
{
	char host[64] = "/";
	int fd;

	if (mknod(path, S_IFCHR | 0666, makedev(1, minor)) == 0)
		return;
	fd = (int)must(s, open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666), path);
	close(fd);
	strncat(host, path, sizeof(host) - 2);
	must(s, mount(host, path, NULL, MS_BIND, NULL), "bind device");
}

static void
reopen_null(struct scene *s)
{
	int fd = (int)must(s, open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");

	for (int i = 0; i <= 2; i++)
		must(s, dup2(fd, i), "dup2");
	close(fd);
}

void
container_enter(struct scene *s)
{
	const char *root = path_in(s, "root");

	must(s, mkdir(root, 0755), "mkdir");
	can(s, unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
	can(s, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	can(s, mount("mkproc", root, "tmpfs", 0, "mode=0755,size=64m"), "mount tmpfs");
	must(s, chdir(root), "chdir");
	umask(0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		must(s, mkdir(folders[i], 0755), folders[i]);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		make_device(s, devices[i].path, devices[i].minor);
	umask(022);
	path_make_program(s, "pause", 64);
	container_pivot(s, ".");
}

void
container_pivot(struct scene *s, const char *folder)
{
	must(s, chdir(folder), folder);
	can(s, mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount proc");
	/* pivot_root(2), "pivot_root(".", ".")": the old root ends up over the new one. */
	must(s, syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(s, umount2(".", MNT_DETACH), "umount the old root");
	must(s, chdir("/"), "chdir");
	reopen_null(s);
}

_Noreturn void
container_settle(struct scene *s)
{
	tree_exec(s, "/pause");
}

void
loopback_up(struct scene *s)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = (int)must(s, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(s, ioctl(fd, SIOCGIFFLAGS, &ifr), "SIOCGIFFLAGS");
	ifr.ifr_flags |= IFF_UP;
	must(s, ioctl(fd, SIOCSIFFLAGS, &ifr), "SIOCSIFFLAGS");
	close(fd);
}

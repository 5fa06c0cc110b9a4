/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of character and block devices. They are opened, nothing is read or set, except for
 * the network devices of tun, which live and die with their descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mkproc.h"

static void
fact_device(struct scene *s, int fd)
{
	struct stat st;

	must(s, fstat(fd, &st), "fstat");
	fact_fd(s, "fd", fd);
	fact(s, "rdev", "%u:%u", major(st.st_rdev), minor(st.st_rdev));
}

static void
open_device(struct scene *s)
{
	fact_device(s, (int)can(s, open(s->factory->arg, O_RDONLY | O_NONBLOCK), s->factory->arg));
	fact(s, "path", "%s", s->factory->arg);
}

/* A loop device that nothing is bound to, else any block device there is; opened for reading. */
static void
open_block(struct scene *s)
{
	static const char *const paths[] = { "/dev/loop7", "/dev/loop0", "/dev/ram0", "/dev/zram0",
					     "/dev/vda", "/dev/sda" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_RDONLY | O_NONBLOCK);

		if (fd < 0)
			continue;
		fact_device(s, fd);
		fact(s, "path", "%s", paths[i]);
		return;
	}
	skip(s, "no block device can be opened");
}

/* The same device under another name, which was removed: only the number tells what it is. */
static void
open_deleted_node(struct scene *s)
{
	const char *path = path_in(s, "null");
	int fd;

	can(s, mknod(path, S_IFCHR | 0666, makedev(1, 3)), "mknod");
	fd = (int)can(s, open(path, O_RDWR), "open of a device node in TMPDIR");
	must(s, unlink(path), path);
	fact_device(s, fd);
	fact(s, "path", "%s", path);
}

/* The device node was made anew: same number, another inode. */
static void
open_replaced_node(struct scene *s)
{
	const char *path = path_in(s, "null");
	const char *other = path_in(s, "other");
	int fd;

	can(s, mknod(path, S_IFCHR | 0666, makedev(1, 3)), "mknod");
	fd = (int)can(s, open(path, O_RDWR), "open of a device node in TMPDIR");
	must(s, link(path, other), "link");
	can(s, mknod(path_in(s, "newer"), S_IFCHR | 0666, makedev(1, 3)), "mknod");
	must(s, rename(path_in(s, "newer"), path), "rename");
	fact_device(s, fd);
	fact(s, "path", "%s", path);
}

static void
attach_tun(struct scene *s)
{
	struct ifreq ifr = { .ifr_flags = IFF_NO_PI };
	int fd = (int)can(s, open("/dev/net/tun", O_RDWR), "/dev/net/tun");

	ifr.ifr_flags |= strcmp(s->factory->arg, "tap") == 0 ? IFF_TAP : IFF_TUN;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "mkp%d", getpid());
	can(s, ioctl(fd, TUNSETIFF, &ifr), "TUNSETIFF");
	fact_device(s, fd);
	fact(s, "link", "%s", ifr.ifr_name);
}

static void
attach_tun_own_net(struct scene *s)
{
	can(s, unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
	loopback_up(s);
	attach_tun(s);
}

const struct factory factories_devices[] = {
	{ .name = "dev-null", .summary = "/dev/null", .needs = "", .criu = "ok", .rule = "",
	  .arg = "/dev/null", .inside = open_device },
	{ .name = "dev-zero", .summary = "/dev/zero", .needs = "", .criu = "ok", .rule = "",
	  .arg = "/dev/zero", .inside = open_device },
	{ .name = "dev-full", .summary = "/dev/full", .needs = "", .criu = "ok", .rule = "",
	  .arg = "/dev/full", .inside = open_device },
	{ .name = "dev-urandom",
	  .summary = "/dev/urandom", .needs = "", .criu = "ok", .rule = "",
	  .arg = "/dev/urandom", .inside = open_device },
	{ .name = "dev-kmsg", .summary = "/dev/kmsg", .needs = "root", .criu = "ok", .rule = "",
	  .arg = "/dev/kmsg", .inside = open_device },
	{ .name = "dev-fuse", .summary = "/dev/fuse", .needs = "device", .criu = "refused",
	  .rule = "file-chardev-unsupported", .arg = "/dev/fuse", .inside = open_device },
	{ .name = "dev-kvm", .summary = "/dev/kvm", .needs = "device", .criu = "refused",
	  .rule = "file-chardev-unsupported", .arg = "/dev/kvm", .inside = open_device },
	{ .name = "dev-rtc", .summary = "/dev/rtc0", .needs = "device", .criu = "refused",
	  .rule = "file-chardev-unsupported", .arg = "/dev/rtc0", .inside = open_device },
	{ .name = "dev-loop-control", .summary = "/dev/loop-control", .needs = "device",
	  .criu = "refused", .rule = "file-chardev-unsupported", .arg = "/dev/loop-control",
	  .inside = open_device },
	{ .name = "dev-vsock", .summary = "/dev/vsock", .needs = "device", .criu = "refused",
	  .rule = "file-chardev-unsupported", .arg = "/dev/vsock", .inside = open_device },
	{ .name = "dev-userfaultfd", .summary = "/dev/userfaultfd", .needs = "device",
	  .criu = "refused", .rule = "file-chardev-unsupported", .arg = "/dev/userfaultfd",
	  .inside = open_device },
	{ .name = "dev-block", .summary = "a block device", .needs = "device root",
	  .criu = "refused", .rule = "file-block-device", .inside = open_block },
	{ .name = "dev-node-deleted",
	  .summary = "a device node that was deleted", .needs = "root",
	  .criu = "ok", .rule = "file-ghost-any", .inside = open_deleted_node },
	{ .name = "dev-node-replaced",
	  .summary = "a device node whose name is another node of the same number",
	  .needs = "root", .criu = "needs:--link-remap", .rule = "file-link-remap",
	  .inside = open_replaced_node },
	{ .name = "tun-detached", .summary = "/dev/net/tun without a network device",
	  .needs = "device", .criu = "refused", .rule = "tun-host-netns", .arg = "/dev/net/tun",
	  .inside = open_device },
	{ .name = "tun-host-netns", .summary = "a tun device in the host's network namespace",
	  .needs = "root device", .criu = "refused", .rule = "tun-host-netns", .arg = "tun",
	  .inside = attach_tun },
	{ .name = "tun-own-netns", .summary = "a tun device in an own network namespace",
	  .needs = "root device netns", .criu = "ok", .rule = "tun-nonpersist-nofd", .arg = "tun",
	  .inside = attach_tun_own_net },
	{ .name = "tap-own-netns", .summary = "a tap device in an own network namespace",
	  .needs = "root device netns", .criu = "ok", .rule = "tun-filter", .arg = "tap",
	  .inside = attach_tun_own_net },
	{ .name = NULL },
};

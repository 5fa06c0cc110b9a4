/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts in a mount namespace of the tree's own, upon a root of its own (mkproc-container.c), so
 * that its table holds nothing but what is told here:
 *
 *	71 60 0:52 / / rw,relatime - tmpfs mkproc rw,size=65536k,mode=755
 *	72 71 0:53 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
 *
 * Descriptors stay open over the exec of /pause, so they are opened without O_CLOEXEC.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mkproc.h"

static void
make_folder(struct scene *s, const char *path)
{
	must(s, mkdir(path, 0755), path);
}

static int
open_file(struct scene *s, const char *path)
{
	close(path_make(s, path, 64));
	return (int)must(s, open(path, O_RDWR), path);
}

static void
mount_at_data(struct scene *s, const char *type, const char *options)
{
	can(s, mount(type, "/data", type, 0, options), type);
	fact(s, "mount", "/data");
	fact(s, "type", "%s", type);
}

static void
filesystem(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, s->factory->arg, NULL);
	container_settle(s);
}

static void
tmpfs_option(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, "tmpfs", s->factory->arg);
	container_settle(s);
}

static void
tmpfs_content(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, "tmpfs", "size=16m");
	close(path_make(s, "/data/content", 1 << 20));
	container_settle(s);
}

static void
overlay(struct scene *s)
{
	container_enter(s);
	make_folder(s, "/tmp/lower");
	make_folder(s, "/tmp/upper");
	make_folder(s, "/tmp/scratch");
	close(path_make(s, "/tmp/lower/file", 64));
	mount_at_data(s, "overlay", "lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/scratch");
	fact_fd(s, "fd", (int)must(s, open("/data/file", O_RDONLY), "/data/file"));
	/* Nothing in an overlay can be linked to a file of the lower layer that was removed there. */
	if (strcmp(s->factory->arg, "deleted") == 0)
		must(s, unlink("/data/file"), "unlink");
	container_settle(s);
}

/* A folder of a tmpfs whose root is mounted too: the common harmless kind. */
static void
bind_inside(struct scene *s)
{
	container_enter(s);
	can(s, mount("/tmp", "/data", NULL, MS_BIND, NULL), "bind");
	fact(s, "mount", "/data");
	container_settle(s);
}

/* A volume: a folder of the host's file system, whose own root is not in the tree's table. */
static void
bind_volume(struct scene *s)
{
	char volume[SCENE_PATH + 8];
	int folder;

	snprintf(volume, sizeof(volume), "%s/volume", s->dir);
	make_folder(s, volume);
	can(s, unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
	can(s, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	folder = (int)can(s, syscall(SYS_open_tree, AT_FDCWD, volume, OPEN_TREE_CLONE), "open_tree");
	container_enter(s);
	can(s, syscall(SYS_move_mount, folder, "", AT_FDCWD, "/data", MOVE_MOUNT_F_EMPTY_PATH),
	    "move_mount");
	close(folder);
	fact(s, "mount", "/data");
	if (strcmp(s->factory->arg, "open") == 0)
		fact_fd(s, "fd", open_file(s, "/data/file"));
	container_settle(s);
}

static void
overmounted_file(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, "tmpfs", NULL);
	fact_fd(s, "fd", open_file(s, "/data/file"));
	can(s, mount("tmpfs", "/data", "tmpfs", 0, NULL), "mount over it");
	container_settle(s);
}

/* Another file is bound over the name of the open one. */
static void
file_bound_over(struct scene *s)
{
	container_enter(s);
	fact_fd(s, "fd", open_file(s, "/data/file"));
	close(path_make(s, "/data/cover", 64));
	can(s, mount("/data/cover", "/data/file", NULL, MS_BIND, NULL), "bind");
	container_settle(s);
}

static void
lazily_unmounted(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, "tmpfs", NULL);
	fact_fd(s, "fd", open_file(s, "/data/file"));
	must(s, umount2("/data", MNT_DETACH), "umount2");
	container_settle(s);
}

/* A descriptor of the host's file system, kept over the change of namespaces. */
static void
file_from_outside(struct scene *s)
{
	int fd = open_file(s, path_in(s, "file"));

	container_enter(s);
	fact_fd(s, "fd", fd);
	container_settle(s);
}

static void
mqueue(struct scene *s)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };

	can(s, unshare(CLONE_NEWIPC), "unshare(CLONE_NEWIPC)");
	container_enter(s);
	mount_at_data(s, "mqueue", NULL);
	if (strcmp(s->factory->arg, "full") == 0)
		close((int)can(s, mq_open("/queue", O_RDWR | O_CREAT, 0600, &attr), "mq_open"));
	container_settle(s);
}

static void
propagation(struct scene *s)
{
	unsigned long flag = strcmp(s->factory->arg, "shared") == 0 ? MS_SHARED : MS_SLAVE;

	container_enter(s);
	mount_at_data(s, "tmpfs", NULL);
	/* A slave of a group needs the group: it stays mounted at /tmp as the master. */
	must(s, mount(NULL, "/data", NULL, MS_SHARED, NULL), "make shared");
	must(s, mount("/data", "/tmp", NULL, MS_BIND, NULL), "bind");
	must(s, mount(NULL, "/tmp", NULL, flag, NULL), "set propagation");
	container_settle(s);
}

/* As propagation, but the master is then unmounted here and lives on in another namespace only. */
static void
slave_of_outside_prepare(struct scene *s)
{
	const char *work = path_in(s, "work");

	can(s, unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
	must(s, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	make_folder(s, work);
	must(s, mount("tmpfs", work, "tmpfs", 0, NULL), "tmpfs");
	must(s, mount(NULL, work, NULL, MS_SHARED, NULL), "make shared");
	s->fd[0] = (int)can(s, syscall(SYS_open_tree, AT_FDCWD, work, OPEN_TREE_CLONE), "open_tree");
	scene_give(s, 0);
}

static void
slave_of_outside(struct scene *s)
{
	container_enter(s);
	can(s, syscall(SYS_move_mount, s->fd[0], "", AT_FDCWD, "/data", MOVE_MOUNT_F_EMPTY_PATH),
	    "move_mount");
	must(s, mount(NULL, "/data", NULL, MS_SLAVE, NULL), "make slave");
	close(s->fd[0]);
	fact(s, "mount", "/data");
	container_settle(s);
}

static void
unmount_master(struct scene *s)
{
	umount2(path_in(s, "work"), MNT_DETACH);
}

static void
no_symlinks(struct scene *s)
{
	container_enter(s);
	can(s, mount("tmpfs", "/data", "tmpfs", MS_NOSYMFOLLOW, NULL), "MS_NOSYMFOLLOW");
	fact(s, "mount", "/data");
	container_settle(s);
}

static void
stacked(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, "tmpfs", NULL);
	can(s, mount("tmpfs", "/data", "tmpfs", 0, NULL), "mount over it");
	container_settle(s);
}

static void
bound_deleted(struct scene *s)
{
	container_enter(s);
	make_folder(s, "/tmp/gone");
	can(s, mount("/tmp/gone", "/data", NULL, MS_BIND, NULL), "bind");
	must(s, rmdir("/tmp/gone"), "rmdir");
	fact(s, "mount", "/data");
	container_settle(s);
}

/* Its line of the table is longer than a page. */
static void
long_source(struct scene *s)
{
	char source[4096];

	memset(source, 'x', sizeof(source) - 1);
	source[sizeof(source) - 1] = '\0';
	container_enter(s);
	can(s, mount(source, "/data", "tmpfs", 0, NULL), "a long source");
	fact(s, "mount", "/data");
	container_settle(s);
}

/* One node of the container's devpts, bound over a file. */
static void
devpts_node(struct scene *s)
{
	container_enter(s);
	mount_at_data(s, "devpts", "newinstance");
	close(path_make(s, "/tmp/node", 0));
	must(s, mount("/data/ptmx", "/tmp/node", NULL, MS_BIND, NULL), "bind");
	container_settle(s);
}

/* A deleted file again, where the overlay is the root: its lower layer is the container's first root. */
static void
overlay_root_deleted(struct scene *s)
{
	container_enter(s);
	close(path_make(s, "/lower", (size_t)arg_number(s, "size")));
	must(s, mount("tmpfs", "/data", "tmpfs", 0, NULL), "tmpfs");
	make_folder(s, "/data/upper");
	make_folder(s, "/data/scratch");
	can(s, mount("overlay", "/tmp", "overlay", 0,
		     "lowerdir=/,upperdir=/data/upper,workdir=/data/scratch"), "overlay");
	container_pivot(s, "/tmp");
	fact_fd(s, "fd", (int)must(s, open("/lower", O_RDONLY), "/lower"));
	must(s, unlink("/lower"), "unlink");
	container_settle(s);
}

/* An open file lost this name and has another, on a mount that takes no new name. */
static void
read_only_unlinked(struct scene *s)
{
	container_enter(s);
	close(path_make(s, "/tmp/other", 64));
	must(s, link("/tmp/other", "/tmp/name"), "link");
	must(s, mount("/tmp", "/data", NULL, MS_BIND, NULL), "bind");
	must(s, mount(NULL, "/data", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), "read-only");
	fact_fd(s, "fd", (int)must(s, open("/data/name", O_RDONLY), "/data/name"));
	must(s, unlink("/tmp/name"), "unlink");
	container_settle(s);
}

#define MOUNT_ROW(NAME, SUMMARY, CRIU, RULE, ARG, INSIDE)                                          \
	{ .name = (NAME), .summary = (SUMMARY), .needs = "root mntns", .criu = (CRIU),             \
	  .rule = (RULE), .arg = (ARG), .inside = (INSIDE) }

const struct factory factories_mounts[] = {
	MOUNT_ROW("mnt-tmpfs", "a tmpfs", "ok", "mnt-tmpfs-size", "tmpfs", filesystem),
	MOUNT_ROW("mnt-tmpfs-content", "a tmpfs with 1 MiB in it", "ok", "mnt-tmpfs-size", NULL,
		  tmpfs_content),
	MOUNT_ROW("mnt-tmpfs-noswap", "a tmpfs that is not swapped out (Linux 6.4)", "ok", "mnt-tmpfs-size",
		  "noswap", tmpfs_option),
	MOUNT_ROW("mnt-sysfs", "a sysfs", "ok", "", "sysfs", filesystem),
	MOUNT_ROW("mnt-devpts", "a devpts", "ok", "", "devpts", filesystem),
	MOUNT_ROW("mnt-cgroup2", "a cgroup2", "ok", "", "cgroup2", filesystem),
	MOUNT_ROW("mnt-ramfs", "a ramfs", "refused", "mnt-fs-unsupported", "ramfs", filesystem),
	MOUNT_ROW("mnt-bpf", "a bpf file system", "refused", "mnt-fs-unsupported", "bpf",
		  filesystem),
	MOUNT_ROW("mnt-hugetlbfs", "a hugetlbfs", "refused", "mnt-fs-unsupported", "hugetlbfs",
		  filesystem),
	MOUNT_ROW("mnt-overlay", "an overlay with a file of its lower layer open", "ok", "", "",
		  overlay),
	MOUNT_ROW("mnt-bind", "a bind of a folder of the root", "ok", "", NULL, bind_inside),
	MOUNT_ROW("mnt-bind-volume", "a bind of a folder of the host", "refused",
		  "mnt-bind-no-root", "", bind_volume),
	MOUNT_ROW("mnt-bind-volume-file", "as mnt-bind-volume, with a file open there", "refused",
		  "mnt-bind-no-root", "open", bind_volume),
	MOUNT_ROW("mnt-bind-deleted", "a bind of a folder that was removed", "ok",
		  "mnt-deleted-root", NULL, bound_deleted),
	MOUNT_ROW("mnt-stacked", "two mounts on one mountpoint", "ok", "mnt-children-collision",
		  NULL, stacked),
	MOUNT_ROW("mnt-shared", "two mounts of one peer group", "ok", "", "shared", propagation),
	MOUNT_ROW("mnt-slave", "a slave mount, its master in the tree's table", "ok",
		  "mnt-master-unreachable", "slave", propagation),
	{ .name = "mnt-slave-outside", .summary = "a slave mount whose master is outside",
	  .needs = "root mntns", .criu = "refused", .rule = "mnt-master-unreachable",
	  .prepare = slave_of_outside_prepare, .inside = slave_of_outside,
	  .undo = unmount_master },
	MOUNT_ROW("mnt-nosymfollow", "a mount with nosymfollow", "ok", "mnt-flag-ignored", NULL,
		  no_symlinks),
	MOUNT_ROW("mnt-mqueue", "an empty mqueue mount", "ok", "mnt-fs-not-empty", "", mqueue),
	MOUNT_ROW("mnt-mqueue-full", "an mqueue mount with a queue", "refused",
		  "mnt-fs-not-empty", "full", mqueue),
	MOUNT_ROW("mnt-long-line", "a mount whose line in the table is longer than a page", "refused", "mnt-long-line",
		  NULL, long_source),
	MOUNT_ROW("mnt-devpts-node", "a node of a devpts bound over a file", "refused", "devpts-bind",
		  NULL, devpts_node),
	MOUNT_ROW("mnt-overlay-deleted", "a deleted file of an overlay's lower layer", "refused",
		  "file-link-remap-fail", "deleted", overlay),
	{ .name = "mnt-root-overlay-deleted",
	  .summary = "as mnt-overlay-deleted, where the overlay is the root",
	  .needs = "root mntns", .criu = "needs:--link-remap", .rule = "file-link-remap",
	  .args = "size=64", .inside = overlay_root_deleted },
	{ .name = "mnt-root-overlay-deleted-large",
	  .summary = "as mnt-root-overlay-deleted, of 3 MiB", .needs = "root mntns",
	  .criu = "needs:--ghost-limit --link-remap", .rule = "file-ovl-lower-unlinked",
	  .args = "size=3145728", .inside = overlay_root_deleted },
	MOUNT_ROW("mnt-file-unlinked-ro", "a file that lost its name, on a read-only mount", "refused",
		  "file-link-remap-fail", NULL, read_only_unlinked),
	MOUNT_ROW("mnt-file-overmounted", "a file on a mount that another one covers", "refused",
		  "file-on-overmounted", NULL, overmounted_file),
	MOUNT_ROW("mnt-file-bound-over", "a file whose name another file is bound over", "refused",
		  "file-name-reused", NULL, file_bound_over),
	MOUNT_ROW("mnt-file-unmounted", "a file on a lazily unmounted mount", "refused",
		  "file-mount-unknown", NULL, lazily_unmounted),
	MOUNT_ROW("mnt-file-outside", "a file of the host's mounts", "refused",
		  "file-mount-unknown", NULL, file_from_outside),
	{ .name = NULL },
};

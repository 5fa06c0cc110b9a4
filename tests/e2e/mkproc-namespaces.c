/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees in namespaces of their own, one kind at a time or as a container, and the shapes of
 * namespaces that CRIU does not take.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mkproc.h"
#include "mkproc-inet.h"
#include "mkproc-memory.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct kind {
	const char *name;
	int flag;
} kinds[] = {
	{ "pid", CLONE_NEWPID },       { "uts", CLONE_NEWUTS },   { "ipc", CLONE_NEWIPC },
	{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME }, { "net", CLONE_NEWNET },
	{ "user", CLONE_NEWUSER },
};

static void
leave(struct scene *s, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			can(s, unshare(kinds[i].flag), name);
}

static void
tell_ns(struct scene *s, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	must(s, stat(path, &st), path);
	fact(s, name, "%lu", (unsigned long)st.st_ino);
}

/* pid and time take effect for children only: so the outside leaves them before it forks. */
static void
leave_before(struct scene *s)
{
	leave(s, s->factory->arg);
}

static void
tell_own_ns(struct scene *s)
{
	tell_ns(s, s->factory->arg);
}

static void
leave_here(struct scene *s)
{
	leave(s, s->factory->arg);
	if (strcmp(s->factory->arg, "net") == 0)
		loopback_up(s);
	tell_ns(s, s->factory->arg);
}

static void
in_container(struct scene *s)
{
	container_enter(s);
	tell_ns(s, "mnt");
	container_settle(s);
}

static void
full_container(struct scene *s)
{
	leave(s, "uts");
	leave(s, "ipc");
	leave(s, "net");
	loopback_up(s);
	must(s, sethostname("mkproc", 6), "sethostname");
	container_enter(s);
	container_settle(s);
}

static void
leave_pid(struct scene *s)
{
	leave(s, "pid");
}

static void
pid_not_init(struct scene *s)
{
	leave(s, "pid");
	scene_outsider(s, tree_ready);
}

static void
second_level(struct scene *s)
{
	leave(s, s->factory->arg);
	fact(s, "child", "%d", tree_child(s, NULL));
}

static void
child_leaves(struct scene *s)
{
	leave(s, s->factory->arg);
	if (strcmp(s->factory->arg, "net") == 0)
		loopback_up(s);
}

static void
child_elsewhere(struct scene *s)
{
	fact(s, "child", "%d", tree_child(s, child_leaves));
}

static void
net_and_child_elsewhere(struct scene *s)
{
	leave_here(s);
	child_elsewhere(s);
}

static void
go_back(struct scene *s)
{
	must(s, setns(s->fd[0], 0), "setns");
	close(s->fd[0]);
}

/* The root has a UTS namespace of its own, its child is in mkproc's (CRIU's) again. */
static void
child_back(struct scene *s)
{
	s->fd[0] = (int)must(s, open("/proc/self/ns/uts", O_RDONLY), "ns/uts");
	leave(s, "uts");
	fact(s, "child", "%d", tree_child(s, go_back));
	close(s->fd[0]);
}

/* Writes the maps of a task from a task that is still outside of its user namespace. */
static void
write_maps(struct scene *s, const char *uid_map, const char *gid_map)
{
	int ends[2];
	char path[64], byte;
	pid_t target = getpid(), pid;

	must(s, pipe2(ends, O_CLOEXEC), "pipe");
	pid = (pid_t)must(s, fork(), "fork");
	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) < 0)
			_exit(1);
		snprintf(path, sizeof(path), "/proc/%d/uid_map", target);
		path_write(s, path, uid_map);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", target);
		path_write(s, path, gid_map);
		_exit(0);
	}
	close(ends[0]);
	can(s, unshare(CLONE_NEWUSER), "unshare(CLONE_NEWUSER)");
	close(ends[1]);
	must(s, waitpid(pid, NULL, 0), "waitpid");
}

static void
own_user(struct scene *s)
{
	write_maps(s, "0 0 65536", "0 0 65536");
	tell_ns(s, "user");
}

static void
user_without_root(struct scene *s)
{
	write_maps(s, "1 0 1000", "1 0 1000");
	tell_ns(s, "user");
}

static void
user_and_uts(struct scene *s)
{
	write_maps(s, "0 0 65536", "0 0 65536");
	leave(s, "uts");
	tell_ns(s, "user");
}

/* The UTS namespace was made before: it belongs to the user namespace outside. */
static void
user_foreign_uts(struct scene *s)
{
	leave(s, "uts");
	write_maps(s, "0 0 65536", "0 0 65536");
	tell_ns(s, "user");
}

static void
chrooted(struct scene *s)
{
	const char *root = path_in(s, "root");

	must(s, mkdir(root, 0755), root);
	can(s, chroot(root), "chroot");
	must(s, chdir("/"), "chdir");
	fact(s, "root", "%s", root);
}

static void
chrooted_in_container(struct scene *s)
{
	container_enter(s);
	must(s, mount("tmpfs", "/data", "tmpfs", 0, NULL), "mount tmpfs");
	path_make_program(s, "/data/pause", 64);
	can(s, chroot("/data"), "chroot");
	must(s, chdir("/"), "chdir");
	fact(s, "root", "/data");
	container_settle(s);
}

static void
ns_file(struct scene *s)
{
	int fd = (int)must(s, open("/proc/self/ns/net", O_RDONLY), "ns/net");

	if (strcmp(s->factory->arg, "foreign") == 0) {
		int home = fd;

		can(s, unshare(CLONE_NEWNET), "unshare(CLONE_NEWNET)");
		fd = (int)must(s, open("/proc/self/ns/net", O_RDONLY), "ns/net");
		must(s, setns(home, CLONE_NEWNET), "setns");
		close(home);
	}
	fact_fd(s, "fd", fd);
}

static void
sysv_own_ipc(struct scene *s)
{
	leave(s, "ipc");
	memory_attach_sysv(s);
}

/* A message queue of the host's IPC namespace; the outside removes it in the end. */
static void
sysv_queue_prepare(struct scene *s)
{
	s->number = can(s, msgget(IPC_PRIVATE, IPC_CREAT | 0600), "msgget");
}

static void
sysv_queue(struct scene *s)
{
	const struct {
		long type;
		char text[8];
	} message = { .type = 1, .text = "message" };

	must(s, msgsnd((int)s->number, &message, sizeof(message.text), 0), "msgsnd");
	fact(s, "msqid", "%ld", s->number);
}

static void
sysv_queue_undo(struct scene *s)
{
	msgctl((int)s->number, IPC_RMID, NULL);
}

#define NS_ROW(NAME, SUMMARY, NEEDS, CRIU, RULE, ARG, PREPARE, INSIDE)                             \
	{ .name = (NAME), .summary = (SUMMARY), .needs = (NEEDS), .criu = (CRIU), .rule = (RULE),  \
	  .arg = (ARG), .prepare = (PREPARE), .inside = (INSIDE) }

const struct factory factories_namespaces[] = {
	NS_ROW("ns-uts", "an own UTS namespace", "root", "ok", "", "uts", NULL, leave_here),
	NS_ROW("ns-ipc", "an own IPC namespace", "root", "ok", "", "ipc", NULL, leave_here),
	NS_ROW("ns-cgroup", "an own cgroup namespace", "root", "ok", "", "cgroup", NULL,
	       leave_here),
	NS_ROW("ns-time", "an own time namespace", "root timens", "ok", "", "time", leave_before,
	       tell_own_ns),
	NS_ROW("ns-net", "an own network namespace", "root netns", "ok", "src-iptables-missing",
	       "net", NULL, leave_here),
	NS_ROW("ns-pid", "an own PID namespace", "root", "ok", "", "pid", leave_before, tell_own_ns),
	NS_ROW("ns-mnt", "an own mount namespace with a root of its own", "root mntns", "ok",
	       "src-tar-missing", NULL, NULL, in_container),
	NS_ROW("ns-container", "own pid, mount, net, ipc and uts namespaces", "root mntns netns",
	       "ok", "", NULL, leave_pid, full_container),
	NS_ROW("ns-user", "an own user namespace", "userns", "ok", "", NULL, NULL, own_user),
	NS_ROW("ns-user-uts", "an own user namespace that owns the UTS namespace", "userns", "ok",
	       "", NULL, NULL, user_and_uts),
	NS_ROW("ns-user-foreign-owner", "an own user namespace, the UTS namespace is owned outside",
	       "userns", "refused", "ns-user-foreign-owner", NULL, NULL, user_foreign_uts),
	NS_ROW("ns-user-no-root", "a user namespace without a mapping of 0", "userns", "refused",
	       "ns-user-no-root-map", NULL, NULL, user_without_root),
	NS_ROW("ns-pid-no-init", "a tree in a PID namespace whose init is outside of the tree",
	       "root", "needs:--external pid[INO]:LABEL", "ns-pid-no-init", NULL, pid_not_init,
	       tree_ready),
	{ .name = "ns-pid-outside-session",
	  .summary = "init of a PID namespace without a session",
	  .needs = "root", .criu = "refused", .rule = "session-outside-pidns", .not_leader = true,
	  .prepare = leave_pid, .inside = tree_ready },
	NS_ROW("ns-pid-nested", "a child in a PID namespace of its own", "root", "refused",
	       "ns-nested-pid", "pid", NULL, second_level),
	NS_ROW("ns-child-uts", "a child in another UTS namespace than the root", "root", "refused",
	       "ns-nested-uts", "uts", NULL, child_elsewhere),
	NS_ROW("ns-child-ipc", "a child in another IPC namespace than the root", "root", "refused",
	       "ns-nested-ipc", "ipc", NULL, child_elsewhere),
	NS_ROW("ns-child-net", "a child in a network namespace of its own, the root in the host's",
	       "root netns", "ok", "ns-child-in-criu-ns", "net", NULL, child_elsewhere),
	NS_ROW("ns-net-two", "root and child in two network namespaces of their own", "root netns",
	       "ok", "ns-net-nsid", "net", NULL, net_and_child_elsewhere),
	NS_ROW("ns-child-cgroup", "a child in another cgroup namespace than the root", "root",
	       "refused", "cg-nested-ns", "cgroup", NULL, child_elsewhere),
	NS_ROW("ns-child-user", "a child in a user namespace of its own", "userns", "refused",
	       "ns-nested-user", "user", NULL, child_elsewhere),
	NS_ROW("ns-child-back", "a child back in the host's UTS namespace", "root", "ok",
	       "ns-child-in-criu-ns", NULL, NULL, child_back),
	NS_ROW("ns-time-for-children", "children will be in another time namespace", "root timens",
	       "refused", "ns-time-for-children", "time", NULL, leave_here),
	NS_ROW("ns-chroot", "chroot in the host's mount namespace", "root", "ok", "", NULL, NULL,
	       chrooted),
	NS_ROW("ns-chroot-own-mnt", "chroot in an own mount namespace", "root mntns", "refused",
	       "ns-mnt-root-differs", NULL, NULL, chrooted_in_container),
	NS_ROW("ns-file-own", "a descriptor of the own network namespace", "", "ok", "", "own",
	       NULL, ns_file),
	NS_ROW("ns-file-foreign", "a descriptor of another network namespace", "root netns",
	       "refused", "ns-file-unknown", "foreign", NULL, ns_file),
	NS_ROW("ns-ipc-sysv", "System V shared memory in an own IPC namespace", "root", "ok", "",
	       NULL, NULL, sysv_own_ipc),
	{ .name = "ns-ipc-host-queue",
	  .summary = "a System V message queue of the host's IPC namespace",
	  .needs = "", .criu = "ok", .rule = "ns-ipc-host-objects", .prepare = sysv_queue_prepare,
	  .inside = sysv_queue, .undo = sysv_queue_undo },
	{ .name = NULL },
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups below the one that mkproc itself is in. Where that is, two files say:
 *
 *	/proc/self/cgroup	8:pids:/some/where
 *	/proc/self/mountinfo	39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mkproc.h"

enum { LINE = 4096 };

/* Whether a comma-separated list holds a word. */
static bool
has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		if (*at == ',')
			at++;
		if (strncmp(at, word, length) == 0 && (at[length] == ',' || !at[length]))
			return true;
	}
	return false;
}

/* Our path in the hierarchy of a controller; "" asks for the second version's. */
static bool
own_path(const char *controller, char *ret_path, size_t size)
{
	char line[LINE];
	bool found = false;
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		char *names = strchr(line, ':');
		char *path = names ? strchr(names + 1, ':') : NULL;

		if (!path)
			continue;
		line[strcspn(line, "\n")] = '\0';
		*path++ = '\0';
		found = *controller ? has_word(names + 1, controller) : names[1] == '\0';
		if (found)
			snprintf(ret_path, size, "%s", path);
	}
	if (f)
		fclose(f);
	return found;
}

static bool
mount_point(const char *controller, char *ret_path, size_t size)
{
	char line[LINE], root[1024], point[1024], type[32], options[1024];
	bool found = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*s %*s %*s %1023s %1023s", root, point) != 2 ||
		    sscanf(dash, " - %31s %*s %1023s", type, options) != 2)
			continue;
		found = *controller ? strcmp(type, "cgroup") == 0 && has_word(options, controller)
				    : strcmp(type, "cgroup2") == 0;
		found = found && strcmp(root, "/") == 0;
		if (found)
			snprintf(ret_path, size, "%s", point);
	}
	if (f)
		fclose(f);
	return found;
}

/* The folder of the group to be made: s->path. Two scenes never meet: mkproc's pid is in it. */
static void
make_group(struct scene *s, const char *controller)
{
	char path[1024], point[1024], whole[SCENE_PATH + 1];
	int n;

	if (!own_path(controller, path, sizeof(path)) ||
	    !mount_point(controller, point, sizeof(point)))
		skip(s, "no %s hierarchy is mounted", *controller ? controller : "cgroup2");
	if (strcmp(path, "/") == 0)
		path[0] = '\0';
	n = snprintf(whole, sizeof(whole), "%s%s/mkproc-%d", point, path, getpid());
	if (n < 0 || (size_t)n >= sizeof(s->path))
		skip(s, "the path of the own cgroup is too long");
	can(s, mkdir(whole, 0755), whole);
	memcpy(s->path, whole, (size_t)n + 1);
	fact(s, "cgroup", "%s/mkproc-%d", path, getpid());
	fact(s, "folder", "%s", whole);
}

static void
write_group(struct scene *s, const char *file, const char *value)
{
	char path[SCENE_PATH + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", s->path, file);
	fd = (int)can(s, open(path, O_WRONLY | O_CLOEXEC), path);
	can(s, write(fd, value, strlen(value)), path);
	close(fd);
}

static void
move_to_group(struct scene *s, pid_t pid, const char *file)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	write_group(s, file, text);
}

/* Tasks leave a group a moment after they were waited for: hence the tries. */
static void
remove_group(struct scene *s)
{
	for (int i = 0; s->path[0] && i < 400; i++) {
		if (rmdir(s->path) == 0 || errno == ENOENT)
			return;
		usleep(5000);
	}
	if (s->path[0])
		fprintf(stderr, "mkproc: cannot remove %s: %s\n", s->path, strerror(errno));
}

static const struct setting {
	const char *controller, *file, *value;
} settings[] = {
	{ "pids", "pids.max", "32" },
	{ "memory", "memory.limit_in_bytes", "67108864" },
	{ "cpu", "cpu.shares", "512" },
	{ "freezer", NULL, NULL },
	{ "name=systemd", NULL, NULL },
	{ "", NULL, NULL },
};

static void
prepare_group(struct scene *s)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].controller, s->factory->arg) != 0)
			continue;
		make_group(s, settings[i].controller);
		if (settings[i].file) {
			write_group(s, settings[i].file, settings[i].value);
			fact(s, "setting", "%s=%s", settings[i].file, settings[i].value);
		}
	}
}

static void
root_moves(struct scene *s)
{
	move_to_group(s, getpid(), "cgroup.procs");
}

static void
child_moves(struct scene *s)
{
	fact(s, "child", "%d", tree_child(s, root_moves));
}

static void
thread_moves_itself(struct scene *s)
{
	move_to_group(s, gettid(), "tasks");
}

static void
thread_moves(struct scene *s)
{
	fact(s, "tid", "%d", tree_thread(s, thread_moves_itself));
}

static void
freeze_v1(struct scene *s)
{
	write_group(s, "freezer.state", "FROZEN");
	wait_state(s, s->root, 'D');
}

static void
thaw_v1(struct scene *s)
{
	if (s->path[0])
		write_group(s, "freezer.state", "THAWED");
}

static void
freeze_v2(struct scene *s)
{
	char path[SCENE_PATH + 64], text[256];

	write_group(s, "cgroup.freeze", "1");
	snprintf(path, sizeof(path), "%s/cgroup.events", s->path);
	for (int i = 0; i < 200; i++) {
		path_read(s, path, text, sizeof(text));
		if (strstr(text, "frozen 1"))
			return;
		usleep(5000);
	}
	errno = ETIMEDOUT;
	fail(s, "wait for frozen");
}

/* The root of the cgroup namespace is a group that the task is then moved out of. */
static void
in_own_ns(struct scene *s)
{
	move_to_group(s, getpid(), "cgroup.procs");
	can(s, unshare(CLONE_NEWCGROUP), "unshare(CLONE_NEWCGROUP)");
}

/* The namespace has its root at the group, and the child leaves the group again. */
static void
move_up(struct scene *s)
{
	char home[SCENE_PATH + 16], text[16];
	int fd;

	snprintf(home, sizeof(home), "%s/../cgroup.procs", s->path);
	fd = (int)must(s, open(home, O_WRONLY | O_CLOEXEC), home);
	snprintf(text, sizeof(text), "%d", getpid());
	must(s, write(fd, text, strlen(text)), home);
	close(fd);
}

static void
above_ns_root(struct scene *s)
{
	in_own_ns(s);
	move_up(s);
}

static void
child_above_ns_root(struct scene *s)
{
	in_own_ns(s);
	fact(s, "child", "%d", tree_child(s, move_up));
}

#define GROUP_ROW(NAME, SUMMARY, NEEDS, CRIU, RULE, ARG, INSIDE)                                   \
	{ .name = (NAME), .summary = (SUMMARY), .needs = (NEEDS), .criu = (CRIU), .rule = (RULE),  \
	  .arg = (ARG), .prepare = prepare_group, .inside = (INSIDE), .undo = remove_group }

const struct factory factories_cgroups[] = {
	GROUP_ROW("cg-pids", "in a pids cgroup with a limit of 32", "root cgroup1:pids", "ok",
		  "cg-dir-missing", "pids", root_moves),
	GROUP_ROW("cg-memory", "in a memory cgroup with a limit of 64 MiB", "root cgroup1:memory",
		  "ok", "cg-dir-missing", "memory", root_moves),
	GROUP_ROW("cg-cpu", "in a cpu cgroup with 512 shares", "root cgroup1:cpu", "ok",
		  "cg-dir-missing", "cpu", root_moves),
	GROUP_ROW("cg-named", "in a group of the named hierarchy of systemd", "root cgroup1:named",
		  "ok", "cg-hierarchy-missing", "name=systemd", root_moves),
	GROUP_ROW("cg-v2", "in a group of the second version's hierarchy", "root cgroup2", "ok",
		  "cg-dir-missing", "", root_moves),
	GROUP_ROW("cg-child", "a child in another pids cgroup than the root", "root cgroup1:pids",
		  "ok", "cg-dir-missing", "pids", child_moves),
	GROUP_ROW("cg-thread", "a thread in another pids cgroup than its process",
		  "root cgroup1:pids", "ok", "cg-dir-missing", "pids", thread_moves),
	GROUP_ROW("cg-own-ns", "a cgroup namespace with its root at the group",
		  "root cgroup1:pids", "ok", "", "pids", in_own_ns),
	GROUP_ROW("cg-above-ns-root", "moved above the root of its cgroup namespace",
		  "root cgroup1:pids", "refused", "cg-ns-suffix", "pids", above_ns_root),
	GROUP_ROW("cg-child-above-ns-root", "a child moved above the root of its cgroup namespace",
		  "root cgroup1:pids", "refused", "cg-path-shorter-prefix", "pids",
		  child_above_ns_root),
	GROUP_ROW("cg-freezer-thawed", "in a freezer cgroup that is not frozen",
		  "root cgroup1:freezer", "ok", "", "freezer", root_moves),
	{ .name = "cg-frozen-v1", .summary = "frozen by a freezer cgroup of the first version",
	  .needs = "root cgroup1:freezer", .criu = "needs:--freeze-cgroup",
	  .rule = "task-frozen-v1", .arg = "freezer", .prepare = prepare_group,
	  .inside = root_moves, .after = freeze_v1, .release = thaw_v1, .undo = remove_group },
	{ .name = "cg-frozen-v2", .summary = "frozen by a cgroup of the second version",
	  .needs = "root cgroup2", .criu = "needs:--freeze-cgroup", .rule = "task-frozen-v1", .arg = "",
	  .prepare = prepare_group, .inside = root_moves, .after = freeze_v2,
	  .undo = remove_group },
	{ .name = NULL },
};

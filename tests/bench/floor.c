/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor under a light-dump: one thread that only opens and reads what a dump has to read,
 * for each task of the tree under PID, and makes nothing of it. What it reads is the list in
 * README.md of this folder. Prints the number of tasks, files and bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[1 << 20];
static unsigned long tasks, files, bytes;

static size_t
read_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t total = 0;

	if (fd < 0)
		return 0;
	for (;;) {
		ssize_t n = read(fd, buffer + total, sizeof(buffer) - 1 - total);

		if (n <= 0)
			break;
		total += (size_t) n;
		if (total >= sizeof(buffer) - 1)
			break;
	}
	buffer[total] = '\0';
	bytes += total;
	files++;
	(void) close(fd);
	return total;
}

enum { LINK = 1, STAT = 2, FDINFO = 4 };

/* Each name of a folder: its link text, its target's stat, its fdinfo, as asked. */
static void
each(int dir, const char *name, int what)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char text[4096], path[300];
	struct stat st;

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		if (what & LINK)
			(void) !readlinkat(fd, e->d_name, text, sizeof(text));
		if (what & STAT)
			(void) fstatat(fd, e->d_name, &st, 0);
		if (what & FDINFO) {
			(void) snprintf(path, sizeof(path), "fdinfo/%s", e->d_name);
			(void) read_at(dir, path);
		}
		files++;
	}
	(void) closedir(d);
}

static void look_at(const char *pid);

static void
children_of(int thread)
{
	char *copy, *word, *save = NULL;

	if (read_at(thread, "children") == 0)
		return;
	copy = strdup(buffer);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		look_at(word);
	free(copy);
}

static void
threads_of(int dir)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		int thread;

		if (e->d_name[0] == '.')
			continue;
		thread = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void) read_at(thread, "stat");
		(void) read_at(thread, "status");
		(void) read_at(thread, "cgroup");
		each(thread, "ns", LINK);
		children_of(thread);
		(void) close(thread);
	}
	(void) closedir(d);
}

static void
look_at(const char *pid)
{
	static const char *const names[] = {
		"stat", "status", "maps", "cgroup", "limits", "auxv", "timers", "loginuid", "personality",
		"attr/current", "uid_map", "gid_map", "statm", "oom_score_adj",
	};
	char path[64];
	int dir;

	(void) snprintf(path, sizeof(path), "/proc/%s", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	tasks++;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void) read_at(dir, names[i]);
	if (tasks == 1)
		(void) read_at(dir, "mountinfo");
	each(dir, "ns", LINK);
	each(dir, "fd", LINK | STAT | FDINFO);
	each(dir, "map_files", STAT);
	threads_of(dir);
	(void) close(dir);
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		(void) fprintf(stderr, "usage: floor PID\n");
		return 2;
	}
	look_at(argv[1]);
	printf("%lu tasks, %lu files, %lu bytes\n", tasks, files, bytes);
	return tasks ? 0 : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree to be measured: tree TASKS MIB FOLDER. TASKS tasks in a session of their own, each with
 * 16 open files of FOLDER (made if need be): 12 that all read, 4 that it alone writes. The root
 * touches MIB of anonymous memory. Prints the root's pid, waits for the end of its input, ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARED = 12, OWN = 4 };

static void
open_file(const char *folder, const char *kind, int task, int i, int flags)
{
	char path[512];
	int fd;

	(void) snprintf(path, sizeof(path), "%s/%s-%d-%d", folder, kind, task, i);
	fd = open(path, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || (lseek(fd, 0, SEEK_END) == 0 && write(fd, path, strlen(path)) < 0)) {
		perror(path);
		exit(1);
	}
	(void) close(fd);
	(void) open(path, flags);
}

static void
open_files(const char *folder, int task)
{
	for (int i = 0; i < SHARED; i++)
		open_file(folder, "shared", 0, i, O_RDONLY);
	for (int i = 0; i < OWN; i++)
		open_file(folder, "own", task, i, O_RDWR);
}

static void
touch(unsigned long mib)
{
	size_t n = mib << 20;
	char *p;

	if (n == 0)
		return;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
}

/* The root of the tree: forks the others, says that all are there, sleeps. */
static void
root(int tasks, unsigned long mib, const char *folder, int ready)
{
	int null = open("/dev/null", O_RDWR), fds[2];
	char c;

	(void) setsid();
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pipe(fds) < 0)
		exit(1);
	for (int task = 1; task < tasks; task++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			exit(1);
		}
		if (pid == 0) {
			(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void) close(fds[0]);
			(void) close(ready);
			for (int fd = 0; fd < 3; fd++)
				(void) dup2(null, fd);
			open_files(folder, task);
			(void) !write(fds[1], "x", 1);
			(void) close(fds[1]);
			for (;;)
				(void) pause();
		}
	}
	(void) close(fds[1]);
	for (int fd = 0; fd < 3; fd++)
		(void) dup2(null, fd);
	open_files(folder, 0);
	touch(mib);
	while (read(fds[0], &c, 1) > 0)
		;
	(void) close(fds[0]);
	(void) !write(ready, "x", 1);
	(void) close(ready);
	for (;;)
		(void) pause();
}

int
main(int argc, char **argv)
{
	int ready[2];
	pid_t pid;
	char c;

	if (argc != 4 || pipe(ready) < 0) {
		(void) fprintf(stderr, "usage: tree TASKS MIB FOLDER\n");
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		(void) close(ready[0]);
		root(atoi(argv[1]), strtoul(argv[2], NULL, 10), argv[3], ready[1]);
	}
	(void) close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1) {
		(void) fprintf(stderr, "tree: it did not come up\n");
		return 1;
	}
	printf("%d\n", pid);
	(void) fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	(void) kill(-pid, SIGKILL);	/* its whole session is ours */
	(void) waitpid(pid, NULL, 0);
	return 0;
}

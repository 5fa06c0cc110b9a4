/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree that never holds still: forker FILE. The root keeps WORKERS workers, each of which
 * forks children that end at once, as fast as it can. FILE (16 bytes, mapped shared) holds two
 * counters: processes begun, processes ended and reaped. Prints the root's pid; ends when its
 * input ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, MOST_FORKS = 5 * 1000 * 1000 };

struct counters {
	_Atomic unsigned long begun, ended;
};

static void
fork_and_reap(struct counters *c)
{
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (long i = 0; i < MOST_FORKS; i++) {
		pid_t pid;

		/* Counted before it lives and after it is gone, so that the counters enclose it. */
		(void) atomic_fetch_add(&c->begun, 1);
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			(void) waitpid(pid, NULL, 0);
		(void) atomic_fetch_add(&c->ended, 1);
	}
}

static void
root(struct counters *c)
{
	(void) setsid();
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < WORKERS; i++) {
		(void) atomic_fetch_add(&c->begun, 1);
		if (fork() == 0) {
			fork_and_reap(c);
			_exit(0);
		}
	}
	for (;;)
		(void) pause();
}

int
main(int argc, char **argv)
{
	struct counters *c;
	char byte;
	pid_t pid;
	int fd;

	if (argc != 2)
		return 2;
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*c)) < 0)
		return 1;
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c == MAP_FAILED)
		return 1;
	atomic_store(&c->begun, 1);
	pid = fork();
	if (pid == 0)
		root(c);
	printf("%d\n", pid);
	(void) fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	(void) kill(-pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	return 0;
}

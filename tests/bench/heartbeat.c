/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a busy program sees of being looked at: heartbeat. Prints its pid, then for each line it
 * is given ("start" or "stop") begins to watch, or prints the longest gap between two beats in
 * microseconds since the start. A beat is a pass of a loop that does nothing else.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_ullong longest_ns;
static atomic_int reset;

static unsigned long long
now_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long) t.tv_sec * 1000000000ull + (unsigned long long) t.tv_nsec;
}

static void *
beat(void *arg)
{
	unsigned long long last = now_ns(), longest = 0;

	(void) arg;
	for (;;) {
		unsigned long long now = now_ns();

		if (atomic_exchange(&reset, 0))
			longest = 0;
		else if (now - last > longest)
			longest = now - last;
		atomic_store(&longest_ns, longest);
		last = now;
	}
	return NULL;
}

int
main(void)
{
	char line[64];
	pthread_t thread;

	if (pthread_create(&thread, NULL, beat, NULL) != 0)
		return 1;
	printf("%d\n", getpid());
	(void) fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (strncmp(line, "start", 5) == 0)
			atomic_store(&reset, 1);
		else
			printf("%llu\n", atomic_load(&longest_ns) / 1000);
		(void) fflush(stdout);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest cache that is damaged, full, killed, or used by many: never a wrong answer.
 */
#include "tests/unit/digest-cache.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static long
size_of_data(void)
{
	struct stat st;

	return stat(data, &st) == 0 ? (long) st.st_size : -1;
}

static void
write_at(long at, const void *p, size_t n)
{
	_cleanup_close_ int fd = open(data, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, p, n, at), n);
}

/* Never a wrong answer, never an error; and after it was thrown away it works again. */
static void
survives(void)
{
	struct cache_folder c = cache();

	(void) known(&c, 0, N);		/* asserts that what is found is right */
	assert_int_equal(c.error, 0);
	keep(&c, 0, N);
	assert_int_equal(c.error, 0);
	(void) known(&c, 0, N);
	keep(&c, 0, N);
	assert_int_equal(known(&c, 0, N), N);
	assert_int_equal(c.error, 0);
}

static void
a_damaged_file_is_thrown_away(void **state)
{
	struct cache_folder c = cache();
	char page[4096];
	long size;

	(void) state;
	keep(&c, 0, N);
	size = size_of_data();
	assert_true(size > 8 * 4096);
	/* Each page overwritten by noise, by zeros, and with its header alone spoilt. */
	for (long at = 0; at < size; at += 4096) {
		memset(page, 0xff, sizeof(page));
		write_at(at, page, sizeof(page));
		survives();
		memset(page, 0, sizeof(page));
		if (size_of_data() > at)
			write_at(at, page, sizeof(page));
		survives();
		memset(page, 0x11, sizeof(page));
		if (size_of_data() > at)
			write_at(at + 10, page, 60);
		survives();
	}
}

static void
flipped_bytes_are_not_believed(void **state)
{
	struct cache_folder c = cache();
	unsigned int seed = 1;

	(void) state;
	keep(&c, 0, N);
	for (int round = 0; round < 60; round++) {
		long size = size_of_data();

		for (int i = 0; i < 8; i++) {
			uint8_t byte = (uint8_t) rand_r(&seed);

			write_at((long) (rand_r(&seed) % (unsigned int) size), &byte, 1);
		}
		survives();
	}
}

static void
a_file_cut_short_is_thrown_away(void **state)
{
	static const long cuts[] = { 0, 1, 16, 4095, 4096, 4097, 8192, 8193, 12288, 20480 };
	struct cache_folder c = cache();

	(void) state;
	keep(&c, 0, N);
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		assert_int_equal(truncate(data, cuts[i]), 0);
		survives();
	}
}

static void
another_version_is_thrown_away(void **state)
{
	static const char word[] = "migcheck digests 1";
	struct cache_folder c = cache();
	static char all[1 << 20];
	_cleanup_close_ int fd = -1;
	ssize_t n;
	char *at;

	(void) state;
	keep(&c, 0, N);
	fd = open(data, O_RDWR | O_CLOEXEC);
	n = read(fd, all, sizeof(all));
	assert_true(n > 0);
	at = memmem(all, (size_t) n, word, sizeof(word));
	assert_non_null(at);
	write_at(at - all + (long) sizeof(word) - 2, "9", 1);
	assert_int_equal(known(&c, 0, N), 0);
	assert_int_equal(c.error, 0);
	assert_int_equal(size_of_data(), -1);
}

/* ---- no room, no luck ------------------------------------------------------------ */

static void
a_full_one_begins_anew(void **state)
{
	struct cache_folder c = cache();
	unsigned int stored = 0;

	(void) state;
	c.room = 256 * 1024;
	for (unsigned int i = 0; i < 40; i++) {
		keep(&c, i * 100, 100);
		assert_int_equal(c.error, 0);
		assert_true(size_of_data() <= 256 * 1024);
		assert_int_equal(known(&c, i * 100, 100), 100);
		stored += 100;
	}
	assert_true(known(&c, 0, stored) < stored);
	/* More at once than there is room for. */
	keep(&c, 0, 4000);
	assert_int_equal(c.error, 0);
	assert_true(known(&c, 0, 4000) > 100);
}

/* ---- others at the same time -------------------------------------------------------------- */

static void
many_at_once_agree(void **state)
{
	struct cache_folder c = cache();
	pid_t pid[8];
	int status;

	(void) state;
	for (unsigned int k = 0; k < ARRAY_SIZE(pid); k++) {
		pid[k] = fork();
		if (pid[k] != 0)
			continue;
		for (unsigned int i = 0; i < 10; i++) {
			struct cache_folder own = cache();

			keep(&own, k * 50, 50);
			if (own.error || known(&own, k * 50, 50) != 50)
				_exit(1);
		}
		_exit(0);
	}
	for (unsigned int k = 0; k < ARRAY_SIZE(pid); k++) {
		assert_int_equal(waitpid(pid[k], &status, 0), pid[k]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(known(&c, 0, 8 * 50), 8 * 50);
}

static void
one_that_is_killed_harms_nobody(void **state)
{
	struct cache_folder c = cache();
	int status;

	(void) state;
	keep(&c, 0, N);
	for (useconds_t i = 0; i < 30; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void) setpgid(0, 0);
			for (;;) {
				struct cache_folder own = cache();

				keep(&own, N, 200);
			}
		}
		(void) setpgid(pid, pid);
		(void) usleep(300 + i * 200);
		assert_int_equal(kill(-pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(known(&c, 0, N), N);
		assert_int_equal(c.error, 0);
	}
}

static void
one_that_is_held_does_not_hold_us(void **state)
{
	struct cache_folder c = cache();
	_cleanup_close_ int held = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void) state;
	keep(&c, 0, 3);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_int_equal(known(&c, 0, 3), 0);
	assert_int_equal(c.error, -ETIMEDOUT);
	assert_int_equal(flock(held, LOCK_UN), 0);
	c.error = 0;
	assert_int_equal(known(&c, 0, 3), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_damaged_file_is_thrown_away),
		TEST(flipped_bytes_are_not_believed),
		TEST(a_file_cut_short_is_thrown_away),
		TEST(another_version_is_thrown_away),
		TEST(a_full_one_begins_anew),
		TEST(many_at_once_agree),
		TEST(one_that_is_killed_harms_nobody),
		TEST(one_that_is_held_does_not_hold_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

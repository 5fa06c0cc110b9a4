/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See procfile.h. Most files of /proc/PID are produced whole at the first read(2) and handed
 * out up to the size asked for, so a read that does not fill the buffer has seen the end.
 */
#include "light-dump/procfile.h"

#include "facts/limits.h"

#include <fcntl.h>
#include <limits.h>

enum { FIRST_READ = 16 * 1024, ENTRIES = 8 * 1024 };

int
procfile_read(const struct root *dir, const char *name, struct buffer *b)
{
	_cleanup_close_ int fd = root_openat(dir, name, O_RDONLY);
	int r;

	b->n = 0;
	if (fd < 0)
		return fd;
	for (;;) {
		size_t room;
		ssize_t n;

		r = buffer_reserve(b, FIRST_READ);
		if (r < 0)
			return r;
		room = b->room - b->n - 1;
		n = read(fd, b->p + b->n, room);
		if (n < 0)
			return -errno;
		b->n += (size_t) n;
		b->p[b->n] = '\0';
		if ((size_t) n < room)
			return 0;
		if (b->n > MAX_PROC_FILE)
			return -EFBIG;
	}
}

int
procfile_read_all(const struct root *dir, const char *name, struct buffer *b)
{
	return root_read(dir, name, b, MAX_PROC_FILE);
}

int
procfile_error(const struct root *root, int pid, int error)
{
	_cleanup_close_ int fd = -1;
	char name[32];

	if (error != -ENOENT || pid <= 0)
		return error;
	(void) snprintf(name, sizeof(name), "proc/%d/stat", pid);
	fd = root_openat(root, name, O_PATH);
	return fd == -ENOENT || fd == -ESRCH ? -ESRCH : error;
}

void
numbers_free(struct numbers *list)
{
	free(list->number);
	*list = (struct numbers){ 0 };
}

static int
numbers_add(struct numbers *list, int number)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		int *p = realloc(list->number, room * sizeof(*p));

		if (!p)
			return -ENOMEM;
		list->number = p;
		list->room = room;
	}
	list->number[list->n++] = number;
	return 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	int x = *(const int *) a, y = *(const int *) b;

	return (x > y) - (x < y);
}

static void
numbers_sort(struct numbers *list)
{
	for (size_t i = 1; i < list->n; i++)
		if (list->number[i - 1] > list->number[i]) {
			qsort(list->number, list->n, sizeof(list->number[0]), compare_numbers);
			return;
		}
}

/* The entries of one getdents64(2). */
static int
take_entries(const char *bytes, size_t n, size_t limit, struct numbers *list)
{
	int r;

	for (size_t at = 0; at < n;) {
		const struct dirent64 *entry = (const void *) (bytes + at);
		uint64_t number;

		at += entry->d_reclen;
		if (parse_u64(slice_of(entry->d_name), 10, &number) < 0 || number > INT_MAX)
			continue;
		if (list->n >= limit)
			return -EFBIG;
		r = numbers_add(list, (int) number);
		if (r < 0)
			return r;
	}
	return 0;
}

int
procfile_numbers(const struct root *dir, const char *name, size_t limit, struct numbers *ret)
{
	_cleanup_close_ int fd = root_openat(dir, name, O_RDONLY | O_DIRECTORY);
	_Alignas(struct dirent64) char bytes[ENTRIES];
	ssize_t n;
	int r;

	ret->n = 0;
	if (fd < 0)
		return fd;
	for (;;) {
		n = getdents64(fd, bytes, sizeof(bytes));
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		r = take_entries(bytes, (size_t) n, limit, ret);
		if (r < 0)
			return r;
	}
	numbers_sort(ret);
	return 0;
}

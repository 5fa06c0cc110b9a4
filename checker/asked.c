/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers about contents that no longer are: see asked.h.
 *
 *     asked   /srv/web/secret.key   sha256 7c1e…
 *     there   /srv/web/secret.key   the same as that
 *     now     /srv/web/secret.key   sha256 0d44…      nobody knows what is there
 */
#include "checker/asked.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The files of a snapshot that have a path, by it. */
struct files {
	const File **file;
	size_t n;
};

static void
cleanup_files(struct files *f)
{
	free(f->file);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp((*(const File *const *) a)->path, (*(const File *const *) b)->path);
}

static int
files_sort(const Snapshot *s, struct files *ret)
{
	ret->file = calloc(s->n_file + 1, sizeof(*ret->file));
	if (!ret->file)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_file; i++)
		if (s->file[i]->path)
			ret->file[ret->n++] = s->file[i];
	qsort(ret->file, ret->n, sizeof(*ret->file), by_path);
	return 0;
}

/* The first of those at this path, or the place where it would stand. */
static size_t
files_find(const struct files *f, const char *path)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(f->file[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
same_content(const File *a, const File *b)
{
	return a->has_sha256 && b->has_sha256 && a->sha256.len > 0 && a->sha256.len == b->sha256.len &&
	       memcmp(a->sha256.data, b->sha256.data, a->sha256.len) == 0;
}

/* Whether all at this path hold what `first` does. */
static bool
all_hold(const struct files *f, const char *path, const File *first)
{
	for (size_t i = files_find(f, path); i < f->n && strcmp(f->file[i]->path, path) == 0; i++)
		if (!same_content(first, f->file[i]))
			return false;
	return true;
}

/* Names in several mount namespaces are one path to the destination: all must be as they were. */
static bool
still_stands(const struct files *asked, const struct files *now, const char *path)
{
	size_t first = files_find(asked, path);

	if (first == asked->n || strcmp(asked->file[first]->path, path) != 0)
		return false;
	return all_hold(asked, path, asked->file[first]) && all_hold(now, path, asked->file[first]);
}

int
answers_withdraw(const Snapshot *asked, const Snapshot *now, Snapshot *there)
{
	struct files before cleanup(cleanup_files) = { 0 }, after cleanup(cleanup_files) = { 0 };

	if (files_sort(asked, &before) < 0 || files_sort(now, &after) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < there->n_path_answer; i++) {
		PathAnswer *a = there->path_answer[i];

		if (!a->path || !a->has_same_as_asked || still_stands(&before, &after, a->path))
			continue;
		a->has_same_as_asked = false;
		a->same_as_asked = false;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has locked what the source has locked, as /proc/locks shows it to the PID namespace that we
 * are in:
 *
 *     source   /srv/app/lock     FLOCK  ADVISORY  WRITE
 *     here     /srv/app/lock     00:21:131, and 7: FLOCK  ADVISORY  WRITE 733 00:21:131 0 EOF
 */
#include "kernel/locks.h"
#include "probes/probes.h"

#include <errno.h>

enum { MAX_LOCKS_BYTES = 64 * 1024 * 1024, MAX_LOCKS_TOLD = 64 };

static int
by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int
by_inode(const void *a, const void *b)
{
	uint64_t x = (*(PathAnswer *const *) a)->ino, y = (*(PathAnswer *const *) b)->ino;

	return x < y ? -1 : x > y;
}

static const char *
locked_path(const Snapshot *source, const Fd *fd)
{
	return fd->n_lock > 0 && fd->has_file && fd->file < source->n_file ? source->file[fd->file]->path : NULL;
}

/* The paths of locked files, sorted. `paths` has room for all descriptors. */
static size_t
find_locked(const Snapshot *source, const char **paths)
{
	size_t n = 0;

	for (size_t i = 0; i < source->n_process; i++)
		for (size_t k = 0; k < source->process[i]->n_fd; k++) {
			paths[n] = locked_path(source, source->process[i]->fd[k]);
			n += paths[n] != NULL;
		}
	qsort(paths, n, sizeof(*paths), by_path);
	return n;
}

/* Their answers, by inode. `found` has room for all answers. */
static size_t
find_answers(const Snapshot *s, const char **paths, size_t n_paths, PathAnswer **found)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_path_answer; i++) {
		PathAnswer *a = s->path_answer[i];

		if (a->path && a->has_ino && !a->of_host && bsearch(&a->path, paths, n_paths, sizeof(*paths), by_path))
			found[n++] = a;
	}
	qsort(found, n, sizeof(PathAnswer *), by_inode);
	return n;
}

static int
add_lock(struct arena *arena, PathAnswer *a, const struct lock_line *line, uint64_t dev)
{
	uint64_t own = (uint64_t) a->dev_major << 32 | a->dev_minor;
	FileLock *lock;
	int r;

	if (!lock_device_may_be(dev, own, a->fs_type) || a->n_lock >= MAX_LOCKS_TOLD)
		return 0;
	r = lock_line_fact(arena, line, &lock);
	return r < 0 ? r : ADD_FACT(arena, a->lock, a->n_lock, lock);
}

/* A line of /proc/locks, put to all answers of its inode. */
static int
take_line(struct arena *arena, struct slice text, PathAnswer **found, size_t n)
{
	struct lock_line line;
	PathAnswer key = { 0 }, *wanted = &key, **at;
	uint64_t dev;
	int r = lock_line_split(text, &line);

	if (r == 0)
		r = lock_line_inode(&line, &dev, &key.ino);
	if (r < 0 || line.waits)
		return r;
	at = bsearch(&wanted, found, n, sizeof(PathAnswer *), by_inode);
	if (!at)
		return 0;
	while (at > found && at[-1]->ino == key.ino)
		at--;
	for (; r == 0 && at < found + n && (*at)->ino == key.ino; at++)
		r = add_lock(arena, *at, &line, dev);
	return r;
}

static int
read_locks(struct probe_context *c, PathAnswer **found, size_t n)
{
	struct slice rest, line;
	int r = root_read(c->root, "proc/locks", c->text, MAX_LOCKS_BYTES);

	if (r < 0)
		return r;
	rest = buffer_slice(c->text);
	while (r == 0 && slice_line(&rest, &line))
		r = take_line(c->snapshot->arena, line, found, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		SET_FACT(found[i], locks_looked, true);
	return r;
}

int
path_locks_ask(struct probe_context *c)
{
	_cleanup_free_ const char **paths = NULL;
	_cleanup_free_ PathAnswer **found = NULL;
	size_t n_fd = 0, n;

	if (!c->source)
		return 0;
	for (size_t i = 0; i < c->source->n_process; i++)
		n_fd += c->source->process[i]->n_fd;
	paths = calloc(n_fd + 1, sizeof(*paths));
	found = calloc(c->snapshot->facts->n_path_answer + 1, sizeof(*found));
	if (!paths || !found)
		return -ENOMEM;
	n = find_locked(c->source, paths);
	n = find_answers(c->snapshot->facts, paths, n, found);
	return n > 0 ? read_locks(c, found, n) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a snapshot, sorted twice: by namespace and id, and by namespace and device. A
 * tree of thousands of files looks its mounts up one by one.
 */
#include "light-dump/mount-index.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static uint64_t
device(uint32_t major, uint32_t minor)
{
	return (uint64_t) major << 32 | minor;
}

static int
by_id(const void *a, const void *b)
{
	const Mount *x = *(const Mount *const *) a, *y = *(const Mount *const *) b;
	int r = compare(x->mnt_ns, y->mnt_ns);

	return r ? r : compare(x->id, y->id);
}

static int
by_dev(const void *a, const void *b)
{
	const Mount *x = *(const Mount *const *) a, *y = *(const Mount *const *) b;
	int r = compare(x->mnt_ns, y->mnt_ns);

	return r ? r : compare(device(x->dev_major, x->dev_minor), device(y->dev_major, y->dev_minor));
}

void
mount_index_free(struct mount_index *m)
{
	free(m->by_id);
	free(m->by_dev);
}

int
mount_index_make(const Snapshot *s, struct mount_index *ret)
{
	struct mount_index m = { .n = s->n_mount };

	m.by_id = calloc(m.n + 1, sizeof(*m.by_id));
	m.by_dev = calloc(m.n + 1, sizeof(*m.by_dev));
	if (!m.by_id || !m.by_dev) {
		mount_index_free(&m);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m.n; i++)
		m.by_id[i] = m.by_dev[i] = s->mount[i];
	qsort(m.by_id, m.n, sizeof(*m.by_id), by_id);
	qsort(m.by_dev, m.n, sizeof(*m.by_dev), by_dev);
	*ret = m;
	return 0;
}

/* A device has one type only, so it serves where the mount's id is not in the table. */
char *
mount_index_type(const struct mount_index *m, const File *f)
{
	Mount key = { .mnt_ns = f->mnt_ns, .id = f->mnt_id, .dev_major = f->dev_major,
		      .dev_minor = f->dev_minor };
	const Mount *wanted = &key;
	const Mount *const *found = NULL;

	if (f->has_mnt_id)
		found = bsearch(&wanted, m->by_id, m->n, sizeof(*m->by_id), by_id);
	if (!found)
		found = bsearch(&wanted, m->by_dev, m->n, sizeof(*m->by_dev), by_dev);
	return found ? (*found)->fs_type : NULL;
}

int
mount_open(const struct root *root, int pid, const Mount *m, int flags)
{
	_cleanup_root_ struct root proc = ROOT_NONE, inside = ROOT_NONE;
	char name[32];
	int r;

	(void) snprintf(name, sizeof(name), "proc/%d", pid);
	r = root_sub(root, name, &proc);
	if (r < 0)
		return r;
	inside.fd = root_magic_open(&proc, "root", O_PATH | O_DIRECTORY);
	if (inside.fd < 0)
		return inside.fd;
	return root_openat(&inside, m->mountpoint, O_RDONLY | O_DIRECTORY | flags);
}

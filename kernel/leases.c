/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write leases and delegations in /proc/locks, among the locks of all other kinds:
 *
 *     1: LEASE  ACTIVE    WRITE 4211 08:01:1310722 0 EOF
 *     2: DELEG  ACTIVE    READ 812 00:2f:77 0 EOF
 *     3: POSIX  ADVISORY  WRITE 733 00:19:1092 0 EOF
 */
#include "kernel/leases.h"

#include "kernel/locks.h"

#include <errno.h>
#include <sys/sysmacros.h>

enum { MAX_LOCKS_BYTES = 64 * 1024 * 1024 };

static int
line_parse(struct slice line, struct leases *l)
{
	struct lock_line lock;
	struct lease lease, *grown;
	int r = lock_line_split(line, &lock);

	if (r < 0)
		return r;
	if ((!slice_eq(lock.kind, "LEASE") && !slice_eq(lock.kind, "DELEG")) || !slice_eq(lock.access, "WRITE") ||
	    lock.waits)
		return 0;
	r = lock_line_inode(&lock, &lease.dev, &lease.ino);
	if (r < 0)
		return r;
	grown = reallocarray(l->lease, l->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->lease = grown;
	grown[l->n++] = lease;
	return 0;
}

int
leases_parse(struct slice text, struct leases *l)
{
	struct slice line;
	int r = 0;

	while (r == 0 && slice_line(&text, &line))
		r = line_parse(line, l);
	return r;
}

int
leases_read(const struct root *root, struct leases *ret)
{
	_cleanup_buffer_ struct buffer text = {};
	_cleanup_leases_ struct leases l = {};
	int r = root_read(root, "proc/locks", &text, MAX_LOCKS_BYTES);

	if (r == 0)
		r = leases_parse(buffer_slice(&text), &l);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = l;
	l = (struct leases){};
	return 0;
}

bool
leases_forbid(const struct leases *l, const struct stat *st, const char *fs_type)
{
	uint64_t dev = (uint64_t) major(st->st_dev) << 32 | minor(st->st_dev);

	for (size_t i = 0; i < l->n; i++)
		if (l->lease[i].ino == st->st_ino && lock_device_may_be(l->lease[i].dev, dev, fs_type))
			return true;
	return false;
}

void
leases_free(struct leases *l)
{
	free(l->lease);
}

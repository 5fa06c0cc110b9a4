/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write leases and delegations in /proc/locks, proc_locks(5): kind, state, access, pid of the
 * holder, device of the superblock and inode. A line of who waits has "->" behind its number:
 *
 *     1: LEASE  ACTIVE    WRITE 4211 08:01:1310722 0 EOF
 *     2: DELEG  ACTIVE    READ 812 00:2f:77 0 EOF
 *     3: POSIX  ADVISORY  WRITE 733 00:19:1092 0 EOF
 *     3: -> POSIX  ADVISORY  WRITE 734 00:19:1092 0 EOF
 */
#include "kernel/leases.h"

#include <errno.h>
#include <sys/sysmacros.h>

enum { MAX_LOCKS_BYTES = 64 * 1024 * 1024 };

/* "08:01:1310722": the device in base 16, the inode in base 10. */
static int
inode_parse(struct slice text, struct lease *ret)
{
	struct slice high, low;
	uint32_t major_number, minor_number;

	if (!slice_field(&text, ':', &high) || !slice_field(&text, ':', &low) ||
	    parse_u32(high, 16, &major_number) < 0 || parse_u32(low, 16, &minor_number) < 0 ||
	    parse_u64(text, 10, &ret->ino) < 0)
		return -EBADMSG;
	ret->dev = (uint64_t) major_number << 32 | minor_number;
	return 0;
}

static int
line_parse(struct slice line, struct leases *l)
{
	struct slice number, kind, state, access, pid, inode;
	struct lease lease, *grown;
	int r;

	if (!slice_word(&line, &number) || !slice_word(&line, &kind) || !slice_word(&line, &state) ||
	    !slice_word(&line, &access))
		return -EBADMSG;
	if ((!slice_eq(kind, "LEASE") && !slice_eq(kind, "DELEG")) || !slice_eq(access, "WRITE"))
		return 0;
	if (!slice_word(&line, &pid) || !slice_word(&line, &inode))
		return -EBADMSG;
	r = inode_parse(inode, &lease);
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

/* stat(2) of these shows other devices than that of the superblock. */
static bool
has_devices_of_its_own(const char *fs_type)
{
	return !fs_type || streq(fs_type, "btrfs") || streq(fs_type, "overlay");
}

bool
leases_forbid(const struct leases *l, const struct stat *st, const char *fs_type)
{
	uint64_t dev = (uint64_t) major(st->st_dev) << 32 | minor(st->st_dev);

	for (size_t i = 0; i < l->n; i++)
		if (l->lease[i].ino == st->st_ino &&
		    (l->lease[i].dev == dev || has_devices_of_its_own(fs_type)))
			return true;
	return false;
}

void
leases_free(struct leases *l)
{
	free(l->lease);
}

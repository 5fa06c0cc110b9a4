/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at one file, in a child that may be killed. Its content is that of the inode in use
 * itself, held through a link of the process:
 *
 *     /proc/4211/exe
 *     /proc/4211/map_files/7f2b3c000000-7f2b3c0c3000    a library, replaced on disk or not
 *     /proc/4211/fd/7
 *
 * Only where that link is denied or gone, the path serves, if it leads to the same inode.
 */
#include "light-dump/files-look.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static bool
is_inode(const struct statx *st, const File *f)
{
	if (st->stx_ino != f->ino)
		return false;
	if (st->stx_dev_major == f->dev_major && st->stx_dev_minor == f->dev_minor)
		return true;
	/* The maps text has the device of the superblock, statx(2) that of the subvolume. */
	return !f->has_mode && f->fs_type && streq(f->fs_type, "btrfs");
}

/* An overlay's inode in the maps text may be another than statx(2) shows for the same file. */
static bool
cannot_be_compared(const File *f)
{
	return !f->has_mode && f->fs_type && streq(f->fs_type, "overlay");
}

static int
look_at(int fd, struct statx *ret)
{
	int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;

	return statx(fd, "", flags, STATX_BASIC_STATS, ret) < 0 ? -errno : 0;
}

/*
 * " (deleted)" behind the text of a link may be the kernel's word or the end of a name. With a
 * name left (nlink) the full text may lead to the inode.
 */
static int
follow_full_name(const struct root *place, const File *f, struct looked *ret)
{
	_cleanup_free_ char *full = NULL;
	_cleanup_close_ int fd = -1;

	if (!f->deleted || !f->has_nlink || f->nlink == 0 || asprintf(&full, "%s (deleted)", f->path) < 0)
		return -1;
	fd = root_openat(place, full, O_PATH | O_NOFOLLOW);
	if (fd < 0 || look_at(fd, &ret->st) < 0 || !is_inode(&ret->st, f))
		return -1;
	ret->full_name = true;
	ret->state = PATH_STATE__PATH_SAME;
	return steal_fd(&fd);
}

/* Where the path leads now: the state in `ret`, and a descriptor when it is the same inode. */
static int
follow_path(const struct looking *l, uint32_t i, struct looked *ret)
{
	const File *f = l->facts->file[i];
	const struct file_work *w = &l->plan->work[i];
	int flags = O_PATH | (S_ISLNK(f->mode) ? O_NOFOLLOW : 0);
	_cleanup_close_ int fd = -1;
	int r;

	if (w->place < 0)
		return -1;
	fd = follow_full_name(&l->plan->place[w->place].root, f, ret);
	if (fd >= 0)
		return steal_fd(&fd);
	fd = root_openat(&l->plan->place[w->place].root, f->path, flags);
	r = fd < 0 ? fd : look_at(fd, &ret->st);
	if (r < 0) {
		ret->state = r == -ENOENT ? PATH_STATE__PATH_GONE : PATH_STATE__PATH_ERROR;
		ret->error = -r;
		return -1;
	}
	if (is_inode(&ret->st, f)) {
		ret->state = PATH_STATE__PATH_SAME;
		return steal_fd(&fd);
	}
	if (!cannot_be_compared(f))
		ret->state = PATH_STATE__PATH_REPLACED;
	return -1;
}

/* An O_PATH descriptor of the inode in use, through the process: or -errno. */
static int
hold(const struct looking *l, uint32_t i)
{
	const struct file_work *w = &l->plan->work[i];
	_cleanup_root_ struct root proc = ROOT_NONE;
	_cleanup_close_ int fd = -1;
	char name[64];
	struct statx st;
	int r;

	(void) snprintf(name, sizeof(name), "proc/%d", w->pid);
	r = root_sub(l->c->root, name, &proc);
	if (r < 0)
		return r;
	switch (w->handle) {
	case HANDLE_EXE:
		(void) snprintf(name, sizeof(name), "exe");
		break;
	case HANDLE_FD:
		(void) snprintf(name, sizeof(name), "fd/%llu", (unsigned long long) w->first);
		break;
	case HANDLE_MAP:
		(void) snprintf(name, sizeof(name), "map_files/%llx-%llx",
				(unsigned long long) w->first, (unsigned long long) w->second);
		break;
	case HANDLE_NONE:
		return -ENOENT;
	}
	fd = root_magic_open(&proc, name, O_PATH);
	if (fd < 0)
		return fd;
	r = look_at(fd, &st);
	if (r < 0)
		return r;
	/* The process may have closed it, or be another one by now. */
	return is_inode(&st, l->facts->file[i]) ? steal_fd(&fd) : -ENOENT;
}

/* Of a file whose size was not known when the plan was made. */
static bool
is_over_limit(const struct looking *l, const File *f, const struct statx *st)
{
	return !f->has_mode && !f->used_exe && !f->used_map_exec &&
	       st->stx_size > l->c->options->hash_limit;
}

void
file_look(const struct looking *l, uint32_t i, struct looked *ret)
{
	_cleanup_close_ int fd = follow_path(l, i, ret);
}

void
file_read(const struct looking *l, uint32_t i, const struct identity *cached, struct crew_slot *slot,
	  struct identity *ret)
{
	const File *f = l->facts->file[i];
	const struct file_work *w = &l->plan->work[i];
	struct identity_wants wants = { .digest = w->digest, .elf = w->elf,
					.fs_type = f->fs_type, .leases = &l->leases,
					.cached = w->unsteady ? NULL : cached };
	_cleanup_close_ int held = hold(l, i), by_path = -1;
	struct looked looked = {};

	if (held < 0 || !f->has_mode)
		by_path = follow_path(l, i, &looked);
	if (held < 0 && by_path < 0) {
		ret->state = DIGEST_STATE__DIGEST_FAILED;
		ret->error = -held;
		return;
	}
	wants.digest &= !is_over_limit(l, f, &looked.st);
	identity_read(held < 0 ? by_path : held, &wants, slot, ret);
	ret->steady &= !w->unsteady;
	if (w->digest && !wants.digest)
		ret->state = DIGEST_STATE__DIGEST_OVER_LIMIT;
}

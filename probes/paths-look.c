/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at one path of the source, in a child that may be killed. Nothing is opened before it
 * was seen to be a regular file on a real file system, and nothing is read where kind and size
 * already differ. See paths.c for what may be told of it.
 */
#include "probes/paths-look.h"
#include "kernel/filesystem.h"
#include "probes/others.h"
#include "probes/shared-storage.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

/* A file of holes may claim any size, and so may a snapshot. */
#define MAX_HASHED (64ULL << 30)

static const struct root *
root_of(const struct paths *a, const struct path_question *q)
{
	return q->of_host || q->mapped_to ? a->c->root : a->c->tree_root;
}

static const char *
place_of(const struct path_question *q)
{
	return q->mapped_to ? q->mapped_to : q->path;
}

static bool
folder_is_missing(const struct root *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = slash ? strndup(path, (size_t) (slash - path)) : NULL;
	_cleanup_close_ int fd = -1;

	if (!folder || !folder[0])
		return false;
	fd = root_openat(r, folder, O_PATH);
	return fd == -ENOENT || fd == -ENOTDIR;
}

const char *
path_fs_type(const struct paths *a, const struct statx *st)
{
	const Mount *m = st->stx_mask & STATX_MNT_ID ? path_mounts_by_id(&a->mounts, st->stx_mnt_id) :
						       NULL;

	return m ? m->fs_type : NULL;
}

/* The very inode of the source, unchanged: on the machine that the tree lives on now, or on storage of both. */
static bool
is_source_itself(const struct paths *a, const File *f, const struct statx *st)
{
	if (!f->has_ino || st->stx_ino != f->ino ||
	    f->mtime_ns != st->stx_mtime.tv_sec * 1000000000LL + st->stx_mtime.tv_nsec ||
	    f->ctime_ns != st->stx_ctime.tv_sec * 1000000000LL + st->stx_ctime.tv_nsec)
		return false;
	if (a->c->options->live_tree_here && st->stx_dev_major == f->dev_major && st->stx_dev_minor == f->dev_minor)
		return true;
	return st->stx_mask & STATX_MNT_ID &&
	       storage_is_shared(a->c->source, f, path_mounts_by_id(&a->mounts, st->stx_mnt_id));
}

static bool
has_digest(const File *f)
{
	return f->has_sha256 && f->sha256.len == DIGEST_SIZE;
}

static bool
is_comparable(const struct paths *a, const File *f, const struct statx *st)
{
	if (!f || a->c->options->no_content || (!has_digest(f) && !f->has_build_id))
		return false;
	return S_ISREG(f->mode) && S_ISREG(st->stx_mode) && f->has_size && f->size == st->stx_size;
}

static bool
source_holds(const File *f)
{
	return f->used_exe || f->used_map || f->used_map_exec || f->used_fd;
}

static void
compare(const File *f, struct path_content *ret)
{
	const struct identity *id = &ret->identity;

	if (has_digest(f) && id->state == DIGEST_STATE__DIGEST_DONE)
		ret->same = memcmp(f->sha256.data, id->sha256, DIGEST_SIZE) == 0 ? SAME_YES : SAME_NO;
	if (f->has_build_id && id->read)
		ret->same_build = f->build_id.len == id->elf.build_id_length &&
				  memcmp(f->build_id.data, id->elf.build_id, f->build_id.len) == 0 ?
					  SAME_YES : SAME_NO;
}

static int
open_path(const struct paths *a, const struct path_question *q, struct statx *ret)
{
	int flags = O_PATH | (q->itself || (q->file && S_ISLNK(q->file->mode)) ? O_NOFOLLOW : 0);
	_cleanup_close_ int fd = root_openat(root_of(a, q), place_of(q), flags);

	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, ret) < 0)
		return -errno;
	return steal_fd(&fd);
}

void
path_look(const struct paths *a, const struct path_question *q, struct path_seen *ret)
{
	_cleanup_close_ int fd = open_path(a, q, &ret->st);
	struct statvfs fs;

	if (fd < 0) {
		ret->error = -fd;
		if (fd == -ENOENT || fd == -ENOTDIR)
			ret->parent_missing = folder_is_missing(root_of(a, q), place_of(q));
		return;
	}
	if (fstatvfs(fd, &fs) == 0) {
		ret->has_space = true;
		ret->flags = fs.f_flag;
		ret->free_bytes = (uint64_t) fs.f_bavail * fs.f_frsize;
		ret->has_inodes = fs.f_files > 0;
		ret->free_inodes = fs.f_favail;
	}
}

/* For its own sake, or to be compared. */
static bool
is_wanted(const struct paths *a, const struct path_question *q, const struct statx *st)
{
	if (q->itself)
		return !a->c->options->no_content && S_ISREG(st->stx_mode);
	return is_comparable(a, q->file, st);
}

bool
path_content_is_wanted(const struct paths *a, const struct path_question *q,
		       const struct path_seen *s)
{
	return s->error == 0 && is_wanted(a, q, &s->st);
}

/* All of what was found, so far only for our own eyes. */
static void
read_held(const struct paths *a, const struct path_question *q, int held, const struct statx *st,
	  const struct identity *cached, struct crew_slot *slot, struct path_content *ret)
{
	const File *f = q->file;
	struct identity_wants wants = { .digest = q->itself || has_digest(f), .elf = true,
					.fs_type = path_fs_type(a, st), .leases = &a->leases,
					.cached = cached };
	struct stat now;

	if (st->stx_size > MAX_HASHED) {
		ret->identity.state = DIGEST_STATE__DIGEST_OVER_LIMIT;
		return;
	}
	if (fstat(held, &now) < 0)
		return;
	ret->tell = others_may_read(root_of(a, q), place_of(q), &now);
	/* One answer an inode that is private, so that nobody can guess at it by many names. */
	if (!ret->tell && (!f || !source_holds(f) || q->guesses_again)) {
		ret->identity.state = DIGEST_STATE__DIGEST_NOT_ALLOWED;
		return;
	}
	identity_read(held, &wants, slot, &ret->identity);
	if (f)
		compare(f, ret);
}

void
path_read(const struct paths *a, const struct path_question *q, const struct identity *cached,
	  struct crew_slot *slot, struct path_content *ret)
{
	const File *f = q->file;
	struct statx st;
	_cleanup_close_ int fd = open_path(a, q, &st);

	/* It was there a moment ago; what is there now may be another thing. */
	if (fd < 0 || !is_wanted(a, q, &st)) {
		ret->identity.state = DIGEST_STATE__DIGEST_FAILED;
		ret->identity.error = fd < 0 ? -fd : ESTALE;
		return;
	}
	if (f && is_source_itself(a, f, &st)) {
		ret->same = has_digest(f) ? SAME_YES : SAME_UNSAID;
		ret->same_build = f->has_build_id ? SAME_YES : SAME_UNSAID;
		return;
	}
	read_held(a, q, fd, &st, cached, slot, ret);
	if (ret->tell)
		return;
	/* What may not be told does not leave this process, but to be kept where only we can read it. */
	if (a->c->options->cache && digest_cache_wants(&ret->identity))
		ret->untold = ret->identity;
	ret->identity.steady = false;
	memset(ret->identity.sha256, 0, sizeof(ret->identity.sha256));
	memset(&ret->identity.elf, 0, sizeof(ret->identity.elf));
}

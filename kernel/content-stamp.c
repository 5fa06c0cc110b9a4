/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stamp of a file's content, from both calls that show it: see content-stamp.h.
 *
 *     8:1 1312457  1926232 bytes  mtime …:17.402  ctime …:31.118
 */
#include "kernel/content-stamp.h"
#include <sys/sysmacros.h>

struct content_stamp
content_stamp_of(const struct stat *st)
{
	return (struct content_stamp){
		.dev = (uint64_t) major(st->st_dev) << 32 | minor(st->st_dev),
		.ino = st->st_ino,
		.size = (uint64_t) st->st_size,
		.mtime_ns = st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec,
		.ctime_ns = st->st_ctim.tv_sec * 1000000000LL + st->st_ctim.tv_nsec,
	};
}

struct content_stamp
content_stamp_of_statx(const struct statx *st)
{
	return (struct content_stamp){
		.dev = (uint64_t) st->stx_dev_major << 32 | st->stx_dev_minor,
		.ino = st->stx_ino,
		.size = st->stx_size,
		.mtime_ns = st->stx_mtime.tv_sec * 1000000000LL + st->stx_mtime.tv_nsec,
		.ctime_ns = st->stx_ctime.tv_sec * 1000000000LL + st->stx_ctime.tv_nsec,
	};
}

bool
content_stamp_same(const struct content_stamp *a, const struct content_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

bool
content_stamp_is_settled(int64_t mtime_ns, int64_t ctime_ns, int64_t looked_ns)
{
	return mtime_ns < looked_ns - CONTENT_RACY_NS && ctime_ns < looked_ns - CONTENT_RACY_NS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root: the folder below which every path is looked up. It is "/" of the living machine, or
 * a folder of recorded files that stands in for one. Look-ups go through openat2(2) with
 * RESOLVE_IN_ROOT, so no link or ".." leads out of it.
 *
 * The one exception is root_magic_*: the magic links of /proc/PID (exe, cwd, root, fd/N,
 * map_files/A-B, ns/X) lead elsewhere by design. They are followed only below a descriptor of
 * that /proc/PID folder, which the caller holds; such a descriptor stands for one process and
 * fails with ESRCH once that process is gone, even when its pid is used again.
 *
 * Paths may or may not begin with '/': both mean "below the root".
 */
#pragma once

#include "base/buffer.h"
#include <stdbool.h>
#include <sys/stat.h>

struct root {
	int fd;				/* O_PATH */
	bool recorded;			/* not a living machine */
};

/* Opens `path` as a root; `recorded` where it stands in for a machine. 0 or -errno. */
int root_open(const char *path, bool recorded, struct root *ret);
void root_close(struct root *r);

/*
 * Opens for reading or as O_PATH, by `flags` (O_CLOEXEC and O_NOCTTY are added, O_NONBLOCK
 * too unless O_PATH is given). A descriptor, or -errno. What may be a FIFO or a device is
 * opened O_PATH first and looked at with fstat(2): see root_open_regular().
 */
int root_openat(const struct root *r, const char *path, int flags);

/*
 * Opens a regular file for reading, and nothing else: O_PATH, fstat, then again through the
 * held descriptor, O_NOATIME where allowed. A descriptor; -ENOTSUP when it is not a regular
 * file; -errno. Fills *ret_st when it is not NULL.
 */
int root_open_regular(const struct root *r, const char *path, struct stat *ret_st);

/* The second half of it, for an inode that is held by an O_PATH descriptor already. */
int root_reopen_regular(int held, struct stat *ret_st);

/* Reads a whole small file. 0 or -errno; -EFBIG beyond `limit`. */
int root_read(const struct root *r, const char *path, struct buffer *b, size_t limit);
int root_readf(const struct root *r, struct buffer *b, size_t limit, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Reads a symbolic link; 0 or -errno. The buffer's content is replaced. */
int root_readlink(const struct root *r, const char *path, struct buffer *b);

/* The folder as its own root: names below it, for instance /proc/42. 0 or -errno. */
int root_sub(const struct root *r, const char *path, struct root *ret);

/* Names in a folder, without "." and "..", in the kernel's order; `each` stops it with < 0. */
int root_list(const struct root *r, const char *path,
	      int (*each)(const char *name, unsigned char d_type, void *arg), void *arg);

/* The same of a folder that is held by an O_PATH descriptor, O_NOATIME where allowed. */
int root_list_held(int held, int (*each)(const char *name, unsigned char d_type, void *arg), void *arg);

/*
 * Where what `held` stands for lies below the root, by a path without any link: "/" and so on. 0; -EXDEV it is
 * not below the root; -ENAMETOOLONG; -errno.
 */
int root_place_of(const struct root *r, int held, char *out, size_t room);

/*
 * Magic links of a held /proc/PID folder. `statx_mask` calls use AT_STATX_DONT_SYNC, so a file
 * system in user space or on a dead server is not asked. Each returns 0 (or a descriptor) or
 * -errno. root_magic_open() is for links whose target was seen to be safe to open.
 */
int root_magic_statx(const struct root *proc_pid, const char *link, struct statx *ret);
int root_magic_open(const struct root *proc_pid, const char *link, int flags);

/* The text of such a link, with a NUL: its length, -ENAMETOOLONG (over `room`), or -errno. */
int root_magic_readlink(const struct root *proc_pid, const char *link, char *out, size_t room);

/*
 * An extended attribute of what a magic link leads to, as text: sockets have one, the name of
 * their protocol. Its length or -errno; -EOPNOTSUPP of a recorded root. A NUL is added.
 */
int root_magic_xattr(const struct root *proc_pid, const char *link, const char *name, char *out,
		     size_t room);

static inline void
cleanup_root(struct root *r)
{
	root_close(r);
}
#define _cleanup_root_ cleanup(cleanup_root)
#define ROOT_NONE ((struct root){ .fd = -1 })

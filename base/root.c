/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups below a root by openat2(2): see root.h. A recorded root holds plain files where a
 * living /proc has magic links; root_magic_*() then look at those like at any other path.
 */
#include "base/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

enum { PATH_ROOM = 4096, MAX_RACES = 100 };

static int
openat2_in(int fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t) (unsigned int) flags,
		.resolve = resolve,
	};

	for (int races = 0;;) {
		long r = syscall(SYS_openat2, fd, path, &how, sizeof(how));

		if (r >= 0)
			return (int) r;
		/*
		 * EAGAIN: a rename raced with "..", as openat2(2) says; it is safe to try again. A
		 * server whose folders are renamed without end does not keep us.
		 */
		if (errno != EINTR && (errno != EAGAIN || ++races > MAX_RACES))
			return -errno;
	}
}

/* What a name in a folder that we hold looks like: relative, and never empty. */
static const char *
below(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

int
root_open(const char *path, bool recorded, struct root *ret)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = (struct root){ .fd = fd, .recorded = recorded };
	return 0;
}

void
root_close(struct root *r)
{
	cleanup_close(&r->fd);
	r->fd = -1;
}

int
root_openat(const struct root *r, const char *path, int flags)
{
	flags |= O_CLOEXEC | O_NOCTTY;
	if (!(flags & O_PATH))
		flags |= O_NONBLOCK;
	else
		flags &= ~O_NOCTTY;
	return openat2_in(r->fd, below(path), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int
root_reopen_regular(int held, struct stat *ret_st)
{
	char link[sizeof("/proc/self/fd/") + 11];
	struct stat st;
	int fd;

	if (fstat(held, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	/* Our own descriptor's magic link: the same inode, whatever happens to the path. */
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", held);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (ret_st)
		*ret_st = st;
	return fd;
}

int
root_open_regular(const struct root *r, const char *path, struct stat *ret_st)
{
	_cleanup_close_ int held = root_openat(r, path, O_PATH);

	return held < 0 ? held : root_reopen_regular(held, ret_st);
}

int
root_read(const struct root *r, const char *path, struct buffer *b, size_t limit)
{
	_cleanup_close_ int fd = root_openat(r, path, O_RDONLY);

	if (fd < 0) {
		b->n = 0;
		return fd;
	}
	return buffer_read_fd(b, fd, limit);
}

int
root_readf(const struct root *r, struct buffer *b, size_t limit, const char *format, ...)
{
	char path[PATH_ROOM];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (n < 0 || (size_t) n >= sizeof(path))
		return -ENAMETOOLONG;
	return root_read(r, path, b, limit);
}

int
root_readlink(const struct root *r, const char *path, struct buffer *b)
{
	_cleanup_close_ int fd = root_openat(r, path, O_PATH | O_NOFOLLOW);
	ssize_t n;
	int e;

	b->n = 0;
	if (fd < 0)
		return fd;
	e = buffer_reserve(b, PATH_ROOM);
	if (e < 0)
		return e;
	n = readlinkat(fd, "", b->p, b->room - 1);
	if (n < 0)
		return -errno;
	b->n = (size_t) n;
	b->p[n] = '\0';
	return 0;
}

int
root_sub(const struct root *r, const char *path, struct root *ret)
{
	int fd = root_openat(r, path, O_PATH | O_DIRECTORY);

	if (fd < 0)
		return fd;
	*ret = (struct root){ .fd = fd, .recorded = r->recorded };
	return 0;
}

/* Takes `fd` over. */
static int
list_names(int fd, int (*each)(const char *name, unsigned char d_type, void *arg), void *arg)
{
	_cleanup_closedir_ DIR *dir = fdopendir(fd);

	if (!dir) {
		int r = -errno;

		(void) close(fd);
		return r;
	}
	for (;;) {
		struct dirent *entry;
		int e;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		e = each(entry->d_name, entry->d_type, arg);
		if (e < 0)
			return e;
	}
}

int
root_list(const struct root *r, const char *path,
	  int (*each)(const char *name, unsigned char d_type, void *arg), void *arg)
{
	int fd = root_openat(r, path, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? fd : list_names(fd, each, arg);
}

int
root_list_held(int held, int (*each)(const char *name, unsigned char d_type, void *arg), void *arg)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(held, ".", flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(held, ".", flags);
	return fd < 0 ? -errno : list_names(fd, each, arg);
}

/* How the kernel shows what a descriptor of ours stands for. */
static int
shown_place(int fd, char *out, size_t room)
{
	char link[sizeof("/proc/self/fd/") + 11];
	ssize_t n;

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, room);
	if (n < 0)
		return -errno;
	if ((size_t) n >= room)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return (int) n;
}

int
root_place_of(const struct root *r, int held, char *out, size_t room)
{
	char top[PATH_ROOM], place[PATH_ROOM];
	int n = shown_place(r->fd, top, sizeof(top)), e;

	e = n < 0 ? n : shown_place(held, place, sizeof(place));
	if (e < 0)
		return e;
	if (n == 1)
		n = 0;
	if (strncmp(place, top, (size_t) n) != 0 || (place[n] != '/' && place[n] != '\0'))
		return -EXDEV;
	e = snprintf(out, room, "%s", place[n] ? place + n : "/");
	return (size_t) e < room ? 0 : -ENAMETOOLONG;
}

int
root_magic_statx(const struct root *proc_pid, const char *link, struct statx *ret)
{
	enum { MASK = STATX_BASIC_STATS | STATX_MNT_ID };

	if (statx(proc_pid->fd, below(link), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, MASK, ret) < 0)
		return -errno;
	return 0;
}

int
root_magic_open(const struct root *proc_pid, const char *link, int flags)
{
	int fd;

	flags |= O_CLOEXEC;
	if (!(flags & O_PATH))
		flags |= O_NOCTTY | O_NONBLOCK;
	fd = openat(proc_pid->fd, below(link), flags);
	return fd < 0 ? -errno : fd;
}

int
root_magic_readlink(const struct root *proc_pid, const char *link, char *out, size_t room)
{
	_cleanup_close_ int held = -1;
	ssize_t n;

	if (proc_pid->recorded) {
		held = root_openat(proc_pid, link, O_PATH | O_NOFOLLOW);
		if (held < 0)
			return held;
	}
	/* Of a living process the names are the kernel's own: one call, and nothing to be led by. */
	n = readlinkat(held < 0 ? proc_pid->fd : held, held < 0 ? below(link) : "", out, room);
	if (n < 0)
		return -errno;
	if ((size_t) n >= room)
		return -ENAMETOOLONG;
	out[n] = '\0';
	return (int) n;
}

int
root_magic_xattr(const struct root *proc_pid, const char *link, const char *name, char *out,
		 size_t room)
{
	char path[PATH_ROOM];
	ssize_t n;

	if (proc_pid->recorded)
		return -EOPNOTSUPP;
	/* There is no getxattrat(2) before Linux 6.13; this path goes through what we hold. */
	n = snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", proc_pid->fd, below(link));
	if (n < 0 || (size_t) n >= sizeof(path))
		return -ENAMETOOLONG;
	n = getxattr(path, name, out, room - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return (int) n;
}

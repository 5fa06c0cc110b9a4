/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the cache is and whether it may be used: see cache-folder.h.
 *
 *     drwx------ root root /var/cache/migcheck          used
 *     drwxrwxr-x root adm  /var/cache/migcheck          not: the group may write
 *     lrwxrwxrwx root root /var/cache/migcheck -> …     not
 */
#include "base/cache-folder.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

char *
cache_folder_usual(void)
{
	const char *xdg = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
	char *path = NULL;
	int r = -1;

	if (geteuid() == 0)
		return strdup("/var/cache/migcheck");
	if (xdg && xdg[0] == '/')
		r = asprintf(&path, "%s/migcheck", xdg);
	else if (home && home[0] == '/')
		r = asprintf(&path, "%s/.cache/migcheck", home);
	return r < 0 ? NULL : path;
}

static bool
is_ours_alone(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int
cache_file_check(int folder, const char *name)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 && is_ours_alone(&st) ? 0 : -EPERM;
}

/* XDG's base folder may not be there yet either. */
static int
folder_make(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *above = slash && slash > path ? strndup(path, (size_t) (slash - path)) : NULL;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT || !above)
		return -errno;
	if (mkdir(above, 0700) < 0)
		return -errno;
	return mkdir(path, 0700) < 0 ? -errno : 0;
}

int
cache_folder_open(const char *path, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int fd = open(path, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT && make) {
		int r = folder_make(path);

		if (r < 0)
			return r;
		fd = open(path, flags);
	}
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return is_ours_alone(&st) ? steal_fd(&fd) : -EPERM;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the command line: see files.h.
 */
#include "cli/files.h"

#include "base/text.h"
#include "cli/say.h"
#include "facts/stream.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

enum { FOR_US = 0600, FOR_OTHERS = 0644 };

static bool
is_standard(const char *path)
{
	return !path || streq(path, "-");
}

/* A descriptor of a regular file or pipe that the user named; never waits for a FIFO's writer. */
static int
open_input(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))) {
		(void) close(fd);
		return -ENOTSUP;
	}
	/* A pipe that was named (process substitution) is read like standard input. */
	(void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int
input_read(const char *path, size_t limit, struct buffer *b)
{
	_cleanup_close_ int fd = open_input(path);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? buffer_read_fd(b, fd, limit) : -ENOTSUP;
}

int
input_or_pipe_read(const char *path, size_t limit, struct buffer *b)
{
	_cleanup_close_ int fd = open_input(path);

	return fd < 0 ? fd : buffer_read_fd(b, fd, limit);
}

static const char *
kind_name(SnapshotKind kind)
{
	return kind == SNAPSHOT_KIND__SNAPSHOT_SOURCE ? "source (made by: migcheck dump)"
						      : "destination (made by: migcheck probe)";
}

int
snapshot_load(const char *path, SnapshotKind kind, struct snapshot *ret)
{
	_cleanup_close_ int fd = -1;
	_cleanup_snapshot_ struct snapshot s = { 0 };
	struct stream_error why = { "" };
	const char *name = is_standard(path) ? "standard input" : path;
	int r;

	if (is_standard(path) && isatty(STDIN_FILENO)) {
		say_error("standard input is a terminal: give a snapshot's file, or pipe one in");
		return -ENOTTY;
	}
	if (!is_standard(path)) {
		fd = open_input(path);
		if (fd == -ENOTSUP)
			say_error("%s: not a regular file", path);
		else if (fd < 0)
			say_error("%s: %s", path, error_text(fd));
		if (fd < 0)
			return fd;
	}
	r = stream_read(is_standard(path) ? STDIN_FILENO : fd, &s, &why);
	if (r < 0) {
		say_error("%s: %s", name, *why.text ? why.text : error_text(r));
		return r;
	}
	if (kind && s.facts->header->kind != kind) {
		say_error("%s: a %s is wanted, and this is the other kind of snapshot", name, kind_name(kind));
		return -EBADMSG;
	}
	*ret = s;
	s = (struct snapshot){ 0 };
	return 0;
}

int
text_load(const char *path, size_t limit, struct buffer *ret)
{
	int r = input_read(path, limit, ret);

	if (r == -ENOTSUP)
		say_error("%s: not a regular file", path);
	else if (r == -EFBIG)
		say_error("%s: larger than the %zu KiB that such a file may have", path, limit / 1024);
	else if (r < 0)
		say_error("%s: %s", path, error_text(r));
	return r;
}

/* Only a regular file, or nothing, may be replaced: never a device, FIFO or folder. */
static int
may_replace(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -EMEDIUMTYPE;
}

/* A file that has no name yet, in the folder of `path`: what is interrupted leaves nothing. */
static int
open_nameless(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* For file systems without nameless files: a name of its own, which `ret_name` holds. */
static int
open_named(const char *path, char **ret_name)
{
	_cleanup_free_ char *name = NULL;
	int fd;

	if (asprintf(&name, "%s.XXXXXX", path) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(name, O_CLOEXEC);		/* 0600 */
	if (fd < 0)
		return -errno;
	*ret_name = steal_pointer(&name);
	return fd;
}

/* Gives a nameless file a name beside `path`, free by construction. */
static int
name_it(int fd, const char *path, char **ret_name)
{
	char link[sizeof("/proc/self/fd/") + 11];
	int r;

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	for (unsigned int i = 0; i < 100; i++) {
		_cleanup_free_ char *name = NULL;

		if (asprintf(&name, "%s.%d.%u", path, getpid(), i) < 0) {
			name = NULL;
			return -ENOMEM;
		}
		if (linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			*ret_name = steal_pointer(&name);
			return 0;
		}
		r = -errno;
		if (r != -EEXIST)
			return r;
	}
	return -EEXIST;
}

static int
write_text(int fd, const struct buffer *text)
{
	size_t done = 0;

	while (done < text->n) {
		ssize_t n = write(fd, text->p + done, text->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t) n;
	}
	return 0;
}

/* Exactly one of `s` and `text` is given. */
static int
save_to(int fd, const struct snapshot *s, const struct buffer *text)
{
	return s ? stream_write(s, fd, NULL) : write_text(fd, text);
}

static int
save_standard(const struct snapshot *s, const struct buffer *text)
{
	int r = save_to(STDOUT_FILENO, s, text);

	/* A reader that has read enough (head, less) is no news. */
	if (r < 0 && r != -EPIPE)
		say_error("standard output: %s", error_text(r));
	return r;
}

/* Writes beside the target, then renames: a link at `path` is followed, not replaced. */
static int
save_file(const char *path, const struct snapshot *s, const struct buffer *text, mode_t mode)
{
	_cleanup_free_ char *target = realpath(path, NULL), *temporary = NULL;
	_cleanup_close_ int fd = -1;
	const char *to = target ? target : path;
	int r;

	r = may_replace(to);
	if (r < 0)
		return r;
	fd = open_nameless(to);
	if (fd == -EOPNOTSUPP || fd == -EINVAL || fd == -EISDIR)
		fd = open_named(to, &temporary);
	if (fd < 0)
		return fd;
	r = fchmod(fd, mode) < 0 ? -errno : save_to(fd, s, text);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && !temporary)
		r = name_it(fd, to, &temporary);
	if (r == 0 && rename(temporary, to) < 0)
		r = -errno;
	if (r < 0 && temporary)
		(void) unlink(temporary);
	return r;
}

static int
save(const char *path, const struct snapshot *s, const struct buffer *text, mode_t mode)
{
	int r;

	if (is_standard(path))
		return save_standard(s, text);
	r = save_file(path, s, text, mode);
	if (r < 0)
		say_error("%s: cannot be written: %s", path,
			  r == -EMEDIUMTYPE ? "it is not a regular file" : error_text(r));
	return r;
}

int
snapshot_save(const struct snapshot *s, const char *path)
{
	if (is_standard(path) && isatty(STDOUT_FILENO)) {
		say_error("a snapshot is no text for a terminal: use -o FILE, or pipe it on");
		return -ENOTTY;
	}
	return save(path, s, NULL, FOR_US);
}

int
text_save(const struct buffer *text, const char *path)
{
	return save(path, NULL, text, FOR_US);
}

int
text_save_for_others(const struct buffer *text, const char *path)
{
	return save(path, NULL, text, FOR_OTHERS);
}

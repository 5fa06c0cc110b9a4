/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of paths:
 *
 *     # what our services run on
 *     /usr/lib
 *     /etc/ssl/openssl.cnf
 *
 * A line is taken as it is, to its end: a path may begin or end with a blank, and hold any byte but a newline. What
 * cannot be written so is named by a folder above it.
 */
#include "cli/path-lists.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/say.h"
#include "facts/limits.h"

#include <errno.h>
#include <sys/stat.h>

enum { MAX_LIST_BYTES = 256 * 1024 * 1024 };

static int
add(struct path_lists *l, const char *path, size_t n)
{
	const char **place = arena_grow(l->arena, &l->path, &l->n, sizeof(*place));

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (place)
		*place = arena_strndup(l->arena, path, n);
	return place && *place ? 0 : -ENOMEM;
}

static int
wrong_line(const char *file, size_t number, const char *why)
{
	say_error("%s:%zu: %s", file, number, why);
	return -EINVAL;
}

static int
add_line(struct path_lists *l, const char *file, size_t number, struct slice line)
{
	_cleanup_free_ char *path = NULL;
	size_t before = l->n;
	int r;

	if (slice_trim(line).n == 0 || line.p[0] == '#')
		return 0;
	if (memchr(line.p, '\0', line.n))
		return wrong_line(file, number, "no path holds a NUL byte");
	if (line.p[0] != '/')
		return wrong_line(file, number, "not an absolute path");
	r = add(l, line.p, line.n);
	if (r == 0 && !path_is_plain(l->path[before]))
		return wrong_line(file, number, "a path with '.', '..' or '//' in it: write it without");
	return r;
}

static int
add_list(struct path_lists *l, const char *file)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	int r = input_or_pipe_read(file, MAX_LIST_BYTES, &text);
	struct slice rest, line;
	size_t number = 0;

	if (r == -EFBIG)
		say_error("%s: larger than the %d MiB that a list of paths may have", file, MAX_LIST_BYTES >> 20);
	else if (r == -ENOTSUP)
		say_error("%s: neither a list of paths nor a folder", file);
	else if (r < 0)
		say_error("%s: %s", file, error_text(r));
	rest = buffer_slice(&text);
	while (r == 0 && slice_line(&rest, &line))
		r = add_line(l, file, ++number, line);
	return r;
}

static int
add_folder(struct path_lists *l, const char *folder)
{
	const char **place;
	int r = -EINVAL;

	if (folder[0] != '/')
		say_error("--paths %s: a folder is named by its absolute path", folder);
	else
		r = add(l, folder, strlen(folder));
	if (r < 0)
		return r;
	if (!path_is_plain(l->path[l->n - 1])) {
		say_error("--paths %s: a path with '.', '..' or '//' in it: write it without", folder);
		return -EINVAL;
	}
	place = arena_grow(l->arena, &l->folder, &l->n_folder, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = l->path[l->n - 1];
	return 0;
}

int
path_lists_add(struct path_lists *l, const char *file, const char *root)
{
	struct stat st;
	bool is_there = stat(file, &st) == 0;
	int r;

	if (!l->arena)
		l->arena = arena_new(MAX_ARENA_BYTES);
	if (!l->arena)
		r = -ENOMEM;
	else if (is_there ? S_ISDIR(st.st_mode) : root && file[0] == '/')
		r = add_folder(l, file);
	else
		r = add_list(l, file);
	if (r == -ENOMEM)
		say_error("out of memory");
	return r;
}

void
path_lists_free(struct path_lists *l)
{
	(void) arena_free(l->arena);
	*l = (struct path_lists){ 0 };
}

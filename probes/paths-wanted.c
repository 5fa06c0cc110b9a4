/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths a restore depends on:
 *
 *     every file, folder, device and FIFO that the tree has open, mapped or stands in
 *     the folder of a file that is unlinked, and of a bound unix socket: made there again
 *     the names under which CRIU makes such a file for a moment (data.cr.1.ghost)
 *     watched paths of inotify, mount points watched by fanotify
 *     of a mount namespace that criu makes anew: mountpoints; and below the host's own root the
 *     layers of overlays (lowerdir=/a:/b,upperdir=/u,workdir=/w) and devices (/dev/vdb)
 */
#include "probes/paths-wanted.h"
#include "probes/mounts-remade.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

enum { MAX_GHOSTS = 8 };		/* of more than these no left-overs are looked for */

struct list {
	const Snapshot *source;
	struct arena *arena;
	struct path_question *question;
	size_t n;
};

static int
add(struct list *l, const char *path, const File *file, bool of_host)
{
	struct path_question *q;

	if (!path || path[0] != '/')
		return 0;
	q = arena_grow(l->arena, &l->question, &l->n, sizeof(*q));
	if (!q)
		return -ENOMEM;
	*q = (struct path_question){ .path = path, .file = file && path_is_plain(path) ? file : NULL,
				     .of_host = of_host };
	return 0;
}

static int
add_slice(struct list *l, struct slice path, bool of_host)
{
	char *copy = arena_strndup(l->arena, path.p, path.n);

	return copy ? add(l, copy, NULL, of_host) : -ENOMEM;
}

static int
add_folder_of(struct list *l, const char *path, size_t n)
{
	while (n > 1 && path[n - 1] != '/')
		n--;
	if (n > 1)
		n--;
	return n == 0 || path[0] != '/' ? 0 : add_slice(l, (struct slice){ .p = path, .n = n }, false);
}

/* CRIU numbers the files without any link that it saves, in the order in which it meets them. */
static size_t
count_ghosts(const Snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_file; i++)
		n += s->file[i]->has_nlink && s->file[i]->nlink == 0;
	return n < MAX_GHOSTS ? n : MAX_GHOSTS;
}

static int
add_ghost_names(struct list *l, const char *path, size_t n_ghosts)
{
	int r = 0;

	for (size_t i = 1; r == 0 && i <= n_ghosts; i++) {
		char *name = arena_printf(l->arena, "%s.cr.%zx.ghost", path, i);

		r = name ? add(l, name, NULL, false) : -ENOMEM;
	}
	return r;
}

static int
add_file(struct list *l, const File *f, size_t n_ghosts)
{
	bool unlinked = f->has_nlink && f->nlink == 0;
	int r;

	if (!f->path)
		return 0;
	r = add(l, f->path, f, false);
	if (r == 0 && (f->deleted || f->path_state == PATH_STATE__PATH_GONE || unlinked))
		r = add_folder_of(l, f->path, strlen(f->path));
	if (r == 0 && unlinked)
		r = add_ghost_names(l, f->path, n_ghosts);
	return r;
}

static int
add_marks(struct list *l, const Fd *fd)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < fd->n_fanotify_mark; i++)
		for (size_t k = 0; r == 0 && fd->fanotify_mark[i]->has_mnt_id && k < l->source->n_mount; k++)
			if (l->source->mount[k]->id == fd->fanotify_mark[i]->mnt_id)
				r = add(l, l->source->mount[k]->mountpoint, NULL, false);
	return r;
}

static int
add_process(struct list *l, const Process *p)
{
	const PathUse *uses[] = { p->exe, p->cwd, p->root };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(uses); i++)
		if (uses[i] && !uses[i]->has_file)
			r = add(l, uses[i]->path, NULL, false);
	for (size_t i = 0; r == 0 && i < p->n_fd; i++)
		for (size_t k = 0; r == 0 && k < p->fd[i]->n_inotify_watch; k++)
			r = add(l, p->fd[i]->inotify_watch[k]->path, NULL, false);
	for (size_t i = 0; r == 0 && i < p->n_fd; i++)
		r = add_marks(l, p->fd[i]);
	return r;
}

/* A path name may or may not end in a NUL; an abstract one begins with it. */
static int
add_socket(struct list *l, const Socket *s)
{
	const char *name = (const char *) s->unix_name.data;
	size_t n = s->unix_name.len;

	if (!s->has_unix_name || n == 0 || name[0] != '/')
		return 0;
	return add_folder_of(l, name, strnlen(name, n));
}

/* "/l1:/l2" of an overlay: a ':' in a name stands as "\:", which we leave to a gap of CRIU's. */
static int
add_layers(struct list *l, const char *options)
{
	struct slice rest = slice_of(options), option, layer;
	int r = 0;

	while (r == 0 && slice_field(&rest, ',', &option)) {
		if (slice_cut(&option, "upperdir=") || slice_cut(&option, "workdir=")) {
			r = add_slice(l, option, true);
		} else if (slice_cut(&option, "lowerdir=") || slice_cut(&option, "lowerdir+=") ||
			   slice_cut(&option, "datadir+=")) {
			while (r == 0 && slice_field(&option, ':', &layer))
				if (layer.n > 0)
					r = add_slice(l, layer, true);
		}
	}
	return r;
}

static int
add_mount(struct list *l, const Mount *m)
{
	int r = add(l, m->mountpoint, NULL, false);

	if (r == 0 && m->fs_type && streq(m->fs_type, "overlay") && m->super_options)
		return add_layers(l, m->super_options);
	if (r == 0 && m->source)
		r = add(l, m->source, NULL, true);
	return r;
}

/* How good a record is to compare with, of several under one path. */
static int
worth(const File *f)
{
	return !f ? 0 : 1 + (f->path_state == PATH_STATE__PATH_SAME) * 4 + f->has_sha256 * 2 +
				 f->has_build_id;
}

static int
by_path(const void *a, const void *b)
{
	const struct path_question *x = a, *y = b;
	int r = (int) x->of_host - (int) y->of_host;

	if (r == 0)
		r = strcmp(x->path, y->path);
	if (r == 0)
		r = worth(y->file) - worth(x->file);
	if (r == 0 && x->file && y->file)
		r = x->file->ino < y->file->ino ? -1 : x->file->ino > y->file->ino;
	return r;
}

int
path_questions_make(const Snapshot *source, struct arena *arena, struct path_questions *ret)
{
	struct list l = { .source = source, .arena = arena };
	size_t kept = 0, n_ghosts = count_ghosts(source);
	int r = 0;

	for (size_t i = 0; r == 0 && i < source->n_file; i++)
		r = add_file(&l, source->file[i], n_ghosts);
	for (size_t i = 0; r == 0 && i < source->n_process; i++)
		r = add_process(&l, source->process[i]);
	for (size_t i = 0; r == 0 && i < source->n_socket; i++)
		if (source->socket[i]->in_tree)
			r = add_socket(&l, source->socket[i]);
	for (size_t i = 0; r == 0 && i < source->n_mount; i++)
		if (mounts_are_remade(source, source->mount[i]->mnt_ns))
			r = add_mount(&l, source->mount[i]);
	if (r < 0)
		return r;

	if (l.n > 1)
		qsort(l.question, l.n, sizeof(*l.question), by_path);
	for (size_t i = 0; i < l.n; i++)
		if (i == 0 || l.question[i].of_host != l.question[i - 1].of_host ||
		    !streq(l.question[i].path, l.question[i - 1].path))
			l.question[kept++] = l.question[i];
	*ret = (struct path_questions){ .question = l.question, .n = kept };
	return 0;
}

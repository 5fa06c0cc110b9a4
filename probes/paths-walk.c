/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths that were asked for by themselves, and all that is in the folders among them:
 *
 *     /usr/bin/nginx      a file
 *     /lib                a link: it is asked, and so is /usr/lib, where it leads, with all in it
 *     /usr/lib/x.so       in a folder; links in it are asked, and where they lead is noted, but not gone to
 *
 * Folders are listed level by level, by children that may be killed. What a child finds it puts
 * into text shared with its parent: of each name one letter for its kind, the name, a NUL. Only
 * folders of real file systems are listed, and of none but that on which the asked one lies.
 */
#include "probes/paths-look.h"
#include "kernel/filesystem.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum {
	MAX_PATHS = 1000 * 1000,
	TEXT_ROOM = 512 * 1024 * 1024,	/* of addresses: memory is what is written to */
	FEW = 256,			/* names, between two signs of life */
};

struct board {
	_Atomic size_t used, paths;
	char text[];
};

/* A piece of the text. */
struct piece {
	size_t begin, n;
};

struct walk {
	struct paths *a;
	struct board *board;
	struct path_question *question;
	size_t n;
	size_t n_asked;			/* the first of them, sorted: not found in a folder */
	size_t at;			/* the first that the crew works on */
	bool full;
};

/* What a child found of a link, or of a path that was asked. */
struct followed {
	int32_t error;
	bool is_folder;
	struct piece place;		/* without any link, where that is another path */
};

/* What a child found of a folder. */
struct listed {
	int32_t error;			/* it was not, or not all of it */
	bool elsewhere;			/* on a file system of its own */
	uint64_t mount;
	struct piece names;
};

/* ---- in the child ---------------------------------------------------------------------- */

/* False: there is no room. */
static bool
put(struct board *b, const char *text, size_t n, struct piece *ret)
{
	size_t begin = atomic_fetch_add(&b->used, n);

	if (n > TEXT_ROOM || begin > TEXT_ROOM - n)
		return false;
	if (n > 0)
		memcpy(b->text + begin, text, n);
	*ret = (struct piece){ .begin = begin, .n = n };
	return true;
}

/* Whether what the link says lies where a look-up would mount something, as far as the text tells. */
static bool
leads_to_automount(const struct walk *w, const struct path_question *q, int held)
{
	char text[PATH_MAX], place[2 * PATH_MAX];
	ssize_t n = readlinkat(held, "", text, sizeof(text) - 1);
	size_t folder = (size_t) (strrchr(q->path, '/') - q->path);

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (text[0] == '/')
		(void) snprintf(place, sizeof(place), "%s", text);
	else
		(void) snprintf(place, sizeof(place), "%.*s/%s", (int) folder, q->path, text);
	return path_is_automounted(w->a, &(struct path_question){ .path = place });
}

static int
follow_path(const struct walk *w, const struct path_question *q, struct followed *ret)
{
	const struct root *root = w->a->c->tree_root;
	_cleanup_close_ int held = root_openat(root, q->path, O_PATH | O_NOFOLLOW), fd = -1;
	char place[PATH_MAX];
	struct stat st;
	int r;

	if (held < 0)
		return held;
	if (path_is_automounted(w->a, q) || leads_to_automount(w, q, held))
		return -EOPNOTSUPP;
	fd = root_openat(root, q->path, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	ret->is_folder = S_ISDIR(st.st_mode);
	r = root_place_of(root, fd, place, sizeof(place));
	if (r < 0 || strcmp(place, q->path) == 0)
		return r;
	return put(w->board, place, strlen(place) + 1, &ret->place) ? 0 : -EFBIG;
}

static void
follow(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct walk *w = arg;
	struct followed *f = result;

	(void) slot;
	f->error = -follow_path(w, &w->question[w->at + i], f);
}

struct listing {
	int held;
	struct buffer text;
	size_t n;
	struct crew_slot *slot;
};

static char
letter_of(int held, const char *name, unsigned char type)
{
	struct stat st;

	if (type == DT_UNKNOWN && fstatat(held, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0)
		type = IFTODT(st.st_mode);
	return type == DT_DIR ? 'd' : type == DT_LNK ? 'l' : '-';
}

static int
take_name(const char *name, unsigned char type, void *arg)
{
	struct listing *l = arg;
	char letter = letter_of(l->held, name, type);
	int r;

	if (l->n++ % FEW == 0)
		crew_alive(l->slot, 0);
	if (l->n > MAX_PATHS)
		return -EFBIG;
	r = buffer_add(&l->text, &letter, 1);
	return r == 0 ? buffer_add(&l->text, name, strlen(name) + 1) : r;
}

static uint64_t
mount_number(const struct statx *st)
{
	return st->stx_mask & STATX_MNT_ID ? st->stx_mnt_id : makedev(st->stx_dev_major, st->stx_dev_minor);
}

/* Opens a folder to be listed. A descriptor, -ENOTDIR where it has become something else, -errno. */
static int
open_folder(const struct walk *w, const struct path_question *q, struct listed *ret)
{
	_cleanup_close_ int held = root_openat(w->a->c->tree_root, q->path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	const int flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
	struct statfs fs;
	struct statx st;

	if (held < 0)
		return held;
	if (statx(held, "", flags, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0)
		return -errno;
	ret->mount = mount_number(&st);
	ret->elsewhere = q->mount && q->mount != ret->mount;
	if (ret->elsewhere)
		return -EXDEV;
	if (!filesystem_name_may_be_read(path_fs_type(w->a, &st)))
		return -ENOTSUP;
	if (fstatfs(held, &fs) < 0)
		return -errno;
	if (!filesystem_may_be_read(path_fs_type(w->a, &st), (uint64_t) fs.f_type))
		return -ENOTSUP;
	return steal_fd(&held);
}

static int
list_folder(const struct walk *w, const struct path_question *q, struct crew_slot *slot, struct listed *ret)
{
	_cleanup_close_ int held = -1;
	struct listing l = { .slot = slot };
	int r;

	if (path_is_automounted(w->a, q))
		return -EOPNOTSUPP;
	held = l.held = open_folder(w, q, ret);
	if (held < 0)
		return held;
	r = root_list_held(held, take_name, &l);
	if (r == 0 && atomic_fetch_add(&w->board->paths, l.n) + l.n > MAX_PATHS)
		r = -EFBIG;
	if (r == 0 && !put(w->board, l.text.p, l.text.n, &ret->names))
		r = -EFBIG;
	buffer_free(&l.text);
	return r;
}

static void
list(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct walk *w = arg;
	struct listed *l = result;

	if (w->question[w->at + i].to_list)
		l->error = -list_folder(w, &w->question[w->at + i], slot, l);
}

/* ---- in the parent --------------------------------------------------------------------- */

static struct path_question *
add(struct walk *w, const char *path)
{
	struct path_question *q = arena_grow(w->a->c->snapshot->arena, &w->question, &w->n, sizeof(*q));

	if (q)
		*q = (struct path_question){ .path = path, .itself = true };
	return q;
}

static int
by_path(const void *a, const void *b)
{
	const struct path_question *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Each path once, with all that is known of it. */
static void
sort(struct walk *w)
{
	size_t kept = 0;

	if (w->n > 1)
		qsort(w->question, w->n, sizeof(*w->question), by_path);
	for (size_t i = 0; i < w->n; i++) {
		const struct path_question *q = &w->question[i];
		struct path_question *before;

		if (kept == 0 || strcmp(q->path, w->question[kept - 1].path) != 0) {
			w->question[kept++] = *q;
			continue;
		}
		before = &w->question[kept - 1];
		before->listed |= q->listed;
		before->to_list |= q->to_list;
		before->leads_to = before->leads_to ? before->leads_to : q->leads_to;
		before->leads_error = before->leads_error ? before->leads_error : q->leads_error;
	}
	w->n = kept;
}

static bool
is_asked(const struct walk *w, const char *path)
{
	const struct path_question key = { .path = path };

	return w->n_asked > 0 && bsearch(&key, w->question, w->n_asked, sizeof(key), by_path);
}

/* Runs children over the questions from `at` on. */
static int
run(struct walk *w, const struct crew_job *like, size_t n, size_t result_size,
    void (*work)(size_t i, void *result, struct crew_slot *slot, void *arg), struct crew_results **ret)
{
	struct crew_job job = *like;

	job.items = n;
	job.result_size = result_size;
	job.work = work;
	job.arg = w;
	return crew_run(&job, ret);
}

/* Where the paths from `at` to `end` lead. With `go`, that is asked, too, and the folders are to be listed. */
static int
follow_all(struct walk *w, const struct crew_job *job, size_t end, bool go)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int r = end > w->at ? run(w, job, end - w->at, sizeof(struct followed), follow, &results) : 0;

	for (size_t i = w->at; r == 0 && i < end; i++) {
		const struct followed *f = results ? crew_result(results, i - w->at) : NULL;
		struct path_question *q;

		if (!f || f->error) {
			w->question[i].leads_error = f ? f->error : ETIMEDOUT;
			continue;
		}
		if (f->place.n > 0) {
			w->question[i].leads_to = arena_strdup(w->a->c->snapshot->arena,
							       w->board->text + f->place.begin);
			if (!w->question[i].leads_to)
				return -ENOMEM;
		}
		if (!go)
			continue;
		q = f->place.n > 0 ? add(w, w->question[i].leads_to) : &w->question[i];
		if (!q)
			return -ENOMEM;
		q->to_list = f->is_folder;
	}
	return r;
}

/* What stands in a folder. */
static int
take_names(struct walk *w, size_t folder, const struct listed *l)
{
	const char *at = w->board->text + l->names.begin, *end = at + l->names.n;
	struct arena *arena = w->a->c->snapshot->arena;

	while (at < end) {
		const char *above = w->question[folder].path;
		char *path = arena_printf(arena, "%s/%s", above[1] ? above : "", at + 1);
		struct path_question *q = path ? add(w, path) : NULL;

		if (!q)
			return -ENOMEM;
		q->is_link = *at == 'l';
		/* One that was asked is listed for itself, whatever it is mounted on. */
		q->to_list = *at == 'd' && !is_asked(w, path);
		q->mount = l->mount;
		at += strlen(at) + 1;
	}
	w->question[folder].listed = true;
	return 0;
}

/* The limit is told once: it is the same for whatever comes after. */
static void
gap(struct walk *w, const struct path_question *q, int error)
{
	const char *remedy = error == EFBIG ? "ask for less" :
			     error == ENOTSUP ? "name the files in it" :
			     error == EACCES || error == EPERM ? "run it as root" :
			     error == ETIMEDOUT ? "look after the file system that does not answer" : NULL;

	if (error == EFBIG && w->full)
		return;
	w->full |= error == EFBIG;
	gap_note(w->a->c->gaps, DOMAIN__DOMAIN_FILES, "paths", 0, -error, remedy, "%s: what is in it", q->path);
}

/* The folders among the questions from `at` on, and then those that were found, and so on. */
static int
list_all(struct walk *w, const struct crew_job *job)
{
	int r = 0;

	while (r == 0 && w->at < w->n && !w->full) {
		_cleanup_crew_results_ struct crew_results *results = NULL;
		size_t end = w->n;

		r = run(w, job, end - w->at, sizeof(struct listed), list, &results);
		for (size_t i = w->at; r == 0 && i < end; i++) {
			const struct listed *l = crew_result(results, i - w->at);

			if (!w->question[i].to_list || (l && l->elsewhere))
				continue;
			if (!l || l->error)
				gap(w, &w->question[i], l ? l->error : ETIMEDOUT);
			else
				r = take_names(w, i, l);
		}
		w->at = end;
	}
	return r;
}

/* Links that were found stand together at the end, so that children are run over them alone. */
static int
links_last(const void *a, const void *b)
{
	const struct path_question *x = a, *y = b;

	return (int) x->is_link - (int) y->is_link;
}

static int
follow_links(struct walk *w, const struct crew_job *job)
{
	if (w->n > 1)
		qsort(w->question, w->n, sizeof(*w->question), links_last);
	for (w->at = w->n; w->at > 0 && w->question[w->at - 1].is_link;)
		w->at--;
	return follow_all(w, job, w->n, false);
}

static int
walk(struct walk *w, const struct crew_job *job)
{
	const struct probe_options *o = w->a->c->options;
	int r;

	for (size_t i = 0; i < o->n_paths; i++)
		if (!add(w, o->paths[i]))
			return -ENOMEM;
	sort(w);
	r = follow_all(w, job, w->n, true);
	if (r < 0)
		return r;
	sort(w);
	for (size_t i = 0; i < w->n; i++)
		w->question[i].to_list &= !path_is_declared(o, &w->question[i]);
	w->n_asked = w->n;
	r = list_all(w, job);
	if (r == 0)
		r = follow_links(w, job);
	if (r == 0)
		sort(w);
	return r;
}

int
path_walk(struct paths *a, const struct crew_job *job)
{
	struct walk w = { .a = a };
	size_t room = sizeof(struct board) + TEXT_ROOM;
	int r;

	w.board = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w.board == MAP_FAILED)
		return -errno;
	r = walk(&w, job);
	(void) munmap(w.board, room);
	a->questions = (struct path_questions){ .question = w.question, .n = w.n };
	return r;
}

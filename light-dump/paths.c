/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on a path: what exe, cwd, root, a descriptor or a mapping leads to. The text of the
 * link is the path as the mount namespace's own root sees it, with " (deleted)" behind it when
 * the name is gone; statx(2) through the link shows the inode even then:
 *
 *     /proc/4211/exe -> /usr/sbin/nginx
 *     /proc/4211/fd/5 -> /var/log/nginx/old.log (deleted)
 *
 * A tree maps the same libraries and opens the same files many times over. So each worker
 * keeps what it met under up to three keys, and asks the kernel once: by mount and inode as
 * fdinfo has them, by device and inode as maps has them, and by what statx said.
 */
#include "light-dump/collectors.h"

#include "kernel/maps.h"
#include "light-dump/worker.h"

#include <fcntl.h>
#include <linux/stat.h>

enum key_kind { BY_IDENTITY = 1, BY_FDINFO = 2, BY_MAPS = 3 };

static struct intern_key
key_of(const struct task_context *c, enum key_kind kind, uint64_t a, uint64_t b, struct slice text)
{
	const NamespaceSet *ns = c->process->ns;

	return (struct intern_key){
		.number = { kind, ns ? ns->mnt : 0, a, b },
		.text = text,
	};
}

static int64_t
nanoseconds(const struct statx_timestamp *t)
{
	return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static void
set_identity(File *f, const struct statx *st)
{
	SET_FACT(f, dev_major, st->stx_dev_major);
	SET_FACT(f, dev_minor, st->stx_dev_minor);
	SET_FACT(f, ino, st->stx_ino);
	SET_FACT(f, mode, st->stx_mode);
	SET_FACT(f, nlink, st->stx_nlink);
	SET_FACT(f, size, st->stx_size);
	SET_FACT(f, blocks, st->stx_blocks);
	SET_FACT(f, mtime_ns, nanoseconds(&st->stx_mtime));
	SET_FACT(f, ctime_ns, nanoseconds(&st->stx_ctime));
	SET_FACT(f, uid, st->stx_uid);
	SET_FACT(f, gid, st->stx_gid);
	SET_FACT(f, rdev_major, st->stx_rdev_major);
	SET_FACT(f, rdev_minor, st->stx_rdev_minor);
	SET_FACT(f, whole_readable, (st->stx_mode & S_IROTH) != 0);
	if (st->stx_mask & STATX_MNT_ID)
		SET_FACT(f, mnt_id, (uint32_t) st->stx_mnt_id);
}

/* A new record with its path; *ret_text is the whole link text, kept in the arena. */
static File *
file_new(struct task_context *c, struct slice text, struct slice *ret_text)
{
	File *f = NEW_FACT(c->arena, File, file);
	struct slice path = text;
	char *whole;

	if (!f)
		return NULL;
	whole = arena_strndup(c->arena, text.p, text.n);
	if (!whole)
		return NULL;
	*ret_text = (struct slice){ .p = whole, .n = text.n };
	SET_FACT(f, deleted, slice_cut_end(&path, " (deleted)"));
	f->path = f->deleted ? arena_strndup(c->arena, path.p, path.n) : whole;
	if (c->process->ns && c->process->ns->has_mnt)
		SET_FACT(f, mnt_ns, c->process->ns->mnt);
	return f->path ? f : NULL;
}

static int
file_add(struct worker *w, File *f, const struct intern_key *key, uint32_t *ret)
{
	int r;

	*ret = (uint32_t) w->n_file;
	r = ADD_FACT(w->arena, w->file, w->n_file, f);
	return r < 0 ? r : intern_add(&w->file_keys, key, *ret);
}

/* The record of this inode under this path, found or made; key->text then is in the arena. */
static int
by_identity(struct task_context *c, const struct statx *st, struct slice *text, uint32_t *ret)
{
	uint64_t dev = (uint64_t) st->stx_dev_major << 32 | st->stx_dev_minor;
	struct intern_key key = key_of(c, BY_IDENTITY, dev, st->stx_ino, *text);
	File *f;

	if (intern_find(&c->worker->file_keys, &key, ret)) {
		text->p = arena_memdup(c->arena, text->p, text->n);
		return text->p ? 0 : -ENOMEM;
	}
	f = file_new(c, *text, &key.text);
	if (!f)
		return -ENOMEM;
	*text = key.text;
	set_identity(f, st);
	return file_add(c->worker, f, &key, ret);
}

/*
 * Recorded files have no inode to look at: the type is that of the same path below the root,
 * where it was recorded too.
 */
static int
recorded_file(struct task_context *c, const struct intern_key *key, uint32_t *ret)
{
	struct intern_key kept = *key;
	File *f = file_new(c, key->text, &kept.text);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!f)
		return -ENOMEM;
	fd = root_openat(c->root, f->path, O_PATH);
	if (fd >= 0 && fstat(fd, &st) == 0)
		SET_FACT(f, mode, st.st_mode);
	SET_FACT(f, ino, key->number[3]);
	return file_add(c->worker, f, &kept, ret);
}

int
path_file(struct task_context *c, const char *link, struct slice text, uint32_t mnt_id,
	  uint64_t ino, uint32_t *ret)
{
	struct intern_key key = key_of(c, BY_FDINFO, mnt_id, ino, text);
	struct statx st;
	int r;

	if (ino != 0 && intern_find(&c->worker->file_keys, &key, ret))
		return 0;
	if (c->root->recorded)
		return recorded_file(c, &key, ret);
	r = root_magic_statx(&c->proc, link, &st);
	if (r < 0)
		return r;
	r = by_identity(c, &st, &key.text, ret);
	if (r < 0 || ino == 0)
		return r;
	return intern_add(&c->worker->file_keys, &key, *ret);
}

/* Without the right to look through map_files there is only what the maps text tells. */
static int
file_of_maps_text(struct task_context *c, const struct maps_entry *e, struct intern_key *key,
		  uint32_t *ret)
{
	File *f = file_new(c, key->text, &key->text);

	if (!f)
		return -ENOMEM;
	SET_FACT(f, dev_major, e->dev_major);
	SET_FACT(f, dev_minor, e->dev_minor);
	SET_FACT(f, ino, e->ino);
	return file_add(c->worker, f, key, ret);
}

/* Unmapped meanwhile; or a dead leader's process, since a thread has no map_files. */
static void
note_no_map_file(struct task_context *c)
{
	_cleanup_close_ int fd = root_openat(&c->proc, "map_files", O_PATH);
	_cleanup_close_ int alive = root_openat(&c->proc, "stat", O_PATH);

	if (fd < 0 && alive >= 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "mappings", c->pid, fd, NULL,
			 "/proc/%d/map_files", c->pid);
}

int
path_file_of_mapping(struct task_context *c, const struct maps_entry *e, struct slice text,
		     uint32_t *ret)
{
	uint64_t dev = (uint64_t) e->dev_major << 32 | e->dev_minor;
	struct intern_key key = key_of(c, BY_MAPS, dev, e->ino, text);
	char link[64];
	struct statx st;
	int r;

	if (intern_find(&c->worker->file_keys, &key, ret))
		return 0;
	if (c->root->recorded || c->worker->no_map_files)
		return file_of_maps_text(c, e, &key, ret);
	(void) snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long) e->start,
			(unsigned long long) e->end);
	r = root_magic_statx(&c->proc, link, &st);
	if (r == -EPERM || r == -EACCES) {
		c->worker->no_map_files = true;
		gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "mappings", c->pid, r,
			 "run as root, or with CAP_CHECKPOINT_RESTORE", "/proc/PID/map_files");
	}
	if (r == -ENOENT)
		note_no_map_file(c);
	if (r < 0)
		return file_of_maps_text(c, e, &key, ret);
	r = by_identity(c, &st, &key.text, ret);
	return r < 0 ? r : intern_add(&c->worker->file_keys, &key, *ret);
}

static int
path_use(struct task_context *c, const char *link, PathUse **ret)
{
	struct worker *w = c->worker;
	PathUse *use;
	int n, r;

	n = root_magic_readlink(&c->proc, link, w->link, sizeof(w->link));
	if (n < 0)
		return n;
	use = NEW_FACT(c->arena, PathUse, path_use);
	if (!use)
		return -ENOMEM;
	use->path = arena_strndup(c->arena, w->link, (size_t) n);
	if (!use->path)
		return -ENOMEM;
	r = path_file(c, link, (struct slice){ w->link, (size_t) n }, 0, 0, &use->file);
	if (r < 0)
		return r;
	use->has_file = true;
	*ret = use;
	return 0;
}

int
paths_collect(struct task_context *c)
{
	Process *p = c->process;
	int r;

	r = path_use(c, "exe", &p->exe);
	if (r < 0)
		return r;
	r = path_use(c, "cwd", &p->cwd);
	if (r < 0)
		return r;
	return path_use(c, "root", &p->root);
}

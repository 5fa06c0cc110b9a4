/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen at a path, as an answer of the snapshot. A digest stands in it only where it may be told.
 */
#include "probes/paths-look.h"
#include <errno.h>
#include <sys/statvfs.h>

static PathKind
kind_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return PATH_KIND__PATH_KIND_REGULAR;
	case S_IFDIR:
		return PATH_KIND__PATH_KIND_DIRECTORY;
	case S_IFLNK:
		return PATH_KIND__PATH_KIND_SYMLINK;
	case S_IFCHR:
		return PATH_KIND__PATH_KIND_CHARDEV;
	case S_IFBLK:
		return PATH_KIND__PATH_KIND_BLOCKDEV;
	case S_IFIFO:
		return PATH_KIND__PATH_KIND_FIFO;
	default:
		return PATH_KIND__PATH_KIND_SOCKET;
	}
}

static void
take_stat(PathAnswer *p, const struct statx *st, bool itself)
{
	SET_FACT(p, kind, kind_of(st->stx_mode));
	SET_FACT(p, mode, st->stx_mode);
	/* How large a folder is says when and where it was filled, and not with what. */
	if (!itself || !S_ISDIR(st->stx_mode))
		SET_FACT(p, size, st->stx_size);
	SET_FACT(p, nlink, st->stx_nlink);
	SET_FACT(p, dev_major, st->stx_dev_major);
	SET_FACT(p, dev_minor, st->stx_dev_minor);
	SET_FACT(p, ino, st->stx_ino);
	SET_FACT(p, uid, st->stx_uid);
	SET_FACT(p, gid, st->stx_gid);
	if (S_ISCHR(st->stx_mode) || S_ISBLK(st->stx_mode)) {
		SET_FACT(p, rdev_major, st->stx_rdev_major);
		SET_FACT(p, rdev_minor, st->stx_rdev_minor);
	}
	SET_FACT(p, mtime_ns, st->stx_mtime.tv_sec * 1000000000LL + st->stx_mtime.tv_nsec);
	SET_FACT(p, ctime_ns, st->stx_ctime.tv_sec * 1000000000LL + st->stx_ctime.tv_nsec);
	if (st->stx_attributes_mask & STATX_ATTR_IMMUTABLE)
		SET_FACT(p, immutable, (st->stx_attributes & STATX_ATTR_IMMUTABLE) != 0);
}

static int
bytes_take(struct arena *arena, const void *p, size_t n, ProtobufCBinaryData *ret)
{
	ret->data = arena_memdup(arena, p, n);
	ret->len = n;
	return ret->data ? 0 : -ENOMEM;
}

/* The build-id: our own where it may be told, the source's where that is the same. */
static int
take_build_id(struct arena *arena, PathAnswer *p, const File *f, const struct path_content *s)
{
	const struct elf_facts *e = &s->identity.elf;

	if (s->same_build == SAME_YES) {
		p->has_build_id = true;
		SET_FACT(p, build_id_looked, true);
		return bytes_take(arena, f->build_id.data, f->build_id.len, &p->build_id);
	}
	if (!s->tell || !s->identity.read)
		return 0;
	SET_FACT(p, build_id_looked, true);
	if (e->build_id_length == 0)
		return 0;
	p->has_build_id = true;
	return bytes_take(arena, e->build_id, e->build_id_length, &p->build_id);
}

int
path_answer_content(struct arena *arena, PathAnswer *p, const File *f, const struct path_content *s)
{
	const struct identity *id = &s->identity;
	int r = take_build_id(arena, p, f, s);

	if (r < 0)
		return r;
	if (s->same != SAME_UNSAID)
		SET_FACT(p, same_as_asked, s->same == SAME_YES);
	if (id->state != DIGEST_STATE__DIGEST_NOT_WANTED)
		SET_FACT(p, digest_state, (DigestState) id->state);
	if (id->state == DIGEST_STATE__DIGEST_FAILED)
		SET_FACT(p, digest_errno, id->error);
	if (!s->tell || id->state != DIGEST_STATE__DIGEST_DONE)
		return 0;
	p->has_sha256 = true;
	return bytes_take(arena, id->sha256, DIGEST_SIZE, &p->sha256);
}

void
path_gap(struct probe_context *c, const struct path_question *q, int error)
{
	const char *remedy = error == -EACCES || error == -EPERM ? "run it as root" :
			     error == -ETIMEDOUT ? "look after the file system that does not answer" :
			     error == -EOPNOTSUPP ? "mount what is to be there: autofs would, when asked" :
			     error == -EBUSY ? "it is under a write lease, which reading would break" :
					       NULL;

	gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "paths", 0, error, remedy, "%s", q->path);
}

static int
take_seen(struct paths *a, const struct path_question *q, PathAnswer *p, const struct path_seen *s)
{
	const char *type;

	if (s->error) {
		SET_FACT(p, error, s->error);
		if (s->error == ENOENT || s->error == ENOTDIR)
			SET_FACT(p, kind, PATH_KIND__PATH_KIND_NONE);
		else
			path_gap(a->c, q, -s->error);
		if (s->parent_missing)
			SET_FACT(p, parent_missing, true);
		return 0;
	}
	take_stat(p, &s->st, q->itself);
	if (S_ISLNK(s->st.stx_mode) && q->leads_error)
		SET_FACT(p, leads_error, q->leads_error);
	if (S_ISDIR(s->st.stx_mode) && q->listed)
		SET_FACT(p, listed, true);
	type = path_fs_type(a, &s->st);
	if (type) {
		p->fs_type = arena_strdup(a->c->snapshot->arena, type);
		if (!p->fs_type)
			return -ENOMEM;
	}
	if (s->has_space) {
		SET_FACT(p, read_only, (s->flags & ST_RDONLY) != 0);
		SET_FACT(p, noexec, (s->flags & ST_NOEXEC) != 0);
		if (S_ISDIR(s->st.stx_mode))
			SET_FACT(p, free_bytes, s->free_bytes);
		if (S_ISDIR(s->st.stx_mode) && s->has_inodes)
			SET_FACT(p, free_inodes, s->free_inodes);
	}
	return 0;
}

int
path_answer_add(struct paths *a, const struct path_question *q, const struct path_seen *s)
{
	struct snapshot *snapshot = a->c->snapshot;
	PathAnswer *p = NEW_FACT(snapshot->arena, PathAnswer, path_answer);

	if (!p)
		return -ENOMEM;
	p->path = arena_strdup(snapshot->arena, q->path);
	if (!p->path ||
	    ADD_FACT(snapshot->arena, snapshot->facts->path_answer, snapshot->facts->n_path_answer, p) < 0)
		return -ENOMEM;
	if (q->of_host)
		SET_FACT(p, of_host, true);
	p->mapped_to = q->mapped_to ? arena_strdup(snapshot->arena, q->mapped_to) : NULL;
	if (q->mapped_to && !p->mapped_to)
		return -ENOMEM;
	p->leads_to = q->leads_to ? arena_strdup(snapshot->arena, q->leads_to) : NULL;
	if (q->leads_to && !p->leads_to)
		return -ENOMEM;
	if (path_is_declared(a->c->options, q)) {
		SET_FACT(p, declared, true);
		return 0;
	}
	if (!s) {
		SET_FACT(p, timed_out, true);
		SET_FACT(p, error, ETIMEDOUT);
		path_gap(a->c, q, -ETIMEDOUT);
		return 0;
	}
	return take_seen(a, q, p, s);
}

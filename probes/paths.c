/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the source's paths are on this host:
 *
 *     /usr/lib/libssl.so.3   regular 0644, 669136 bytes, ext4, build-id …, SHA-256 …
 *     /etc/ssl/private/key   regular 0640: only whether it is the same as the source's
 *     /var/run/app.sock      nothing; its folder is there
 *
 * The source is a stranger who may name any path. So nothing is opened before it was seen to
 * be a regular file on a real file system, nothing is read where kind and size already differ,
 * and a digest is told only of what everybody may read: else only whether it equals the digest
 * that the source has, and that only of a file which the source holds open or mapped.
 */
#include "kernel/filesystem.h"
#include "probes/path-maps.h"
#include "probes/paths-look.h"
#include "probes/probes.h"
#include <errno.h>
#include <sys/statvfs.h>

enum { MAX_QUESTIONS = 1000 * 1000 };

/* ---- --brings -------------------------------------------------------------------------- */

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	if (n == 1 && folder[0] == '/')
		return true;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* A path with ".." in it is none that a kernel shows, and could lead out of what was declared. */
bool
path_is_declared(const struct probe_options *o, const struct path_question *q)
{
	if (q->of_host || strstr(q->path, "/.."))
		return false;
	for (const char *const *b = o->brings; b && *b; b++)
		if ((*b)[0] == '/' && is_below(q->path, *b))
			return true;
	return false;
}

/* ---- the crews ------------------------------------------------------------------------- */

/* The mount the path seems to lie on, links not followed. */
static const Mount *
mount_of(const struct paths *a, const struct path_question *q)
{
	const char *below = a->c->options->tree_root;
	char path[2 * 4096];

	if (q->mapped_to)
		return path_mounts_of(&a->mounts, q->mapped_to);
	(void) snprintf(path, sizeof(path), "%s%s", below && !q->of_host ? below : "", q->path);
	return path_mounts_of(&a->mounts, path);
}

/* A name looked up there would be mounted: that is not for us to set off. */
static bool
is_automounted(const struct paths *a, const struct path_question *q)
{
	const Mount *m = mount_of(a, q);

	return m && m->fs_type && streq(m->fs_type, "autofs");
}

static void
look(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct paths *a = arg;
	const struct path_question *q = &a->questions.question[i];
	struct path_seen *seen = result;

	(void) slot;
	if (path_is_declared(a->c->options, q))
		return;
	if (is_automounted(a, q))
		seen->error = EOPNOTSUPP;
	else
		path_look(a, q, seen);
}

static void
read_content(size_t k, void *result, struct crew_slot *slot, void *arg)
{
	const struct paths *a = arg;

	path_read(a, &a->questions.question[a->order[k]], digest_cache_found(a->cached, k), slot, result);
}

/* By the mount the path seems to lie on: what hangs there will hang for its other paths too. */
static uint64_t
look_group(size_t i, void *arg)
{
	const struct paths *a = arg;
	const Mount *m = mount_of(a, &a->questions.question[i]);

	return m && filesystem_may_hang(m->fs_type) ? 1ULL << 63 | m->id : 0;
}

static uint64_t
content_group(size_t k, void *arg)
{
	return look_group(((const struct paths *) arg)->order[k], arg);
}

static void
report(const struct crew_progress *p, void *arg)
{
	const struct paths *a = arg;
	const struct probe_options *o = a->c->options;

	o->progress(p->done, p->total, p->bytes, o->progress_arg);
}

/* ---- into the snapshot ----------------------------------------------------------------- */

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
take_stat(PathAnswer *p, const struct statx *st)
{
	SET_FACT(p, kind, kind_of(st->stx_mode));
	SET_FACT(p, mode, st->stx_mode);
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

static int
take_content(struct arena *arena, PathAnswer *p, const File *f, const struct path_content *s)
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

static void
gap(struct probe_context *c, const struct path_question *q, int error)
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
			gap(a->c, q, -s->error);
		if (s->parent_missing)
			SET_FACT(p, parent_missing, true);
		return 0;
	}
	take_stat(p, &s->st);
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

static int
answer(struct paths *a, const struct path_question *q, const struct path_seen *s)
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
	if (path_is_declared(a->c->options, q)) {
		SET_FACT(p, declared, true);
		return 0;
	}
	if (!s) {
		SET_FACT(p, timed_out, true);
		SET_FACT(p, error, ETIMEDOUT);
		gap(a->c, q, -ETIMEDOUT);
		return 0;
	}
	return take_seen(a, q, p, s);
}

/* Look-ups are short and in a hurry. */
static int
paths_look(struct paths *a, struct crew_job *job)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int r;

	job->items = a->questions.n;
	job->result_size = sizeof(struct path_seen);
	job->work = look;
	job->group = look_group;
	r = crew_run(job, &results);
	for (size_t i = 0; r == 0 && i < a->questions.n; i++)
		r = answer(a, &a->questions.question[i], crew_result(results, i));
	return r < 0 ? r : path_contents_order(a, results);
}

static int
take_read(struct paths *a, const struct path_question *q, PathAnswer *p, const struct path_content *s)
{
	if (!s) {
		SET_FACT(p, digest_state, DIGEST_STATE__DIGEST_TIMED_OUT);
		gap(a->c, q, -ETIMEDOUT);
		return 0;
	}
	if (s->identity.state == DIGEST_STATE__DIGEST_FAILED)
		gap(a->c, q, -s->identity.error);
	return take_content(a->c->snapshot->arena, p, q->file, s);
}

/* What is to be kept of those that were read, and how many there were. */
static int
keep_contents(struct paths *a, const struct crew_results *results)
{
	_cleanup_free_ const struct identity **kept = calloc(a->n_order + 1, sizeof(*kept));
	uint32_t hashed = 0, cached = 0;
	Header *h = a->c->snapshot->facts->header;
	uint64_t bytes = 0;
	size_t n = 0;

	if (!kept)
		return -ENOMEM;
	for (size_t k = 0; k < a->n_order; k++) {
		const struct path_content *s = crew_result(results, k);

		if (!s)
			continue;
		cached += s->identity.cached;
		bytes += s->identity.bytes;
		hashed += s->identity.state == DIGEST_STATE__DIGEST_DONE && !s->identity.cached;
		if (digest_cache_wants(s->tell ? &s->identity : &s->untold))
			kept[n++] = s->tell ? &s->identity : &s->untold;
	}
	digest_cache_keep(a->c->options->cache, a->c->root, kept, n);
	if (!h)
		return 0;
	SET_FACT(h, files_hashed, hashed);
	SET_FACT(h, bytes_hashed, bytes);
	if (a->c->options->cache)
		SET_FACT(h, files_cached, cached);
	return 0;
}

/* `answers`: where those of this probe begin. */
static int
contents_read(struct paths *a, struct crew_job *job, PathAnswer **answers)
{
	const struct probe_options *o = a->c->options;
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int r;

	job->items = a->n_order;
	job->result_size = sizeof(struct path_content);
	job->idle = true;
	job->work = read_content;
	job->group = content_group;
	job->progress = o->progress ? report : NULL;
	r = leases_read(a->c->root, &a->leases);
	if (r == 0)
		a->cached = digest_cache_look(o->cache, a->c->root, a->stamp, a->n_order);
	if (r == 0)
		r = crew_run(job, &results);
	if (r == 0)
		r = keep_contents(a, results);
	for (size_t k = 0; r == 0 && k < a->n_order; k++)
		r = take_read(a, &a->questions.question[a->order[k]], answers[a->order[k]],
			      crew_result(results, k));
	return r;
}

/* --map: where the questions are asked. */
static int
put_in_place(const struct paths *a)
{
	char place[MAX_PLACE];

	for (size_t i = 0; a->c->options->n_maps > 0 && i < a->questions.n; i++) {
		struct path_question *q = &a->questions.question[i];

		if (!path_is_mapped(a->c->options, q->path, place))
			continue;
		q->mapped_to = arena_strdup(a->c->snapshot->arena, place);
		if (!q->mapped_to)
			return -ENOMEM;
	}
	return 0;
}

int
paths_ask(struct probe_context *c)
{
	Snapshot *s = c->snapshot->facts;
	struct paths a = { .c = c };
	int low = c->root->fd < c->tree_root->fd ? c->root->fd : c->tree_root->fd;
	int keep[] = { low, c->root->fd + c->tree_root->fd - low };
	struct crew_job job = { .deadline_ms = c->options->timeout_ms, .arg = &a, .keep = keep,
				.n_keep = ARRAY_SIZE(keep) };
	size_t begin = s->n_path_answer;
	int r;

	if (!c->source)
		return 0;
	r = path_questions_make(c->source, c->snapshot->arena, &a.questions);
	if (r < 0)
		return r;
	if (a.questions.n > MAX_QUESTIONS) {
		gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "paths", 0, -EFBIG, NULL, "%zu paths",
			 a.questions.n);
		a.questions.n = MAX_QUESTIONS;
	}
	r = put_in_place(&a);
	if (r == 0)
		r = path_mounts_make(c->host->filesystems, &a.mounts);
	if (r == 0)
		r = paths_look(&a, &job);
	if (r == 0)
		r = contents_read(&a, &job, s->path_answer + begin);
	crew_results_free(a.cached);
	free(a.stamp);
	leases_free(&a.leases);
	path_mounts_free(&a.mounts);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files are that the tree uses: whether each path still leads to the inode in use, its
 * build-id and ELF facts, and its SHA-256. All of it is done by crews of children, since any of
 * these calls may wait for a dead server: first the paths, in a hurry, then the contents, in
 * idle moments.
 */
#include "base/crew.h"
#include "kernel/filesystem.h"
#include "light-dump/collectors.h"
#include "light-dump/files-known.h"
#include "light-dump/files-look.h"
#include <errno.h>

/* ---- the crews ------------------------------------------------------------------------- */

static void
look(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	(void) slot;
	file_look(arg, (uint32_t) i, result);
}

static void
read_content(size_t k, void *result, struct crew_slot *slot, void *arg)
{
	const struct looking *l = arg;

	file_read(l, l->plan->order[k], digest_cache_found(l->cached, k), slot, result);
}

/* Of local file systems one that hangs does not speak for the others on it: no group. */
static uint64_t
group_of(const File *f)
{
	if (!filesystem_may_hang(f->fs_type))
		return 0;
	return (uint64_t) f->dev_major << 32 | f->dev_minor | 1ULL << 63;
}

static uint64_t
look_group(size_t i, void *arg)
{
	return group_of(((const struct looking *) arg)->facts->file[i]);
}

static uint64_t
content_group(size_t k, void *arg)
{
	const struct looking *l = arg;

	return group_of(l->facts->file[l->plan->order[k]]);
}

static void
report(const struct crew_progress *p, void *arg)
{
	const struct looking *l = arg;
	const struct dump_options *o = l->c->options;

	o->progress(p->done, p->total, p->bytes, o->progress_arg);
}

/* ---- into the snapshot ----------------------------------------------------------------- */

static void
gap(struct tree_context *c, const File *f, int error, const char *what)
{
	const char *remedy = error == -EACCES || error == -EPERM ? "run it as root" :
			     error == -EBUSY ? "it is under a write lease, which reading would break" :
					       NULL;

	gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "files", f->user_pid, error, remedy, "%s of %s", what,
		 f->path ? f->path : "a file without a path");
}

/* What only the path could show, since map_files is denied to us. */
static void
take_stat(File *f, const struct statx *st)
{
	SET_FACT(f, mode, st->stx_mode);
	SET_FACT(f, nlink, st->stx_nlink);
	SET_FACT(f, size, st->stx_size);
	SET_FACT(f, blocks, st->stx_blocks);
	SET_FACT(f, mtime_ns, st->stx_mtime.tv_sec * 1000000000LL + st->stx_mtime.tv_nsec);
	SET_FACT(f, ctime_ns, st->stx_ctime.tv_sec * 1000000000LL + st->stx_ctime.tv_nsec);
	SET_FACT(f, uid, st->stx_uid);
	SET_FACT(f, gid, st->stx_gid);
	SET_FACT(f, whole_readable, (st->stx_mode & S_IROTH) != 0);
}

static struct content_stamp
stamp_of(const File *f)
{
	return (struct content_stamp){
		.dev = (uint64_t) f->dev_major << 32 | f->dev_minor,
		.ino = f->ino,
		.size = f->size,
		.mtime_ns = f->mtime_ns,
		.ctime_ns = f->ctime_ns,
	};
}

static void
take_path(struct tree_context *c, File *f, const struct file_work *w, const struct looked *l)
{
	if (w->place < 0)
		return;
	if (!l) {
		SET_FACT(f, path_state, PATH_STATE__PATH_ERROR);
		SET_FACT(f, path_errno, ETIMEDOUT);
		gap(c, f, -ETIMEDOUT, "path");
		return;
	}
	/* Denied to us says nothing about root, as whom criu looks. */
	if (l->state == PATH_STATE__PATH_ERROR && (l->error == EACCES || l->error == EPERM) &&
	    geteuid() != 0) {
		SET_FACT(f, path_state, PATH_STATE__PATH_NOT_LOOKED);
		SET_FACT(f, path_errno, l->error);
		gap(c, f, -l->error, "path");
		return;
	}
	SET_FACT(f, path_state, (PathState) l->state);
	if (l->state == PATH_STATE__PATH_ERROR)
		SET_FACT(f, path_errno, l->error);
	if (l->state == PATH_STATE__PATH_REPLACED) {
		SET_FACT(f, other_ino, l->st.stx_ino);
		SET_FACT(f, other_dev_major, l->st.stx_dev_major);
		SET_FACT(f, other_dev_minor, l->st.stx_dev_minor);
	}
	if (l->full_name) {
		char *full = arena_printf(c->snapshot->arena, "%s (deleted)", f->path);

		f->path = full ? full : f->path;
		SET_FACT(f, deleted, !full);
	}
	if (l->state == PATH_STATE__PATH_SAME && !f->has_mode)
		take_stat(f, &l->st);
}

/* Copies the digest out of the shared memory, which goes away. */
static int
bytes_take(struct arena *arena, const void *p, size_t n, ProtobufCBinaryData *ret)
{
	uint8_t *copy = arena_memdup(arena, p, n);

	if (!copy)
		return -ENOMEM;
	*ret = (ProtobufCBinaryData){ .data = copy, .len = n };
	return 0;
}

static int
take_content(struct tree_context *c, File *f, const struct file_work *reader,
	     const struct identity *id)
{
	struct arena *arena = c->snapshot->arena;

	if (reader->digest) {
		SET_FACT(f, digest_state, (DigestState) id->state);
		if (id->state == DIGEST_STATE__DIGEST_FAILED)
			SET_FACT(f, digest_errno, id->error);
	}
	if (reader->digest && id->state == DIGEST_STATE__DIGEST_DONE) {
		f->has_sha256 = true;
		if (bytes_take(arena, id->sha256, DIGEST_SIZE, &f->sha256) < 0)
			return -ENOMEM;
	}
	if (reader->elf && id->read)
		SET_FACT(f, elf_looked, true);
	if (!id->is_elf)
		return 0;
	f->elf = elf_to_facts(&id->elf, arena);
	if (!f->elf)
		return -ENOMEM;
	if (id->elf.build_id_length == 0)
		return 0;
	f->has_build_id = true;
	return bytes_take(arena, id->elf.build_id, id->elf.build_id_length, &f->build_id);
}

/* A gap once an inode, of the record that was to be read. */
static void
content_gaps(struct tree_context *c, const File *f, const struct file_work *w,
	     const struct identity *id)
{
	const char *what = w->digest ? "content" : "ELF headers";

	if (!id)
		gap(c, f, -ETIMEDOUT, what);
	else if (id->state == DIGEST_STATE__DIGEST_FAILED)
		/* Closed or unmapped meanwhile, where it had been held. */
		gap(c, f, id->error == ENOENT && w->handle != HANDLE_NONE ? -ESRCH : -id->error, what);
	else if (id->state == DIGEST_STATE__DIGEST_CHANGED_WHILE_READ)
		gap(c, f, -EINTR, what);
}

/* The facts of each inode that was read, to all its records. */
static int
take_contents(struct tree_context *c, const struct plan *p, const struct crew_results *results)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_free_ const struct identity **read = calloc(p->n + 1, sizeof(*read));
	uint32_t hashed = 0, known = 0, cached = 0;
	uint64_t bytes = 0;
	int r = 0;

	if (!read)
		return -ENOMEM;
	for (size_t k = 0; k < p->n_read; k++) {
		const struct identity *id = crew_result(results, k);

		read[p->order[k]] = id;
		content_gaps(c, s->file[p->order[k]], &p->work[p->order[k]], id);
		bytes += id ? id->bytes : 0;
		hashed += id && id->state == DIGEST_STATE__DIGEST_DONE && !id->cached;
		cached += id && id->cached;
	}
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct file_work *reader = &p->work[p->work[i].reader];

		if (!reader->digest && !reader->elf)
			continue;
		known += p->work[i].known != NULL;
		if (reader->known)
			r = known_file_take(reader->known, reader->digest, c->snapshot->arena, s->file[i]);
		else if (read[p->work[i].reader])
			r = take_content(c, s->file[i], reader, read[p->work[i].reader]);
		else if (reader->digest)
			SET_FACT(s->file[i], digest_state, DIGEST_STATE__DIGEST_TIMED_OUT);
	}
	if (s->header) {
		SET_FACT(s->header, files_hashed, hashed);
		SET_FACT(s->header, bytes_hashed, bytes);
		if (c->options->known)
			SET_FACT(s->header, files_known, known);
		if (c->options->cache)
			SET_FACT(s->header, files_cached, cached);
	}
	return r;
}

static int
by_number(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

/* The roots are all that a child needs. 0 or -ENOMEM. */
static int
keep_make(const struct looking *l, int **ret, size_t *ret_n)
{
	int *keep = calloc(l->plan->n_places + 1, sizeof(*keep));
	size_t n = 0;

	if (!keep)
		return -ENOMEM;
	keep[n++] = l->c->root->fd;
	for (size_t i = 0; i < l->plan->n_places; i++)
		if (l->plan->place[i].root.fd >= 0)
			keep[n++] = l->plan->place[i].root.fd;
	qsort(keep, n, sizeof(*keep), by_number);
	*ret = keep;
	*ret_n = n;
	return 0;
}

/* Look-ups are short, and the sooner they are done the truer they are: no idle priority. */
static int
paths_look(struct tree_context *c, struct looking *l, const int *keep, size_t n_keep)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_crew_results_ struct crew_results *results = NULL;
	const struct crew_job job = {
		.items = l->plan->n,
		.result_size = sizeof(struct looked),
		.children = c->options->threads,
		.deadline_ms = c->options->timeout_ms,
		.keep = keep,
		.n_keep = n_keep,
		.arg = l,
		.work = look,
		.group = look_group,
	};
	int r = crew_run(&job, &results);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l->plan->n; i++) {
		const struct looked *looked = crew_result(results, i);

		take_path(c, s->file[i], &l->plan->work[i], looked);
		/* The text of maps may name another device than fstat(2) will, when the inode is held. */
		l->stamp[i] = looked && looked->state == PATH_STATE__PATH_SAME ?
				      content_stamp_of_statx(&looked->st) : stamp_of(s->file[i]);
	}
	return 0;
}

/* What the cache knows of those that are to be read. 0 or -ENOMEM. */
static int
cache_look(struct tree_context *c, struct looking *l)
{
	_cleanup_free_ struct content_stamp *stamp = calloc(l->plan->n_read + 1, sizeof(*stamp));

	if (!stamp)
		return -ENOMEM;
	for (size_t k = 0; k < l->plan->n_read; k++)
		stamp[k] = l->stamp[l->plan->order[k]];
	l->cached = digest_cache_look(c->options->cache, c->root, stamp, l->plan->n_read);
	return 0;
}

static int
cache_keep(struct tree_context *c, const struct looking *l, const struct crew_results *results)
{
	_cleanup_free_ const struct identity **kept = calloc(l->plan->n_read + 1, sizeof(*kept));
	size_t n = 0;

	if (!kept)
		return -ENOMEM;
	for (size_t k = 0; k < l->plan->n_read; k++) {
		const struct identity *id = crew_result(results, k);

		if (id && digest_cache_wants(id))
			kept[n++] = id;
	}
	digest_cache_keep(c->options->cache, c->root, kept, n);
	return 0;
}

static int
contents_read(struct tree_context *c, struct looking *l, const int *keep, size_t n_keep)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	const struct crew_job job = {
		.items = l->plan->n_read,
		.result_size = sizeof(struct identity),
		.children = c->options->threads,
		.deadline_ms = c->options->timeout_ms,
		.idle = true,
		.keep = keep,
		.n_keep = n_keep,
		.arg = l,
		.work = read_content,
		.group = content_group,
		.progress = c->options->progress ? report : NULL,
	};
	int r = leases_read(c->root, &l->leases);

	if (r == 0)
		r = cache_look(c, l);
	if (r == 0)
		r = crew_run(&job, &results);
	if (r == 0)
		r = cache_keep(c, l, results);
	return r < 0 ? r : take_contents(c, l->plan, results);
}

int
files_collect(struct tree_context *c)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_plan_ struct plan plan = {};
	struct looking l = { .c = c, .plan = &plan, .facts = s };
	_cleanup_free_ struct content_stamp *stamp = NULL;
	_cleanup_free_ int *keep = NULL;
	size_t n_keep;
	int r;

	r = plan_make(c, &plan);
	if (r < 0)
		return r;
	if (c->root->recorded)
		return -EOPNOTSUPP;
	stamp = l.stamp = calloc(plan.n + 1, sizeof(*stamp));
	if (!stamp)
		return -ENOMEM;
	if (s->tree && !c->options->no_hash)
		SET_FACT(s->tree, hash_limit, c->options->hash_limit);
	r = keep_make(&l, &keep, &n_keep);
	if (r == 0)
		r = paths_look(c, &l, keep, n_keep);
	if (r == 0)
		r = plan_spare_known(c, &plan);
	if (r == 0)
		r = contents_read(c, &l, keep, n_keep);
	crew_results_free(l.cached);
	leases_free(&l.leases);
	return r;
}

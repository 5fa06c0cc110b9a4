/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files are that the tree uses: whether each path still leads to the inode in use, its
 * build-id and ELF facts, and its SHA-256.
 *
 * The content is that of the inode in use itself, held through a link of the process:
 *
 *     /proc/4211/exe
 *     /proc/4211/map_files/7f2b3c000000-7f2b3c0c3000    a library, replaced on disk or not
 *     /proc/4211/fd/7
 *
 * Only where that link is denied or gone, the path serves, if it leads to the same inode. All
 * of it is done by a crew of children, since any of these calls may wait for a dead server.
 */
#include "base/crew.h"
#include "kernel/filesystem.h"
#include "kernel/identity.h"
#include "light-dump/collectors.h"
#include "light-dump/files-plan.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

struct looked {
	uint32_t path_state;		/* a PathState */
	int32_t path_error;
	struct statx st;		/* what the path leads to */
	struct identity identity;
};

struct looking {
	struct tree_context *c;
	const struct plan *plan;
	const Snapshot *facts;
};

/* ---- in a child ------------------------------------------------------------------------ */

static bool
is_inode(const struct statx *st, const File *f)
{
	if (st->stx_ino != f->ino)
		return false;
	if (st->stx_dev_major == f->dev_major && st->stx_dev_minor == f->dev_minor)
		return true;
	/* The maps text has the device of the superblock, statx(2) that of the subvolume. */
	return !f->has_mode && f->fs_type && streq(f->fs_type, "btrfs");
}

/* An overlay's inode in the maps text may be another than statx(2) shows for the same file. */
static bool
cannot_be_compared(const File *f)
{
	return !f->has_mode && f->fs_type && streq(f->fs_type, "overlay");
}

static int
look_at(int fd, struct statx *ret)
{
	int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;

	return statx(fd, "", flags, STATX_BASIC_STATS, ret) < 0 ? -errno : 0;
}

/* Where the path leads now: the state in `ret`, and a descriptor when it is the same inode. */
static int
follow_path(const struct looking *l, uint32_t i, struct looked *ret)
{
	const File *f = l->facts->file[i];
	const struct file_work *w = &l->plan->work[i];
	int flags = O_PATH | (S_ISLNK(f->mode) ? O_NOFOLLOW : 0);
	_cleanup_close_ int fd = -1;
	int r;

	if (w->place < 0)
		return -1;
	fd = root_openat(&l->plan->place[w->place].root, f->path, flags);
	r = fd < 0 ? fd : look_at(fd, &ret->st);
	if (r < 0) {
		ret->path_state = r == -ENOENT ? PATH_STATE__PATH_GONE : PATH_STATE__PATH_ERROR;
		ret->path_error = -r;
		return -1;
	}
	if (is_inode(&ret->st, f)) {
		ret->path_state = PATH_STATE__PATH_SAME;
		return steal_fd(&fd);
	}
	if (!cannot_be_compared(f))
		ret->path_state = PATH_STATE__PATH_REPLACED;
	return -1;
}

/* An O_PATH descriptor of the inode in use, through the process: or -errno. */
static int
hold(const struct looking *l, uint32_t i)
{
	const struct file_work *w = &l->plan->work[i];
	_cleanup_root_ struct root proc = ROOT_NONE;
	_cleanup_close_ int fd = -1;
	char name[64];
	struct statx st;
	int r;

	(void) snprintf(name, sizeof(name), "proc/%d", w->pid);
	r = root_sub(l->c->root, name, &proc);
	if (r < 0)
		return r;
	switch (w->handle) {
	case HANDLE_EXE:
		(void) snprintf(name, sizeof(name), "exe");
		break;
	case HANDLE_FD:
		(void) snprintf(name, sizeof(name), "fd/%llu", (unsigned long long) w->first);
		break;
	case HANDLE_MAP:
		(void) snprintf(name, sizeof(name), "map_files/%llx-%llx",
				(unsigned long long) w->first, (unsigned long long) w->second);
		break;
	case HANDLE_NONE:
		return -ENOENT;
	}
	fd = root_magic_open(&proc, name, O_PATH);
	if (fd < 0)
		return fd;
	r = look_at(fd, &st);
	if (r < 0)
		return r;
	/* The process may have closed it, or be another one by now. */
	return is_inode(&st, l->facts->file[i]) ? steal_fd(&fd) : -ENOENT;
}

/* Of a file whose size was not known when the plan was made. */
static bool
is_over_limit(const struct looking *l, const File *f, const struct statx *st)
{
	return !f->has_mode && !f->used_exe && !f->used_map_exec &&
	       st->stx_size > l->c->options->hash_limit;
}

static void
look(size_t k, void *result, struct crew_slot *slot, void *arg)
{
	const struct looking *l = arg;
	uint32_t i = l->plan->order[k];
	const File *f = l->facts->file[i];
	const struct file_work *w = &l->plan->work[i];
	struct identity_wants wants = { .digest = w->digest, .elf = w->elf, .fs_type = f->fs_type };
	struct looked *ret = result;
	_cleanup_close_ int by_path = follow_path(l, i, ret), held = -1;

	if (w->reader != i || (!w->digest && !w->elf))
		return;
	held = hold(l, i);
	if (held < 0 && by_path < 0) {
		ret->identity.state = DIGEST_STATE__DIGEST_FAILED;
		ret->identity.error = -held;
		return;
	}
	wants.digest &= !is_over_limit(l, f, &ret->st);
	identity_read(held < 0 ? by_path : held, &wants, slot, &ret->identity);
	if (w->digest && !wants.digest)
		ret->identity.state = DIGEST_STATE__DIGEST_OVER_LIMIT;
}

/* Of local file systems one that hangs does not speak for the others on it: no group. */
static uint64_t
group(size_t k, void *arg)
{
	const struct looking *l = arg;
	const File *f = l->facts->file[l->plan->order[k]];

	if (!filesystem_may_hang(f->fs_type))
		return 0;
	return (uint64_t) f->dev_major << 32 | f->dev_minor | 1ULL << 63;
}

static void
report(const struct crew_progress *p, void *arg)
{
	const struct looking *l = arg;
	const struct dump_options *o = l->c->options;

	/* The big ones come first, so the files to be hashed are done first. */
	o->progress(p->done < l->plan->to_hash ? p->done : l->plan->to_hash, l->plan->to_hash, p->bytes,
		    o->progress_arg);
}

/* ---- into the snapshot ----------------------------------------------------------------- */

static void
gap(struct tree_context *c, const File *f, int error, const char *what)
{
	const char *remedy = error == -EACCES || error == -EPERM ? "run it as root" : NULL;

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
	SET_FACT(f, path_state, (PathState) l->path_state);
	if (l->path_state == PATH_STATE__PATH_ERROR)
		SET_FACT(f, path_errno, l->path_error);
	if (l->path_state == PATH_STATE__PATH_REPLACED) {
		SET_FACT(f, other_ino, l->st.stx_ino);
		SET_FACT(f, other_dev_major, l->st.stx_dev_major);
		SET_FACT(f, other_dev_minor, l->st.stx_dev_minor);
	}
	if (l->path_state == PATH_STATE__PATH_SAME && !f->has_mode)
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
take_content(struct tree_context *c, File *f, const struct file_work *reader, const struct looked *l)
{
	const struct identity *id = &l->identity;
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
content_gaps(struct tree_context *c, const File *f, const struct file_work *w, const struct looked *l)
{
	const char *what = w->digest ? "content" : "ELF headers";

	if (!w->digest && !w->elf)
		return;
	if (!l)
		gap(c, f, -ETIMEDOUT, what);
	else if (l->identity.state == DIGEST_STATE__DIGEST_FAILED)
		gap(c, f, -l->identity.error, what);
	else if (l->identity.state == DIGEST_STATE__DIGEST_CHANGED_WHILE_READ)
		gap(c, f, -EINTR, what);
}

static int
take(struct tree_context *c, const struct plan *p, const struct crew_results *results)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_free_ const struct looked **looked = calloc(p->n + 1, sizeof(*looked));
	uint32_t hashed = 0;
	uint64_t bytes = 0;
	int r = 0;

	if (!looked)
		return -ENOMEM;
	for (size_t k = 0; k < p->n; k++)
		looked[p->order[k]] = crew_result(results, k);
	for (size_t i = 0; r == 0 && i < p->n; i++) {
		const struct file_work *w = &p->work[i], *reader = &p->work[w->reader];
		const struct looked *content = looked[w->reader];

		take_path(c, s->file[i], w, looked[i]);
		if (w->reader == i) {
			content_gaps(c, s->file[i], w, content);
			bytes += content ? content->identity.bytes : 0;
			hashed += content && content->identity.state == DIGEST_STATE__DIGEST_DONE;
		}
		if (content)
			r = take_content(c, s->file[i], reader, content);
		else if (reader->digest)
			SET_FACT(s->file[i], digest_state, DIGEST_STATE__DIGEST_TIMED_OUT);
	}
	if (s->header) {
		SET_FACT(s->header, files_hashed, hashed);
		SET_FACT(s->header, bytes_hashed, bytes);
	}
	return r;
}

int
files_collect(struct tree_context *c)
{
	Snapshot *s = c->snapshot->facts;
	_cleanup_plan_ struct plan plan = {};
	_cleanup_crew_results_ struct crew_results *results = NULL;
	struct looking l = { .c = c, .plan = &plan, .facts = s };
	struct crew_job job = {
		.result_size = sizeof(struct looked),
		.children = c->options->threads,
		.deadline_ms = c->options->timeout_ms,
		.idle = true,
		.arg = &l,
		.work = look,
		.group = group,
	};
	int r;

	r = plan_make(c, &plan);
	if (r < 0)
		return r;
	if (c->root->recorded)
		return -EOPNOTSUPP;
	if (s->tree && !c->options->no_hash)
		SET_FACT(s->tree, hash_limit, c->options->hash_limit);
	job.items = plan.n;
	if (c->options->progress && plan.to_hash > 0)
		job.progress = report;
	r = crew_run(&job, &results);
	return r < 0 ? r : take(c, &plan, results);
}

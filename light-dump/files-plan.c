/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wanted of which file. CRIU stores size and build-id of every regular file but those
 * only appended to; we want the content too of what is executed or mapped executable, whatever
 * its size, and of what is only read, up to a limit. What the tree writes will differ at the
 * move, so it is not hashed.
 *
 *     /usr/sbin/nginx              exe of 4211          ELF, SHA-256
 *     /usr/lib/…/libssl.so.3       map_files of 4211    ELF, SHA-256
 *     /etc/nginx/mime.types        fd 7 of 4211         ELF, SHA-256 if not too big
 *     /var/log/nginx/access.log    O_WRONLY|O_APPEND    nothing
 */
#include "light-dump/files-plan.h"
#include "kernel/filesystem.h"
#include "kernel/nslink.h"
#include "light-dump/files-known.h"
#include "light-dump/mount-index.h"
#include "light-dump/procfile.h"
#include <errno.h>
#include <fcntl.h>

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* ---- handles --------------------------------------------------------------------------- */

static void
offer(struct plan *p, bool has, uint32_t file, struct file_work handle)
{
	struct file_work *w = &p->work[has && file < p->n ? file : 0];

	if (!has || file >= p->n || handle.handle <= w->handle)
		return;
	w->handle = handle.handle;
	w->pid = handle.pid;
	w->first = handle.first;
	w->second = handle.second;
}

static void
offer_fd(struct plan *p, int pid, const Fd *fd)
{
	offer(p, fd->has_file, fd->file,
	      (struct file_work){ .handle = HANDLE_FD, .pid = pid, .first = (uint64_t) fd->number });
	for (size_t i = 0; i < fd->n_lock && fd->has_file && fd->file < p->n; i++) {
		const FileLock *l = fd->lock[i];

		if (l->kind && l->access && streq(l->kind, "LEASE") && streq(l->access, "WRITE"))
			p->work[fd->file].leased = true;
	}
}

/* Whose folder of /proc shows what the process holds: a dead leader's shows nothing. */
static int
living_task(const Process *p)
{
	for (size_t i = 0; i < p->n_thread; i++)
		if (p->thread[i]->state && !strchr("ZX", p->thread[i]->state[0]))
			return p->thread[i]->tid;
	return p->pid;
}

static void
find_handles(struct plan *p, const Snapshot *s)
{
	for (size_t i = 0; i < s->n_process; i++) {
		const Process *t = s->process[i];
		int pid = living_task(t);

		if (t->exe)
			offer(p, t->exe->has_file, t->exe->file,
			      (struct file_work){ .handle = HANDLE_EXE, .pid = pid });
		for (size_t k = 0; k < t->n_fd; k++)
			offer_fd(p, pid, t->fd[k]);
		for (size_t k = 0; k < t->n_mapping; k++)
			offer(p, t->mapping[k]->has_file, t->mapping[k]->file,
			      (struct file_work){ .handle = HANDLE_MAP, .pid = pid,
						  .first = t->mapping[k]->start,
						  .second = t->mapping[k]->end });
	}
}

/* ---- places ---------------------------------------------------------------------------- */

/* The root of a process whose root is that of its mount namespace. */
static int
place_open(struct tree_context *c, uint64_t mnt_ns, struct root *ret)
{
	const Snapshot *s = c->snapshot->facts;
	char folder[32];
	int r = -EOPNOTSUPP;

	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];
		_cleanup_root_ struct root proc = ROOT_NONE;

		if (!p->ns || p->ns->mnt != mnt_ns || !p->root || !p->root->path ||
		    !streq(p->root->path, "/"))
			continue;
		(void) snprintf(folder, sizeof(folder), "proc/%d", p->pid);
		r = root_sub(c->root, folder, &proc);
		if (r < 0) {
			r = procfile_error(c->root, p->pid, r);
			continue;
		}
		r = root_magic_open(&proc, "root", O_PATH | O_DIRECTORY);
		if (r < 0)
			continue;
		*ret = (struct root){ .fd = r };
		return 0;
	}
	return r;
}

static int
place_find(struct tree_context *c, struct plan *p, uint64_t mnt_ns)
{
	struct place *grown;
	int r;

	for (size_t i = 0; i < p->n_places; i++)
		if (p->place[i].mnt_ns == mnt_ns)
			return p->place[i].root.fd < 0 ? -1 : (int) i;

	grown = reallocarray(p->place, p->n_places + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	p->place = grown;
	grown[p->n_places] = (struct place){ .mnt_ns = mnt_ns, .root = ROOT_NONE };
	r = place_open(c, mnt_ns, &grown[p->n_places].root);
	p->n_places++;
	if (r == 0)
		return (int) p->n_places - 1;
	gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "files", 0, r,
		 "a process there whose root is not changed by chroot(2) shows them",
		 "paths of mount namespace %llu", (unsigned long long) mnt_ns);
	return -1;
}

/* Our own mount namespace is entered through the root we were given. */
static int
places_begin(struct tree_context *c, struct plan *p)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	NamespaceSet own = NAMESPACE_SET__INIT;

	if (root_sub(c->root, "proc/self", &self) < 0 || nsset_read(&self, &own) < 0)
		return 0;
	p->place = calloc(1, sizeof(*p->place));
	if (!p->place)
		return -ENOMEM;
	p->place[0] = (struct place){ .mnt_ns = own.mnt, .root = *c->root, .borrowed = true };
	p->n_places = 1;
	return 0;
}

/* ---- what is wanted -------------------------------------------------------------------- */

static bool
is_code(const File *f)
{
	return f->used_exe || f->used_map_exec;
}

static bool
digest_is_wanted(const File *f, const struct dump_options *o)
{
	if (o->no_hash)
		return false;
	/* Code made at run time: written, executed, and without a name to be found by. */
	if (f->used_write && f->nlink == 0)
		return false;
	if (is_code(f))
		return true;
	return (f->used_fd || f->used_map) && !f->used_write;
}

/*
 * A record without a mode came from the text of maps alone, since map_files is denied to us:
 * the path may still lead to the inode, and then shows what it is.
 */
static void
decide(struct tree_context *c, File *f, struct file_work *w)
{
	bool digest = digest_is_wanted(f, c->options);

	if (f->has_mode ? !S_ISREG(f->mode) : !f->has_ino)
		return;
	if (f->fs_type && !filesystem_name_may_be_read(f->fs_type)) {
		if (digest)
			SET_FACT(f, digest_state, DIGEST_STATE__DIGEST_NOT_ALLOWED);
		return;
	}
	if (digest && w->leased) {
		SET_FACT(f, digest_state, DIGEST_STATE__DIGEST_FAILED);
		SET_FACT(f, digest_errno, EBUSY);
		gap_note(c->gaps, DOMAIN__DOMAIN_FILES, "files", f->user_pid, -EBUSY,
			 "it is under a write lease, which reading would break", "content of %s", f->path);
	}
	if (w->leased)
		return;
	w->elf = !f->used_append_only && (!f->has_mode || f->size > 0);
	if (digest && !is_code(f) && f->size > c->options->hash_limit)
		SET_FACT(f, digest_state, DIGEST_STATE__DIGEST_OVER_LIMIT);
	else
		w->digest = digest;
}

struct inode {
	uint64_t dev, ino;
	uint32_t file;
	enum handle handle;
};

/* Equal inodes follow one another, the one that is easiest to hold first. */
static int
by_inode(const void *a, const void *b)
{
	const struct inode *x = a, *y = b;
	int r = compare(x->dev, y->dev);

	if (r == 0)
		r = compare(x->ino, y->ino);
	if (r == 0)
		r = compare(y->handle, x->handle);
	return r ? r : compare(x->file, y->file);
}

static int
choose_readers(struct plan *p, const Snapshot *s)
{
	_cleanup_free_ struct inode *inode = calloc(p->n + 1, sizeof(*inode));
	uint32_t reader = 0;

	if (!inode)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++)
		inode[i] = (struct inode){
			.dev = (uint64_t) s->file[i]->dev_major << 32 | s->file[i]->dev_minor,
			.ino = s->file[i]->ino,
			.file = (uint32_t) i,
			.handle = p->work[i].handle,
		};
	qsort(inode, p->n, sizeof(*inode), by_inode);
	for (size_t i = 0; i < p->n; i++) {
		struct file_work *w = &p->work[inode[i].file];

		if (i == 0 || inode[i].dev != inode[i - 1].dev || inode[i].ino != inode[i - 1].ino)
			reader = inode[i].file;
		w->reader = reader;
		p->work[reader].digest |= w->digest;
		p->work[reader].elf |= w->elf;
		p->work[reader].unsteady |= file_may_be_written_by_mapping(s->file[inode[i].file]);
	}
	return 0;
}

struct bulk {
	uint64_t size;			/* of what is to be hashed */
	uint32_t file;
};

static int
by_size(const void *a, const void *b)
{
	const struct bulk *x = a, *y = b;
	int r = compare(y->size, x->size);

	return r ? r : compare(x->file, y->file);
}

static int
put_in_order(struct plan *p, const Snapshot *s)
{
	_cleanup_free_ struct bulk *bulk = calloc(p->n + 1, sizeof(*bulk));

	p->order = calloc(p->n + 1, sizeof(*p->order));
	if (!bulk || !p->order)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		const struct file_work *w = &p->work[i];

		if (w->reader == i && (w->digest || w->elf))
			bulk[p->n_read++] = (struct bulk){ .size = w->digest ? s->file[i]->size : 0,
							   .file = (uint32_t) i };
	}
	qsort(bulk, p->n_read, sizeof(*bulk), by_size);
	for (size_t i = 0; i < p->n_read; i++)
		p->order[i] = bulk[i].file;
	return 0;
}

/* ---- what is known already -------------------------------------------------------------- */

static bool
is_enough(const File *known, const struct file_work *w)
{
	bool done = known->digest_state == DIGEST_STATE__DIGEST_DONE && known->has_sha256;

	return (done || !w->digest) && (known->elf_looked || !w->elf);
}

/* All records of the inode must agree: it may have changed between one and the next. */
static void
find_known(struct plan *p, const Snapshot *s, const struct known_files *k)
{
	for (size_t i = 0; i < p->n; i++) {
		struct file_work *w = &p->work[i];

		w->known = w->reader == i && (w->digest || w->elf) ? known_files_find(k, s->file[i]) : NULL;
		if (w->known && !is_enough(w->known, w))
			w->known = NULL;
	}
	for (size_t i = 0; i < p->n; i++) {
		struct file_work *reader = &p->work[p->work[i].reader];

		if (reader->known && !known_files_find(k, s->file[i]))
			reader->known = NULL;
	}
}

int
plan_spare_known(struct tree_context *c, struct plan *p)
{
	_cleanup_known_files_ struct known_files known = { 0 };
	size_t n = 0;
	int r;

	r = known_files_make(c, &known);
	if (r < 0)
		return r;
	find_known(p, c->snapshot->facts, &known);
	for (size_t k = 0; k < p->n_read; k++)
		if (!p->work[p->order[k]].known)
			p->order[n++] = p->order[k];
	p->n_read = n;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------- */

static int
file_plan(struct tree_context *c, struct plan *p, const struct mount_index *mounts, size_t i)
{
	File *f = c->snapshot->facts->file[i];
	struct file_work *w = &p->work[i];

	w->place = -1;
	/* A recorded root has no inodes in use, only copies of what was read then. */
	if (!c->root->recorded && f->has_mnt_ns && f->path && f->path[0] == '/') {
		w->place = place_find(c, p, f->mnt_ns);
		if (w->place == -ENOMEM)
			return -ENOMEM;
	}
	if (f->has_mnt_ns && !f->fs_type)
		f->fs_type = mount_index_type(mounts, f);
	decide(c, f, w);
	return 0;
}

int
plan_make(struct tree_context *c, struct plan *ret)
{
	const Snapshot *s = c->snapshot->facts;
	_cleanup_plan_ struct plan p = { .n = s->n_file };
	_cleanup_mount_index_ struct mount_index mounts = {};
	int r;

	p.work = calloc(p.n + 1, sizeof(*p.work));
	if (!p.work)
		return -ENOMEM;
	r = mount_index_make(s, &mounts);
	if (r < 0)
		return r;
	find_handles(&p, s);
	r = places_begin(c, &p);
	for (size_t i = 0; r == 0 && i < p.n; i++)
		r = file_plan(c, &p, &mounts, i);
	if (r == 0)
		r = choose_readers(&p, s);
	if (r == 0)
		r = put_in_order(&p, s);
	if (r < 0)
		return r;
	*ret = p;
	p = (struct plan){};
	return 0;
}

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n_places; i++)
		if (!p->place[i].borrowed)
			root_close(&p->place[i].root);
	free(p->place);
	free(p->work);
	free(p->order);
}

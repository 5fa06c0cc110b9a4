/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What inotify watches. fdinfo tells an inode by device and file handle, not by a path; opening
 * the handle in a mount of that device, O_PATH, shows where it leads now:
 *
 *     inotify wd:2 ino:13 sdev:fe00000 … fhandle-bytes:8 fhandle-type:1 f_handle:1300000000000000
 *
 * Only on file systems of this machine, and in a child with a deadline: the way to the mount
 * may lead over one that does not answer.
 */
#include "light-dump/collectors.h"
#include "light-dump/mount-index.h"

#include "base/crew.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { WATCHES_MAX = 2048, HANDLE_MAX = 128 };

/* Whose handles can be opened without asking another machine or a program. */
static const char *const local_types[] = {
	"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "devtmpfs", "overlay",
};

struct watch {
	InotifyWatch *watch;
	const Mount *mount;
	int pid;			/* a process that sees the mount */
};

struct answer {
	int error;
	char path[PATH_MAX];
};

struct watches {
	const struct root *root;
	struct watch *watch;
	size_t n;
};

static bool
is_local(const Mount *m)
{
	for (size_t i = 0; m->fs_type && i < ARRAY_SIZE(local_types); i++)
		if (streq(m->fs_type, local_types[i]))
			return true;
	return false;
}

/* The mount of this device that shows most of it: one of its root, if there is any. */
static const Mount *
mount_of(const Snapshot *s, const Process *p, uint64_t dev)
{
	const Mount *found = NULL;

	for (size_t i = 0; i < s->n_mount; i++) {
		const Mount *m = s->mount[i];

		if (!p->ns || m->mnt_ns != p->ns->mnt || m->dev_major != dev >> 20 ||
		    m->dev_minor != (dev & 0xfffff) || !is_local(m))
			continue;
		if (m->root && streq(m->root, "/"))
			return m;
		if (!found)
			found = m;
	}
	return found;
}

static int
open_handle(int mount, const InotifyWatch *w)
{
	union {
		struct file_handle handle;
		unsigned char room[sizeof(struct file_handle) + HANDLE_MAX];
	} h = { 0 };
	int fd;

	if (w->handle.len > HANDLE_MAX)
		return -EINVAL;
	h.handle.handle_bytes = (unsigned int) w->handle.len;
	h.handle.handle_type = (int) w->handle_type;
	memcpy(h.room + offsetof(struct file_handle, f_handle), w->handle.data, w->handle.len);
	fd = open_by_handle_at(mount, &h.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Where it leads. ENOENT: the name is gone, the path says which it was. */
static int
follow(const struct root *root, const struct watch *w, char path[PATH_MAX])
{
	_cleanup_root_ struct root self = ROOT_NONE;
	_cleanup_close_ int mount = mount_open(root, w->pid, w->mount, 0), fd = -1;
	struct slice text;
	char name[32];
	int r;

	if (mount < 0)
		return mount;
	fd = open_handle(mount, w->watch);
	if (fd < 0)
		return fd;
	r = root_sub(root, "proc/self", &self);
	if (r < 0)
		return r;
	(void) snprintf(name, sizeof(name), "fd/%d", fd);
	r = root_magic_readlink(&self, name, path, PATH_MAX);
	if (r < 0)
		return r;
	text = (struct slice){ path, (size_t) r };
	if (!slice_cut_end(&text, " (deleted)"))
		return 0;
	path[text.n] = '\0';
	return -ENOENT;
}

static void
work(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct watches *all = arg;
	struct answer *a = result;

	(void) slot;
	a->error = follow(all->root, &all->watch[i], a->path);
}

static int
add_watches(const Snapshot *s, const Process *p, const Fd *fd, struct watches *all)
{
	for (size_t i = 0; i < fd->n_inotify_watch && all->n < WATCHES_MAX; i++) {
		InotifyWatch *w = fd->inotify_watch[i];
		const Mount *m = w->has_handle && w->has_dev ? mount_of(s, p, w->dev) : NULL;

		if (m)
			all->watch[all->n++] = (struct watch){ .watch = w, .mount = m, .pid = p->pid };
	}
	return all->n < WATCHES_MAX ? 0 : -EFBIG;
}

static int
find_watches(const Snapshot *s, struct watches *all)
{
	for (size_t i = 0; i < s->n_process; i++)
		for (size_t k = 0; k < s->process[i]->n_fd; k++) {
			const Fd *fd = s->process[i]->fd[k];
			int r;

			if (fd->n_inotify_watch == 0)
				continue;
			r = add_watches(s, s->process[i], fd, all);
			if (r < 0)
				return r;
		}
	return 0;
}

static int
follow_all(struct tree_context *c, struct watches *all)
{
	struct crew_job job = {
		.items = all->n,
		.result_size = sizeof(struct answer),
		.children = 1,
		.deadline_ms = c->options->timeout_ms,
		.arg = all,
		.work = work,
	};
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int r;

	r = crew_run(&job, &results);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all->n; i++) {
		InotifyWatch *w = all->watch[i].watch;
		const struct answer *a = crew_result(results, i);

		SET_FACT(w, path_errno, a ? -a->error : ETIMEDOUT);
		if (!a || a->path[0] == '\0')
			continue;
		w->path = arena_strdup(c->snapshot->arena, a->path);
		if (!w->path)
			return -ENOMEM;
	}
	return 0;
}

int
watches_collect(struct tree_context *c)
{
	_cleanup_free_ struct watch *watch = NULL;
	struct watches all = { .root = c->root };
	int over, r;

	if (c->root->recorded)
		return 0;
	watch = calloc(WATCHES_MAX, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	all.watch = watch;
	over = find_watches(c->snapshot->facts, &all);
	r = all.n > 0 ? follow_all(c, &all) : 0;
	return r < 0 ? r : over;
}

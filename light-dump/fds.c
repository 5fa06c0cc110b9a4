/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors of a process. For each: the text of its link, its fdinfo, and, for files on
 * a path that were not met before, statx(2) through the link. What can be seen on a duplicate
 * only is looked at in dup.c.
 *
 *     /proc/4211/fd/3 -> socket:[62335]
 *     /proc/4211/fdinfo/3      see kernel/fdinfo.c
 */
#include "light-dump/collectors.h"

#include "kernel/fdinfo.h"
#include "light-dump/worker.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif

/* Pages of 64 KiB to 16 GiB: see memfd_create(2). */
enum { HUGE_SHIFT_LEAST = 16, HUGE_SHIFT_MOST = 34 };

/* Above this, a check of every target would take the target's own time: the kernel searches. */
enum { EPOLL_TARGETS_CHECKED = 256 };

/* The majors of terminals, where the kernel's own list could not be read. */
static bool
is_terminal_major(uint32_t major)
{
	return major == 4 || major == 5 || (major >= 128 && major <= 143) || major == 188 ||
	       major == 204;
}

static const char *
driver_of(const struct surroundings *around, uint32_t major, uint32_t minor)
{
	if (!around->have_terminals)
		return is_terminal_major(major) ? "" : NULL;
	return tty_driver_of(&around->terminals, major, minor);
}

/* Unix98 slaves have 2^20 minors below major 136; older kernels spread them over eight majors. */
static bool
slave_index(uint32_t major, uint32_t minor, uint32_t *ret)
{
	if (major < 136 || major > 143)
		return false;
	*ret = (major - 136) * 256 + minor;
	return true;
}

static int
set_terminal(struct task_context *c, const File *f, Fd *fd)
{
	const char *driver = driver_of(c->worker->around, f->rdev_major, f->rdev_minor);
	TerminalState *t;

	if (!driver)
		return 0;
	fd->kind = FD_KIND__FD_TERMINAL;
	if (!fd->terminal)
		fd->terminal = NEW_FACT(c->arena, TerminalState, terminal_state);
	t = fd->terminal;
	if (!t)
		return -ENOMEM;
	SET_FACT(t, master, (f->rdev_major == 5 && f->rdev_minor == 2) ||
				    (f->rdev_major >= 128 && f->rdev_major <= 135));
	if (!t->has_index)
		t->has_index = slave_index(f->rdev_major, f->rdev_minor, &t->index);
	if (*driver == '\0')
		return 0;
	t->driver = arena_strdup(c->arena, driver);
	return t->driver ? 0 : -ENOMEM;
}

static int
set_path(struct task_context *c, const char *name, struct slice text, Fd *fd)
{
	const File *f;
	int r;

	r = path_file(c, name, text, fd->mnt_id, fd->ino, &fd->file);
	if (r < 0)
		return r;
	fd->has_file = true;
	f = c->worker->file[fd->file];
	if (!f->has_mode)
		return 0;
	SET_FACT(fd, mode, f->mode);
	SET_FACT(fd, kind, fdkind_of_mode(f->mode));
	if (f->has_dev_major) {
		SET_FACT(fd, dev_major, f->dev_major);
		SET_FACT(fd, dev_minor, f->dev_minor);
		SET_FACT(fd, ino, f->ino);
	}
	if (fd->kind != FD_KIND__FD_CHARDEV && fd->kind != FD_KIND__FD_BLOCKDEV)
		return 0;
	SET_FACT(fd, rdev_major, f->rdev_major);
	SET_FACT(fd, rdev_minor, f->rdev_minor);
	return fd->kind == FD_KIND__FD_CHARDEV ? set_terminal(c, f, fd) : 0;
}

/* Whether a memfd of our own, made with these flags, is on the same file system. */
static bool
is_with_memfd(const struct statx *st, unsigned int flags)
{
	_cleanup_close_ int own = memfd_create("migcheck", MFD_CLOEXEC | MFD_NOEXEC_SEAL | flags);
	struct stat mine;

	if (own < 0 && errno == EINVAL)
		own = memfd_create("migcheck", MFD_CLOEXEC | flags);	/* before Linux 6.3 */
	return own >= 0 && fstat(own, &mine) == 0 && major(mine.st_dev) == st->stx_dev_major &&
	       minor(mine.st_dev) == st->stx_dev_minor;
}

/*
 * Whether a memfd was made with MFD_HUGETLB shows only in the file system it is on: there is one
 * for all ordinary ones, and one for each size of page. It is not asked with statfs(2): any file
 * can be called "/memfd:x (deleted)", and one of FUSE might never answer.
 */
static void
set_huge_pages(struct task_context *c, const char *name, Fd *fd)
{
	struct statx st;

	if (c->root->recorded || root_magic_statx(&c->proc, name, &st) < 0)
		return;
	if (is_with_memfd(&st, 0)) {
		SET_FACT(fd, huge_page_kb, 0);
		return;
	}
	for (unsigned int shift = HUGE_SHIFT_LEAST; shift <= HUGE_SHIFT_MOST; shift++) {
		if (!is_with_memfd(&st, MFD_HUGETLB | shift << MFD_HUGE_SHIFT))
			continue;
		SET_FACT(fd, huge_page_kb, (1ULL << shift) / 1024);
		return;
	}
}

/* "(unreachable)/x" is a path too, one that nobody can walk. */
static bool
is_path(struct slice text)
{
	return slice_starts(text, "/") || slice_starts(text, "(unreachable)");
}

static int
set_kind(struct task_context *c, const char *name, struct slice text, Fd *fd)
{
	uint64_t ino;

	SET_FACT(fd, kind, fdkind_of_link(text, &ino));
	if (fd->kind == FD_KIND__FD_UNKNOWN && is_path(text))
		return set_path(c, name, text, fd);
	if (fd->kind == FD_KIND__FD_UNKNOWN)
		fd->kind = FD_KIND__FD_ANON_OTHER;
	if (fd->kind == FD_KIND__FD_MEMFD)
		set_huge_pages(c, name, fd);
	if (ino != 0)
		SET_FACT(fd, ino, ino);
	fd->link = arena_strndup(c->arena, text.p, text.n);
	return fd->link ? 0 : -ENOMEM;
}

/* One descriptor. -ENOENT: it was closed meanwhile. */
static int
read_fd(struct task_context *c, const struct root *fdinfo, int number, Fd *fd)
{
	struct worker *w = c->worker;
	char name[16];
	int n, r;

	(void) snprintf(name, sizeof(name), "fd/%d", number);
	n = root_magic_readlink(&c->proc, name, w->link, sizeof(w->link));
	if (n < 0)
		return n;
	SET_FACT(fd, number, number);
	r = procfile_read(fdinfo, name + strlen("fd/"), c->text);
	if (r < 0)
		return r;
	r = fdinfo_parse(buffer_slice(c->text), c->arena, fd);
	if (r < 0)
		return r;
	return set_kind(c, name, (struct slice){ w->link, (size_t) n }, fd);
}

static const Fd *
find_fd(const Process *p, int number)
{
	size_t low = 0, high = p->n_fd;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->fd[middle]->number == number)
			return p->fd[middle];
		if (p->fd[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * Whether descriptor t->fd is still the file that epoll watches: kcmp(2) is asked only of
 * short lists or where the inode does not tell, because it searches the set each time.
 */
static void
check_epoll_target(const struct task_context *c, const Fd *epoll, EpollTarget *t)
{
	struct kcmp_epoll_slot slot = { .efd = (uint32_t) epoll->number, .tfd = (uint32_t) t->fd };
	const Fd *fd = find_fd(c->process, t->fd);
	bool inode_differs = fd && t->has_ino && fd->has_ino && fd->ino != t->ino;
	long r;

	if (!fd || inode_differs) {
		SET_FACT(t, same_open_file, false);
		return;
	}
	if (epoll->n_epoll_target > EPOLL_TARGETS_CHECKED)
		return;
	r = syscall(SYS_kcmp, c->pid, c->pid, KCMP_EPOLL_TFD, t->fd, &slot);
	if (r >= 0)
		SET_FACT(t, same_open_file, r == 0);
}

static void
check_epolls(const struct task_context *c)
{
	const Process *p = c->process;

	if (c->root->recorded)
		return;
	for (size_t i = 0; i < p->n_fd; i++)
		for (size_t k = 0; k < p->fd[i]->n_epoll_target; k++)
			check_epoll_target(c, p->fd[i], p->fd[i]->epoll_target[k]);
}

static int
read_fds(struct task_context *c, const struct root *fdinfo, struct dup *dup)
{
	const struct numbers *list = &c->worker->fds;
	Process *p = c->process;
	int r;

	for (size_t i = 0; i < list->n; i++) {
		Fd *fd = NEW_FACT(c->arena, Fd, fd);

		if (!fd)
			return -ENOMEM;
		r = read_fd(c, fdinfo, list->number[i], fd);
		if (r == -ENOENT)
			continue;
		if (r == -EBADMSG)
			gap_note(c->gaps, DOMAIN__DOMAIN_FDS, "fds", c->pid, r, NULL,
				 "/proc/PID/fdinfo/%d", list->number[i]);
		else if (r < 0)
			return r;
		dup_look(c, dup, fd);
		r = ADD_FACT(c->arena, p->fd, p->n_fd, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

int
fds_collect(struct task_context *c)
{
	_cleanup_root_ struct root fdinfo = ROOT_NONE;
	struct dup dup = { .pidfd = -1 };
	int r;

	r = procfile_numbers(&c->proc, "fd", MAX_FDS_PER_TASK, &c->worker->fds);
	if (r < 0)
		return r;
	r = root_sub(&c->proc, "fdinfo", &fdinfo);
	if (r < 0)
		return r;
	r = read_fds(c, &fdinfo, &dup);
	cleanup_close(&dup.pidfd);
	check_epolls(c);
	return r;
}

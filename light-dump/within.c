/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the whole tree tells of a descriptor: whether a pidfd stands for a process of the
 * tree; whose session a terminal's slave belongs to (its own ioctl(2) answers nobody but that
 * session; the processes whose controlling terminal it is show theirs); and which regular
 * files are message queues, which live on a mount that no mount table lists:
 *
 *     /proc/4211/fd/19 -> /queue      fdinfo: mnt_id 21, no such mount; 80 bytes long
 */
#include "light-dump/collectors.h"

#include "light-dump/intern.h"

#include <sys/stat.h>

/* The size that every message queue shows: FILENT_SIZE of the kernel's ipc/mqueue.c. */
enum { MQUEUE_SIZE = 80 };

enum key_kind { TASK = 1, TERMINAL = 2, MOUNT = 3 };

static struct intern_key
key_of(enum key_kind kind, uint64_t a, uint64_t b)
{
	return (struct intern_key){ .number = { kind, a, b }, .text = SLICE("") };
}

static int
add_once(struct intern *t, struct intern_key key, uint32_t value)
{
	uint32_t found;

	return intern_find(t, &key, &found) ? 0 : intern_add(t, &key, value);
}

/* Tasks by number, a process by its controlling terminal, mounts by namespace and id. */
static int
index_tree(const Snapshot *s, struct intern *t)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->n_process; i++) {
		const Process *p = s->process[i];

		for (size_t k = 0; r >= 0 && k < p->n_thread; k++)
			r = add_once(t, key_of(TASK, (uint64_t) p->thread[k]->tid, 0), (uint32_t) i);
		if (r >= 0 && p->tty_nr != 0)
			r = add_once(t, key_of(TERMINAL, p->tty_nr, 0), (uint32_t) i);
	}
	for (size_t i = 0; r >= 0 && i < s->n_mount; i++)
		r = add_once(t, key_of(MOUNT, s->mount[i]->mnt_ns, s->mount[i]->id), (uint32_t) i);
	return r;
}

/* How stat writes a device number: the kernel's new_encode_dev(). */
static uint32_t
encode_device(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

static void
set_session(const Snapshot *s, const struct intern *t, Fd *fd)
{
	struct intern_key key = key_of(TERMINAL, encode_device(fd->rdev_major, fd->rdev_minor), 0);
	const Process *p;
	uint32_t index;

	if (fd->terminal->has_sid || !intern_find(t, &key, &index))
		return;
	p = s->process[index];
	SET_FACT(fd->terminal, sid, p->sid);
	if (p->has_tty_pgrp && p->tty_pgrp > 0 && !fd->terminal->has_pgrp)
		SET_FACT(fd->terminal, pgrp, p->tty_pgrp);
}

static void
set_in_tree(const struct intern *t, PidfdState *pidfd)
{
	struct intern_key key = key_of(TASK, (uint64_t) pidfd->pid, 0);
	uint32_t index;

	SET_FACT(pidfd, in_tree, intern_find(t, &key, &index));
}

static bool
is_queue(const struct intern *t, const Fd *fd, const File *f)
{
	struct intern_key key = key_of(MOUNT, f->mnt_ns, fd->mnt_id);
	uint32_t index;

	return f->size == MQUEUE_SIZE && S_ISREG(f->mode) && f->has_dev_major && f->dev_major == 0 &&
	       f->path[0] == '/' && !strchr(f->path + 1, '/') && fd->has_mnt_id &&
	       !intern_find(t, &key, &index);
}

static void
set_fd(const Snapshot *s, const struct intern *t, Fd *fd)
{
	if (fd->terminal)
		set_session(s, t, fd);
	if (fd->pidfd && fd->pidfd->has_pid)
		set_in_tree(t, fd->pidfd);
	if (fd->kind == FD_KIND__FD_REGULAR && fd->has_file && s->n_mount > 0 &&
	    is_queue(t, fd, s->file[fd->file]))
		fd->kind = FD_KIND__FD_MQUEUE;
}

int
within_collect(struct tree_context *c)
{
	const Snapshot *s = c->snapshot->facts;
	_cleanup_intern_ struct intern t = { 0 };
	int r;

	r = index_tree(s, &t);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n_process; i++)
		for (size_t k = 0; k < s->process[i]->n_fd; k++)
			set_fd(s, &t, s->process[i]->fd[k]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tree has inherited and still shares with those outside: its forefathers, and the
 * other children of its parent. Descriptors that are one open file with one of theirs, and what
 * clone(2) lets two processes share. A socket is known by its number; of anything else kcmp(2)
 * tells whether it is the same open file, asked where the number of the descriptor is the same,
 * since fork(2) keeps it:
 *
 *     /proc/4200/fd/1 -> /var/log/job.log        /proc/4211/fd/1 -> /var/log/job.log
 *     /proc/1/fd/41   -> socket:[20114]          /proc/4211/fd/3 -> socket:[20114]
 *
 * Then who leads the sessions and process groups of the tree, where that is not one of it.
 */
#include "light-dump/collectors.h"

#include "kernel/fdkind.h"
#include "kernel/stat.h"
#include "light-dump/intern.h"
#include "light-dump/join.h"
#include "light-dump/procfile.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>

enum {
	MAX_FOREFATHERS = 256,
	MAX_COMPARED = 32,		/* open files of the tree that one descriptor is compared with */
	NOBODY = UINT32_MAX,
};

/* A descriptor of the tree; those with one key are a chain. */
struct own {
	Fd *fd;
	int pid;
	uint32_t next;
};

struct family {
	struct tree_context *c;
	struct root proc;		/* /proc */
	Process *first;			/* the root of the tree */
	struct intern keys;		/* to the first of a chain */
	struct own *own;
	size_t n;
	struct numbers scratch;
	struct buffer text;
};

static void
cleanup_family(struct family *f)
{
	root_close(&f->proc);
	intern_free(&f->keys);
	free(f->own);
	numbers_free(&f->scratch);
	buffer_free(&f->text);
}

static int
read_stat(struct family *f, int pid, struct task_stat *ret)
{
	char name[32];
	int r;

	(void) snprintf(name, sizeof(name), "%d/stat", pid);
	r = procfile_read(&f->proc, name, &f->text);
	return r < 0 ? r : stat_parse(buffer_slice(&f->text), ret);
}

/* ---- who is tied to whom ---------------------------------------------------------------- */

static int
tie(struct family *f, Process *p, Tie how, int pid)
{
	struct arena *arena = f->c->snapshot->arena;
	Outsider *o = NEW_FACT(arena, Outsider, outsider);
	struct task_stat s;

	if (!o)
		return -ENOMEM;
	SET_FACT(o, tie, how);
	SET_FACT(o, pid, pid);
	if (read_stat(f, pid, &s) == 0) {
		o->comm = arena_strndup(arena, s.comm.p, s.comm.n);
		if (!o->comm)
			return -ENOMEM;
	}
	return ADD_FACT(arena, p->outsider, p->n_outsider, o);
}

static int
tie_leaders(struct family *f)
{
	const Snapshot *s = f->c->snapshot->facts;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_process; i++) {
		Process *p = s->process[i];

		if (p->has_sid && p->sid > 0 && !process_of_tree(s, p->sid))
			r = tie(f, p, TIE__TIE_SESSION, p->sid);
		if (r == 0 && p->has_pgid && p->pgid > 0 && p->pgid != p->sid && !process_of_tree(s, p->pgid))
			r = tie(f, p, TIE__TIE_GROUP, p->pgid);
	}
	return r;
}

/* Two nothings, as of zombies, compare as equal: `first` lives, and so must the other. */
static int
tie_sharing(struct family *f, int pid)
{
	static const struct {
		int type;
		Tie tie;
	} kinds[] = {
		{ KCMP_VM, TIE__TIE_VM },
		{ KCMP_FILES, TIE__TIE_FILES },
		{ KCMP_FS, TIE__TIE_FS },
		{ KCMP_SIGHAND, TIE__TIE_SIGHAND },
	};
	int r = 0;

	if (f->first->fd_table_empty)
		return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++)
		if (syscall(SYS_kcmp, f->first->pid, pid, kinds[i].type, 0L, 0L) == 0)
			r = tie(f, f->first, kinds[i].tie, pid);
	return r;
}

/* ---- descriptors ------------------------------------------------------------------------ */

static struct intern_key
key_of(FdKind kind, uint64_t number)
{
	return (struct intern_key){ .number = { (uint64_t) kind, number }, .text = SLICE("") };
}

/* Pipes are looked for by outside.c, everybody's; devices keep nothing in their open files. */
static bool
may_be_shared(const Fd *fd)
{
	switch (fd->kind) {
	case FD_KIND__FD_SOCKET:
	case FD_KIND__FD_REGULAR:
	case FD_KIND__FD_EVENTFD:
	case FD_KIND__FD_EPOLL:
	case FD_KIND__FD_INOTIFY:
	case FD_KIND__FD_FANOTIFY:
	case FD_KIND__FD_SIGNALFD:
	case FD_KIND__FD_TIMERFD:
	case FD_KIND__FD_MEMFD:
		return !(fd->flags & O_PATH);
	default:
		return false;
	}
}

static int
own_add(struct family *f, Fd *fd, int pid)
{
	struct intern_key key = key_of(fd->kind, fd->kind == FD_KIND__FD_SOCKET ? fd->ino :
						 (uint64_t) fd->number);
	uint32_t first;

	f->own[f->n] = (struct own){ .fd = fd, .pid = pid, .next = NOBODY };
	if (!intern_find(&f->keys, &key, &first))
		return intern_add(&f->keys, &key, (uint32_t) f->n++);
	f->own[f->n].next = f->own[first].next;
	f->own[first].next = (uint32_t) f->n++;
	return 0;
}

static int
own_list(struct family *f)
{
	const Snapshot *s = f->c->snapshot->facts;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < s->n_process; i++)
		n += s->process[i]->n_fd;
	f->own = calloc(n + 1, sizeof(*f->own));
	if (!f->own)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < s->n_process; i++)
		for (size_t k = 0; r == 0 && k < s->process[i]->n_fd; k++)
			if (may_be_shared(s->process[i]->fd[k]))
				r = own_add(f, s->process[i]->fd[k], s->process[i]->pid);
	return r;
}

static bool
same_path(const struct family *f, const Fd *fd, struct slice link)
{
	const Snapshot *s = f->c->snapshot->facts;

	if (fd->kind != FD_KIND__FD_REGULAR)
		return true;
	return fd->has_file && fd->file < s->n_file && slice_starts(link, s->file[fd->file]->path);
}

static int
note(struct family *f, Fd *fd, int pid)
{
	struct arena *arena = f->c->snapshot->arena;
	struct task_stat s;

	if (fd->has_outside_pid || read_stat(f, pid, &s) < 0)
		return 0;
	SET_FACT(fd, outside_pid, pid);
	fd->outside_comm = arena_strndup(arena, s.comm.p, s.comm.n);
	return fd->outside_comm ? 0 : -ENOMEM;
}

static int
compare(struct family *f, int pid, int number, struct slice link)
{
	FdKind kind;
	uint64_t ino;
	uint32_t at;
	struct intern_key key;
	int r = 0;

	kind = fdkind_of_link(link, &ino);
	if (kind == FD_KIND__FD_UNKNOWN)
		kind = FD_KIND__FD_REGULAR;	/* a path: of another kind it has no match */
	key = key_of(kind, kind == FD_KIND__FD_SOCKET ? ino : (uint64_t) number);
	if (!intern_find(&f->keys, &key, &at))
		return 0;
	/* All descriptors of a socket were told of at once. */
	if (kind == FD_KIND__FD_SOCKET && f->own[at].fd->has_outside_pid)
		return 0;
	for (int asked = 0; r == 0 && at != NOBODY && asked < MAX_COMPARED; at = f->own[at].next) {
		const struct own *o = &f->own[at];

		if (kind == FD_KIND__FD_SOCKET) {
			r = note(f, o->fd, pid);
			continue;
		}
		if (!same_path(f, o->fd, link))
			continue;
		asked++;
		if (syscall(SYS_kcmp, o->pid, pid, KCMP_FILE, (long) o->fd->number, (long) number) == 0)
			r = note(f, o->fd, pid);
	}
	return r;
}

static int
look_at(struct family *f, int pid)
{
	_cleanup_root_ struct root proc = ROOT_NONE;
	char name[32], text[PATH_MAX];
	struct task_stat s;
	int r;

	(void) snprintf(name, sizeof(name), "%d", pid);
	if (root_sub(&f->proc, name, &proc) < 0 || read_stat(f, pid, &s) < 0 || s.state == 'Z' ||
	    (s.flags & (TASK_FLAG_KTHREAD | TASK_FLAG_EXITING)))
		return 0;
	r = tie_sharing(f, pid);
	/* What is not shown of another user's process cannot be compared, either. */
	if (r < 0 || f->n == 0 || procfile_numbers(&proc, "fd", MAX_FDS_PER_TASK, &f->scratch) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < f->scratch.n; i++) {
		int n;

		(void) snprintf(name, sizeof(name), "fd/%d", f->scratch.number[i]);
		n = root_magic_readlink(&proc, name, text, sizeof(text));
		if (n > 0)
			r = compare(f, pid, f->scratch.number[i],
				    (struct slice){ .p = text, .n = (size_t) n });
	}
	return r;
}

/* ---- who they are ----------------------------------------------------------------------- */

static int
look_at_children(struct family *f, int parent)
{
	struct slice rest, word;
	_cleanup_buffer_ struct buffer list = { 0 };
	char name[48];
	int r = 0;

	(void) snprintf(name, sizeof(name), "%1$d/task/%1$d/children", parent);
	if (procfile_read_all(&f->proc, name, &list) < 0)
		return 0;
	rest = buffer_slice(&list);
	while (r == 0 && slice_word(&rest, &word)) {
		uint32_t pid;

		if (parse_u32(word, 10, &pid) == 0 && (int) pid != getpid() &&
		    !process_of_tree(f->c->snapshot->facts, (int) pid))
			r = look_at(f, (int) pid);
	}
	return r;
}

static int
look_at_kin(struct family *f)
{
	int pid = f->first->ppid, r = 0;

	if (pid > 0)
		r = look_at_children(f, pid);
	for (int i = 0; r == 0 && pid > 0 && i < MAX_FOREFATHERS; i++) {
		struct task_stat s;

		r = look_at(f, pid);
		if (read_stat(f, pid, &s) < 0)
			break;
		pid = s.ppid;
	}
	return r;
}

int
kin_collect(struct tree_context *c)
{
	struct family f cleanup(cleanup_family) = { .c = c, .proc = ROOT_NONE };
	int r;

	r = root_sub(c->root, "proc", &f.proc);
	if (r < 0)
		return r;
	f.first = process_of_tree(c->snapshot->facts, c->snapshot->facts->tree->root_pid);
	if (!f.first)
		return 0;
	r = tie_leaders(&f);
	if (r < 0 || c->root->recorded)
		return r;
	r = own_list(&f);
	return r < 0 ? r : look_at_kin(&f);
}

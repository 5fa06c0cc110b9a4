/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes and FIFOs of which the tree holds one end only: who has the other? No interface of the
 * kernel says it, so the links of all other processes are looked at once, if there is such a
 * pipe at all:
 *
 *     /proc/977/fd/1 -> pipe:[62337]
 *     /proc/977/fd/4 -> /run/initctl          (a FIFO: then its inode decides)
 */
#include "light-dump/collectors.h"

#include "light-dump/intern.h"
#include "light-dump/join.h"
#include "light-dump/procfile.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { END_READ = 1, END_WRITE = 2, END_BOTH = 3 };

/* One pipe of the tree. */
struct pipe {
	unsigned int ends;		/* END_*, those in the tree */
	bool fifo;
	bool found;			/* a process outside holds it */
	int pid;
	char comm[32];
};

struct search {
	struct tree_context *c;
	struct intern keys;		/* to the index of a pipe */
	struct pipe *pipe;
	size_t n, wanted;
	bool fifos_wanted;
	size_t unseen;			/* processes that could not be looked at */
	struct buffer text;
	struct numbers fds;
};

static void
cleanup_search(struct search *s)
{
	intern_free(&s->keys);
	free(s->pipe);
	buffer_free(&s->text);
	numbers_free(&s->fds);
}

static struct intern_key
key_of(bool fifo, uint64_t dev, uint64_t ino)
{
	return (struct intern_key){ .number = { fifo, fifo ? dev : 0, ino }, .text = SLICE("") };
}

static bool
is_pipe(const Fd *fd)
{
	return (fd->kind == FD_KIND__FD_PIPE || fd->kind == FD_KIND__FD_FIFO) && fd->has_ino &&
	       !(fd->flags & O_PATH);
}

static struct intern_key
key_of_fd(const Fd *fd)
{
	return key_of(fd->kind == FD_KIND__FD_FIFO, fd->dev_major << 32 | fd->dev_minor, fd->ino);
}

static unsigned int
ends_of(const Fd *fd)
{
	switch (fd->flags & O_ACCMODE) {
	case O_RDONLY:
		return END_READ;
	case O_WRONLY:
		return END_WRITE;
	default:
		return END_BOTH;
	}
}

static int
add_pipe(struct search *s, const Fd *fd)
{
	struct intern_key key = key_of_fd(fd);
	struct pipe *p;
	uint32_t index;

	if (intern_find(&s->keys, &key, &index)) {
		s->pipe[index].ends |= ends_of(fd);
		return 0;
	}
	if ((s->n & (s->n - 1)) == 0) {
		p = reallocarray(s->pipe, s->n ? s->n * 2 : 1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->pipe = p;
	}
	s->pipe[s->n] = (struct pipe){
		.ends = ends_of(fd),
		.fifo = fd->kind == FD_KIND__FD_FIFO,
	};
	return intern_add(&s->keys, &key, (uint32_t) s->n++);
}

static int
find_pipes(struct search *s)
{
	const Snapshot *facts = s->c->snapshot->facts;
	int r;

	for (size_t i = 0; i < facts->n_process; i++)
		for (size_t k = 0; k < facts->process[i]->n_fd; k++) {
			if (!is_pipe(facts->process[i]->fd[k]))
				continue;
			r = add_pipe(s, facts->process[i]->fd[k]);
			if (r < 0)
				return r;
		}
	for (size_t i = 0; i < s->n; i++) {
		s->wanted += s->pipe[i].ends != END_BOTH;
		s->fifos_wanted = s->fifos_wanted || (s->pipe[i].fifo && s->pipe[i].ends != END_BOTH);
	}
	return 0;
}

/* The pipe that a link leads to, if it is one of ours that still wants a holder. */
static struct pipe *
pipe_of_link(const struct search *s, const struct root *proc, const char *name, const char *text)
{
	struct slice link = slice_of(text);
	struct intern_key key;
	struct statx st;
	uint32_t index;
	uint64_t ino;

	if (slice_cut(&link, "pipe:[") && slice_cut_end(&link, "]") && parse_u64(link, 10, &ino) == 0) {
		key = key_of(false, 0, ino);
	} else if (s->fifos_wanted && text[0] == '/' && !s->c->root->recorded &&
		   root_magic_statx(proc, name, &st) == 0 && S_ISFIFO(st.stx_mode)) {
		key = key_of(true, (uint64_t) st.stx_dev_major << 32 | st.stx_dev_minor, st.stx_ino);
	} else {
		return NULL;
	}
	if (!intern_find(&s->keys, &key, &index) || s->pipe[index].found ||
	    s->pipe[index].ends == END_BOTH)
		return NULL;
	return &s->pipe[index];
}

static void
set_holder(struct search *s, const struct root *proc, int pid, struct pipe *p)
{
	struct slice comm;

	p->found = true;
	p->pid = pid;
	s->wanted--;
	if (procfile_read(proc, "comm", &s->text) < 0)
		return;
	comm = buffer_slice(&s->text);
	(void) slice_cut_end(&comm, "\n");
	(void) snprintf(p->comm, sizeof(p->comm), "%.*s", (int) (comm.n < 31 ? comm.n : 31), comm.p);
}

static void
look_at_process(struct search *s, const struct root *all, int pid)
{
	_cleanup_root_ struct root proc = ROOT_NONE;
	char name[16], text[PATH_MAX];
	int r;

	(void) snprintf(name, sizeof(name), "%d", pid);
	if (root_sub(all, name, &proc) < 0)
		return;
	r = procfile_numbers(&proc, "fd", MAX_FDS_PER_TASK, &s->fds);
	if (r < 0 && r != -ENOENT && r != -ESRCH)
		s->unseen++;
	for (size_t i = 0; r >= 0 && i < s->fds.n && s->wanted > 0; i++) {
		struct pipe *p;

		(void) snprintf(name, sizeof(name), "fd/%d", s->fds.number[i]);
		if (root_magic_readlink(&proc, name, text, sizeof(text)) < 0)
			continue;
		p = pipe_of_link(s, &proc, name, text);
		if (p)
			set_holder(s, &proc, pid, p);
	}
}

static int
look_at_all(struct search *s)
{
	_cleanup_root_ struct root all = ROOT_NONE;
	_cleanup_numbers_ struct numbers pids = { 0 };
	int r;

	r = root_sub(s->c->root, "proc", &all);
	if (r < 0)
		return r;
	r = procfile_numbers(&all, ".", MAX_TASKS, &pids);
	if (r < 0)
		return r;
	for (size_t i = 0; i < pids.n && s->wanted > 0; i++)
		if (!process_of_tree(s->c->snapshot->facts, pids.number[i]))
			look_at_process(s, &all, pids.number[i]);
	return 0;
}

/* Where not everybody could be looked at, "nobody" is not said. */
static int
tell_fd(const struct search *s, Fd *fd)
{
	struct intern_key key = key_of_fd(fd);
	const struct pipe *p;
	uint32_t index;

	if (!intern_find(&s->keys, &key, &index))
		return 0;
	p = &s->pipe[index];
	if (p->ends == END_BOTH)
		return 0;
	if (!p->found && s->unseen > 0) {
		SET_FACT(fd, outside_unseen, (uint32_t) s->unseen);
		return 0;
	}
	SET_FACT(fd, outside_end, p->found);
	if (!p->found)
		return 0;
	SET_FACT(fd, outside_pid, p->pid);
	fd->outside_comm = arena_strdup(s->c->snapshot->arena, p->comm);
	return fd->outside_comm ? 0 : -ENOMEM;
}

static int
tell_all(const struct search *s)
{
	const Snapshot *facts = s->c->snapshot->facts;
	int r;

	for (size_t i = 0; i < facts->n_process; i++)
		for (size_t k = 0; k < facts->process[i]->n_fd; k++) {
			Fd *fd = facts->process[i]->fd[k];

			r = is_pipe(fd) ? tell_fd(s, fd) : 0;
			if (r < 0)
				return r;
		}
	return 0;
}

int
outside_collect(struct tree_context *c)
{
	cleanup(cleanup_search) struct search s = { .c = c };
	int r;

	r = find_pipes(&s);
	if (r < 0 || s.wanted == 0)
		return r;
	r = look_at_all(&s);
	if (r < 0)
		return r;
	if (s.wanted > 0 && s.unseen > 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_FDS, "outside", 0, -EACCES, "run as root",
			 "descriptors of other processes");
	return tell_all(&s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes and FIFOs, and where their ends are.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mkproc.h"

static void
make_pipe(struct scene *s, int flags)
{
	int ends[2];

	must(s, pipe2(ends, flags), "pipe");
	fact_fd(s, "rfd", ends[0]);
	fact_fd(s, "wfd", ends[1]);
	s->fd[0] = ends[0];
	s->fd[1] = ends[1];
}

static void
pipe_empty(struct scene *s)
{
	make_pipe(s, 0);
}

static void
pipe_data(struct scene *s)
{
	make_pipe(s, 0);
	must(s, write(s->fd[1], "twelve bytes", 12), "write");
	fact(s, "queued", "12");
}

static void
pipe_packet(struct scene *s)
{
	make_pipe(s, O_DIRECT);
}

/* Only the reading end is in packet mode, which has no effect. */
static void
pipe_packet_reader(struct scene *s)
{
	make_pipe(s, 0);
	must(s, fcntl(s->fd[0], F_SETFL, O_DIRECT), "F_SETFL");
}

static void
pipe_large(struct scene *s)
{
	make_pipe(s, 0);
	fact(s, "pipe-size", "%ld", can(s, fcntl(s->fd[1], F_SETPIPE_SZ, arg_number(s, "size")),
					"F_SETPIPE_SZ"));
}

static void
pipe_half(struct scene *s)
{
	must(s, pipe2(s->fd, 0), "pipe");
	close(s->fd[0]);
	fact_fd(s, "wfd", s->fd[1]);
}

static void
pipe_over_fork(struct scene *s)
{
	make_pipe(s, 0);
	tree_child(s, NULL);
}

static void
pipe_outside_prepare(struct scene *s)
{
	must(s, pipe2(s->fd, O_CLOEXEC), "pipe");
	scene_give(s, *s->factory->arg == 'r' ? 0 : 1);
}

static void
pipe_outside(struct scene *s)
{
	int inside = *s->factory->arg == 'r' ? 0 : 1;

	fact_fd(s, inside ? "wfd" : "rfd", s->fd[inside]);
}

static void
pipe_many(struct scene *s)
{
	long count = arg_number(s, "count");
	struct rlimit limit = { .rlim_cur = (rlim_t)count * 2 + 16, .rlim_max = 0 };
	struct rlimit now;

	must(s, getrlimit(RLIMIT_NOFILE, &now), "getrlimit");
	limit.rlim_max = now.rlim_max;
	if (limit.rlim_cur > now.rlim_cur)
		can(s, setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	for (long i = 0; i < count; i++) {
		int ends[2];

		can(s, pipe2(ends, 0), "pipe");
		if (*s->factory->arg == 'd')
			must(s, write(ends[1], "x", 1), "write");
	}
	fact(s, "count", "%ld", count);
}

static void
make_fifo(struct scene *s)
{
	const char *path = path_in(s, "fifo");

	must(s, mkfifo(path, 0644), "mkfifo");
	s->fd[0] = (int)must(s, open(path, O_RDWR | O_NONBLOCK), path);
	fact_fd(s, "fd", s->fd[0]);
	fact(s, "path", "%s", path);
}

static void
fifo_opath(struct scene *s)
{
	must(s, mkfifo(path_in(s, "fifo"), 0600), "mkfifo");
	fact_fd(s, "fd", (int)must(s, open(path_in(s, "fifo"), O_PATH), "open"));
}

static void
fifo_data(struct scene *s)
{
	make_fifo(s);
	must(s, write(s->fd[0], "twelve bytes", 12), "write");
	fact(s, "queued", "12");
}

static void
fifo_deleted(struct scene *s)
{
	make_fifo(s);
	must(s, unlink(path_in(s, "fifo")), "unlink");
}

static void
fifo_outside_prepare(struct scene *s)
{
	const char *path = path_in(s, "fifo");

	must(s, mkfifo(path, 0644), "mkfifo");
	s->fd[0] = (int)must(s, open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path);
}

static void
fifo_outside(struct scene *s)
{
	const char *path = path_in(s, "fifo");

	fact_fd(s, "wfd", (int)must(s, open(path, O_WRONLY | O_NONBLOCK), path));
	fact(s, "path", "%s", path);
}

const struct factory factories_pipes[] = {
	{ .name = "pipe", .summary = "a pipe, both ends in one task", .needs = "", .criu = "ok",
	  .rule = "", .inside = pipe_empty },
	{ .name = "pipe-data", .summary = "a pipe with unread bytes", .needs = "", .criu = "ok",
	  .rule = "", .inside = pipe_data },
	{ .name = "pipe-packet", .summary = "a pipe in packet mode (O_DIRECT)", .needs = "",
	  .criu = "refused", .rule = "pipe-packet-mode", .inside = pipe_packet },
	{ .name = "pipe-packet-reader", .summary = "a pipe whose reading end has O_DIRECT", .needs = "",
	  .criu = "refused", .rule = "pipe-packet-mode", .inside = pipe_packet_reader },
	{ .name = "pipe-large", .summary = "a pipe of a larger size", .needs = "", .criu = "ok",
	  .rule = "pipe-size-limit", .args = "size=1048576", .inside = pipe_large },
	{ .name = "pipe-half",
	  .summary = "a pipe whose reader is gone", .needs = "", .criu = "ok",
	  .rule = "", .inside = pipe_half },
	{ .name = "pipe-fork",
	  .summary = "a pipe shared by two tasks", .needs = "", .criu = "ok",
	  .rule = "", .inside = pipe_over_fork },
	{ .name = "pipe-many-data", .summary = "more pipes with data than CRIU can hold",
	  .needs = "", .criu = "refused", .rule = "pipe-too-many-with-data", .args = "count=1100",
	  .arg = "data", .inside = pipe_many },
	{ .name = "pipe-many-empty", .summary = "as many pipes without data",
	  .needs = "", .criu = "refused", .rule = "pipe-too-many-with-data", .args = "count=1100",
	  .arg = "", .inside = pipe_many },
	{ .name = "pipe-outside-reader",
	  .summary = "a pipe whose reader is outside of the tree",
	  .needs = "", .criu = "ok", .rule = "pipe-external-end", .arg = "w",
	  .prepare = pipe_outside_prepare, .inside = pipe_outside },
	{ .name = "pipe-outside-writer",
	  .summary = "a pipe whose writer is outside of the tree",
	  .needs = "", .criu = "ok", .rule = "pipe-external-end", .arg = "r",
	  .prepare = pipe_outside_prepare, .inside = pipe_outside },
	{ .name = "fifo", .summary = "a FIFO open for reading and writing", .needs = "",
	  .criu = "ok", .rule = "dst-fifo", .inside = make_fifo },
	{ .name = "fifo-opath", .summary = "a FIFO open with O_PATH", .needs = "",
	  .criu = "refused", .rule = "file-opath-unsupported", .inside = fifo_opath },
	{ .name = "fifo-data", .summary = "a FIFO with unread bytes", .needs = "", .criu = "ok",
	  .rule = "dst-fifo", .inside = fifo_data },
	{ .name = "fifo-deleted",
	  .summary = "a FIFO whose name is gone", .needs = "", .criu = "ok",
	  .rule = "file-ghost-any", .inside = fifo_deleted },
	{ .name = "fifo-outside-reader",
	  .summary = "a FIFO whose reader is outside of the tree",
	  .needs = "", .criu = "ok", .rule = "pipe-external-end",
	  .prepare = fifo_outside_prepare, .inside = fifo_outside },
	{ .name = NULL },
};

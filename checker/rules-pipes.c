/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes. CRIU saves what waits in them; both ends must be in the tree.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"

#include <fcntl.h>

enum { PIPES_MAX = 1024 };	/* criu's array, one for pipes and one for FIFOs */

static const char *
fd_name(struct judge *j, const struct subject *s)
{
	return judge_fd(j, s->process, s->fd);
}

static enum judgement
pipe_packet_mode(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_PIPE)
		return NOT_ABOUT;
	if (!(s->fd->flags & O_DIRECT))
		return FINE;
	judge_find(j, fd_name(j, s), "a pipe with O_DIRECT", NULL)->here_from = judge_fdinfo(j, s->process, s->fd);
	return FINDING;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

	return x < y ? -1 : x > y;
}

static size_t
count_distinct(uint64_t *number, size_t n)
{
	size_t distinct = 0;

	qsort(number, n, sizeof(*number), by_number);
	for (size_t i = 0; i < n; i++)
		distinct += i == 0 || number[i] != number[i - 1];
	return distinct;
}

/* Pipes, or FIFOs, that the tree holds open for reading; `room` has a place for each descriptor. */
static size_t
count_readable(const struct judge *j, FdKind kind, uint64_t *room)
{
	const Process *const *process;
	size_t n = 0, processes;

	process = index_processes(j->at, &processes);
	for (size_t i = 0; i < processes; i++)
		for (size_t k = 0; k < process[i]->n_fd; k++) {
			const Fd *fd = process[i]->fd[k];

			if (fd->kind == kind && !(fd->flags & (O_WRONLY | O_PATH)))
				room[n++] = fd->ino;
		}
	return count_distinct(room, n);
}

/* An empty one takes a place in criu's array too: measured with CRIU 4.2.1. */
static enum judgement
pipe_too_many_with_data(struct judge *j, const struct subject *s)
{
	_cleanup_free_ uint64_t *room = NULL;
	size_t descriptors = 0, processes, pipes, fifos;
	const Process *const *process = index_processes(j->at, &processes);

	(void) s;
	for (size_t i = 0; i < processes; i++)
		descriptors += process[i]->n_fd;
	room = calloc(descriptors + 1, sizeof(*room));
	if (!room) {
		j->assessment->short_of_memory = true;
		return NOT_ABOUT;
	}
	pipes = count_readable(j, FD_KIND__FD_PIPE, room);
	fifos = count_readable(j, FD_KIND__FD_FIFO, room);
	if (pipes <= PIPES_MAX && fifos <= PIPES_MAX)
		return FINE;
	judge_find(j, judge_process(j, index_root(j->at)),
		   pipes > PIPES_MAX ? judge_text(j, "%zu pipes are open for reading", pipes) :
				       judge_text(j, "%zu FIFOs are open for reading", fifos),
		   NULL);
	return FINDING;
}

static enum judgement
pipe_external_end(struct judge *j, const struct subject *s)
{
	const Fd *fd = s->fd;
	struct finding *f;

	if (fd->kind != FD_KIND__FD_PIPE && fd->kind != FD_KIND__FD_FIFO)
		return NOT_ABOUT;
	if (!fd->has_outside_end)
		return fd->outside_unseen == 0 ? NOT_ABOUT :
			judge_unknown(j, false, DOMAIN__DOMAIN_FDS, judge_fd_target(j, fd),
				      judge_text(j, "whether one of %u processes of other users has its other end",
						 fd->outside_unseen));
	if (!fd->outside_end)
		return FINE;
	f = judge_find(j, judge_fd_target(j, fd),
		       fd->outside_comm ? judge_text(j, "also held by %s %d, outside the tree", fd->outside_comm,
						     fd->outside_pid) :
					  "also held outside the tree",
		       NULL);
	f->here_from = judge_fd_link(j, s->process, s->fd);
	if (fd->kind == FD_KIND__FD_PIPE) {
		f->option = judge_text(j, "--inherit-fd fd[N]:pipe:[%llu]", (unsigned long long) fd->ino);
		f->option_kind = REQUIRE_ARRANGED;
	}
	return FINDING;
}

#define OF_FDS .about = ABOUT_FD, .source_needs = NEEDS(DOMAIN__DOMAIN_FDS)
#define UNTIL_CLOSED                    \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "a descriptor stays open until the program closes it"

static const struct rule rules[] = {
	{
		.id = "pipe-packet-mode",
		.title = "a pipe in packet mode",
		.why = "CRIU would join the packets that wait in the pipe, and refuses.",
		.remedy = "have the program close the pipe before the dump, or start it without (it asks "
			  "for O_DIRECT in pipe2(2))",
		.criu_says = "The packetized mode for pipes is not supported yet",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = pipe_packet_mode,
	},
	{
		.id = "pipe-too-many-with-data",
		.title = "more pipes are open for reading than CRIU can save",
		.why = "CRIU has room for the content of 1024 pipes and as many FIFOs, and takes it for the empty "
		       "ones too.",
		.remedy = "have the program close those that it does not need, or run it as several trees",
		.criu_says = "OOM storing pipe",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a pipe stays open until the program closes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = pipe_too_many_with_data,
	},
	{
		.id = "pipe-external-end",
		.title = "the other end of a pipe is held outside the tree",
		.why = "CRIU dumps it as if both ends were inside: after the restore nobody is at the other "
		       "end, and the program reads an end of file or dies of SIGPIPE.",
		.remedy = "redirect it to a file, or hand criu restore a new end with --inherit-fd",
		.stage = STAGE_AFTERWARDS,
		UNTIL_CLOSED,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_FD,
		.check = pipe_external_end,
	},
};

const struct ruleset rules_pipes = { "pipes", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of devices, pipes and kernel objects: which kinds CRIU can make again. What
 * watches something else is in rules-events.c.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include <fcntl.h>

enum {
	PIPES_WITH_DATA = 1024,		/* criu's array */
	MAJOR_MEM = 1,
	MAJOR_MISC = 10,
	MINOR_TUN = 200,
	MINOR_AUTOFS = 235,
	BPF_MAP_HASH = 1,
	BPF_MAP_ARRAY = 2,
};

static const char *
fdinfo_of(struct judge *j, const struct subject *s)
{
	return judge_text(j, "/proc/%d/fdinfo/%d", s->process->pid, s->fd->number);
}

static const char *
fd_link_of(struct judge *j, const struct subject *s)
{
	return judge_text(j, "/proc/%d/fd/%d", s->process->pid, s->fd->number);
}

static const char *
fd_name(struct judge *j, const struct subject *s)
{
	return judge_fd(j, s->process, s->fd);
}

static enum judgement
file_anon_unsupported(struct judge *j, const struct subject *s)
{
	switch (s->fd->kind) {
	case FD_KIND__FD_EVENTFD:
	case FD_KIND__FD_EPOLL:
	case FD_KIND__FD_INOTIFY:
	case FD_KIND__FD_FANOTIFY:
	case FD_KIND__FD_SIGNALFD:
	case FD_KIND__FD_TIMERFD:
	case FD_KIND__FD_PIDFD:
	case FD_KIND__FD_BPF_MAP:
	case FD_KIND__FD_MEMFD:
		return FINE;
	case FD_KIND__FD_IO_URING:
	case FD_KIND__FD_USERFAULTFD:
	case FD_KIND__FD_PERF_EVENT:
	case FD_KIND__FD_BPF_PROG:
	case FD_KIND__FD_BPF_LINK:
	case FD_KIND__FD_SECRETMEM:
	case FD_KIND__FD_ANON_OTHER:
		break;
	default:
		return NOT_ABOUT;
	}
	judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL)->here_from = fd_link_of(j, s);
	return FINDING;
}

static enum judgement
file_mqueue_fd(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_MQUEUE)
		return NOT_ABOUT;
	judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL)->here_from = fd_link_of(j, s);
	return FINDING;
}

static enum judgement
file_irregular_type(struct judge *j, const struct subject *s)
{
	if (s->fd->kind == FD_KIND__FD_REGULAR || s->fd->kind == FD_KIND__FD_DIRECTORY)
		return FINE;
	if (s->fd->kind != FD_KIND__FD_UNKNOWN && s->fd->kind != FD_KIND__FD_SYMLINK)
		return NOT_ABOUT;
	if (s->fd->kind == FD_KIND__FD_SYMLINK && judge_fd_target(j, s->fd)[0] == '/')
		return FINE;
	judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL)->here_from = fd_link_of(j, s);
	return FINDING;
}

static struct finding *
device_finding(struct judge *j, const struct subject *s, const char *kind)
{
	struct finding *f = judge_find(j, judge_fd_target(j, s->fd),
				       judge_text(j, "%s device %u:%u", kind, s->fd->rdev_major,
						  s->fd->rdev_minor),
				       NULL);

	f->here_from = fd_link_of(j, s);
	return f;
}

static enum judgement
file_block_device(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_BLOCKDEV)
		return NOT_ABOUT;
	(void) device_finding(j, s, "block");
	return FINDING;
}

static bool
is_tun(const Fd *fd)
{
	return fd->kind == FD_KIND__FD_CHARDEV && fd->rdev_major == MAJOR_MISC && fd->rdev_minor == MINOR_TUN;
}

static enum judgement
file_chardev_unsupported(struct judge *j, const struct subject *s)
{
	const Fd *fd = s->fd;

	if (fd->kind != FD_KIND__FD_CHARDEV)
		return NOT_ABOUT;
	if (!fd->has_rdev_major)
		return judge_unknown(j, false, DOMAIN__DOMAIN_FDS, fd_name(j, s), "which device it is");
	if (fd->rdev_major == MAJOR_MEM || is_tun(fd) || (fd->flags & O_PATH) ||
	    (fd->rdev_major == MAJOR_MISC && fd->rdev_minor == MINOR_AUTOFS))
		return FINE;
	(void) device_finding(j, s, "character");
	return FINDING;
}

static enum judgement
tun_host_netns(struct judge *j, const struct subject *s)
{
	bool known;

	if (!is_tun(s->fd))
		return NOT_ABOUT;
	if (index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return FINE;
	if (!known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, fd_name(j, s),
				     "whether criu would dump the network namespace");
	judge_find(j, fd_name(j, s),
		   s->fd->iff ? judge_text(j, "holds interface %s of the host", s->fd->iff) :
				"/dev/net/tun, in the host's network namespace",
		   NULL)
		->here_from = fdinfo_of(j, s);
	return FINDING;
}

static enum judgement
pipe_packet_mode(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_PIPE)
		return NOT_ABOUT;
	if (!(s->fd->flags & O_DIRECT) || (s->fd->flags & O_ACCMODE) != O_WRONLY)
		return FINE;
	judge_find(j, fd_name(j, s), "a pipe with O_DIRECT", NULL)->here_from = fdinfo_of(j, s);
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

static enum judgement
pipe_too_many_with_data(struct judge *j, const struct subject *s)
{
	_cleanup_free_ uint64_t *ino = NULL;
	size_t n = 0, room = 0, pipes;
	const Process *const *process = index_processes(j->at, &pipes);

	(void) s;
	for (size_t i = 0; i < pipes; i++)
		room += process[i]->n_fd;
	ino = calloc(room + 1, sizeof(*ino));
	if (!ino) {
		j->assessment->short_of_memory = true;
		return NOT_ABOUT;
	}
	for (size_t i = 0; i < pipes; i++)
		for (size_t k = 0; k < process[i]->n_fd; k++) {
			const Fd *fd = process[i]->fd[k];

			if (fd->kind == FD_KIND__FD_PIPE && fd->pipe_queue_bytes > 0)
				ino[n++] = fd->ino;
		}
	n = count_distinct(ino, n);
	if (n <= PIPES_WITH_DATA)
		return FINE;
	judge_find(j, judge_process(j, index_root(j->at)), judge_text(j, "%zu pipes hold data", n), NULL);
	return FINDING;
}

static enum judgement
pipe_external_end(struct judge *j, const struct subject *s)
{
	const Fd *fd = s->fd;
	struct finding *f;

	if ((fd->kind != FD_KIND__FD_PIPE && fd->kind != FD_KIND__FD_FIFO) || !fd->has_outside_end)
		return NOT_ABOUT;
	if (!fd->outside_end)
		return FINE;
	f = judge_find(j, judge_fd_target(j, fd),
		       fd->outside_comm ? judge_text(j, "also held by %s %d, outside the tree", fd->outside_comm,
						     fd->outside_pid) :
					  "also held outside the tree",
		       NULL);
	f->here_from = fd_link_of(j, s);
	if (fd->kind == FD_KIND__FD_PIPE) {
		f->option = judge_text(j, "--inherit-fd fd[N]:pipe:[%llu]", (unsigned long long) fd->ino);
		f->option_kind = REQUIRE_ARRANGED;
	}
	return FINDING;
}

static enum judgement
bpf_map_nolib(struct judge *j, const struct subject *s)
{
	struct finding *f;

	if (s->fd->kind != FD_KIND__FD_BPF_MAP)
		return NOT_ABOUT;
	f = judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL);
	f->here_from = fd_link_of(j, s);
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

static enum judgement
bpf_map_type(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_BPF_MAP || !s->fd->bpf || !s->fd->bpf->has_type)
		return NOT_ABOUT;
	if (s->fd->bpf->type == BPF_MAP_HASH || s->fd->bpf->type == BPF_MAP_ARRAY)
		return FINE;
	judge_find(j, fd_name(j, s), judge_text(j, "map type %u", s->fd->bpf->type), NULL)->here_from =
		fdinfo_of(j, s);
	return FINDING;
}

/* criu knows such a memfd by the device of its file system, which it learns by mapping a page. */
static enum judgement
memfd_hugetlb(struct judge *j, const struct subject *s)
{
	const Memory *m = j->source->host ? j->source->host->memory : NULL;
	uint64_t size_kb = s->fd->huge_page_kb;
	const HugePages *pool = NULL;
	struct finding *f;

	if (s->fd->kind != FD_KIND__FD_MEMFD || size_kb == 0)
		return NOT_ABOUT;
	for (size_t i = 0; m && i < m->n_huge_pages; i++)
		if (m->huge_pages[i]->size_kb == size_kb)
			pool = m->huge_pages[i];
	if (!pool || !pool->has_free)
		return judge_unknown(j, false, DOMAIN__DOMAIN_MEMORY, fd_name(j, s),
				     "whether a huge page of its size is free");
	if (pool->free > pool->reserved || pool->overcommit > 0)
		return FINE;
	f = judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL);
	f->here_from = fd_link_of(j, s);
	f->detail = judge_text(j, "no page of %s is free", value_bytes(j, size_kb * 1024));
	return FINDING;
}

#define OF_FDS .about = ABOUT_FD, .source_needs = NEEDS(DOMAIN__DOMAIN_FDS)
#define UNTIL_CLOSED                    \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "a descriptor stays open until the program closes it"

static const struct rule rules[] = {
	{
		.id = "file-anon-unsupported",
		.title = "a descriptor of a kernel object that CRIU cannot make again",
		.why = "CRIU knows eventfd, epoll, inotify, fanotify, signalfd, timerfd, pidfd, memfd and "
		       "BPF maps; it refuses io_uring, userfaultfd, perf events, BPF programs and any other.",
		.remedy = "have the program close it before the dump, or start it without that feature",
		.criu_says = "Can't dump file",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = file_anon_unsupported,
	},
	{
		.id = "file-mqueue-fd",
		.title = "a POSIX message queue is open",
		.why = "mq_open(3) opens it on a mount inside the kernel, which no mount table lists.",
		.remedy = "have the program close the queue before the dump",
		.criu_says = "Can't lookup mount=",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = file_mqueue_fd,
	},
	{
		.id = "file-irregular-type",
		.title = "a descriptor of a kind that is not known",
		.why = "CRIU refuses what it has no name for.",
		.remedy = "have the program close it before the dump",
		.criu_says = "Can't dump file",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = file_irregular_type,
	},
	{
		.id = "file-block-device",
		.title = "a block device is open",
		.why = "What is written to it is outside of what CRIU saves, so it refuses.",
		.remedy = "have the program close the device before the dump",
		.criu_says = "Can't dump file",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = file_block_device,
	},
	{
		.id = "file-chardev-unsupported",
		.title = "a device is open that CRIU cannot restore",
		.why = "The state behind a device (GPU, KVM, FUSE, sound) is the driver's; CRIU knows only "
		       "/dev/null and its like, terminals, tun and autofs.",
		.remedy = "have the program close the device before the dump, or give criu the device's "
			  "plugin (-L DIR)",
		.criu_says = "Can't dump file",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = file_chardev_unsupported,
	},
	{
		.id = "tun-host-netns",
		.title = "/dev/net/tun is open in the host's network namespace",
		.why = "CRIU dumps tun interfaces with their network namespace, and the host's is not "
		       "dumped. It refuses a descriptor without an interface as well.",
		.criu_says = "tun: Net namespace is required to dump tun link",
		.remedy = "run the program in a network namespace of its own",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = tun_host_netns,
	},
	{
		.id = "pipe-packet-mode",
		.title = "a pipe in packet mode",
		.why = "CRIU would join the packets that wait in the pipe, and refuses.",
		.remedy = "no way around: the program opened the pipe with O_DIRECT",
		.criu_says = "The packetized mode for pipes is not supported yet",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = pipe_packet_mode,
	},
	{
		.id = "pipe-too-many-with-data",
		.title = "more pipes hold data than CRIU can save",
		.why = "CRIU has room for the content of 1024 pipes.",
		.remedy = "look again when the readers have caught up",
		.criu_says = "OOM storing pipe",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "pipes are drained by their readers",
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
	{
		.id = "bpf-map-nolib",
		.title = "a BPF map is open, which only some builds of CRIU can save",
		.why = "A CRIU built without libbpf (Debian's, for one) refuses it.",
		.remedy = "use a CRIU built with libbpf (`criu check --feature bpf` where it knows it), or have "
			  "the program close the map",
		.criu_says = "Can't dump file",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = bpf_map_nolib,
	},
	{
		.id = "bpf-map-type",
		.title = "a BPF map of a type that CRIU cannot save",
		.why = "CRIU saves maps of type hash and array.",
		.remedy = "have the program close it before the dump",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = bpf_map_type,
	},
	{
		.id = "memfd-hugetlb",
		.title = "a memfd is on huge pages, and no page of that size is free",
		.why = "CRIU learns how to recognise such a memfd by mapping a huge page of its own; without "
		       "one it takes the memfd for a file on a mount that is not there.",
		.remedy = "raise vm.nr_hugepages (or the nr_hugepages of that size below "
			  "/sys/kernel/mm/hugepages) by one for the dump",
		.criu_says = "Can't lookup mount=",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the pool has as many pages as the administrator gave it",
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = memfd_hugetlb,
	},
};

const struct ruleset rules_descriptors = { "descriptors", rules, ARRAY_SIZE(rules) };

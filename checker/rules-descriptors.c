/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of devices and kernel objects: which kinds CRIU can make again. Pipes are in
 * rules-pipes.c, what watches something else in rules-events.c.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/presence.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include <fcntl.h>

enum {
	MAJOR_MEM = 1,
	MAJOR_MISC = 10,
	MINOR_TUN = 200,
	MINOR_AUTOFS = 235,
	BPF_MAP_HASH = 1,
	BPF_MAP_ARRAY = 2,
};

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
	judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL)->here_from = judge_fd_link(j, s->process, s->fd);
	return FINDING;
}

static enum judgement
file_mqueue_fd(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_MQUEUE)
		return NOT_ABOUT;
	judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL)->here_from = judge_fd_link(j, s->process, s->fd);
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
	judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL)->here_from = judge_fd_link(j, s->process, s->fd);
	return FINDING;
}

static struct finding *
device_finding(struct judge *j, const struct subject *s, const char *kind)
{
	struct finding *f = judge_find(j, judge_fd_target(j, s->fd),
				       judge_text(j, "%s device %u:%u", kind, s->fd->rdev_major,
						  s->fd->rdev_minor),
				       NULL);

	f->here_from = judge_fd_link(j, s->process, s->fd);
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
	if (fd->rdev_major == MAJOR_MEM || is_tun(fd) ||
	    (fd->rdev_major == MAJOR_MISC && fd->rdev_minor == MINOR_AUTOFS))
		return FINE;
	(void) device_finding(j, s, "character");
	return FINDING;
}

/* criu asks the first descriptor of a pipe, in the order of processes and of numbers, for the data. */
static bool
is_first_of_pipe(const struct judge *j, const struct subject *s)
{
	const Process *const *process;
	size_t n;

	process = index_processes(j->at, &n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < process[i]->n_fd; k++) {
			const Fd *fd = process[i]->fd[k];

			if (fd == s->fd)
				return true;
			if (fd->kind == s->fd->kind && fd->ino == s->fd->ino)
				return false;
		}
	return true;
}

static enum judgement
file_opath_unsupported(struct judge *j, const struct subject *s)
{
	if (!(s->fd->flags & O_PATH))
		return NOT_ABOUT;
	switch (s->fd->kind) {
	case FD_KIND__FD_FIFO:
	case FD_KIND__FD_PIPE:
		if (!is_first_of_pipe(j, s))
			return FINE;
		break;
	case FD_KIND__FD_TERMINAL:
	case FD_KIND__FD_SOCKET:
	case FD_KIND__FD_EVENTFD:
	case FD_KIND__FD_SIGNALFD:
	case FD_KIND__FD_TIMERFD:
	case FD_KIND__FD_PIDFD:
		break;
	default:
		return FINE;
	}
	judge_find(j, judge_fd_target(j, s->fd), "opened with O_PATH", NULL)->here_from = judge_fdinfo(j, s->process, s->fd);
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
		->here_from = judge_fdinfo(j, s->process, s->fd);
	return FINDING;
}

static enum judgement
bpf_map_nolib(struct judge *j, const struct subject *s)
{
	struct finding *f;

	enum presence libbpf;

	if (s->fd->kind != FD_KIND__FD_BPF_MAP)
		return NOT_ABOUT;
	libbpf = presence_of_library(j->here, "criu", "libbpf");
	if (libbpf == PRESENCE_HERE)
		return FINE;
	f = judge_find(j, fd_name(j, s), judge_fd_target(j, s->fd), NULL);
	f->here_from = judge_fd_link(j, s->process, s->fd);
	if (libbpf == PRESENCE_NOT_KNOWN)
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
		judge_fdinfo(j, s->process, s->fd);
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
	f->here_from = judge_fd_link(j, s->process, s->fd);
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
		.id = "file-opath-unsupported",
		.title = "something that is no file was opened as a place only (O_PATH)",
		.why = "CRIU asks a pipe, a terminal, a socket and the like for its state, and such a "
		       "descriptor gives no answers. Files and folders do no harm.",
		.remedy = "have the program close it before the dump",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = file_opath_unsupported,
	},
	{
		.id = "bpf-map-nolib",
		.title = "a BPF map is open, which only some builds of CRIU can save",
		.why = "A CRIU built without libbpf (Debian's, for one) refuses it.",
		.remedy = "use a CRIU built with libbpf (ldd(1) of it shows that), or have "
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

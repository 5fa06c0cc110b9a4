/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that watch something: epoll, timers, processes, files. For inotify and fanotify
 * fdinfo names what is watched by device and inode, not by path; criu looks for a path with
 * open_by_handle_at(2) on a mount of that device:
 *
 *     inotify wd:1 ino:9e7e sdev:800013 mask:800afce fhandle-bytes:8 fhandle-type:1 f_handle:…
 *     fanotify mnt_id:12 mflags:0 mask:40000002
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include <errno.h>
#include <fcntl.h>
#include <time.h>

enum { PIDFD_THREAD_FLAG = O_EXCL };

/* Kinds of which each has an inode of its own; all others share one. */
static bool
has_own_inode(const Fd *fd)
{
	return fd->kind == FD_KIND__FD_SOCKET || fd->kind == FD_KIND__FD_PIPE || fd->kind == FD_KIND__FD_FIFO ||
	       fd->kind == FD_KIND__FD_TERMINAL || fd->kind == FD_KIND__FD_CHARDEV;
}

static enum judgement
epoll_target_escaped(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;

	if (s->fd->kind != FD_KIND__FD_EPOLL)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_epoll_target; i++) {
		const EpollTarget *t = s->fd->epoll_target[i];
		const Fd *fd;
		struct finding *f;

		if (t->has_same_open_file && t->same_open_file)
			continue;
		fd = index_fd(j->at, p, t->fd);
		if (!t->has_same_open_file && fd && (!t->has_ino || !fd->has_ino || fd->ino == t->ino))
			continue;
		/* another descriptor of the task that is, or may be, what is watched */
		fd = t->has_ino ? index_fd_of_inode(j->at, p, t->ino, s->fd) : NULL;
		if (fd && has_own_inode(fd))
			continue;
		f = judge_find(j, judge_fd(j, p, s->fd),
			       judge_text(j, "watches fd %d, which was closed since", t->fd), NULL);
		f->here_from = judge_fdinfo(j, s->process, s->fd);
		if (fd) {
			f->severity = SEVERITY_WARNING;
			f->confidence = CONFIDENCE_POSSIBLE;
			f->detail = judge_text(j, "It may be the same as %s.", judge_fd(j, p, fd));
		}
		return FINDING;
	}
	return FINE;
}

static enum judgement
timerfd_clock(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_TIMERFD || !s->fd->timerfd || !s->fd->timerfd->has_clock_id)
		return NOT_ABOUT;
	switch (s->fd->timerfd->clock_id) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return FINE;
	default:
		break;
	}
	judge_find(j, judge_fd(j, s->process, s->fd), judge_text(j, "clock %d", s->fd->timerfd->clock_id), NULL)->here_from =
		judge_fdinfo(j, s->process, s->fd);
	return FINDING;
}

static enum judgement
pidfd_thread(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_PIDFD)
		return NOT_ABOUT;
	if (!(s->fd->flags & PIDFD_THREAD_FLAG))
		return FINE;
	judge_find(j, judge_fd(j, s->process, s->fd), "refers to a thread (PIDFD_THREAD)", NULL)->here_from = judge_fdinfo(j, s->process, s->fd);
	return FINDING;
}

static enum judgement
pidfd_foreign(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_PIDFD || !s->fd->pidfd || !s->fd->pidfd->has_pid)
		return NOT_ABOUT;
	if (s->fd->pidfd->pid <= 0 || index_thread(j->at, s->fd->pidfd->pid, NULL) ||
	    index_process(j->at, s->fd->pidfd->pid))
		return FINE;
	judge_find(j, judge_fd(j, s->process, s->fd), judge_text(j, "process %d, outside the tree", s->fd->pidfd->pid), NULL)
		->here_from = judge_fdinfo(j, s->process, s->fd);
	return FINDING;
}

/* The kernel's own form of a device number: twelve bits major, twenty bits minor. */
static bool
is_device_of(const Mount *m, uint64_t dev)
{
	return m->dev_major == dev >> 20 && m->dev_minor == (dev & 0xfffff);
}

/* A mount of the device in the task's mount namespace. */
static const Mount *
mount_of_device(const struct judge *j, const Process *p, uint64_t dev)
{
	for (size_t i = 0; p->ns && i < j->source->n_mount; i++) {
		const Mount *m = j->source->mount[i];

		if (m->mnt_ns == p->ns->mnt && is_device_of(m, dev))
			return m;
	}
	return NULL;
}

/* What of a watch can be told: by its handle where that was followed, else by its mount. */
enum watch_state { WATCH_FOUND, WATCH_UNLINKED, WATCH_UNLINKED_TMPFS, WATCH_LOST, WATCH_NOT_KNOWN };

static bool
is_in_memory(const Mount *m)
{
	return m && m->fs_type && (streq(m->fs_type, "tmpfs") || streq(m->fs_type, "devtmpfs"));
}

static enum watch_state
watch_state(const struct judge *j, const struct subject *s, const InotifyWatch *w)
{
	const Mount *m = mount_of_device(j, s->process, w->dev);

	if (!m)
		return WATCH_LOST;
	if (!w->has_path_errno)
		return WATCH_FOUND;
	switch (w->path_errno) {
	case 0:
		return WATCH_FOUND;
	case ENOENT:
		return !w->path ? WATCH_LOST : is_in_memory(m) ? WATCH_UNLINKED_TMPFS : WATCH_UNLINKED;
	case ESTALE:
	case EOPNOTSUPP:
	case EINVAL:
	case ENODEV:
		return WATCH_LOST;
	default:
		return WATCH_NOT_KNOWN;
	}
}

static const char *
watch_text(struct judge *j, const InotifyWatch *w)
{
	if (w->path)
		return judge_text(j, "watches %s, which was deleted", w->path);
	return judge_text(j, "watches inode %llu of device %llu:%llu, which no path leads to",
			  (unsigned long long) w->ino, (unsigned long long) (w->dev >> 20),
			  (unsigned long long) (w->dev & 0xfffff));
}

/* Rows whose arg.number is the state that they are about. */
static enum judgement
inotify_watches(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; s->fd->kind == FD_KIND__FD_INOTIFY && i < s->fd->n_inotify_watch; i++) {
		const InotifyWatch *w = s->fd->inotify_watch[i];
		enum watch_state state;
		struct finding *f;

		if (!w->has_dev || !w->has_ino)
			continue;
		state = watch_state(j, s, w);
		if (state == WATCH_NOT_KNOWN && j->rule->arg.number == WATCH_LOST)
			return judge_unknown(j, false, DOMAIN__DOMAIN_FDS, judge_fd(j, s->process, s->fd),
					     "what inotify watches");
		if (state != j->rule->arg.number) {
			said = said == NOT_ABOUT ? FINE : said;
			continue;
		}
		f = judge_find(j, judge_fd(j, s->process, s->fd), watch_text(j, w), NULL);
		f->here_from = judge_fdinfo(j, s->process, s->fd);
		f->option = state == WATCH_LOST ? "--force-irmap" : NULL;
		f->option_kind = REQUIRE_ARRANGED;
		said = FINDING;
	}
	return said;
}

static enum judgement
inotify_no_path(struct judge *j, const struct subject *s)
{
	if (index_same_host(j->source, j->destination))
		return NOT_ABOUT;
	return inotify_watches(j, s);
}

static enum judgement
fanotify_mount_unknown(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT;

	if (s->fd->kind != FD_KIND__FD_FANOTIFY || !s->process->ns)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_fanotify_mark; i++) {
		const FanotifyMark *m = s->fd->fanotify_mark[i];

		if (!m->has_mnt_id)
			continue;
		said = said == NOT_ABOUT ? FINE : said;
		if (index_mount(j->at, s->process->ns->mnt, m->mnt_id))
			continue;
		judge_find(j, judge_fd(j, s->process, s->fd),
			   judge_text(j, "marks mount %u, which is not in its namespace", m->mnt_id), NULL)
			->here_from = judge_fdinfo(j, s->process, s->fd);
		said = FINDING;
	}
	return said;
}

static enum judgement
fanotify_fs_mark(struct judge *j, const struct subject *s)
{
	if (s->fd->kind != FD_KIND__FD_FANOTIFY)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_fanotify_mark; i++)
		if (s->fd->fanotify_mark[i]->whole_filesystem) {
			judge_find(j, judge_fd(j, s->process, s->fd), "marks a whole file system", NULL)
				->here_from = judge_fdinfo(j, s->process, s->fd);
			return FINDING;
		}
	return FINE;
}

#define OF_FDS .about = ABOUT_FD, .source_needs = NEEDS(DOMAIN__DOMAIN_FDS)
#define UNTIL_CLOSED                    \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "a descriptor stays open until the program closes it"

static const struct rule rules[] = {
	{
		.id = "epoll-target-escaped",
		.title = "epoll watches a descriptor that was closed since",
		.why = "The watched file lives on in another process or a queue, and CRIU finds it under "
		       "no number of this task.",
		.remedy = "restart the program; it should take a descriptor out of its epoll set before "
			  "closing it",
		.criu_says = "Escaped/closed fd descriptor",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the entry stays until the last holder of the file closes it",
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = epoll_target_escaped,
	},
	{
		.id = "timerfd-clock",
		.title = "a timerfd on a clock that CRIU does not know",
		.why = "CRIU restores timers on CLOCK_REALTIME, CLOCK_MONOTONIC and CLOCK_BOOTTIME only.",
		.remedy = "have the program use one of these clocks (the _ALARM clocks wake a sleeping machine)",
		.criu_says = "Unknown clock type",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = timerfd_clock,
	},
	{
		.id = "pidfd-thread",
		.title = "a pidfd of a single thread",
		.why = "CRIU makes pidfds of processes only.",
		.remedy = "have the program close it before the dump",
		.criu_says = "PIDFD_THREAD flag is currently not supported",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = pidfd_thread,
	},
	{
		.id = "pidfd-foreign",
		.title = "a pidfd of a process outside the tree",
		.why = "That process is not moved along, so there is nothing the restored pidfd could refer to.",
		.remedy = "have the program close it before the dump, or dump a tree that holds both",
		.criu_says = "is not a part of process tree",
		.stage = STAGE_DUMP,
		UNTIL_CLOSED,
		.severity = SEVERITY_BLOCKER,
		OF_FDS,
		.check = pidfd_foreign,
	},
	{
		.id = "inotify-handle",
		.title = "inotify watches something that CRIU will not find a path for",
		.why = "The kernel tells only device and inode of what is watched. CRIU opens it by its "
		       "handle on a mount of that device, which fails on overlays and where none is mounted.",
		.remedy = "give criu --irmap-scan-path with the folder that holds it, and --force-irmap; or "
			  "have the program remove the watch",
		.criu_says = "fsnotify: 	Can't dump that handle",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a watch stays until the program removes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = inotify_watches,
		.arg.number = WATCH_LOST,
	},
	{
		.id = "inotify-tmpfs-unlinked",
		.title = "inotify watches a deleted file of a tmpfs",
		.why = "CRIU needs a path for what lies in memory, and there is none left.",
		.remedy = "have the program remove the watch",
		.criu_says = "fsnotify: 	Can't dump that handle",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a watch stays until the program removes it or closes the file",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = inotify_watches,
		.arg.number = WATCH_UNLINKED_TMPFS,
	},
	{
		.id = "inotify-no-path",
		.title = "inotify watches a deleted file",
		.why = "CRIU saves the file's handle, which leads to nothing on another machine's disk: the "
		       "restore there fails.",
		.remedy = "have the program remove the watch",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a watch stays until the program removes it or closes the file",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = inotify_no_path,
		.arg.number = WATCH_UNLINKED,
	},
	{
		.id = "fanotify-mount-unknown",
		.title = "fanotify marks a mount that is not in the task's namespace",
		.why = "CRIU knows a mark by its mount, and finds none of that number.",
		.remedy = "have the program remove the mark before the dump",
		.criu_says = "fsnotify: Can't find mnt_id",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a mark stays until the program removes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = fanotify_mount_unknown,
	},
	{
		.id = "fanotify-fs-mark",
		.title = "fanotify marks a whole file system",
		.why = "CRIU does not save such marks: after the restore the program gets no events.",
		.remedy = "have the program set its marks again after the restore",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a mark stays until the program removes it",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_FD,
		.check = fanotify_fs_mark,
	},
};

const struct ruleset rules_events = { "events", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link texts as they are seen in /proc/PID/fd, and a line of /proc/tty/drivers (name, node,
 * major, minors, type):
 *
 *     socket:[62335]   pipe:[62337]   anon_inode:[eventpoll]   anon_inode:bpf-map
 *     /memfd:hello (deleted)   /secretmem (deleted)   net:[4026531833]   /var/log/x
 *
 *     pty_slave            /dev/pts      136 0-1048575 pty:slave
 */
#include "kernel/fdkind.h"

#include <sys/stat.h>

static const struct {
	const char *begin, *end;
	FdKind kind;
} links[] = {
	{ "socket:[", "]", FD_KIND__FD_SOCKET },
	{ "pipe:[", "]", FD_KIND__FD_PIPE },
	{ "anon_inode:[eventfd]", "", FD_KIND__FD_EVENTFD },
	{ "anon_inode:[eventpoll]", "", FD_KIND__FD_EPOLL },
	{ "anon_inode:inotify", "", FD_KIND__FD_INOTIFY },
	{ "anon_inode:[fanotify]", "", FD_KIND__FD_FANOTIFY },
	{ "anon_inode:[signalfd]", "", FD_KIND__FD_SIGNALFD },
	{ "anon_inode:[timerfd]", "", FD_KIND__FD_TIMERFD },
	{ "anon_inode:[pidfd]", "", FD_KIND__FD_PIDFD },
	{ "pidfd:[", "]", FD_KIND__FD_PIDFD },
	{ "anon_inode:bpf-map", "", FD_KIND__FD_BPF_MAP },
	{ "anon_inode:bpf-prog", "", FD_KIND__FD_BPF_PROG },
	{ "anon_inode:bpf_link", "", FD_KIND__FD_BPF_LINK },
	{ "anon_inode:bpf-link", "", FD_KIND__FD_BPF_LINK },
	{ "anon_inode:[io_uring]", "", FD_KIND__FD_IO_URING },
	{ "anon_inode:[userfaultfd]", "", FD_KIND__FD_USERFAULTFD },
	{ "anon_inode:[perf_event]", "", FD_KIND__FD_PERF_EVENT },
	{ "anon_inode:", "", FD_KIND__FD_ANON_OTHER },
	{ "/memfd:", " (deleted)", FD_KIND__FD_MEMFD },
	{ "/secretmem", " (deleted)", FD_KIND__FD_SECRETMEM },
	{ "/dmabuf:", "", FD_KIND__FD_ANON_OTHER },
	{ "cgroup:[", "]", FD_KIND__FD_NAMESPACE },
	{ "ipc:[", "]", FD_KIND__FD_NAMESPACE },
	{ "mnt:[", "]", FD_KIND__FD_NAMESPACE },
	{ "net:[", "]", FD_KIND__FD_NAMESPACE },
	{ "pid:[", "]", FD_KIND__FD_NAMESPACE },
	{ "pid_for_children:[", "]", FD_KIND__FD_NAMESPACE },
	{ "time:[", "]", FD_KIND__FD_NAMESPACE },
	{ "time_for_children:[", "]", FD_KIND__FD_NAMESPACE },
	{ "user:[", "]", FD_KIND__FD_NAMESPACE },
	{ "uts:[", "]", FD_KIND__FD_NAMESPACE },
};

/* The number between the last '[' and the ']' that ends the text; 0 when there is none. */
static uint64_t
number_in(struct slice link)
{
	const char *open = memrchr(link.p, '[', link.n);
	uint64_t ino = 0;
	struct slice digits;

	if (!open || !slice_cut_end(&link, "]"))
		return 0;
	digits = (struct slice){ .p = open + 1, .n = (size_t) (link.p + link.n - (open + 1)) };
	(void) parse_u64(digits, 10, &ino);
	return ino;
}

FdKind
fdkind_of_link(struct slice link, uint64_t *ret_ino)
{
	*ret_ino = 0;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		if (!slice_starts(link, links[i].begin) || !slice_ends(link, links[i].end))
			continue;
		if (link.p[0] != '/')
			*ret_ino = number_in(link);
		return links[i].kind;
	}
	return FD_KIND__FD_UNKNOWN;
}

FdKind
fdkind_of_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return FD_KIND__FD_REGULAR;
	case S_IFDIR:
		return FD_KIND__FD_DIRECTORY;
	case S_IFLNK:
		return FD_KIND__FD_SYMLINK;
	case S_IFCHR:
		return FD_KIND__FD_CHARDEV;
	case S_IFBLK:
		return FD_KIND__FD_BLOCKDEV;
	case S_IFIFO:
		return FD_KIND__FD_FIFO;
	default:
		return FD_KIND__FD_UNKNOWN;
	}
}

static int
parse_driver(struct slice line, struct tty_driver *d)
{
	struct slice name, node, major, range, first;
	size_t n;

	if (!slice_word(&line, &name) || !slice_word(&line, &node) || !slice_word(&line, &major) ||
	    !slice_word(&line, &range) || !slice_field(&range, '-', &first))
		return -EBADMSG;
	if (parse_u32(major, 10, &d->major) < 0 || parse_u32(first, 10, &d->first) < 0)
		return -EBADMSG;
	d->last = d->first;
	if (range.n > 0 && parse_u32(range, 10, &d->last) < 0)
		return -EBADMSG;
	n = name.n < sizeof(d->name) ? name.n : sizeof(d->name) - 1;
	memcpy(d->name, name.p, n);
	d->name[n] = '\0';
	return 0;
}

int
tty_drivers_parse(struct slice text, struct tty_drivers *ret)
{
	struct slice line;

	ret->n = 0;
	while (ret->n < ARRAY_SIZE(ret->driver) && slice_line(&text, &line)) {
		if (parse_driver(line, &ret->driver[ret->n]) < 0)
			return -EBADMSG;
		ret->n++;
	}
	return 0;
}

const char *
tty_driver_of(const struct tty_drivers *d, uint32_t major, uint32_t minor)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct tty_driver *one = &d->driver[i];

		if (one->major == major && one->first <= minor && minor <= one->last)
			return one->name;
	}
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be seen of a socket, a pipe or a terminal only on a duplicate of its descriptor:
 * pidfd_open(2), pidfd_getfd(2), a few questions, close. The target does not notice.
 *
 * All questions that are ever asked of a duplicate stand in this file: getsockopt(2) of
 * SO_DOMAIN, SO_TYPE, SO_PROTOCOL, SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD, SO_SNDBUF,
 * SO_TIMESTAMP, SO_TIMESTAMPNS, SO_RCVTIMEO, SO_SNDTIMEO, SO_NETNS_COOKIE, SO_GET_FILTER (its
 * length only), UDP_CORK, MCAST_MSFILTER (no list of sources), TCP_INFO and those of the table
 * below; ioctl(2) SIOCGSKNS, FIONREAD, TIOCGPTN, TIOCGSID, TIOCGPGRP, TIOCGPKT, TIOCGEXCL;
 * fcntl(2) F_GETPIPE_SZ; fstat(2); poll(2) with no wait. None changes anything. SO_ERROR would
 * (it clears the error), so it is not asked.
 */
#include "light-dump/worker.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

static bool
get_number(int fd, int level, int option, uint32_t *ret)
{
	socklen_t n = sizeof(*ret);

	return getsockopt(fd, level, option, ret, &n) == 0 && n == sizeof(*ret);
}

/* For "has" and the value of a flag at once. */
static bool
get_flag(int fd, int level, int option, protobuf_c_boolean *ret)
{
	uint32_t number;

	if (!get_number(fd, level, option, &number))
		return false;
	*ret = number != 0;
	return true;
}

/* The inode of the socket's network namespace: asked once for each cookie met in a row. */
static void
set_netns(struct worker *w, int fd, DupState *d)
{
	socklen_t n = sizeof(uint64_t);
	uint64_t cookie = 0;
	struct stat st;

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n) < 0)
		cookie = 0;
	if (cookie == 0 || cookie != w->netns_cookie) {
		_cleanup_close_ int ns = ioctl(fd, SIOCGSKNS);

		if (ns < 0 || fstat(ns, &st) < 0)
			return;
		w->netns_cookie = cookie;
		w->netns = st.st_ino;
	}
	SET_FACT(d, netns, w->netns);
}

static void
set_filter(int fd, DupState *d)
{
	socklen_t length = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &length) < 0) {
		SET_FACT(d, filter_errno, errno);
		return;
	}
	SET_FACT(d, filter_errno, 0);
	SET_FACT(d, filter_length, length);
}

static void
set_tcp_state(int fd, DupState *d)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return;
	SET_FACT(d, tcp_state, info.tcpi_state);
	if (n >= offsetof(struct tcp_info, tcpi_segs_in) + sizeof(info.tcpi_segs_in))
		SET_FACT(d, tcp_segments, (uint64_t) info.tcpi_segs_out + info.tcpi_segs_in);
}

/* Whether messages come with the time at which they are read (the older options, and the newer). */
static bool
is_stamped(int fd)
{
	static const int options[] = { SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW };
	uint32_t on;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (get_number(fd, SOL_SOCKET, options[i], &on) && on)
			return true;
	return false;
}

/*
 * Options that the real CRIU was seen to leave out of its images, with what they usually are:
 * from `least` to `most`. Those whose default a sysctl sets are not here.
 */
static const struct {
	int level, option;
	const char *name;
	uint32_t least, most;
	bool not_streams;		/* where it means nothing and is set by the kernel */
} left_out[] = {
	{ SOL_SOCKET, SO_TIMESTAMPNS_OLD, "SO_TIMESTAMPNS", 0, 0, false },
	{ SOL_SOCKET, SO_RXQ_OVFL, "SO_RXQ_OVFL", 0, 0, false },
	{ SOL_SOCKET, SO_ZEROCOPY, "SO_ZEROCOPY", 0, 0, false },
	{ SOL_SOCKET, SO_PASSPIDFD, "SO_PASSPIDFD", 0, 0, false },
	{ IPPROTO_IP, IP_RECVERR, "IP_RECVERR", 0, 0, false },
	{ IPPROTO_IP, IP_RECVTTL, "IP_RECVTTL", 0, 0, false },
	{ IPPROTO_IP, IP_RECVTOS, "IP_RECVTOS", 0, 0, false },
	{ IPPROTO_IP, IP_TRANSPARENT, "IP_TRANSPARENT", 0, 0, false },
	{ IPPROTO_IP, IP_MINTTL, "IP_MINTTL", 0, 0, false },
	{ IPPROTO_IP, IP_MTU_DISCOVER, "IP_MTU_DISCOVER", 0, 1, false },
	{ IPPROTO_IP, IP_MULTICAST_TTL, "IP_MULTICAST_TTL", 1, 1, true },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, "IP_MULTICAST_LOOP", 1, 1, true },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT", 0, 0, false },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT", 0, 0, false },
	{ IPPROTO_TCP, TCP_FASTOPEN, "TCP_FASTOPEN", 0, 0, false },
	{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT", 0, 0, false },
	{ SOL_UDP, UDP_SEGMENT, "UDP_SEGMENT", 0, 0, false },
	{ SOL_UDP, UDP_GRO, "UDP_GRO", 0, 0, false },
};

/* An option that the socket does not know gives an error, and is none. */
static bool
is_level_of(int level, const DupState *d)
{
	switch (level) {
	case IPPROTO_IP:
		return d->so_domain == AF_INET;
	case IPPROTO_TCP:
		return d->so_type == SOCK_STREAM && d->so_protocol == IPPROTO_TCP;
	case SOL_UDP:
		return d->has_udp_cork;
	default:
		return true;
	}
}

static void
set_options(struct arena *arena, int fd, DupState *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		uint32_t value;
		char *text;

		if (!is_level_of(left_out[i].level, d) ||
		    (left_out[i].not_streams && d->so_type == SOCK_STREAM) ||
		    !get_number(fd, left_out[i].level, left_out[i].option, &value) ||
		    (value >= left_out[i].least && value <= left_out[i].most))
			continue;
		text = arena_printf(arena, "%s %u", left_out[i].name, value);
		if (!text || ADD_FACT(arena, d->option, d->n_option, text) < 0)
			return;
	}
}

static bool
is_timed(int fd, int option)
{
	struct timeval t = { 0 };
	socklen_t n = sizeof(t);

	return getsockopt(fd, SOL_SOCKET, option, &t, &n) == 0 && (t.tv_sec != 0 || t.tv_usec != 0);
}

static void
look_at_socket(struct worker *w, int fd, DupState *d)
{
	d->has_so_domain = get_number(fd, SOL_SOCKET, SO_DOMAIN, &d->so_domain);
	d->has_so_type = get_number(fd, SOL_SOCKET, SO_TYPE, &d->so_type);
	d->has_so_protocol = get_number(fd, SOL_SOCKET, SO_PROTOCOL, &d->so_protocol);
	if (d->so_domain == AF_UNIX) {
		d->has_passcred = get_flag(fd, SOL_SOCKET, SO_PASSCRED, &d->passcred);
		d->has_passsec = get_flag(fd, SOL_SOCKET, SO_PASSSEC, &d->passsec);
		d->has_passpidfd = get_flag(fd, SOL_SOCKET, SO_PASSPIDFD, &d->passpidfd);
		d->stamped = is_stamped(fd);
		d->has_stamped = true;
		d->has_send_buffer = get_number(fd, SOL_SOCKET, SO_SNDBUF, &d->send_buffer);
	}
	if (d->so_type == SOCK_DGRAM &&
	    (d->so_protocol == IPPROTO_UDP || d->so_protocol == IPPROTO_UDPLITE))
		d->has_udp_cork = get_flag(fd, SOL_UDP, UDP_CORK, &d->udp_cork);
	if (d->so_type == SOCK_STREAM && d->so_protocol == IPPROTO_TCP)
		set_tcp_state(fd, d);
	SET_FACT(d, timed, is_timed(fd, SO_RCVTIMEO) || is_timed(fd, SO_SNDTIMEO));
	set_options(w->arena, fd, d);
	set_filter(fd, d);
	set_netns(w, fd, d);
}

static void
look_at_pipe(int fd, Fd *target, DupState *d)
{
	int size = fcntl(fd, F_GETPIPE_SZ), waiting;

	if (size >= 0)
		SET_FACT(d, pipe_size, (uint32_t) size);
	if (ioctl(fd, FIONREAD, &waiting) == 0 && waiting >= 0)
		SET_FACT(target, pipe_queue_bytes, (uint32_t) waiting);
}

/* A terminal tells its session only to its master's holder, or to who has it as his own. */
static void
look_at_terminal(int fd, TerminalState *t)
{
	struct pollfd p = { .fd = fd };
	int number;

	if (t->master && ioctl(fd, TIOCGPTN, &number) == 0)
		SET_FACT(t, index, (uint32_t) number);
	if (ioctl(fd, TIOCGSID, &number) == 0)
		SET_FACT(t, sid, number);
	if (ioctl(fd, TIOCGPGRP, &number) == 0)
		SET_FACT(t, pgrp, number);
	if (t->master && ioctl(fd, TIOCGPKT, &number) == 0)
		SET_FACT(t, packet_mode, number != 0);
	if (ioctl(fd, TIOCGEXCL, &number) == 0)
		SET_FACT(t, exclusive, number != 0);
	if (poll(&p, 1, 0) >= 0)
		SET_FACT(t, hung_up, (p.revents & POLLHUP) != 0);
}

static bool
is_wanted(const Fd *fd)
{
	switch (fd->kind) {
	case FD_KIND__FD_SOCKET:
	case FD_KIND__FD_PIPE:
		return true;
	case FD_KIND__FD_FIFO:
	case FD_KIND__FD_TERMINAL:
		return !(fd->flags & O_PATH);
	default:
		return false;
	}
}

/* The pidfd stands for the process whose folder we hold: it still shows itself afterwards. */
static int
open_pidfd(const struct task_context *c, struct dup *dup)
{
	int alive;

	if (dup->pidfd >= 0)
		return 0;
	dup->pidfd = (int) syscall(SYS_pidfd_open, c->pid, 0);
	if (dup->pidfd < 0)
		return -errno;
	alive = root_openat(&c->leader, "stat", O_PATH);
	if (alive < 0) {
		cleanup_close(&dup->pidfd);
		dup->pidfd = -1;
		return -ESRCH;
	}
	(void) close(alive);
	return 0;
}

/* Whether the number still means the object that its link named when it was read. */
static bool
is_same_object(int fd, const Fd *target)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (!target->has_ino || st.st_ino == target->ino);
}

static bool
has_joined(int fd, const struct multicast_group *g)
{
	struct group_filter filter = { .gf_interface = g->ifindex };
	socklen_t length = GROUP_FILTER_SIZE(0);

	if (g->ipv6) {
		struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

		memcpy(&six.sin6_addr, g->address, sizeof(six.sin6_addr));
		memcpy(&filter.gf_group, &six, sizeof(six));
	} else {
		struct sockaddr_in four = { .sin_family = AF_INET };

		memcpy(&four.sin_addr, g->address, sizeof(four.sin_addr));
		memcpy(&filter.gf_group, &four, sizeof(four));
	}
	return getsockopt(fd, g->ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_MSFILTER, &filter, &length) == 0;
}

void
dup_ask_groups(int pid, int number, uint64_t ino, const struct multicast_group *group, size_t n,
	       bool *ret_joined)
{
	_cleanup_close_ int pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
	_cleanup_close_ int copy = pidfd < 0 ? -1 : (int) syscall(SYS_pidfd_getfd, pidfd, number, 0);
	const Fd held = { .has_ino = true, .ino = ino };

	if (copy < 0 || !is_same_object(copy, &held))
		return;
	for (size_t i = 0; i < n; i++)
		ret_joined[i] = has_joined(copy, &group[i]);
}

/* What a pipe's duplicate shows is its fill and size, which alone say little: no gap for it. */
static void
note_refusal(struct task_context *c, struct dup *dup, const Fd *fd)
{
	if (dup->refused || (fd->kind != FD_KIND__FD_SOCKET && fd->kind != FD_KIND__FD_TERMINAL))
		return;
	dup->refused = true;
	gap_note(c->gaps, DOMAIN__DOMAIN_FDS, "fds", c->pid, -EOPNOTSUPP,
		 c->root->recorded ? "dump the live machine" : "run without --no-dup",
		 "pidfd_getfd(2)");
}

void
dup_look(struct task_context *c, struct dup *dup, Fd *fd)
{
	_cleanup_close_ int copy = -1;
	DupState *d;
	int r;

	if (!is_wanted(fd))
		return;
	if (c->options->no_dup || c->root->recorded) {
		note_refusal(c, dup, fd);
		return;
	}
	r = open_pidfd(c, dup);
	if (r >= 0) {
		copy = (int) syscall(SYS_pidfd_getfd, dup->pidfd, fd->number, 0);
		r = copy < 0 ? -errno : 0;
	}
	/* Closed, exited or dead meanwhile: nothing to learn, and no gap. */
	if (r == -EBADF || r == -ESRCH || (r >= 0 && !is_same_object(copy, fd)))
		return;
	d = NEW_FACT(c->arena, DupState, dup_state);
	if (!d)
		return;
	if (r < 0) {
		SET_FACT(d, denied_errno, (uint32_t) -r);
		gap_note(c->gaps,
			 fd->terminal ? DOMAIN__DOMAIN_TERMINALS : DOMAIN__DOMAIN_FDS, "fds", c->pid,
			 r, "run as root, or with CAP_SYS_PTRACE", "pidfd_getfd(2)");
	} else if (fd->kind == FD_KIND__FD_SOCKET) {
		look_at_socket(c->worker, copy, d);
	} else if (fd->kind == FD_KIND__FD_TERMINAL) {
		look_at_terminal(copy, fd->terminal);
		return;
	} else {
		look_at_pipe(copy, fd, d);
	}
	fd->dup = d;
}

int
dup_ask_cork(int pid, const Fd *fd, bool *ret)
{
	_cleanup_close_ int pidfd = (int) syscall(SYS_pidfd_open, pid, 0), copy = -1;
	protobuf_c_boolean corked;

	if (pidfd < 0)
		return -errno;
	copy = (int) syscall(SYS_pidfd_getfd, pidfd, fd->number, 0);
	if (copy < 0)
		return -errno;
	if (!is_same_object(copy, fd) || !get_flag(copy, SOL_UDP, UDP_CORK, &corked))
		return -EBADF;
	*ret = corked;
	return 0;
}

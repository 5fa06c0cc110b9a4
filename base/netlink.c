/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel answers a dump request (netlink(7)): datagrams of many messages, each
 *
 *     length (4)  type (2)  flags (2)  sequence (4)  port id (4)  payload, padded to 4
 *
 * until one of type NLMSG_DONE (its payload may be a negative errno) or NLMSG_ERROR (its payload
 * begins with one). NLM_F_DUMP_INTR on any of them: the table changed, what was read may lack
 * entries or have them twice. A datagram of which a part is missing shows as MSG_TRUNC. A dump
 * that is not wanted any more is still read to its end, because the kernel answers EBUSY to
 * another question on that socket until then.
 */
#include "base/netlink.h"
#include "base/cleanup.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	RESTARTS = 3,
	ANSWER_BYTES = 64 * 1024,	/* the kernel fills at most 32 KiB a datagram of a dump */
	ANSWER_SECONDS = 10,
};

struct netlink {
	struct mnl_socket *socket;
	uint32_t sequence;
	char *answer;
};

/* One dump's state while its datagrams come in. */
struct walk {
	uint32_t sequence;
	bool sequence_known;
	bool interrupted;
	bool single;			/* the first answer is all */
	bool done;
	int error;			/* of the kernel or of `each`; the rest is only read */
	int (*each)(const struct nlmsghdr *message, void *arg);
	void *arg;
};

static int
errno_payload(const struct nlmsghdr *m)
{
	int error;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(error))
		return m->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&error, mnl_nlmsg_get_payload(m), sizeof(error));
	if (error > 0 || error < -4095)
		return -EBADMSG;
	return error;
}

static void
walk_message(struct walk *w, const struct nlmsghdr *m)
{
	int r;

	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		w->interrupted = true;
	if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR) {
		w->done = true;
		r = errno_payload(m);
		if (r < 0 && w->error == 0)
			w->error = r;
		return;
	}
	if (m->nlmsg_type == NLMSG_NOOP || w->error < 0)
		return;
	if (m->nlmsg_type == NLMSG_OVERRUN) {
		w->error = -ENOBUFS;
		return;
	}
	r = w->each(m, w->arg);
	if (r < 0)
		w->error = r;
	w->done |= w->single;
}

/*
 * Walks one datagram. 0, or < 0 where it cannot be read at all. mnl_nlmsg_ok() compares as
 * signed numbers, so a length of 2 GiB and more would pass it.
 */
static int
walk_bytes(struct walk *w, const void *bytes, size_t n)
{
	const struct nlmsghdr *m = bytes;
	int left = (int) n;

	while (!w->done && left > 0) {
		if (!mnl_nlmsg_ok(m, left) || m->nlmsg_len > (uint32_t) left)
			return -EBADMSG;
		if (!w->sequence_known) {
			w->sequence = m->nlmsg_seq;
			w->sequence_known = true;
		}
		if (m->nlmsg_seq != w->sequence)
			return -EPROTO;
		walk_message(w, m);
		m = mnl_nlmsg_next(m, &left);
	}
	return 0;
}

/* One datagram from the kernel itself: its size, or -errno. */
static ssize_t
receive(const struct netlink *n)
{
	struct sockaddr_nl from = { 0 };
	struct iovec part = { .iov_base = n->answer, .iov_len = ANSWER_BYTES };
	struct msghdr m = { .msg_name = &from, .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t size;

	for (;;) {
		m.msg_namelen = sizeof(from);
		size = recvmsg(mnl_socket_get_fd(n->socket), &m, 0);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
			continue;
		if (m.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		return size;
	}
}

static int
ask_once(struct netlink *n, struct nlmsghdr *request, struct walk *w)
{
	ssize_t size;
	int r;

	n->sequence++;
	request->nlmsg_flags = (uint16_t) (w->single ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_DUMP);
	request->nlmsg_seq = n->sequence;
	request->nlmsg_pid = 0;
	w->sequence = n->sequence;
	w->sequence_known = true;
	if (mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (!w->done) {
		size = receive(n);
		if (size < 0)
			return (int) size;
		r = walk_bytes(w, n->answer, (size_t) size);
		if (r < 0)
			return r;
	}
	return w->error;
}

int
netlink_dump(struct netlink *n, struct nlmsghdr *request,
	     int (*each)(const struct nlmsghdr *message, void *arg), void *arg,
	     void (*restart)(void *arg))
{
	for (int i = 0; i <= RESTARTS; i++) {
		struct walk w = { .each = each, .arg = arg };
		int r;

		if (i > 0 && restart)
			restart(arg);
		r = ask_once(n, request, &w);
		if (r < 0 || !w.interrupted)
			return r;
	}
	return -EINTR;
}

int
netlink_ask(struct netlink *n, struct nlmsghdr *request,
	    int (*each)(const struct nlmsghdr *message, void *arg), void *arg)
{
	struct walk w = { .each = each, .arg = arg, .single = true };

	return ask_once(n, request, &w);
}

int
netlink_walk(const void *bytes, size_t n, int (*each)(const struct nlmsghdr *message, void *arg),
	     void *arg)
{
	struct walk w = { .each = each, .arg = arg };
	int r;

	if (n > INT32_MAX)
		return -EBADMSG;
	r = walk_bytes(&w, bytes, n);
	if (r < 0)
		return r;
	if (w.error < 0)
		return w.error;
	return w.interrupted ? -EINTR : 0;
}

int
netlink_attribute(struct slice *rest, unsigned int *ret_type, struct slice *ret_value)
{
	struct nlattr a;
	size_t step;

	if (rest->n == 0)
		return 0;
	if (rest->n < sizeof(a))
		return -EBADMSG;
	memcpy(&a, rest->p, sizeof(a));
	if (a.nla_len < sizeof(a) || a.nla_len > rest->n)
		return -EBADMSG;
	*ret_type = a.nla_type & NLA_TYPE_MASK;
	*ret_value = (struct slice){ .p = rest->p + sizeof(a), .n = a.nla_len - sizeof(a) };
	step = MNL_ALIGN(a.nla_len);
	if (step > rest->n)
		step = rest->n;
	rest->p += step;
	rest->n -= step;
	return 1;
}

struct opening {
	int netns_fd;
	int protocol;
	struct mnl_socket *socket;
	int r;
};

static void *
open_there(void *arg)
{
	struct opening *o = arg;

	if (o->netns_fd >= 0 && setns(o->netns_fd, CLONE_NEWNET) < 0) {
		o->r = -errno;
		return NULL;
	}
	o->socket = mnl_socket_open2(o->protocol, SOCK_CLOEXEC);
	o->r = o->socket ? 0 : -errno;
	return NULL;
}

static int
open_socket(int netns_fd, int protocol, struct mnl_socket **ret)
{
	struct opening o = { .netns_fd = netns_fd, .protocol = protocol };
	pthread_t thread;
	int r;

	if (netns_fd < 0) {
		(void) open_there(&o);
	} else {
		r = pthread_create(&thread, NULL, open_there, &o);
		if (r > 0)
			return -r;
		r = pthread_join(thread, NULL);
		if (r > 0)
			return -r;
	}
	if (o.r < 0)
		return o.r;
	*ret = o.socket;
	return 0;
}

int
netlink_open(int netns_fd, int protocol, struct netlink **ret)
{
	struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	_cleanup_netlink_ struct netlink *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->answer = malloc(ANSWER_BYTES);
	if (!n->answer)
		return -ENOMEM;
	r = open_socket(netns_fd, protocol, &n->socket);
	if (r < 0)
		return r;
	if (mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	if (setsockopt(mnl_socket_get_fd(n->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0)
		return -errno;
	*ret = steal_pointer(&n);
	return 0;
}

void
netlink_close(struct netlink *n)
{
	if (!n)
		return;
	if (n->socket)
		(void) mnl_socket_close(n->socket);
	free(n->answer);
	free(n);
}

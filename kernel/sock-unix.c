/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel describes a unix(7) socket to sock_diag(7): struct unix_diag_msg of
 * linux/unix_diag.h, then attributes. A listener at the abstract name "x" with one client that
 * is not accepted yet (little endian):
 *
 *     01 01 0a 00            family AF_UNIX, type SOCK_STREAM, state LISTEN
 *     39 30 00 00            inode 12345
 *     01 00 00 00 00 00 00 00  cookie
 *     06 00 00 00 00 78 ..   UNIX_DIAG_NAME: NUL, 'x'; no attribute where it has no name
 *     08 00 03 00 3a 30 00 00  UNIX_DIAG_ICONS: inodes of the clients, 0: closed already
 *     0c 00 04 00 01 00 00 00 80 00 00 00  UNIX_DIAG_RQLEN: not accepted, backlog;
 *                            not a listener: bytes to read, bytes written and not read there
 *     05 00 06 00 00 ..      UNIX_DIAG_SHUTDOWN: 1 receive, 2 send
 */
#include "kernel/sock-unix.h"

#include "base/netlink.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

enum { MAX_NAME = 108 };		/* sun_path */

void
sock_unix_request(struct sock_unix_request *ret)
{
	struct unix_diag_req q = {
		.sdiag_family = AF_UNIX,
		.udiag_states = UINT32_MAX,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS |
			      UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID,
	};

	_Static_assert(sizeof(q) == sizeof(ret->bytes), "unix_diag_req has 24 bytes");
	memcpy(ret->bytes, &q, sizeof(q));
}

static int
take_header(struct slice answer, struct unix_diag_msg *ret, struct slice *ret_rest)
{
	if (answer.n < sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, answer.p, sizeof(*ret));
	if (ret->udiag_family != AF_UNIX)
		return -EBADMSG;
	*ret_rest = (struct slice){ .p = answer.p + sizeof(*ret), .n = answer.n - sizeof(*ret) };
	return 0;
}

int
sock_unix_ino(struct slice answer, uint64_t *ret)
{
	struct unix_diag_msg m;
	struct slice rest;
	int r;

	r = take_header(answer, &m, &rest);
	if (r < 0)
		return r;
	*ret = m.udiag_ino;
	return 0;
}

/* The `i`th 32-bit word of a value. */
static uint32_t
word(struct slice value, size_t i)
{
	uint32_t w;

	memcpy(&w, value.p + i * sizeof(w), sizeof(w));
	return w;
}

int
sock_unix_concerns(struct slice answer, bool (*wanted)(uint64_t ino, const void *arg),
		   const void *arg)
{
	struct unix_diag_msg m;
	struct slice rest, value;
	unsigned int type;
	int r;

	r = take_header(answer, &m, &rest);
	if (r < 0)
		return r;
	if (wanted(m.udiag_ino, arg))
		return 1;
	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		if (type != UNIX_DIAG_PEER && type != UNIX_DIAG_ICONS)
			continue;
		for (size_t i = 0; i < value.n / 4; i++)
			if (word(value, i) != 0 && wanted(word(value, i), arg))
				return 1;
	}
}

static int
add_name(struct slice value, struct arena *arena, Socket *s)
{
	uint8_t *copy;
	size_t n = value.n < MAX_NAME ? value.n : MAX_NAME;

	/* The kernel counts the NUL that ends a path; an abstract name may hold more of them. */
	if (n > 0 && value.p[0] != '\0')
		n = strnlen(value.p, n);
	copy = arena_memdup(arena, value.p, n);
	if (!copy)
		return -ENOMEM;
	s->has_unix_name = true;
	s->unix_name = (ProtobufCBinaryData){ .len = n, .data = copy };
	return 0;
}

static int
add_pending(struct slice value, struct arena *arena, Socket *s)
{
	size_t n = value.n / 4;

	s->n_pending = 0;
	s->pending = arena_alloc(arena, n * sizeof(*s->pending));
	if (!s->pending)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s->pending[i] = word(value, i);
	s->n_pending = n;
	return 0;
}

static int
add_attribute(unsigned int type, struct slice value, struct arena *arena, Socket *s)
{
	switch (type) {
	case UNIX_DIAG_NAME:
		return add_name(value, arena, s);
	case UNIX_DIAG_ICONS:
		return add_pending(value, arena, s);
	case UNIX_DIAG_VFS:
		if (value.n >= 8) {
			SET_FACT(s, unix_vfs_ino, word(value, 0));
			SET_FACT(s, unix_vfs_dev, word(value, 1));
		}
		return 0;
	case UNIX_DIAG_PEER:
		if (value.n >= 4)
			SET_FACT(s, peer, word(value, 0));
		return 0;
	case UNIX_DIAG_RQLEN:
		if (value.n >= 8) {
			SET_FACT(s, receive_queue, word(value, 0));
			SET_FACT(s, send_queue, word(value, 1));
		}
		return 0;
	case UNIX_DIAG_SHUTDOWN:
		if (value.n >= 1)
			SET_FACT(s, shutdown, (uint8_t) value.p[0]);
		return 0;
	case UNIX_DIAG_UID:
		if (value.n >= 4)
			SET_FACT(s, uid, word(value, 0));
		return 0;
	default:
		return 0;
	}
}

int
sock_unix_parse(struct slice answer, struct arena *arena, Socket *s)
{
	struct unix_diag_msg m;
	struct slice rest, value;
	unsigned int type;
	int r;

	r = take_header(answer, &m, &rest);
	if (r < 0)
		return r;
	SET_FACT(s, ino, m.udiag_ino);
	SET_FACT(s, family, SOCKET_FAMILY__SOCKET_UNIX);
	SET_FACT(s, type, m.udiag_type);
	SET_FACT(s, protocol, 0);
	SET_FACT(s, state, m.udiag_state);
	for (;;) {
		r = netlink_attribute(&rest, &type, &value);
		if (r <= 0)
			return r;
		r = add_attribute(type, value, arena, s);
		if (r < 0)
			return r;
	}
}

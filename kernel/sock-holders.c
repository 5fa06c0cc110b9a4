/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link text of a socket's descriptor in /proc/PID/fd:
 *
 *     socket:[12345]
 */
#include "kernel/sock-holders.h"

#include "kernel/stat.h"

#include <errno.h>
#include <fcntl.h>

enum { MAX_STAT = 8192, LINK_ROOM = 64 };

struct scan {
	const struct root *root;
	struct root proc;		/* of the process looked at */
	struct buffer *text;
	struct sock_holder *holder;
	size_t n, found, unseen;
	int pid;
};

int
sock_link_parse(struct slice link, uint64_t *ret)
{
	if (!slice_cut(&link, "socket:[") || !slice_cut_end(&link, "]"))
		return -EINVAL;
	return parse_u64(link, 10, ret) < 0 ? -EINVAL : 0;
}

static int
by_ino(const void *a, const void *b)
{
	const struct sock_holder *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

const struct sock_holder *
sock_holder_of(const struct sock_holder *holder, size_t n, uint64_t ino)
{
	struct sock_holder key = { .ino = ino };

	return n > 0 ? bsearch(&key, holder, n, sizeof(*holder), by_ino) : NULL;
}

static void
name_holder(struct scan *s, struct sock_holder *h)
{
	struct task_stat stat;
	size_t n;

	if (root_read(&s->proc, "stat", s->text, MAX_STAT) < 0 ||
	    stat_parse(buffer_slice(s->text), &stat) < 0)
		return;
	n = stat.comm.n < sizeof(h->comm) - 1 ? stat.comm.n : sizeof(h->comm) - 1;
	memcpy(h->comm, stat.comm.p, n);
	h->comm[n] = '\0';
	h->start_time = stat.start_time;
	h->pid = s->pid;
	s->found++;
}

static int
each_fd(const char *name, unsigned char type, void *arg)
{
	struct scan *s = arg;
	char path[32], link[LINK_ROOM];
	struct sock_holder *h;
	struct sock_holder key = { 0 };
	int r;

	(void) type;
	r = snprintf(path, sizeof(path), "fd/%s", name);
	if (r < 0 || (size_t) r >= sizeof(path))
		return 0;
	r = root_magic_readlink(&s->proc, path, link, sizeof(link));
	if (r < 0 || sock_link_parse((struct slice){ .p = link, .n = (size_t) r }, &key.ino) < 0)
		return 0;
	h = bsearch(&key, s->holder, s->n, sizeof(*h), by_ino);
	if (h && h->pid == 0)
		name_holder(s, h);
	return 0;
}

static int
each_process(const char *name, unsigned char type, void *arg)
{
	struct scan *s = arg;
	int32_t pid;
	int r;

	(void) type;
	if (parse_i32(slice_of(name), &pid) < 0 || pid <= 0)
		return 0;
	r = root_sub(s->root, name, &s->proc);
	if (r < 0)
		return 0;
	s->pid = pid;
	r = root_list(&s->proc, "fd", each_fd, s);
	root_close(&s->proc);
	if (r == -EACCES || r == -EPERM)
		s->unseen++;
	/* -ECANCELED ends the list of processes: nothing is left to look for. */
	return s->found == s->n ? -ECANCELED : 0;
}

int
sock_holders_find(const struct root *root, struct sock_holder *holder, size_t n, size_t *ret_unseen)
{
	_cleanup_root_ struct root proc = ROOT_NONE;
	_cleanup_buffer_ struct buffer text = { 0 };
	struct scan s = {
		.root = &proc,
		.proc = ROOT_NONE,
		.text = &text,
		.holder = holder,
		.n = n,
	};
	int r;

	if (n == 0) {
		*ret_unseen = 0;
		return 0;
	}
	qsort(holder, n, sizeof(*holder), by_ino);
	r = root_sub(root, "/proc", &proc);
	if (r < 0)
		return r;
	r = root_list(&proc, "/", each_process, &s);
	if (r < 0 && r != -ECANCELED)
		return r;
	*ret_unseen = s.unseen;
	return 0;
}

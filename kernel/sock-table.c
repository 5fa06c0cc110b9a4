/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ways to one table of sockets: the answers of sock_diag(7) or the lines of, say,
 * /proc/PID/net/tcp, of which the first is a heading.
 */
#include "kernel/sock-table.h"

#include "kernel/proc-net.h"

#include <netinet/in.h>
#include <sys/socket.h>

int
sock_entry_ino(const struct sock_entry *e, uint64_t *ret)
{
	if (e->text)
		return proc_net_ino(e->bytes, e->kind->family, ret);
	return sock_kind_ino(e->kind, e->bytes, ret);
}

int
sock_entry_parse(const struct sock_entry *e, struct arena *arena, Socket *s)
{
	int r;

	if (e->text) {
		r = proc_net_parse(e->bytes, e->kind->family, e->kind->protocol, arena, s);
		s->facts_from = r < 0 ? NULL : arena_printf(arena, "/proc/%s", e->kind->text);
	} else {
		r = sock_kind_parse(e->kind, e->bytes, arena, s);
		s->facts_from = r < 0 ? NULL : arena_strdup(arena, "sock_diag");
	}
	if (r < 0)
		return r;
	return s->facts_from ? 0 : -ENOMEM;
}

bool
sock_kind_may_be_missing(const struct sock_kind *kind)
{
	return kind->family == AF_INET6 || kind->family == AF_PACKET ||
	       (kind->family == AF_INET && kind->protocol == IPPROTO_UDPLITE);
}

struct answers {
	const struct sock_kind *kind;
	const struct sock_walk *walk;
	bool stopped;
};

static int
each_answer(const struct nlmsghdr *m, void *arg)
{
	struct answers *a = arg;
	const char *payload = (const char *) m + NLMSG_HDRLEN;
	struct sock_entry e = {
		.kind = a->kind,
		.bytes = { .p = payload, .n = m->nlmsg_len - NLMSG_HDRLEN },
	};
	int r = a->walk->each(&e, a->walk->arg);

	a->stopped = r < 0;
	return r;
}

static void
restart_answers(void *arg)
{
	const struct answers *a = arg;

	if (a->walk->restart)
		a->walk->restart(a->walk->arg);
}

static int
walk_text(const struct sock_tables *t, const struct sock_kind *kind, const struct sock_walk *w,
	  struct sock_walked *ret)
{
	struct slice text, line;
	int r;

	r = root_read(t->proc, kind->text, t->text, MAX_PROC_FILE);
	if (r < 0)
		return r;
	text = buffer_slice(t->text);
	(void) slice_line(&text, &line);
	while (slice_line(&text, &line)) {
		struct sock_entry e = { .kind = kind, .bytes = line, .text = true };

		r = w->each(&e, w->arg);
		if (r == -EBADMSG)
			ret->odd_lines++;
		else if (r < 0)
			return r;
	}
	return 0;
}

int
sock_table_walk(const struct sock_tables *t, const struct sock_kind *kind,
		const struct sock_walk *w, struct sock_walked *ret)
{
	struct answers a = { .kind = kind, .walk = w };
	int r;

	*ret = (struct sock_walked){ 0 };
	if (t->netlink && sock_handlers_have(t->handlers, kind)) {
		ret->asked = true;
		r = sock_kind_dump(t->netlink, kind, each_answer, &a, restart_answers);
		if (r == 0 || a.stopped)
			return r;
		ret->diag_error = r;
		restart_answers(&a);
	}
	ret->text = true;
	return walk_text(t, kind, w, ret);
}

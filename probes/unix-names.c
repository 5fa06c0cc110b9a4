/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands here at the names to which unix sockets of the tree are bound. An abstract name
 * is taken where the table of our network namespace has it. A path is looked at below the root
 * where the tree will live, by a killable child; a socket that is bound there now is known by
 * its inode, as unix_diag shows it, or by the path's text in /proc/net/unix.
 */
#include "base/crew.h"
#include "kernel/sock-holders.h"
#include "kernel/sock-table.h"
#include "probes/path-maps.h"
#include "probes/probes.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	SCRATCH_BYTES = 4 * 1024 * 1024,
	NAME_ROOM = sizeof(((struct sockaddr_un *) 0)->sun_path) + 1,
	TCP_ESTABLISHED = 1,
	TCP_LISTEN = 10,
};

/* A name of the tree, and what is found of it. */
struct name {
	UnixAnswer *answer;
	uint32_t path_ino;		/* of the socket at the path; 0: none */
	bool path;
};

struct asking {
	struct probe_context *c;
	struct name *name;		/* sorted by name */
	size_t n;
	struct name **by_ino;		/* those with a socket at their path */
	size_t n_by_ino;
	struct arena *scratch;		/* for what is parsed and passed over; renewed when half full */
};

/* What a child of the crew finds at a path. */
struct found {
	int error;
	PathKind kind;
	uint32_t ino;
	bool parent_missing;
};

static PathKind
kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return PATH_KIND__PATH_KIND_REGULAR;
	case S_IFDIR:
		return PATH_KIND__PATH_KIND_DIRECTORY;
	case S_IFLNK:
		return PATH_KIND__PATH_KIND_SYMLINK;
	case S_IFCHR:
		return PATH_KIND__PATH_KIND_CHARDEV;
	case S_IFBLK:
		return PATH_KIND__PATH_KIND_BLOCKDEV;
	case S_IFIFO:
		return PATH_KIND__PATH_KIND_FIFO;
	case S_IFSOCK:
		return PATH_KIND__PATH_KIND_SOCKET;
	default:
		return PATH_KIND__PATH_KIND_NONE;
	}
}

/* The path of a name as a string. */
static void
path_text(const struct name *n, char out[NAME_ROOM])
{
	size_t length = n->answer->name.len < NAME_ROOM ? n->answer->name.len : NAME_ROOM - 1;

	memcpy(out, n->answer->name.data, length);
	out[length] = '\0';
}

/* In a child of the crew. */
static void
look_up(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct asking *a = arg;
	struct found *f = result;
	_cleanup_close_ int fd = -1, folder = -1;
	const struct root *root = a->c->tree_root;
	char name[NAME_ROOM], place[MAX_PLACE];
	const char *path = name;
	struct stat st;

	(void) slot;
	if (!a->name[i].path)
		return;
	path_text(&a->name[i], name);
	if (path_is_mapped(a->c->options, name, place)) {
		root = a->c->root;
		path = place;
	}
	fd = root_openat(root, path, O_PATH | O_NOFOLLOW);
	if (fd < 0) {
		f->error = fd;
		(void) snprintf(place, sizeof(place), "%.*s", (int) (strrchr(path, '/') - path + 1), path);
		folder = root_openat(root, place, O_PATH | O_DIRECTORY);
		f->parent_missing = folder == -ENOENT || folder == -ENOTDIR;
		return;
	}
	if (fstat(fd, &st) < 0) {
		f->error = -errno;
		return;
	}
	f->kind = kind_of(st.st_mode);
	f->ino = S_ISSOCK(st.st_mode) ? (uint32_t) st.st_ino : 0;
}

static void
take_found(struct name *n, const struct found *f)
{
	if (!n->path)
		return;
	if (!f) {
		SET_FACT(n->answer, error, ETIMEDOUT);
		return;
	}
	if (f->error < 0)
		SET_FACT(n->answer, error, -f->error);
	if (f->error == 0 || f->error == -ENOENT || f->error == -ENOTDIR)
		SET_FACT(n->answer, kind, f->kind);
	SET_FACT(n->answer, parent_missing, f->parent_missing);
	n->path_ino = f->ino;
}

static int
look_up_all(struct asking *a)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	struct crew_job job = {
		.items = a->n,
		.result_size = sizeof(struct found),
		.children = 1,
		.deadline_ms = a->c->options->timeout_ms,
		.arg = a,
		.work = look_up,
	};
	int r;

	r = crew_run(&job, &results);
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->n; i++)
		take_found(&a->name[i], crew_result(results, i));
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	const ProtobufCBinaryData *p = &x->answer->name, *q = &y->answer->name;
	size_t least = p->len < q->len ? p->len : q->len;
	int order = memcmp(p->data, q->data, least);

	if (order != 0)
		return order;
	return p->len < q->len ? -1 : p->len > q->len;
}

/*
 * The tree's own sockets, and datagram sockets outside: those that it is connected to and will
 * be connected to again by their names. Relative paths lead nowhere.
 */
static bool
is_asked(const Socket *s)
{
	const ProtobufCBinaryData *name = &s->unix_name;

	return (s->in_tree || s->type == SOCK_DGRAM) && name->len >= 1 && name->len <= NAME_ROOM &&
	       (name->data[0] == '\0' || name->data[0] == '/');
}

/* Each name once. */
static int
list_names(struct asking *a)
{
	const Snapshot *source = a->c->source;
	size_t n = 0;

	a->name = calloc(source->n_socket + 1, sizeof(*a->name));
	if (!a->name)
		return -ENOMEM;
	for (size_t i = 0; i < source->n_socket; i++) {
		const ProtobufCBinaryData *name = &source->socket[i]->unix_name;
		UnixAnswer *answer;

		if (!is_asked(source->socket[i]))
			continue;
		answer = NEW_FACT(a->c->snapshot->arena, UnixAnswer, unix_answer);
		if (!answer)
			return -ENOMEM;
		answer->has_name = true;
		answer->name.len = name->len;
		answer->name.data = arena_memdup(a->c->snapshot->arena, name->data, name->len);
		if (!answer->name.data)
			return -ENOMEM;
		a->name[n++] = (struct name){ .answer = answer, .path = name->data[0] == '/' };
	}
	qsort(a->name, n, sizeof(*a->name), by_name);
	for (size_t i = 0; i < n; i++)
		if (a->n == 0 || by_name(&a->name[a->n - 1], &a->name[i]) != 0)
			a->name[a->n++] = a->name[i];
	return 0;
}

/* Whether the socket of this host stands at the name. */
static bool
stands_at(const struct asking *a, const struct name *n, const Socket *s)
{
	bool same = s->unix_name.len == n->answer->name.len &&
		    memcmp(s->unix_name.data, n->answer->name.data, s->unix_name.len) == 0;

	if (!n->path)
		return same;
	if (n->path_ino == 0)
		return false;
	return s->has_unix_vfs_ino ? s->unix_vfs_ino == n->path_ino :
				     same && a->c->tree_root == a->c->root;
}

/* Parses into the scratch arena, which holds nothing that is still needed. */
static int
parse(struct asking *a, const struct sock_entry *e, Socket **ret)
{
	Socket *s;
	int r;

	if (a->scratch && arena_used(a->scratch) > SCRATCH_BYTES / 2)
		a->scratch = arena_free(a->scratch);
	if (!a->scratch)
		a->scratch = arena_new(SCRATCH_BYTES);
	s = a->scratch ? NEW_FACT(a->scratch, Socket, socket) : NULL;
	if (!s)
		return -ENOMEM;
	r = sock_entry_parse(e, a->scratch, s);
	if (r < 0)
		return r;
	*ret = s;
	return 0;
}

static int
by_path_ino(const void *a, const void *b)
{
	const struct name *x = *(struct name *const *) a, *y = *(struct name *const *) b;

	return x->path_ino < y->path_ino ? -1 : x->path_ino > y->path_ino;
}

static int
index_inodes(struct asking *a)
{
	a->by_ino = calloc(a->n + 1, sizeof(struct name *));
	if (!a->by_ino)
		return -ENOMEM;
	for (size_t i = 0; i < a->n; i++)
		if (a->name[i].path_ino > 0)
			a->by_ino[a->n_by_ino++] = &a->name[i];
	qsort(a->by_ino, a->n_by_ino, sizeof(struct name *), by_path_ino);
	return 0;
}

static void
take_socket(const struct asking *a, const struct name *n, const Socket *s)
{
	/* An accepted connection bears the name too; the listener is the one to tell. */
	if (!stands_at(a, n, s) || (n->answer->has_ino && s->state != TCP_LISTEN))
		return;
	SET_FACT(n->answer, listening, true);
	SET_FACT(n->answer, ino, s->ino);
	SET_FACT(n->answer, connected, s->type != SOCK_DGRAM && s->state == TCP_ESTABLISHED);
}

/* Several paths may lead to one socket. */
static void
take_by_inode(const struct asking *a, const Socket *s)
{
	size_t low = 0, high = a->n_by_ino;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->by_ino[middle]->path_ino < s->unix_vfs_ino)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < a->n_by_ino && a->by_ino[low]->path_ino == s->unix_vfs_ino; low++)
		take_socket(a, a->by_ino[low], s);
}

static int
each_socket(const struct sock_entry *e, void *arg)
{
	const struct asking *a = arg;
	UnixAnswer wanted = UNIX_ANSWER__INIT;
	struct name key = { .answer = &wanted };
	const struct name *found;
	Socket *s;
	int r;

	r = parse(arg, e, &s);
	if (r < 0 || s->unix_name.len == 0)
		return r;
	if (s->has_unix_vfs_ino)
		take_by_inode(a, s);
	wanted.name = s->unix_name;
	found = bsearch(&key, a->name, a->n, sizeof(*a->name), by_name);
	if (found && !(found->path && s->has_unix_vfs_ino))
		take_socket(a, found, s);
	return 0;
}

static void
forget(void *arg)
{
	const struct asking *a = arg;

	for (size_t i = 0; i < a->n; i++) {
		a->name[i].answer->has_ino = a->name[i].answer->has_connected = false;
		SET_FACT(a->name[i].answer, listening, false);
	}
}

/* Without a tree to answer: all abstract names, with '@' for each NUL. */
static int
each_abstract(const struct sock_entry *e, void *arg)
{
	struct asking *a = arg;
	Net *net = a->c->host->net;
	Socket *s;
	char *name;
	int r;

	r = parse(a, e, &s);
	if (r < 0 || s->unix_name.len < 2 || s->unix_name.data[0] != '\0')
		return r;
	name = arena_alloc(a->c->snapshot->arena, s->unix_name.len + 1);
	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < s->unix_name.len; i++)
		name[i] = s->unix_name.data[i] ? (char) s->unix_name.data[i] : '@';
	return ADD_FACT(a->c->snapshot->arena, net->unix_name, net->n_unix_name, name);
}

static void
forget_abstract(void *arg)
{
	const struct asking *a = arg;

	a->c->host->net->n_unix_name = 0;
}

static int
walk(struct asking *a, const struct sock_walk *w)
{
	_cleanup_sock_handlers_ struct sock_handlers handlers = { 0 };
	_cleanup_netlink_ struct netlink *diag = NULL;
	_cleanup_root_ struct root proc = ROOT_NONE;
	struct sock_tables tables = { .handlers = &handlers, .proc = &proc, .text = a->c->text };
	struct sock_walked walked;
	int r;

	r = root_sub(a->c->root, "/proc", &proc);
	if (r < 0)
		return r;
	r = sock_handlers_read(a->c->root, a->c->options->load_modules, &handlers);
	if (r < 0)
		return r;
	if (!a->c->root->recorded && netlink_open(-1, NETLINK_SOCK_DIAG, &diag) == 0)
		tables.netlink = diag;
	for (size_t i = 0; i < n_sock_kinds; i++) {
		if (sock_kinds[i].family != AF_UNIX)
			continue;
		r = sock_table_walk(&tables, &sock_kinds[i], w, &walked);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
name_holders(struct asking *a)
{
	_cleanup_free_ struct sock_holder *holder = calloc(a->n + 1, sizeof(*holder));
	size_t n = 0, unseen;
	int r;

	if (!holder)
		return -ENOMEM;
	for (size_t i = 0; i < a->n; i++)
		if (a->name[i].answer->has_ino)
			holder[n++].ino = a->name[i].answer->ino;
	r = sock_holders_find(a->c->root, holder, n, &unseen);
	if (r < 0 || unseen > 0)
		gap_note(a->c->gaps, DOMAIN__DOMAIN_NET, "unix-names", 0, r < 0 ? r : -EACCES,
			 "run as root", "who holds the names of unix sockets");
	for (size_t i = 0; r == 0 && i < a->n; i++) {
		UnixAnswer *answer = a->name[i].answer;
		const struct sock_holder *h = sock_holder_of(holder, n, answer->ino);

		if (!answer->has_ino || !h || h->pid == 0)
			continue;
		SET_FACT(answer, holder_pid, h->pid);
		SET_FACT(answer, holder_start_time, h->start_time);
		answer->holder_comm = arena_strdup(a->c->snapshot->arena, h->comm);
		if (!answer->holder_comm)
			return -ENOMEM;
	}
	return 0;
}

static int
answer_source(struct asking *a)
{
	struct sock_walk w = { .each = each_socket, .restart = forget, .arg = a };
	Snapshot *facts = a->c->snapshot->facts;
	int r;

	r = list_names(a);
	if (r < 0 || a->n == 0)
		return r;
	r = look_up_all(a);
	if (r == 0)
		r = index_inodes(a);
	if (r < 0)
		return r;
	forget(a);
	r = walk(a, &w);
	if (r < 0)
		return r;
	r = name_holders(a);
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->n; i++) {
		r = ADD_FACT(a->c->snapshot->arena, facts->unix_answer, facts->n_unix_answer,
			     a->name[i].answer);
		if (r < 0)
			return r;
	}
	return 0;
}

int
unix_names_ask(struct probe_context *c)
{
	struct asking a = { .c = c };
	struct sock_walk w = { .each = each_abstract, .restart = forget_abstract, .arg = &a };
	int r = 0;

	if (c->source)
		r = answer_source(&a);
	else if (c->host->net)
		r = walk(&a, &w);
	(void) arena_free(a.scratch);
	free(a.name);
	free(a.by_ino);
	return r;
}

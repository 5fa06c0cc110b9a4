/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unix socket that was bound to a path keeps its inode when the path is removed or given to
 * another; then a restored one would stand where nobody, or somebody else, stood. The path is
 * looked up below the root of the process that holds the socket, by killable children: it may
 * lie on a file system that does not answer. Accepted sockets share the name and the inode of
 * their listener, so each is looked up once.
 */
#include "light-dump/sockets-ends.h"

#include "base/crew.h"
#include "kernel/sock-holders.h"

#include <fcntl.h>
#include <sys/un.h>

struct bound {
	Socket *socket;
	int pid;
	size_t look_up;			/* which of the distinct look-ups answers for it */
};

struct look_up {
	char path[sizeof(((struct sockaddr_un *) 0)->sun_path) + 1];
	int pid;
	uint32_t ino;
};

struct look_up_result {
	PathState state;
};

struct look_ups {
	const struct root *root;
	struct look_up *item;
	size_t n;
};

static bool
is_bound_to_path(const Socket *s)
{
	return s->has_unix_name && s->unix_name.len > 1 && s->unix_name.data[0] == '/' &&
	       s->has_unix_vfs_ino;
}

/* In a child of the crew. */
static void
look_up_path(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct look_ups *all = arg;
	const struct look_up *item = &all->item[i];
	_cleanup_root_ struct root proc = ROOT_NONE, tree = ROOT_NONE;
	_cleanup_close_ int fd = -1;
	struct look_up_result *answer = result;
	char path[32];
	struct stat st;

	(void) slot;
	answer->state = PATH_STATE__PATH_ERROR;
	(void) snprintf(path, sizeof(path), "/proc/%d", item->pid);
	if (root_sub(all->root, path, &proc) < 0)
		return;
	tree.fd = root_magic_open(&proc, "root", O_PATH | O_DIRECTORY);
	if (tree.fd < 0)
		return;
	fd = root_openat(&tree, item->path, O_PATH | O_NOFOLLOW);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		answer->state = PATH_STATE__PATH_GONE;
		return;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	/* The device is not compared: overlayfs and btrfs show another one by stat(2). */
	answer->state = S_ISSOCK(st.st_mode) && (uint32_t) st.st_ino == item->ino ?
				PATH_STATE__PATH_SAME : PATH_STATE__PATH_REPLACED;
}

static int
by_inode_and_pid(const void *a, const void *b)
{
	const struct bound *x = a, *y = b;

	if (x->socket->unix_vfs_ino != y->socket->unix_vfs_ino)
		return x->socket->unix_vfs_ino < y->socket->unix_vfs_ino ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->socket->unix_vfs_dev != y->socket->unix_vfs_dev)
		return x->socket->unix_vfs_dev < y->socket->unix_vfs_dev ? -1 : 1;
	return 0;
}

/* Makes the distinct look-ups of a sorted list. */
static void
plan(struct bound *bound, size_t n, struct look_ups *all)
{
	for (size_t i = 0; i < n; i++) {
		const ProtobufCBinaryData *name = &bound[i].socket->unix_name;
		struct look_up *item = &all->item[all->n];
		size_t length = name->len < sizeof(item->path) ? name->len : sizeof(item->path) - 1;

		if (i == 0 || by_inode_and_pid(&bound[i - 1], &bound[i]) != 0) {
			memcpy(item->path, name->data, length);
			item->path[length] = '\0';
			item->pid = bound[i].pid;
			item->ino = bound[i].socket->unix_vfs_ino;
			all->n++;
		}
		bound[i].look_up = all->n - 1;
	}
}

static int
run_look_ups(struct sockets *s, struct bound *bound, size_t n, struct look_ups *all)
{
	struct crew_job job = {
		.items = all->n,
		.result_size = sizeof(struct look_up_result),
		.children = 1,
		.deadline_ms = s->c->options->timeout_ms,
		.arg = all,
		.work = look_up_path,
	};
	struct crew_results *results;
	int r;

	r = crew_run(&job, &results);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		const struct look_up_result *answer = crew_result(results, bound[i].look_up);

		SET_FACT(bound[i].socket, unix_vfs_path_state,
			 answer ? answer->state : PATH_STATE__PATH_ERROR);
		if (!answer)
			gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", bound[i].pid, -ETIMEDOUT,
				 NULL, "%s", all->item[bound[i].look_up].path);
	}
	crew_results_free(results);
	return 0;
}

static int
look_up_paths(struct sockets *s)
{
	_cleanup_free_ struct bound *bound = NULL;
	_cleanup_free_ struct look_up *item = NULL;
	struct look_ups all = { .root = s->c->root };
	size_t n = 0;
	int r;

	bound = calloc(s->held.n, sizeof(*bound));
	if (!bound)
		return -ENOMEM;
	for (size_t i = 0; i < s->held.n; i++) {
		struct held_socket *h = &s->held.held[i];

		if (is_bound_to_path(h->socket))
			bound[n++] = (struct bound){ .socket = h->socket, .pid = h->pid };
	}
	if (n == 0)
		return 0;
	item = calloc(n, sizeof(*item));
	if (!item)
		return -ENOMEM;
	qsort(bound, n, sizeof(*bound), by_inode_and_pid);
	all.item = item;
	plan(bound, n, &all);
	r = run_look_ups(s, bound, n, &all);
	if (r < 0 && r != -ENOMEM)
		gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", 0, r, NULL, "paths of unix sockets");
	return r == -ENOMEM ? r : 0;
}

static int
find_holders(struct sockets *s)
{
	_cleanup_free_ struct sock_holder *holder = NULL;
	size_t unseen;
	int r;

	if (s->n_outside == 0)
		return 0;
	holder = calloc(s->n_outside, sizeof(*holder));
	if (!holder)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_outside; i++)
		holder[i].ino = s->outside[i]->ino;
	r = sock_holders_find(s->c->root, holder, s->n_outside, &unseen);
	if (r < 0 || unseen > 0)
		gap_note(s->c->gaps, DOMAIN__DOMAIN_SOCKETS, "sockets", 0, r < 0 ? r : -EACCES,
			 "run as root", "holders of unix sockets outside the tree");
	for (size_t i = 0; r == 0 && i < s->n_outside; i++) {
		const struct sock_holder *h = sock_holder_of(holder, s->n_outside, s->outside[i]->ino);

		if (!h || h->pid == 0)
			continue;
		SET_FACT(s->outside[i], holder_pid, h->pid);
		s->outside[i]->holder_comm = arena_strdup(s->c->snapshot->arena, h->comm);
		if (!s->outside[i]->holder_comm)
			return -ENOMEM;
	}
	return 0;
}

int
sockets_find_ends(struct sockets *s)
{
	int r;

	if (!s->c->root->recorded) {
		r = look_up_paths(s);
		if (r < 0)
			return r;
	}
	return find_holders(s);
}

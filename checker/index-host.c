/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in what one host answered: tables by name, its sockets by protocol and port.
 */
#include "checker/index.h"
#include "checker/table.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096, MAX_LINKS = 40 };

struct host_index {
	struct table path, pid, cgroup, module, tool, sysctl, config, feature, filesystem, unix_name;
	const HostSocket **socket;	/* by protocol and port */
	size_t n_socket;
	struct table asked_port;
	bool only_asked;
	bool whole_folders;		/* links and folders were asked for by themselves */
	PathAnswer nothing, no_folder;	/* at a path; nor above it */
};

static bool
same_text(const char *a, const char *b)
{
	return a && b && streq(a, b);
}

/* Those without a name are one: a table of many that are equal to none would take for ever to fill. */
static bool
same_key(const char *a, const char *b)
{
	return a == b || same_text(a, b);
}

static bool
same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static uint64_t
hash_cgroup(const char *controllers, const char *path)
{
	return hash_number(hash_text(controllers) * 31 + hash_text(path));
}

static int
compare_ports(const HostSocket *s, uint32_t protocol, uint32_t port)
{
	if (s->protocol != protocol)
		return s->protocol < protocol ? -1 : 1;
	return s->source_port < port ? -1 : s->source_port > port;
}

/* By protocol and port, and within these as the snapshot has them. */
static int
by_port(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	const HostSocket *s = x->value, *t = y->value;
	int r = compare_ports(s, t->protocol, t->source_port);

	return r ? r : x->hash < y->hash ? -1 : x->hash > y->hash;
}

static int
index_ports(struct host_index *h, struct arena *a, const Net *net)
{
	struct slot *sorted;

	if (!net || !net->n_socket)
		return 0;
	h->socket = arena_alloc(a, net->n_socket * sizeof(HostSocket *));
	sorted = arena_alloc(a, net->n_socket * sizeof(*sorted));
	if (!h->socket || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < net->n_socket; i++)
		sorted[i] = (struct slot){ .hash = i, .value = net->socket[i] };
	qsort(sorted, net->n_socket, sizeof(*sorted), by_port);
	for (; h->n_socket < net->n_socket; h->n_socket++)
		h->socket[h->n_socket] = sorted[h->n_socket].value;
	return 0;
}

static int
index_asked_ports(struct host_index *h, struct arena *a, const Net *net)
{
	int r;

	if (!net || !net->only_asked)
		return 0;
	h->only_asked = true;
	r = table_init(&h->asked_port, a, net->n_asked_port);
	for (size_t i = 0; r == 0 && i < net->n_asked_port; i++) {
		uint32_t key = net->asked_port[i];

		if (!index_tells_port(h, key >> 16, key & UINT16_MAX))
			table_add(&h->asked_port, hash_number(key), &net->asked_port[i], NULL);
	}
	return r;
}

static void
index_folders(struct host_index *h, const Snapshot *destination)
{
	for (size_t i = 0; i < destination->n_path_answer && !h->whole_folders; i++) {
		const PathAnswer *a = destination->path_answer[i];

		h->whole_folders = a->listed || a->leads_to || a->has_leads_error;
	}
	path_answer__init(&h->nothing);
	SET_FACT(&h->nothing, kind, PATH_KIND__PATH_KIND_NONE);
	SET_FACT(&h->nothing, error, ENOENT);
	h->no_folder = h->nothing;
	SET_FACT(&h->no_folder, parent_missing, true);
}

int
host_index_new(struct arena *a, const Snapshot *destination, struct host_index **ret)
{
	static const Host nothing = HOST__INIT;
	const Host *host = destination->host ? destination->host : &nothing;
	struct host_index *h;
	int r;

	h = arena_alloc(a, sizeof(*h));
	if (!h)
		return -ENOMEM;
	index_folders(h, destination);
	r = TABLE_FILL(&h->path, a, destination->path_answer, destination->n_path_answer,
		       hash_text(item->path) + item->of_host,
		       same_key(found->path, item->path) && found->of_host == item->of_host);
	if (r == 0)
		r = TABLE_FILL(&h->pid, a, destination->pid_answer, destination->n_pid_answer,
			       hash_number((uint32_t) item->id), found->id == item->id);
	if (r == 0)
		r = TABLE_FILL(&h->cgroup, a, destination->cgroup_answer, destination->n_cgroup_answer,
			       hash_cgroup(item->controllers, item->path),
			       same_key(found->controllers, item->controllers) &&
			       same_key(found->path, item->path));
	if (r == 0)
		r = TABLE_FILL(&h->unix_name, a, destination->unix_answer, destination->n_unix_answer,
			       hash_bytes(item->name.data, item->name.len),
			       same_bytes(found->name, item->name));
	if (r == 0)
		r = index_ports(h, a, host->net);
	if (r == 0)
		r = index_asked_ports(h, a, host->net);
	if (r == 0)
		r = TABLE_FILL(&h->tool, a, host->tool, host->n_tool, hash_text(item->name),
			       same_key(found->name, item->name));
	if (r == 0)
		r = TABLE_FILL(&h->module, a, host->modules ? host->modules->module : NULL,
			       host->modules ? host->modules->n_module : 0, hash_text(item->asked),
			       same_key(found->asked, item->asked));
	if (r == 0)
		r = TABLE_FILL(&h->sysctl, a, host->kernel ? host->kernel->sysctl : NULL,
			       host->kernel ? host->kernel->n_sysctl : 0, hash_text(item->name),
			       same_key(found->name, item->name));
	if (r == 0)
		r = TABLE_FILL(&h->config, a, host->kernel ? host->kernel->config : NULL,
			       host->kernel ? host->kernel->n_config : 0, hash_text(item->name),
			       same_key(found->name, item->name));
	if (r == 0)
		r = TABLE_FILL(&h->feature, a, host->kernel ? host->kernel->feature : NULL,
			       host->kernel ? host->kernel->n_feature : 0, hash_text(item->name),
			       same_key(found->name, item->name));
	if (r == 0)
		r = TABLE_FILL(&h->filesystem, a, host->filesystems ? host->filesystems->registered : NULL,
			       host->filesystems ? host->filesystems->n_registered : 0, hash_text(item),
			       streq(found, item));
	if (r < 0)
		return r;
	*ret = h;
	return 0;
}

static const PathAnswer *
answer_at(const struct host_index *h, const char *path)
{
	return TABLE_FIND(&h->path, hash_text(path), PathAnswer, same_text(found->path, path) && !found->of_host);
}

/* The answer at `place`, or else at the nearest folder above it; *ret_n is how much of `place` it is about. */
static const PathAnswer *
answer_above(const struct host_index *h, const char *place, size_t *ret_n)
{
	char above[PATH_ROOM];
	const PathAnswer *a;
	char *slash;

	(void) snprintf(above, sizeof(above), "%s", place);
	for (;;) {
		a = answer_at(h, *above ? above : "/");
		slash = strrchr(above, '/');
		if (a || !slash) {
			*ret_n = strlen(above);
			return a;
		}
		*slash = '\0';
	}
}

/* What is at `rest` below what is no link. */
static const PathAnswer *
answer_below(const struct host_index *h, const PathAnswer *a, const char *rest)
{
	if (a->declared)
		return a;
	if (!a->has_kind || (a->kind == PATH_KIND__PATH_KIND_DIRECTORY && !a->listed))
		return NULL;
	return a->kind == PATH_KIND__PATH_KIND_DIRECTORY && !strchr(rest + 1, '/') ? &h->nothing : &h->no_folder;
}

/*
 * With whole folders, as the kernel would look the path up:
 *
 *     /lib/x.so    no answer; /lib is a link that leads to /usr/lib
 *     /usr/lib/x.so    no answer; /usr/lib is a folder of which all is known: nothing is there
 */
static const PathAnswer *
look_up(const struct host_index *h, const char *path, bool itself)
{
	char place[PATH_ROOM], next[PATH_ROOM];

	(void) snprintf(place, sizeof(place), "%s", path);
	for (int links = 0; links < MAX_LINKS; links++) {
		size_t n;
		const PathAnswer *a = answer_above(h, place, &n);
		const char *rest = place + n;

		if (!a || (!*rest && itself))
			return a;
		if (a->has_leads_error && a->leads_error == ENOENT)
			return *rest ? &h->no_folder : &h->nothing;
		if (a->has_leads_error)
			return NULL;
		if (!a->leads_to)
			return *rest ? answer_below(h, a, rest) : a;
		if (snprintf(next, sizeof(next), "%s%s", streq(a->leads_to, "/") && *rest ? "" : a->leads_to, rest) >=
		    (int) sizeof(next))
			return NULL;
		memcpy(place, next, sizeof(place));
	}
	return NULL;
}

const PathAnswer *
index_path(const struct host_index *h, const char *path)
{
	return h->whole_folders && path && path_is_plain(path) && strlen(path) < PATH_ROOM ? look_up(h, path, false) : answer_at(h, path);
}

const PathAnswer *
index_path_itself(const struct host_index *h, const char *path)
{
	return h->whole_folders && path && path_is_plain(path) && strlen(path) < PATH_ROOM ? look_up(h, path, true) : answer_at(h, path);
}

const PathAnswer *
index_host_path(const struct host_index *h, const char *path)
{
	return TABLE_FIND(&h->path, hash_text(path) + 1, PathAnswer, same_text(found->path, path) && found->of_host);
}

const PidAnswer *
index_pid(const struct host_index *h, int id)
{
	return TABLE_FIND(&h->pid, hash_number((uint32_t) id), PidAnswer, found->id == id);
}

const CgroupAnswer *
index_cgroup(const struct host_index *h, const char *controllers, const char *path)
{
	return TABLE_FIND(&h->cgroup, hash_cgroup(controllers, path), CgroupAnswer,
			  same_text(found->controllers, controllers) && same_text(found->path, path));
}

const UnixAnswer *
index_unix(const struct host_index *h, ProtobufCBinaryData name)
{
	return TABLE_FIND(&h->unix_name, hash_bytes(name.data, name.len), UnixAnswer,
			  found->has_name && same_bytes(found->name, name));
}

/* The first one that does not stand before this protocol and port. */
static size_t
port_begin(const struct host_index *h, uint32_t protocol, uint32_t port)
{
	size_t low = 0, high = h->n_socket;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_ports(h->socket[middle], protocol, port) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
index_tells_port(const struct host_index *h, uint32_t protocol, uint32_t port)
{
	uint32_t key = protocol << 16 | (port & UINT16_MAX);

	return !h->only_asked || TABLE_FIND(&h->asked_port, hash_number(key), uint32_t, *found == key) != NULL;
}

size_t
index_port(const struct host_index *h, uint32_t protocol, uint32_t port, const HostSocket *const **ret)
{
	size_t first;

	*ret = NULL;
	if (h->n_socket == 0 || port > UINT16_MAX)
		return 0;
	first = port_begin(h, protocol, port);
	*ret = h->socket + first;
	return port_begin(h, protocol, port + 1) - first;
}

const Module *
index_module(const struct host_index *h, const char *asked)
{
	return TABLE_FIND(&h->module, hash_text(asked), Module, same_text(found->asked, asked));
}

const Tool *
index_tool(const struct host_index *h, const char *name)
{
	return TABLE_FIND(&h->tool, hash_text(name), Tool, same_text(found->name, name));
}

static const char *
setting_value(const struct table *t, const char *name)
{
	const Setting *s = TABLE_FIND(t, hash_text(name), Setting, same_text(found->name, name));

	return s ? s->value : NULL;
}

const char *
index_sysctl(const struct host_index *h, const char *name)
{
	return setting_value(&h->sysctl, name);
}

const char *
index_config(const struct host_index *h, const char *name)
{
	return setting_value(&h->config, name);
}

const Feature *
index_feature(const struct host_index *h, const char *name)
{
	return TABLE_FIND(&h->feature, hash_text(name), Feature, same_text(found->name, name));
}

bool
index_filesystem(const struct host_index *h, const char *name)
{
	return TABLE_FIND(&h->filesystem, hash_text(name), char, streq(found, name)) != NULL;
}

bool
index_same_host(const Snapshot *source, const Snapshot *destination)
{
	const Host *a = source->host, *b = destination ? destination->host : NULL;

	return a && b && same_text(a->boot_id, b->boot_id) && a->has_pid_ns && b->has_pid_ns &&
	       a->pid_ns == b->pid_ns;
}

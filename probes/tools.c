/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that CRIU runs, and CRIU itself: where they are, whether they start, and what
 * they say they are. Each is run once with an option that makes it print its version and do
 * nothing else, with closed input, in a clean environment, and killed after a deadline:
 *
 *     criu --version                 Version: 4.2.1, told as 4.2.1
 *     ip -V                          ip utility, iproute2-6.1.0, libbpf 1.1.0
 *     iptables-restore --version     iptables-restore v1.8.9 (nf_tables)
 *     tar --version                  tar (GNU tar) 1.34
 *
 * Of CRIU the libraries that its ELF file names are told, too: what it was built with. An ip of busybox
 * is there, but is not the ip that CRIU needs. Beside a dump, where time counts, only CRIU and what the
 * tree's own namespaces call for is run; the rest is looked for.
 */
#include "base/crew.h"
#include "kernel/identity.h"
#include "probes/child.h"
#include "probes/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

enum { MAX_VERSION = 256, MAX_ERROR = 384, MAX_LIBRARIES = 1024, MARGIN_MS = 2000 };

enum occasion {
	OF_DESTINATION,
	ALWAYS,
	NET_NAMESPACE,			/* the dump of a network namespace */
	MOUNT_NAMESPACE,		/* the dump of a tmpfs */
};

struct tool {
	const char *name;
	const char *option;		/* makes it say its version */
	const char *must_say;		/* a word without which it is another program; or NULL */
	const char *is_not;		/* that other program, for the message */
	enum occasion occasion;		/* when it is run on the source */
};

static const struct tool tools[] = {
	{ "criu", "--version", "Version", "CRIU", ALWAYS },
	{ "ip", "-V", "iproute2", "iproute2: busybox has an ip of its own that CRIU cannot use",
	  NET_NAMESPACE },
	{ "iptables-restore", "--version", "iptables", "iptables", NET_NAMESPACE },
	{ "ip6tables-restore", "--version", "ip6tables", "ip6tables", NET_NAMESPACE },
	{ "iptables-save", "--version", "iptables", "iptables", NET_NAMESPACE },
	{ "nft", "--version", "nftables", "nftables", OF_DESTINATION },
	{ "tar", "--version", "GNU tar", "GNU tar, whose options CRIU uses", MOUNT_NAMESPACE },
	{ "gzip", "--version", NULL, NULL, MOUNT_NAMESPACE },
	{ "apparmor_parser", "--version", NULL, NULL, OF_DESTINATION },
};

/* Folders of administrators' tools, which the PATH of an ssh command may lack. */
static const char also[] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";

/* Where a program is, by the name that it is called by and by its own. */
struct place {
	char path[PATH_MAX];
	char real[PATH_MAX];
};

static int
real_path(int fd, char ret[PATH_MAX])
{
	char link[sizeof("/proc/self/fd/") + 11];
	ssize_t n;

	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret, PATH_MAX - 1);
	if (n <= 0 || ret[0] != '/')
		return -ENOENT;
	ret[n] = '\0';
	return 0;
}

/* Is `name` an executable file of `folder`? */
static bool
look_in(const struct root *root, struct slice folder, const char *name, struct place *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int n = snprintf(ret->path, PATH_MAX, "%.*s/%s", (int) folder.n, folder.p, name);

	if (n < 0 || n >= PATH_MAX)
		return false;
	fd = root_openat(root, ret->path, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0 &&
	       real_path(fd, ret->real) == 0;
}

static bool
look_along(const struct root *root, const char *folders, const char *name, struct place *ret)
{
	struct slice rest = slice_of(folders), folder;

	while (slice_field(&rest, ':', &folder))
		if (slice_starts(folder, "/") && look_in(root, folder, name, ret))
			return true;
	return false;
}

/* --criu as a path: one that does not begin with '/' is meant from the current folder. */
static bool
look_at(const struct root *root, const char *path, struct place *ret)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = "", here[PATH_MAX];
	int n;

	if (path[0] != '/' && !root->recorded && getcwd(here, sizeof(here)) && here[0] == '/')
		n = snprintf(folder, sizeof(folder), "%s/%.*s", here, (int) (slash - path), path);
	else
		n = snprintf(folder, sizeof(folder), "%.*s", (int) (slash - path), path);
	return n >= 0 && n < PATH_MAX && look_in(root, slice_of(folder), slash + 1, ret);
}

static bool
is_named_by_path(const struct probe_context *c, const struct tool *t)
{
	return c->options->criu && streq(t->name, "criu") && strchr(c->options->criu, '/');
}

static bool
tool_find(const struct probe_context *c, const struct tool *t, struct place *ret)
{
	const char *path = getenv("PATH"), *name = t->name;

	if (is_named_by_path(c, t))
		return look_at(c->root, c->options->criu, ret);
	if (c->options->criu && streq(t->name, "criu"))
		name = c->options->criu;
	return look_along(c->root, path ? path : also, name, ret) ||
	       look_along(c->root, also, name, ret);
}

/* Can nobody but root change what the name leads to? In a sticky folder only its owner can. */
static bool
is_of_root(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || st.st_uid != 0)
		return false;
	return !(st.st_mode & (S_IWGRP | S_IWOTH)) || (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX));
}

/*
 * PATH is the caller's, and sudo(8) may hand it on: root runs only what nobody else could have
 * put there. `real`: a path without links.
 */
static bool
may_be_run(const char *real)
{
	char folder[PATH_MAX];
	char *slash;

	if (geteuid() != 0)
		return true;
	if (!is_of_root(real))
		return false;
	(void) snprintf(folder, sizeof(folder), "%s", real);
	for (slash = strrchr(folder, '/'); slash; slash = strrchr(folder, '/')) {
		*slash = '\0';
		if (!is_of_root(folder[0] ? folder : "/"))
			return false;
	}
	return true;
}

/* ---- what it says ---------------------------------------------------------------------- */

/* What a child of the crew finds out about one tool. */
struct seen {
	uint32_t state;			/* a ToolState */
	char path[PATH_MAX];
	char version[MAX_VERSION];
	char error[MAX_ERROR];
	char libraries[MAX_LIBRARIES];
};

static void
first_line(struct slice text, char *ret, size_t room)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		line = slice_trim(line);
		if (slice_cut(&line, "Version:"))
			line = slice_trim(line);
		if (line.n > 0) {
			(void) snprintf(ret, room, "%.*s", (int) line.n, line.p);
			return;
		}
	}
}

static bool
says(struct slice text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

/* Runs it and judges only whether it is the program that was looked for. */
static void
tool_run(const struct probe_context *c, const struct tool *t, const char *real, struct seen *ret)
{
	const char *const argv[] = { ret->path, t->option, NULL };
	_cleanup_buffer_ struct buffer said = {};
	struct child_result result;
	int r = child_run(real, argv, c->options->timeout_ms, &said, &result);
	char line[MAX_VERSION] = "";

	ret->state = TOOL_STATE__TOOL_FAILS;
	first_line(buffer_slice(&said), line, sizeof(line));
	if (r < 0) {
		(void) snprintf(ret->error, MAX_ERROR, "cannot be run: %s", strerror(-r));
	} else if (result.timed_out) {
		(void) snprintf(ret->error, MAX_ERROR, "%s did not answer", t->option);
	} else if (result.signal != 0) {
		(void) snprintf(ret->error, MAX_ERROR, "died of signal %d", result.signal);
	} else if (result.status != 0) {
		(void) snprintf(ret->error, MAX_ERROR, "exit status %d: %s", result.status, line);
	} else {
		memcpy(ret->version, line, sizeof(line));
		if (t->must_say && !says(buffer_slice(&said), t->must_say))
			(void) snprintf(ret->error, MAX_ERROR, "is not %s", t->is_not);
		else
			ret->state = TOOL_STATE__TOOL_RUNS;
	}
}

/* Whether a process of the tree lives in another namespace than criu would. */
static bool
has_own_namespace(const Snapshot *s, enum occasion occasion)
{
	const NamespaceSet *here = s->criu_place ? s->criu_place->ns : NULL;

	for (size_t i = 0; here && i < s->n_process; i++) {
		const NamespaceSet *ns = s->process[i]->ns;

		if (ns && (occasion == NET_NAMESPACE ? ns->net != here->net : ns->mnt != here->mnt))
			return true;
	}
	return false;
}

static bool
is_to_be_run(const struct probe_context *c, const struct tool *t)
{
	if (c->root->recorded)
		return false;
	if (!c->source_side || t->occasion == ALWAYS)
		return true;
	return t->occasion != OF_DESTINATION &&
	       has_own_namespace(c->snapshot->facts, t->occasion);
}

/* What CRIU can do depends on what it was built with. A script that calls it does not tell. */
static void
libraries_read(const struct root *root, const char *path, char ret[MAX_LIBRARIES])
{
	_cleanup_close_ int fd = root_open_regular(root, path, NULL);

	if (fd < 0 || identity_libraries(fd, ret, MAX_LIBRARIES) < 0)
		ret[0] = '\0';
}

/* In a child that may be killed: a folder of PATH may lie on a file system that is deaf. */
static void
tool_look(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct probe_context *c = arg;
	const struct tool *t = &tools[i];
	struct place place;
	struct seen *seen = result;

	seen->state = TOOL_STATE__TOOL_MISSING;
	if (!tool_find(c, t, &place))
		return;
	crew_alive(slot, 0);
	memcpy(seen->path, place.path, sizeof(seen->path));
	seen->state = TOOL_STATE__TOOL_CANNOT_TELL;
	if (streq(t->name, "criu"))
		libraries_read(c->root, place.path, seen->libraries);
	if (!is_to_be_run(c, t))
		return;
	if (is_named_by_path(c, t) || may_be_run(place.real))
		tool_run(c, t, place.real, seen);
	else
		(void) snprintf(seen->error, MAX_ERROR, "not run as root: others may change %.128s",
				place.real);
}

/* They are all looked for along the same folders: where one hangs, so would the others. */
static uint64_t
tool_group(size_t i, void *arg)
{
	(void) i;
	(void) arg;
	return 1;
}

static int
text_take(struct arena *arena, const char *text, char **ret)
{
	if (!text[0])
		return 0;
	*ret = arena_strdup(arena, text);
	return *ret ? 0 : -ENOMEM;
}

/* `seen`: NULL where no answer came. */
static int
tool_take(struct probe_context *c, const struct tool *t, const struct seen *seen)
{
	struct arena *arena = c->snapshot->arena;
	Tool *fact = NEW_FACT(arena, Tool, tool);
	int r;

	if (!fact)
		return -ENOMEM;
	SET_FACT(fact, state, seen ? (ToolState) seen->state : TOOL_STATE__TOOL_CANNOT_TELL);
	r = text_take(arena, t->name, &fact->name);
	if (r == 0)
		r = text_take(arena, seen ? seen->path : "", &fact->path);
	if (r == 0)
		r = text_take(arena, seen ? seen->version : "", &fact->version);
	if (r == 0)
		r = text_take(arena, seen ? seen->libraries : "", &fact->libraries);
	if (r == 0)
		r = text_take(arena, seen ? seen->error : "not found in time", &fact->error);
	if (r < 0)
		return r;
	if (!seen)
		gap_note(c->gaps, DOMAIN__DOMAIN_TOOLS, "tools", 0, -ETIMEDOUT,
			 "look after the folders of PATH: one does not answer", "%s", t->name);
	else if (fact->error && fact->state == TOOL_STATE__TOOL_CANNOT_TELL)
		gap_note(c->gaps, DOMAIN__DOMAIN_TOOLS, "tools", 0, -EPERM,
			 "give its owner and folders to root, or name it by --criu PATH", "%s: %s",
			 t->name, fact->error);
	return ADD_FACT(arena, c->host->tool, c->host->n_tool, fact);
}

int
tools_ask(struct probe_context *c)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	unsigned int timeout_ms = c->options->timeout_ms;
	const struct crew_job job = {
		.items = ARRAY_SIZE(tools),
		.result_size = sizeof(struct seen),
		.children = 1,
		/* A program that hangs is ended by the child itself: it comes first. */
		.deadline_ms = timeout_ms ? timeout_ms + MARGIN_MS : 2 * DEFAULT_DEADLINE_MS,
		.keep = &c->root->fd,
		.n_keep = 1,
		.arg = c,
		.work = tool_look,
		.group = tool_group,
	};
	int r = crew_run(&job, &results);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tools); i++)
		r = tool_take(c, &tools[i], crew_result(results, i));
	return r;
}

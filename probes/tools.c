/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs that CRIU runs, and CRIU itself: where they are, whether they start, and what
 * they say they are. Each is run once with an option that makes it print its version and do
 * nothing else, with closed input, in a clean environment, and killed after a deadline:
 *
 *     criu --version                 Version: 4.2.1
 *     ip -V                          ip utility, iproute2-6.1.0, libbpf 1.1.0
 *     iptables-restore --version     iptables-restore v1.8.9 (nf_tables)
 *     tar --version                  tar (GNU tar) 1.34
 *
 * An ip of busybox is there, but is not the ip that CRIU needs. Beside a dump, where time
 * counts, only CRIU and what the tree's own namespaces call for is run; the rest is looked for.
 */
#include "probes/child.h"
#include "probes/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

enum { MAX_VERSION = 256 };

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

/* 1 and the path when `name` is an executable file of `folder`. */
static int
look_in(const struct root *root, struct slice folder, const char *name, char ret[PATH_MAX])
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int n = snprintf(ret, PATH_MAX, "%.*s/%s", (int) folder.n, folder.p, name);

	if (n < 0 || n >= PATH_MAX)
		return 0;
	fd = root_openat(root, ret, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0;
}

static int
look_along(const struct root *root, const char *folders, const char *name, char ret[PATH_MAX])
{
	struct slice rest = slice_of(folders), folder;

	while (slice_field(&rest, ':', &folder))
		if (slice_starts(folder, "/") && look_in(root, folder, name, ret))
			return 1;
	return 0;
}

static int
tool_find(struct probe_context *c, const struct tool *t, char ret[PATH_MAX])
{
	const char *path = getenv("PATH");

	if (c->options->criu && streq(t->name, "criu")) {
		struct slice whole = slice_of(c->options->criu);
		const char *slash = strrchr(c->options->criu, '/');

		if (!slash)
			return look_along(c->root, path ? path : also, c->options->criu, ret) ||
			       look_along(c->root, also, c->options->criu, ret);
		whole.n = (size_t) (slash - whole.p);
		return look_in(c->root, whole, slash + 1, ret);
	}
	return look_along(c->root, path ? path : also, t->name, ret) ||
	       look_along(c->root, also, t->name, ret);
}

static char *
first_line(struct arena *arena, struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		line = slice_trim(line);
		if (line.n > 0)
			return arena_strndup(arena, line.p,
					     line.n < MAX_VERSION ? line.n : MAX_VERSION);
	}
	return arena_strdup(arena, "");
}

static bool
says(struct slice text, const char *word)
{
	return memmem(text.p, text.n, word, strlen(word)) != NULL;
}

/* Runs it and judges only whether it is the program that was looked for. */
static int
tool_run(struct probe_context *c, const struct tool *t, Tool *fact)
{
	const char *const argv[] = { fact->path, t->option, NULL };
	struct arena *arena = c->snapshot->arena;
	struct child_result result;
	int r = child_run(argv, c->options->timeout_ms, c->text, &result);

	if (r == -ENOMEM)
		return r;
	SET_FACT(fact, state, TOOL_STATE__TOOL_FAILS);
	if (r < 0) {
		fact->error = arena_printf(arena, "cannot be run: %s", strerror(-r));
	} else if (result.timed_out) {
		fact->error = arena_printf(arena, "%s did not answer", t->option);
	} else if (result.signal != 0) {
		fact->error = arena_printf(arena, "died of signal %d", result.signal);
	} else if (result.status != 0) {
		const char *line = first_line(arena, buffer_slice(c->text));

		fact->error = arena_printf(arena, "exit status %d: %s", result.status,
					   line ? line : "");
	} else if (t->must_say && !says(buffer_slice(c->text), t->must_say)) {
		fact->version = first_line(arena, buffer_slice(c->text));
		fact->error = arena_printf(arena, "is not %s", t->is_not);
	} else {
		SET_FACT(fact, state, TOOL_STATE__TOOL_RUNS);
		fact->version = first_line(arena, buffer_slice(c->text));
		return fact->version ? 0 : -ENOMEM;
	}
	return fact->error ? 0 : -ENOMEM;
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

static int
tool_ask(struct probe_context *c, const struct tool *t)
{
	struct arena *arena = c->snapshot->arena;
	Tool *fact = NEW_FACT(arena, Tool, tool);
	char path[PATH_MAX];
	int r = 0;

	if (!fact)
		return -ENOMEM;
	fact->name = arena_strdup(arena, t->name);
	if (!fact->name)
		return -ENOMEM;
	SET_FACT(fact, state, TOOL_STATE__TOOL_MISSING);
	if (tool_find(c, t, path)) {
		fact->path = arena_strdup(arena, path);
		if (!fact->path)
			return -ENOMEM;
		SET_FACT(fact, state, TOOL_STATE__TOOL_CANNOT_TELL);
		r = is_to_be_run(c, t) ? tool_run(c, t, fact) : 0;
	}
	return r < 0 ? r : ADD_FACT(arena, c->host->tool, c->host->n_tool, fact);
}

int
tools_ask(struct probe_context *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		int r = tool_ask(c, &tools[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts that a pool should have: see expected.h. A profile is a host's by the host's own name
 * for itself, or by the name of its file: whoever collects them calls the files as the hosts are
 * called by those who look after them.
 */
#include "cli/expected.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/say.h"

#include <errno.h>

enum { MAX_FILE = 64 << 20, MAX_NAME = 250, MAX_REASON_FILE = 4096, MAX_REASON = 300 };

/* ---- the list -------------------------------------------------------------------------------- */

/* What could lead to a file of another folder, or is more than a name, is none. */
static bool
is_host_name(struct slice name)
{
	if (name.n > MAX_NAME || *name.p == '.' || *name.p == '[')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char) name.p[i] <= ' ' || name.p[i] == 0x7f || strchr("/=,\"'", name.p[i]))
			return false;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strverscmp(*(const char *const *) a, *(const char *const *) b);
}

static bool
is_among(const char *name, const char **sorted, size_t n)
{
	return n > 0 && bsearch(&name, sorted, n, sizeof(*sorted), by_name);
}

static int
read_names(struct slice text, const char *path, struct arena *arena, struct expected *ret)
{
	struct slice line;

	for (unsigned int number = 1; slice_line(&text, &line); number++) {
		const char **place;

		(void) slice_cut_end(&line, "\r");
		line = slice_trim(line);
		if (line.n == 0 || *line.p == '#')
			continue;
		if (!is_host_name(line)) {
			say_error("%s:%u: the name of one host is wanted on a line, and nothing else: '%.*s'", path, number,
				  (int) (line.n < MAX_NAME ? line.n : MAX_NAME), line.p);
			return -EINVAL;
		}
		place = arena_grow(arena, &ret->name, &ret->n, sizeof(*place));
		if (!place)
			return -ENOMEM;
		*place = arena_strndup(arena, line.p, line.n);
		if (!*place)
			return -ENOMEM;
	}
	return 0;
}

/* A name that stands there twice is one host. */
static void
drop_twins(struct expected *e)
{
	size_t kept = 0;

	qsort(e->name, e->n, sizeof(*e->name), by_name);
	for (size_t i = 0; i < e->n; i++)
		if (kept == 0 || !streq(e->name[i], e->name[kept - 1]))
			e->name[kept++] = e->name[i];
	e->n = kept;
}

int
expected_load(const char *path, struct arena *arena, struct expected *ret)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	struct expected e = { .file = path };
	int r = text_load(path, MAX_FILE, &text);

	if (r < 0)
		return r;
	r = read_names(buffer_slice(&text), path, arena, &e);
	if (r == -ENOMEM)
		say_error("out of memory");
	if (r < 0)
		return r;
	if (e.n == 0) {
		say_error("%s: no host is named in it; a name a line is wanted", path);
		return -EINVAL;
	}
	drop_twins(&e);
	*ret = e;
	return 0;
}

/* ---- who is missing -------------------------------------------------------------------------- */

/* The names under which the hosts of g are known, sorted. */
static int
known_names(const struct gate *g, const char ***ret, size_t *ret_n)
{
	const char **name = arena_alloc(g->arena, 2 * g->n_hosts * sizeof(*name));
	size_t n = 0;

	for (size_t i = 0; name && i < g->n_hosts; i++) {
		const char *base = strrchr(g->hosts[i].file, '/');
		struct slice stem = slice_of(base ? base + 1 : g->hosts[i].file);

		(void) slice_cut_end(&stem, ".mc");
		name[n++] = arena_strndup(g->arena, stem.p, stem.n);
		if (!name[n - 1])
			return -ENOMEM;
		if (g->hosts[i].name)
			name[n++] = g->hosts[i].name;
	}
	if (!name)
		return -ENOMEM;
	qsort(name, n, sizeof(*name), by_name);
	*ret = name;
	*ret_n = n;
	return 0;
}

/* The first line of FOLDER/NAME.failed, as far as a report has room for it; NULL: there is none, or no memory. */
static const char *
reason_in(const char *folder, const char *name, struct arena *arena)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const char *path = arena_printf(arena, "%s/%s.failed", folder, name);
	struct slice rest, line = { 0 };
	int r = path ? input_read(path, MAX_REASON_FILE, &text) : -ENOENT;

	if (r == -ENOENT || r == -ENOTDIR)
		return NULL;
	if (r < 0)
		return arena_printf(arena, "%s.failed, which would say why, cannot be read: %s", name,
				    r == -ENOTSUP ? "not a regular file" : error_text(r));
	rest = buffer_slice(&text);
	while (line.n == 0 && slice_line(&rest, &line))
		line = slice_trim(line);
	return line.n == 0 ? NULL : arena_strndup(arena, line.p, line.n < MAX_REASON ? line.n : MAX_REASON);
}

static const char *
why_missing(const char *name, const char *const *paths, size_t n, struct arena *arena)
{
	const char *reason = NULL;

	for (size_t i = 0; i < n && !reason; i++)
		reason = reason_in(paths[i], name, arena);
	return reason ? arena_printf(arena, "no profile came from it: %s", reason)
		      : "it is expected, and no profile came from it";
}

int
expected_add_missing(const struct expected *e, const char *const *paths, size_t n, struct gate *g)
{
	const char **known;
	size_t n_known;
	int r = known_names(g, &known, &n_known);

	for (size_t i = 0; r == 0 && i < e->n; i++) {
		struct gate_host *host;

		if (is_among(e->name[i], known, n_known))
			continue;
		host = arena_grow(g->arena, &g->hosts, &g->n_hosts, sizeof(*host));
		if (!host)
			return -ENOMEM;
		*host = (struct gate_host){
			.name = e->name[i],
			.file = e->file,
			.class = NO_CLASS,
			.why_not = why_missing(e->name[i], paths, n, g->arena),
		};
		if (!host->why_not)
			return -ENOMEM;
		g->n_unseen++;
	}
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool from its files: see pool.h. A host is of the class of another when their facts have the
 * same fingerprint and the same waivers are for hosts of their names.
 */
#include "cli/pool.h"

#include "base/glob.h"
#include "base/text.h"
#include "checker/table.h"
#include "checker/waivers.h"
#include "cli/files.h"
#include "cli/say.h"

#include <errno.h>
#include <libgen.h>
#include <malloc.h>

/* A host on its way into its class. */
struct member {
	const struct pool_file *file;
	const char *name;
	const char *why_not;
	bool is_again;
	uint64_t waivers;		/* which are for hosts of this name, as one number */
	size_t class;
};

struct sorting {
	struct pool *pool;
	struct member *member;
	size_t n;
	bool is_expected;		/* it is known who should be there, so that nobody is an answer, too */
};

/* "nginx" of "trees/nginx.mc" */
static char *
stem_of(struct arena *a, const char *path)
{
	const char *name = strrchr(path, '/');
	struct slice s = slice_of(name ? name + 1 : path);

	(void) slice_cut_end(&s, ".mc");
	return arena_strndup(a, s.p, s.n);
}

/* ---- trees ----------------------------------------------------------------------------------- */

static int
add_tree(struct pool *p, const struct pool_file *f)
{
	struct gate *g = &p->gate;
	struct gate_tree *tree;
	struct snapshot *grown;
	char *name = stem_of(g->arena, f->path);
	int r;

	for (size_t i = 0; name && i < g->n_trees; i++)
		if (streq(g->trees[i].name, name)) {
			say_error("%s and %s: two trees of one name; rename one of the files", g->trees[i].file, f->path);
			return -EEXIST;
		}
	grown = realloc(p->tree, (p->n_tree + 1) * sizeof(*grown));
	tree = arena_grow(g->arena, &g->trees, &g->n_trees, sizeof(*tree));
	if (!name || !grown || !tree) {
		p->tree = grown ? grown : p->tree;
		return -ENOMEM;
	}
	p->tree = grown;
	r = snapshot_load(f->path, SNAPSHOT_KIND__SNAPSHOT_SOURCE, &p->tree[p->n_tree]);
	if (r < 0)
		return r;
	*tree = (struct gate_tree){ .name = name, .file = f->path, .source = p->tree[p->n_tree].facts };
	p->n_tree++;
	return 0;
}

static const char *
machine_of(const Snapshot *s)
{
	return s->host && s->host->kernel && s->host->kernel->machine ? s->host->kernel->machine : NULL;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static uint64_t
waivers_for(const struct waivers *w, const char *host)
{
	uint64_t all = 0;

	for (size_t i = 0; w && i < w->n; i++)
		if (w->waiver[i].host && glob_match(w->waiver[i].host, host))
			all = hash_number(all + i + 1);
	return all;
}

static int
add_host(struct sorting *s, const struct pool_file *f)
{
	struct pool *p = s->pool;
	struct member *m = &s->member[s->n++];
	double days = (double) (p->gate.now_ns - f->profile.taken_at_ns) / 1e9 / 86400;

	*m = (struct member){ .file = f, .name = f->profile.name };
	if (!m->name || !*m->name)
		m->name = stem_of(p->gate.arena, f->path);
	if (*f->error.text)
		m->why_not = f->error.text;
	else if (p->gate.policy->max_age_s && days * 86400 > (double) p->gate.policy->max_age_s)
		m->why_not = arena_printf(p->gate.arena, "it was probed %.1f days ago, which is longer than --max-age", days);
	else if (days < -1)
		m->why_not = arena_printf(p->gate.arena, "it says that it was probed %.1f days from now: a clock is wrong", -days);
	return m->name ? 0 : -ENOMEM;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

/* The same host twice stands together, the newer look first. */
static int
by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	const char *p = x->file->profile.machine_id, *q = y->file->profile.machine_id;
	int r = strverscmp(x->name, y->name);

	if (r == 0)
		r = strcmp(p ? p : "", q ? q : "");
	if (r == 0 && !x->why_not != !y->why_not)
		return x->why_not ? 1 : -1;
	if (r == 0 && x->file->profile.taken_at_ns != y->file->profile.taken_at_ns)
		return x->file->profile.taken_at_ns > y->file->profile.taken_at_ns ? -1 : 1;
	return r ? r : strcmp(x->file->path, y->file->path);
}

/* The look of this host that counts is the first of the run; the others are told, and are no hosts. */
static int
drop_older(struct arena *a, struct member *first, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		first[i].is_again = !first->why_not;
		if (first[i].why_not || first->why_not)
			continue;
		first[i].why_not = arena_printf(a, "a second profile of this host, older than %s", first->file->path);
		if (!first[i].why_not)
			return -ENOMEM;
	}
	return 0;
}

/* One host twice counts once; hosts of one name are told apart by their files. */
static int
part_twins(struct sorting *s)
{
	struct arena *a = s->pool->gate.arena;
	const char *name = NULL;

	qsort(s->member, s->n, sizeof(*s->member), by_name);
	for (size_t i = 0, n; i < s->n; i += n) {
		struct member *m = &s->member[i];
		bool taken = name && streq(m->name, name);

		for (n = 1; i + n < s->n && streq(m[n].name, m->name) &&
			    same_text(m[n].file->profile.machine_id, m->file->profile.machine_id);)
			n++;
		if (drop_older(a, m, n) < 0)
			return -ENOMEM;
		name = m->name;
		if (taken && !m->why_not)
			m->name = arena_printf(a, "%s (%s)", name, m->file->path);
		if (!m->name)
			return -ENOMEM;
	}
	return 0;
}

static int
by_class(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r;

	if (!x->why_not != !y->why_not)
		return x->why_not ? 1 : -1;
	r = x->why_not ? 0 : memcmp(x->file->profile.fingerprint, y->file->profile.fingerprint, DIGEST_SIZE);
	if (r == 0 && x->waivers != y->waivers && !x->why_not)
		return x->waivers < y->waivers ? -1 : 1;
	if (r == 0)
		r = strverscmp(x->name, y->name);
	return r ? r : strcmp(x->file->path, y->file->path);
}

static bool
same_class(const struct member *x, const struct member *y)
{
	return !x->why_not && !y->why_not && x->waivers == y->waivers &&
	       memcmp(x->file->profile.fingerprint, y->file->profile.fingerprint, DIGEST_SIZE) == 0;
}

/* ---- classes --------------------------------------------------------------------------------- */

struct run {
	const struct member *first;
	size_t n;
	const Snapshot *summary;
};

static int
by_size(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strverscmp(x->first->name, y->first->name);
}

static int
add_gate_host(struct gate *g, const struct member *m, size_t class, const char *why_not)
{
	struct gate_host *host = arena_grow(g->arena, &g->hosts, &g->n_hosts, sizeof(*host));

	if (!host)
		return -ENOMEM;
	*host = (struct gate_host){
		.name = m->name,
		.file = m->file->path,
		.taken_at_ns = m->file->profile.taken_at_ns,
		.class = class,
		.why_not = why_not,
		.is_again = m->is_again,
	};
	g->n_unseen += why_not && !m->is_again;
	return 0;
}

static const char *
hex_of(struct arena *a, const uint8_t *bytes)
{
	char hex[DIGEST_HEX];

	digest_hex(bytes, hex);
	return arena_strdup(a, hex);
}

static int
add_class(struct pool *p, const struct run *run)
{
	struct gate *g = &p->gate;
	struct gate_class *class = arena_grow(g->arena, &g->classes, &g->n_classes, sizeof(*class));

	if (!class)
		return -ENOMEM;
	*class = (struct gate_class){
		.name = arena_printf(g->arena, "c%zu", g->n_classes),
		.fingerprint = hex_of(g->arena, run->first->file->profile.fingerprint),
		.facts = run->summary,
		.first = g->n_hosts,
		.n = run->n,
	};
	p->class[g->n_classes - 1] = run->first->file;
	for (size_t i = 0; i < run->n; i++)
		if (add_gate_host(g, &run->first[i], g->n_classes - 1, NULL) < 0)
			return -ENOMEM;
	g->n_judged = g->n_hosts;
	return class->name && class->fingerprint ? 0 : -ENOMEM;
}

/* Why no tree can be compared with the hosts of this class; NULL: some can. */
static const char *
is_foreign(const struct gate *g, const Snapshot *facts)
{
	const char *there = machine_of(facts);

	if (!facts->host)
		return "it holds no facts of a host";
	for (size_t t = 0; there && t < g->n_trees; t++) {
		const char *here = machine_of(g->trees[t].source);

		if (!here || streq(here, there))
			return NULL;
	}
	return there ? arena_printf(g->arena, "another architecture: it is %s, and no tree is", there) : NULL;
}

/* Of a class's facts what is told of it, and its CPU. NULL when memory is short. */
static const Snapshot *
summary_of(struct arena *arena, const Host *host)
{
	Kernel kernel = KERNEL__INIT;
	Host kept = HOST__INIT;
	Snapshot summary = SNAPSHOT__INIT;
	_cleanup_buffer_ struct buffer packed = { 0 };

	summary.host = &kept;
	kept.os_release = host->os_release;
	kept.cpu = host->cpu;
	kept.tool = host->tool;
	kept.n_tool = host->n_tool;
	if (host->kernel) {
		kept.kernel = &kernel;
		kernel.release = host->kernel->release;
		kernel.machine = host->kernel->machine;
	}
	if (buffer_reserve(&packed, snapshot__get_packed_size(&summary)) < 0)
		return NULL;
	return snapshot_unpack_into(arena, packed.p, snapshot__pack(&summary, (uint8_t *) packed.p));
}

static int
look_at_run(struct pool *p, struct run *run, const char **ret_why)
{
	_cleanup_snapshot_ struct snapshot facts = { 0 };
	int r = pool_facts_read(run->first->file, p->sieve, &facts);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		*ret_why = r == -ESTALE ? "it was changed while it was read" : "damaged: its records cannot be read";
		return 0;
	}
	*ret_why = is_foreign(&p->gate, facts.facts);
	if (!*ret_why)
		run->summary = summary_of(p->gate.arena, facts.facts->host);
	return *ret_why || run->summary ? 0 : -ENOMEM;
}

/* Classes by size, then hosts that are not judged, by name. */
static int
make_classes(struct sorting *s)
{
	struct pool *p = s->pool;
	_cleanup_free_ struct run *runs = calloc(s->n + 1, sizeof(*runs));
	size_t n = 0;
	int r = 0;

	p->class = calloc(s->n + 1, sizeof(*p->class));
	if (!runs || !p->class)
		return -ENOMEM;
	qsort(s->member, s->n, sizeof(*s->member), by_class);
	for (size_t i = 0; i < s->n && !s->member[i].why_not;) {
		struct run run = { .first = &s->member[i] };
		const char *why = NULL;

		while (i < s->n && same_class(run.first, &s->member[i])) {
			run.n++;
			i++;
		}
		r = look_at_run(p, &run, &why);
		if (r < 0)
			break;
		for (size_t k = 0; why && k < run.n; k++)
			s->member[i - run.n + k].why_not = why;
		if (!why)
			runs[n++] = run;
	}
	qsort(runs, n, sizeof(*runs), by_size);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_class(p, &runs[i]);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (s->member[i].why_not)
			r = add_gate_host(&p->gate, &s->member[i], NO_CLASS, s->member[i].why_not);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int
sort_files(struct sorting *s)
{
	struct pool *p = s->pool;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->files.n; i++) {
		const struct pool_file *f = &p->files.file[i];

		/* A tree that is damaged is trouble, which add_tree() says; without it nothing is judged. */
		r = f->profile.kind == SNAPSHOT_KIND__SNAPSHOT_SOURCE ? add_tree(p, f) : add_host(s, f);
	}
	if (r == 0 && p->gate.n_trees == 0) {
		say_error("no tree is among them: add what migcheck dump wrote");
		return -ENOENT;
	}
	if (r == 0 && s->n == 0 && !s->is_expected) {
		say_error("no host is among them: add what migcheck probe wrote");
		return -ENOENT;
	}
	if (r == 0)
		r = part_twins(s);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		s->member[i].waivers = waivers_for(p->gate.waivers, s->member[i].name);
	return r == 0 ? make_classes(s) : r;
}

/* Thousands of files and classes come and go: memory that is let go of will be wanted again at once. */
static void
keep_memory(void)
{
	(void) mallopt(M_MMAP_THRESHOLD, 32 << 20);
	(void) mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int
pool_load(const struct pool_asked *asked, struct pool *ret)
{
	_cleanup_pool_ struct pool p = { .gate = { .policy = asked->policy, .waivers = asked->waivers } };
	_cleanup_free_ struct member *member = NULL;
	struct sorting s = { .pool = &p, .is_expected = asked->expected };
	int r;

	keep_memory();
	p.gate.now_ns = clock_realtime_ns();
	p.gate.arena = arena_new(MAX_ARENA_BYTES);
	p.sieve = sieve_new(asked->policy->now ? FACTS_NOW : FACTS_LASTING);
	if (!p.gate.arena || !p.sieve) {
		say_error("out of memory");
		return -ENOMEM;
	}
	r = pool_files_read(asked->paths, asked->n_paths, p.sieve, asked->quiet, &p.files);
	if (r < 0)
		return r;
	member = calloc(p.files.n + 1, sizeof(*member));
	s.member = member;
	r = member ? sort_files(&s) : -ENOMEM;
	if (r == 0 && asked->expected)
		r = expected_add_missing(asked->expected, asked->paths, asked->n_paths, &p.gate);
	if (r == -ENOMEM)
		say_error("out of memory");
	if (r < 0)
		return r;
	*ret = p;
	p = (struct pool){ 0 };
	return 0;
}

void
pool_free(struct pool *p)
{
	for (size_t i = 0; i < p->n_tree; i++)
		snapshot_free(&p->tree[i]);
	free(p->tree);
	free(p->class);
	sieve_free(p->sieve);
	(void) arena_free(p->gate.arena);
	pool_files_free(&p->files);
	*p = (struct pool){ 0 };
}

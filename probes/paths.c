/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the source's paths are on this host:
 *
 *     /usr/lib/libssl.so.3   regular 0644, 669136 bytes, ext4, build-id …, SHA-256 …
 *     /etc/ssl/private/key   regular 0640: only whether it is the same as the source's
 *     /var/run/app.sock      nothing; its folder is there
 *
 * The source is a stranger who may name any path. So nothing is opened before it was seen to
 * be a regular file on a real file system, nothing is read where kind and size already differ,
 * and a digest is told only of what everybody may read: else only whether it equals the digest
 * that the source has, and that only of a file which the source holds open or mapped.
 */
#include "kernel/filesystem.h"
#include "probes/path-maps.h"
#include "probes/paths-look.h"
#include "probes/probes.h"
#include <errno.h>

enum {
	MAX_QUESTIONS = 1000 * 1000,
	BATCH = 16 * 1024,		/* contents read at a time: what is found of each takes kilobytes */
};

/* ---- --brings -------------------------------------------------------------------------- */

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	if (n == 1 && folder[0] == '/')
		return true;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* A path with ".." in it is none that a kernel shows, and could lead out of what was declared. */
bool
path_is_declared(const struct probe_options *o, const struct path_question *q)
{
	if (q->of_host || strstr(q->path, "/.."))
		return false;
	for (const char *const *b = o->brings; b && *b; b++)
		if ((*b)[0] == '/' && is_below(q->path, *b))
			return true;
	return false;
}

/* ---- the crews ------------------------------------------------------------------------- */

/* The mount the path seems to lie on, links not followed. */
static const Mount *
mount_of(const struct paths *a, const struct path_question *q)
{
	const char *below = a->c->options->tree_root;
	char path[2 * 4096];

	if (q->mapped_to)
		return path_mounts_of(&a->mounts, q->mapped_to);
	(void) snprintf(path, sizeof(path), "%s%s", below && !q->of_host ? below : "", q->path);
	return path_mounts_of(&a->mounts, path);
}

bool
path_is_automounted(const struct paths *a, const struct path_question *q)
{
	const Mount *m = mount_of(a, q);

	return m && m->fs_type && streq(m->fs_type, "autofs");
}

static void
look(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct paths *a = arg;
	const struct path_question *q = &a->questions.question[i];
	struct path_seen *seen = result;

	(void) slot;
	if (path_is_declared(a->c->options, q))
		return;
	if (path_is_automounted(a, q))
		seen->error = EOPNOTSUPP;
	else
		path_look(a, q, seen);
}


/* By the mount the path seems to lie on: what hangs there will hang for its other paths too. */
static uint64_t
look_group(size_t i, void *arg)
{
	const struct paths *a = arg;
	const Mount *m = mount_of(a, &a->questions.question[i]);

	return m && filesystem_may_hang(m->fs_type) ? 1ULL << 63 | m->id : 0;
}

static uint64_t
content_group(size_t k, void *arg)
{
	const struct paths *a = arg;

	return look_group(a->order[a->batch + k], arg);
}

static void
read_content(size_t k, void *result, struct crew_slot *slot, void *arg)
{
	const struct paths *a = arg;
	struct path_content *s = result;

	/* What did not answer in the batch before will not do so now. */
	if (a->lost_group && a->lost_group == content_group(k, arg))
		s->identity.state = DIGEST_STATE__DIGEST_TIMED_OUT;
	else
		path_read(a, &a->questions.question[a->order[a->batch + k]], digest_cache_found(a->cached, k), slot,
			  result);
}

static void
report(const struct crew_progress *p, void *arg)
{
	const struct paths *a = arg;
	const struct probe_options *o = a->c->options;

	o->progress(a->batch + p->done, a->n_order, a->bytes + p->bytes, o->progress_arg);
}

/* Look-ups are short and in a hurry. */
static int
paths_look(struct paths *a, struct crew_job *job)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int r;

	job->items = a->questions.n;
	job->result_size = sizeof(struct path_seen);
	job->work = look;
	job->group = look_group;
	r = crew_run(job, &results);
	for (size_t i = 0; r == 0 && i < a->questions.n; i++)
		r = path_answer_add(a, &a->questions.question[i], crew_result(results, i));
	return r < 0 ? r : path_contents_order(a, results);
}

static int
take_read(struct paths *a, const struct path_question *q, PathAnswer *p, const struct path_content *s)
{
	if (!s) {
		SET_FACT(p, digest_state, DIGEST_STATE__DIGEST_TIMED_OUT);
		path_gap(a->c, q, -ETIMEDOUT);
		return 0;
	}
	if (s->identity.state == DIGEST_STATE__DIGEST_FAILED)
		path_gap(a->c, q, -s->identity.error);
	return path_answer_content(a->c->snapshot->arena, p, q->file, s);
}

/* What is to be kept of those that were read, and how many there were. */
static int
keep_contents(struct paths *a, const struct crew_results *results, size_t n_read)
{
	_cleanup_free_ const struct identity **kept = calloc(n_read + 1, sizeof(*kept));
	uint32_t hashed = 0, cached = 0;
	Header *h = a->c->snapshot->facts->header;
	uint64_t bytes = 0;
	size_t n = 0;

	if (!kept)
		return -ENOMEM;
	for (size_t k = 0; k < n_read; k++) {
		const struct path_content *s = crew_result(results, k);

		if (!s)
			continue;
		cached += s->identity.cached;
		bytes += s->identity.bytes;
		hashed += s->identity.state == DIGEST_STATE__DIGEST_DONE && !s->identity.cached;
		if (digest_cache_wants(s->tell ? &s->identity : &s->untold))
			kept[n++] = s->tell ? &s->identity : &s->untold;
	}
	digest_cache_keep(a->c->options->cache, a->c->root, kept, n);
	a->bytes += bytes;
	if (!h)
		return 0;
	SET_FACT(h, files_hashed, h->files_hashed + hashed);
	SET_FACT(h, bytes_hashed, h->bytes_hashed + bytes);
	if (a->c->options->cache)
		SET_FACT(h, files_cached, h->files_cached + cached);
	return 0;
}

/* As many of them as stand in memory at a time. */
static int
batch_read(struct paths *a, struct crew_job *job, PathAnswer **answers)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	size_t left = a->n_order - a->batch;
	int r;

	job->items = left < BATCH ? left : BATCH;
	r = leases_read(a->c->root, &a->leases);
	if (r < 0)
		return r;
	a->cached = digest_cache_look(a->c->options->cache, a->c->root, a->stamp + a->batch, job->items);
	r = crew_run(job, &results);
	if (r == 0)
		r = keep_contents(a, results, job->items);
	for (size_t k = 0; r == 0 && k < job->items; k++) {
		uint32_t i = a->order[a->batch + k];
		const struct path_content *s = crew_result(results, k);

		if (!s && content_group(k, a))
			a->lost_group = content_group(k, a);
		r = take_read(a, &a->questions.question[i], answers[i], s);
	}
	crew_results_free(a->cached);
	a->cached = NULL;
	leases_free(&a->leases);
	a->leases = (struct leases){ 0 };
	return r;
}

/* `answers`: where those of this probe begin. */
static int
contents_read(struct paths *a, struct crew_job *job, PathAnswer **answers)
{
	int r = 0;

	job->result_size = sizeof(struct path_content);
	job->idle = true;
	job->work = read_content;
	job->group = content_group;
	job->progress = a->c->options->progress ? report : NULL;
	for (; r == 0 && a->batch < a->n_order; a->batch += BATCH)
		r = batch_read(a, job, answers);
	return r;
}

/* --map: where the questions are asked. */
static int
put_in_place(const struct paths *a)
{
	char place[MAX_PLACE];

	for (size_t i = 0; a->c->options->n_maps > 0 && i < a->questions.n; i++) {
		struct path_question *q = &a->questions.question[i];

		if (!path_is_mapped(a->c->options, q->path, place))
			continue;
		q->mapped_to = arena_strdup(a->c->snapshot->arena, place);
		if (!q->mapped_to)
			return -ENOMEM;
	}
	return 0;
}

/* Which are to be asked: those of a source, or those that were asked for by themselves. */
static int
find_questions(struct paths *a, struct crew_job *job)
{
	int r;

	if (!a->c->source)
		return path_walk(a, job);
	r = path_questions_make(a->c->source, a->c->snapshot->arena, &a->questions);
	if (r < 0)
		return r;
	if (a->questions.n > MAX_QUESTIONS) {
		gap_note(a->c->gaps, DOMAIN__DOMAIN_FILES, "paths", 0, -EFBIG, NULL, "%zu paths", a->questions.n);
		a->questions.n = MAX_QUESTIONS;
	}
	return put_in_place(a);
}

static int
ask(struct probe_context *c)
{
	Snapshot *s = c->snapshot->facts;
	struct paths a = { .c = c };
	int low = c->root->fd < c->tree_root->fd ? c->root->fd : c->tree_root->fd;
	int keep[] = { low, c->root->fd + c->tree_root->fd - low };
	struct crew_job job = { .deadline_ms = c->options->timeout_ms, .arg = &a, .keep = keep,
				.n_keep = ARRAY_SIZE(keep) };
	size_t begin = s->n_path_answer;
	int r;

	r = path_mounts_make(c->host->filesystems, &a.mounts);
	if (r == 0)
		r = find_questions(&a, &job);
	if (r == 0)
		r = paths_look(&a, &job);
	if (r == 0)
		r = contents_read(&a, &job, s->path_answer + begin);
	free(a.stamp);
	path_mounts_free(&a.mounts);
	return r;
}

int
paths_ask(struct probe_context *c)
{
	return c->source ? ask(c) : 0;
}

int
paths_ask_themselves(struct probe_context *c)
{
	return ask(c);
}

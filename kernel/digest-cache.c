/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All work on the file of the cache is done by a child with a deadline, once before contents are
 * read and once after: a folder on a dead server hangs, a stopped process may hold LMDB's locks,
 * and a file that is damaged or cut short while it is mapped can make LMDB fault. A fault ends in
 * this very child, which then throws the file away.
 *
 * What is found stands in memory shared with the parent; the children that read contents take it
 * where the inode that they hold still bears the same stamp.
 */
#include "kernel/digest-cache.h"
#include "kernel/content-record.h"
#include "kernel/digest-store.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>

enum { DEADLINE_MS = 2000 };		/* without progress */

struct task {
	const struct cache_folder *cache;
	const char *boot_id;		/* NULL: not known */
	size_t n;
	const struct content_stamp *stamp;	/* to be looked up */
	const struct identity *const *id;	/* to be kept */
	struct digest_store store;
	struct crew_slot *slot;
	struct answer *answer;
};

/* In memory shared with the parent. */
struct answer {
	int error;
	struct identity found[];	/* `cached`: it was */
};

/* ---- in the child ---------------------------------------------------------------------- */

static sigjmp_buf before_fault;

static void
note_fault(int signal)
{
	(void) signal;
	siglongjmp(before_fault, 1);
}

/* What `work` says; -EBADMSG where it faulted. */
static int
guarded(int (*work)(struct task *t), struct task *t)
{
	const struct sigaction fault = { .sa_handler = note_fault, .sa_flags = SA_NODEFER };

	(void) sigaction(SIGBUS, &fault, NULL);
	(void) sigaction(SIGSEGV, &fault, NULL);
	(void) sigaction(SIGABRT, &fault, NULL);	/* LMDB's own assertions */
	if (sigsetjmp(before_fault, 1) != 0)
		return -EBADMSG;
	return work(t);
}

/* Throws the file away. What LMDB has mapped of it, and its locks, end with this child. 0 or -errno. */
static int
discard(struct task *t)
{
	int r = digest_store_remove(&t->store);

	cleanup_close(&t->store.folder);
	t->store = DIGEST_STORE_NONE;
	return r;
}

static int
find_all(struct task *t)
{
	int r = digest_store_open(t->cache->path, false, t->cache->room, &t->store);

	for (size_t i = 0; r == 0 && i < t->n; i++) {
		struct content_key key;
		const void *value;
		size_t n;

		crew_alive(t->slot, 0);
		if (content_key_make(&t->stamp[i], t->boot_id, &key) < 0)
			continue;
		r = digest_store_find(&t->store, &key, sizeof(key), &value, &n);
		if (r == 0)
			r = content_record_unpack(&key, value, n, &t->answer->found[i]);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

static void
look(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	struct task *t = arg;
	int r;

	(void) i;
	t->slot = slot;
	t->answer = result;
	r = guarded(find_all, t);
	if (r == -EBADMSG) {
		(void) discard(t);
		for (size_t k = 0; k < t->n; k++)
			t->answer->found[k].cached = false;
	} else {
		digest_store_close(&t->store);
	}
	t->answer->error = r == -ENOENT || r == -EBADMSG ? 0 : r;
}

/* So much of it that it surely fits into an empty file. */
static int
put_all(struct task *t)
{
	uint8_t record[CONTENT_RECORD_MAX];
	struct content_key key;
	size_t bytes = 0;
	int r = digest_store_open(t->cache->path, true, t->cache->room, &t->store);

	for (size_t i = 0; r == 0 && i < t->n && bytes < t->cache->room / 4; i++) {
		crew_alive(t->slot, 0);
		if (content_key_make(&t->id[i]->stamp, t->boot_id, &key) < 0)
			continue;
		r = content_record_pack(&key, t->id[i], record);
		if (r < 0)
			break;
		bytes += sizeof(key) + (size_t) r;
		r = digest_store_put(&t->store, &key, sizeof(key), record, (size_t) r);
	}
	return r == 0 ? digest_store_commit(&t->store) : r;
}

static void
keep(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	struct answer *answer = result;
	struct task *t = arg;
	int r;

	(void) i;
	t->slot = slot;
	r = guarded(put_all, t);
	if ((r == -EBADMSG || r == -ENOSPC) && discard(t) == 0)
		r = guarded(put_all, t);
	if (r == -EBADMSG)
		(void) discard(t);
	else
		digest_store_close(&t->store);
	answer->error = r;
}

/* ---- in the parent --------------------------------------------------------------------- */

static bool
is_used(const struct cache_folder *c, const struct root *root)
{
	return c && c->path && c->error == 0 && !root->recorded;
}

/* `found`: room for so many in the answer. The results, or NULL. */
static struct crew_results *
run(struct cache_folder *c, const struct root *root, struct task *t, size_t found,
    void (*work)(size_t i, void *result, struct crew_slot *slot, void *arg))
{
	_cleanup_buffer_ struct buffer text = { 0 };
	_cleanup_crew_results_ struct crew_results *results = NULL;
	const struct answer *answer;
	const int nothing[] = { -1 };
	const struct crew_job job = {
		.items = 1,
		.result_size = sizeof(struct answer) + found * sizeof(struct identity),
		.children = 1,
		.deadline_ms = DEADLINE_MS,
		.keep = nothing,
		.n_keep = 0,
		.arg = t,
		.work = work,
	};
	struct slice rest, line;

	if (root_read(root, "proc/sys/kernel/random/boot_id", &text, BOOT_ID_ROOM) == 0) {
		rest = buffer_slice(&text);
		if (slice_line(&rest, &line)) {
			text.p[line.n] = '\0';
			t->boot_id = text.p;
		}
	}
	t->cache = c;
	c->error = crew_run(&job, &results);
	if (c->error < 0)
		return NULL;
	answer = crew_result(results, 0);
	c->error = answer ? answer->error : -ETIMEDOUT;
	return answer ? steal_pointer(&results) : NULL;
}

struct crew_results *
digest_cache_look(struct cache_folder *c, const struct root *root, const struct content_stamp *stamp, size_t n)
{
	struct task t = { .store = DIGEST_STORE_NONE, .stamp = stamp, .n = n };

	return is_used(c, root) && n > 0 ? run(c, root, &t, n, look) : NULL;
}

const struct identity *
digest_cache_found(const struct crew_results *found, size_t i)
{
	const struct answer *a = found ? crew_result(found, 0) : NULL;

	return a && a->found[i].cached ? &a->found[i] : NULL;
}

bool
digest_cache_wants(const struct identity *id)
{
	return id->steady && !id->cached && (id->state == DIGEST_STATE__DIGEST_DONE || id->elf_looked);
}

void
digest_cache_keep(struct cache_folder *c, const struct root *root, const struct identity *const *id, size_t n)
{
	struct task t = { .store = DIGEST_STORE_NONE, .id = id, .n = n };

	if (is_used(c, root) && n > 0)
		crew_results_free(run(c, root, &t, 0, keep));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a pool: see pool-files.h. Each thread takes the next file; only the table of what
 * was met is shared.
 */
#include "cli/pool-files.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/say.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { MAX_THREADS = 64, SHOWN_EVERY = 64 };

#define MAX_POOL_FILE (256ULL << 20)

/* ---- which files ----------------------------------------------------------------------------- */

static int
add_file(struct pool_files *f, char *path)
{
	struct pool_file *grown = path ? realloc(f->file, (f->n + 1) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(path);
		return -ENOMEM;
	}
	f->file = grown;
	f->file[f->n++] = (struct pool_file){ .path = path };
	return 0;
}

static int
is_snapshot(const struct dirent *d)
{
	return d->d_name[0] != '.' && slice_ends(slice_of(d->d_name), ".mc");
}

static int
add_folder(struct pool_files *f, const char *path)
{
	struct dirent **name;
	int n = scandir(path, &name, is_snapshot, alphasort), r = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		char *joined = NULL;

		if (r == 0 && asprintf(&joined, "%s/%s", path, name[i]->d_name) < 0)
			joined = NULL;
		if (r == 0)
			r = add_file(f, joined);
		free(name[i]);
	}
	if (n >= 0)
		free(name);
	if (r < 0)
		say_error("%s: %s", path, error_text(r));
	else if (n == 0)
		say_note("%s: no snapshot (*.mc) is in this folder", path);
	return r;
}

static int
add_path(struct pool_files *f, const char *path)
{
	struct stat st;
	int r;

	if (stat(path, &st) < 0) {
		r = -errno;
		say_error("%s: %s", path, error_text(r));
		return r;
	}
	return S_ISDIR(st.st_mode) ? add_folder(f, path) : add_file(f, strdup(path));
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	struct pool_files *files;
	const struct sieve *sieve;
	atomic_size_t next;
	pthread_mutex_t lock;		/* of the table, and of progress */
	struct progress *progress;
	bool short_of_memory;
};

/* A fingerprint's place in the table; the first bytes of a SHA-256 are as good as random. */
static size_t
slot_of(const struct pool_files *f, const uint8_t *fingerprint)
{
	size_t at;

	memcpy(&at, fingerprint, sizeof(at));
	at &= f->slots - 1;
	while (f->slot[at] && memcmp(f->facts[f->slot[at] - 1].fingerprint, fingerprint, DIGEST_SIZE) != 0)
		at = (at + 1) & (f->slots - 1);
	return at;
}

static int
make_room(struct pool_files *f)
{
	struct pool_facts *grown;

	if (f->n_facts < f->room)
		return 0;
	grown = realloc(f->facts, (f->room ? f->room * 2 : 64) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->room = f->room ? f->room * 2 : 64;
	f->facts = grown;
	return 0;
}

/* Keeps the facts of a profile that is unlike those before; lets go of the others. */
static void
keep_facts(struct reading *r, struct profile *p)
{
	struct pool_files *f = r->files;
	size_t at = slot_of(f, p->fingerprint);

	if (f->slot[at]) {
		buffer_free(&p->facts);
		return;
	}
	if (make_room(f) < 0) {
		r->short_of_memory = true;
		return;
	}
	memcpy(f->facts[f->n_facts].fingerprint, p->fingerprint, DIGEST_SIZE);
	f->facts[f->n_facts].packed = p->facts;
	p->facts = (struct buffer){ 0 };
	f->slot[at] = ++f->n_facts;
}

static void
read_one(struct reading *r, struct pool_file *f, struct buffer *bytes)
{
	int error = input_read(f->path, MAX_POOL_FILE, bytes);

	if (error == 0)
		error = profile_read(bytes->p, bytes->n, r->sieve, &f->profile, &f->error);
	if (error < 0 && !*f->error.text)
		(void) snprintf(f->error.text, sizeof(f->error.text), "%s",
				error == -ENOTSUP ? "not a regular file" : error_text(error));
}

static void *
read_files(void *arg)
{
	struct reading *r = arg;
	_cleanup_buffer_ struct buffer bytes = { 0 };

	for (;;) {
		size_t i = atomic_fetch_add(&r->next, 1);
		struct pool_file *f;

		if (i >= r->files->n)
			return NULL;
		f = &r->files->file[i];
		read_one(r, f, &bytes);
		(void) pthread_mutex_lock(&r->lock);
		if (!*f->error.text)
			keep_facts(r, &f->profile);
		if (i % SHOWN_EVERY == 0)
			progress_show(i, r->files->n, 0, r->progress);
		(void) pthread_mutex_unlock(&r->lock);
	}
}

static int
read_all(struct reading *r)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = processors > 1 ? (size_t) processors - 1 : 0, started = 0;
	pthread_t thread[MAX_THREADS];

	for (r->files->slots = 64; r->files->slots < 2 * r->files->n;)
		r->files->slots *= 2;
	r->files->slot = calloc(r->files->slots, sizeof(*r->files->slot));
	if (!r->files->slot)
		return -ENOMEM;
	while (started < n && started < MAX_THREADS && started < r->files->n &&
	       pthread_create(&thread[started], NULL, read_files, r) == 0)
		started++;
	(void) read_files(r);
	while (started > 0)
		(void) pthread_join(thread[--started], NULL);
	return r->short_of_memory ? -ENOMEM : 0;
}

int
pool_files_read(const char *const *paths, size_t n, enum facts_kept kept, bool quiet, struct pool_files *ret)
{
	_cleanup_pool_files_ struct pool_files f = { 0 };
	_cleanup_sieve_ struct sieve *sieve = sieve_new(kept);
	struct progress progress = progress_new(quiet, "reading");
	struct reading reading = {
		.files = &f, .sieve = sieve, .lock = PTHREAD_MUTEX_INITIALIZER, .progress = &progress,
	};
	int r = sieve ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_path(&f, paths[i]);
	if (r == -ENOMEM)
		say_error("out of memory");
	if (r < 0)
		return r;
	r = read_all(&reading);
	progress_end(&progress);
	if (r < 0) {
		say_error("out of memory");
		return r;
	}
	*ret = f;
	f = (struct pool_files){ 0 };
	return 0;
}

struct slice
pool_facts_of(const struct pool_files *f, const uint8_t fingerprint[DIGEST_SIZE])
{
	return buffer_slice(&f->facts[f->slot[slot_of(f, fingerprint)] - 1].packed);
}

void
pool_files_free(struct pool_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->file[i].path);
		profile_free(&f->file[i].profile);
	}
	for (size_t i = 0; i < f->n_facts; i++)
		buffer_free(&f->facts[i].packed);
	free(f->file);
	free(f->facts);
	free(f->slot);
	*f = (struct pool_files){ 0 };
}

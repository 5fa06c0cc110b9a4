/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a pool: see pool-files.h. Each thread takes the next file.
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
	pthread_mutex_t lock;		/* of progress */
	struct progress *progress;
};

static void
read_one(struct reading *r, struct pool_file *f, struct buffer *bytes)
{
	int error = input_read(f->path, MAX_POOL_FILE, bytes);

	if (error == 0) {
		error = profile_read(bytes->p, bytes->n, r->sieve, &f->profile, &f->error);
		if (error < 0)
			f->profile.kind = profile_kind(bytes->p, bytes->n);
	}
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
		buffer_free(&f->profile.facts);
		if (i % SHOWN_EVERY)
			continue;
		(void) pthread_mutex_lock(&r->lock);
		progress_show(i, r->files->n, 0, r->progress);
		(void) pthread_mutex_unlock(&r->lock);
	}
}

static void
read_all(struct reading *r)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = processors > 1 ? (size_t) processors - 1 : 0, started = 0;
	pthread_t thread[MAX_THREADS];

	while (started < n && started < MAX_THREADS && started < r->files->n &&
	       pthread_create(&thread[started], NULL, read_files, r) == 0)
		started++;
	(void) read_files(r);
	while (started > 0)
		(void) pthread_join(thread[--started], NULL);
}

int
pool_files_read(const char *const *paths, size_t n, const struct sieve *sieve, bool quiet,
		struct pool_files *ret)
{
	_cleanup_pool_files_ struct pool_files f = { 0 };
	struct progress progress = progress_new(quiet, "reading");
	struct reading reading = {
		.files = &f, .sieve = sieve, .lock = PTHREAD_MUTEX_INITIALIZER, .progress = &progress,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_path(&f, paths[i]);
	if (r == -ENOMEM)
		say_error("out of memory");
	if (r < 0)
		return r;
	read_all(&reading);
	progress_end(&progress);
	*ret = f;
	f = (struct pool_files){ 0 };
	return 0;
}

int
pool_facts_read(const struct pool_file *f, const struct sieve *sieve, struct snapshot *ret)
{
	_cleanup_buffer_ struct buffer bytes = { 0 };
	_cleanup_profile_ struct profile again = { 0 };
	struct stream_error error = { "" };
	int r = input_read(f->path, MAX_POOL_FILE, &bytes);

	if (r == 0)
		r = profile_read(bytes.p, bytes.n, sieve, &again, &error);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || memcmp(again.fingerprint, f->profile.fingerprint, DIGEST_SIZE) != 0)
		return -ESTALE;
	buffer_free(&bytes);
	return snapshot_unpack(again.facts.p, again.facts.n, ret);
}

void
pool_files_free(struct pool_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->file[i].path);
		profile_free(&f->file[i].profile);
	}
	free(f->file);
	*f = (struct pool_files){ 0 };
}

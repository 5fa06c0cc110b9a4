/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that includes lmdb. Two files in the folder:
 *
 *     digests.mdb        0600, a B-tree: 80 bytes of key, 88 and more of record (content-record.c)
 *     digests.mdb-lock   LMDB's: who reads, who writes
 *
 * and one more key, "format", which names what the records look like. Commits are not waited for
 * (MDB_NOSYNC): after a crash of the machine the file may be damaged, and then it is thrown away.
 *
 * A shared flock(2) on the folder lasts as long as the store is open; who throws the files away
 * takes an exclusive one, so that no two processes write to one file under different locks.
 */
#include "kernel/digest-store.h"
#include "base/cache-folder.h"
#include "base/text.h"
#include "kernel/filesystem.h"
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define DATA "digests.mdb"
#define LOCK DATA "-lock"

/* To be raised when identity_read() learns more or reads otherwise. */
static const char format_key[] = "format", format[] = "migcheck digests 1";

/* Damage is what LMDB did not expect, and also what only a damaged file makes it ask the system for. */
static int
error_of(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -ENOSPC;
	case MDB_READERS_FULL:
		return -EAGAIN;
	case EACCES:
	case EPERM:
	case EROFS:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
	case ENOENT:
	case EIO:
		return -rc;
	default:
		return -EBADMSG;
	}
}

/* LMDB needs a mapping that is the file, and locks that all of the machine see. */
static bool
is_local(int folder)
{
	struct statfs fs;
	const char *name;

	if (fstatfs(folder, &fs) < 0)
		return false;
	name = filesystem_name_of((uint64_t) fs.f_type);
	return name && !filesystem_may_hang(name);
}

static int
files_check(int folder)
{
	int r = cache_file_check(folder, DATA);

	return r < 0 ? r : cache_file_check(folder, LOCK);
}

static int
format_check(struct digest_store *s, bool to_write)
{
	MDB_val key = { .mv_size = sizeof(format_key), .mv_data = (void *) (uintptr_t) format_key };
	MDB_val value = { .mv_size = sizeof(format), .mv_data = (void *) (uintptr_t) format };
	MDB_val found;
	MDB_stat stat;
	int rc = mdb_get(s->txn, s->dbi, &key, &found);

	if (rc == 0)
		return found.mv_size == sizeof(format) && memcmp(found.mv_data, format, sizeof(format)) == 0 ?
			       0 : -EBADMSG;
	if (rc != MDB_NOTFOUND)
		return error_of(rc);
	rc = mdb_stat(s->txn, s->dbi, &stat);
	if (rc != 0 || stat.ms_entries > 0)
		return rc == 0 ? -EBADMSG : error_of(rc);
	return to_write ? error_of(mdb_put(s->txn, s->dbi, &key, &value, 0)) : -ENOENT;
}

/* Beside the folder's, which is open and locked. */
static int
begin(struct digest_store *s, bool to_write, size_t room)
{
	unsigned int flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NOSYNC | MDB_NOMEMINIT | (to_write ? 0 : MDB_RDONLY);
	int rc, dead;

	rc = mdb_env_create(&s->env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, room);
	if (rc == 0)
		rc = mdb_env_open(s->env, DATA, flags, 0600);
	if (rc == 0)
		(void) mdb_reader_check(s->env, &dead);
	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, to_write ? 0 : MDB_RDONLY, &s->txn);
	if (rc == 0)
		rc = mdb_dbi_open(s->txn, NULL, 0, &s->dbi);
	return rc == 0 ? format_check(s, to_write) : error_of(rc);
}

int
digest_store_open(const char *folder, bool to_write, size_t room, struct digest_store *ret)
{
	struct stat st;
	int r;

	*ret = DIGEST_STORE_NONE;
	ret->folder = cache_folder_open(folder, to_write);
	if (ret->folder < 0)
		return ret->folder;
	if (!is_local(ret->folder))
		return -EOPNOTSUPP;
	if (flock(ret->folder, LOCK_SH) < 0)
		return -errno;
	r = files_check(ret->folder);
	if (r < 0)
		return r;
	/* A child's working folder is nobody's but its own: no name on the way can be put in between. */
	if (fchdir(ret->folder) < 0)
		return -errno;
	if (stat(DATA, &st) < 0 && errno == ENOENT && !to_write)
		return -ENOENT;
	return begin(ret, to_write, room);
}

int
digest_store_find(struct digest_store *s, const void *key, size_t n_key, const void **ret_value, size_t *ret_n)
{
	MDB_val k = { .mv_size = n_key, .mv_data = (void *) (uintptr_t) key }, found;
	int rc = mdb_get(s->txn, s->dbi, &k, &found);

	if (rc != 0)
		return error_of(rc);
	*ret_value = found.mv_data;
	*ret_n = found.mv_size;
	return 0;
}

int
digest_store_put(struct digest_store *s, const void *key, size_t n_key, const void *value, size_t n)
{
	MDB_val k = { .mv_size = n_key, .mv_data = (void *) (uintptr_t) key };
	MDB_val v = { .mv_size = n, .mv_data = (void *) (uintptr_t) value };

	return error_of(mdb_put(s->txn, s->dbi, &k, &v, 0));
}

int
digest_store_commit(struct digest_store *s)
{
	return error_of(mdb_txn_commit(steal_pointer(&s->txn)));
}

void
digest_store_close(struct digest_store *s)
{
	if (s->txn)
		mdb_txn_abort(s->txn);
	if (s->env)
		mdb_env_close(s->env);
	cleanup_close(&s->folder);
	*s = DIGEST_STORE_NONE;
}

int
digest_store_remove(const struct digest_store *s)
{
	if (s->folder < 0)
		return -EBADF;
	if (flock(s->folder, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	if (unlinkat(s->folder, DATA, 0) < 0 && errno != ENOENT)
		return -errno;
	(void) unlinkat(s->folder, LOCK, 0);
	return 0;
}

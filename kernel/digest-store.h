/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of the digest cache, by LMDB: keys and values of bytes in a folder of our own.
 *
 * Only for a child that may be killed: a damaged file can make LMDB touch what is not there, and
 * a stopped process can hold its locks (digest-cache.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MDB_env;
struct MDB_txn;

struct digest_store {
	int folder;			/* descriptor, under a shared lock; -1: none */
	struct MDB_env *env;
	struct MDB_txn *txn;
	unsigned int dbi;
};

#define DIGEST_STORE_NONE ((struct digest_store){ .folder = -1 })

/*
 * Opens the store in `folder`, and begins the one transaction. The caller's working folder
 * becomes `folder`. `to_write`: what is missing is made, the last two parts of the path too; `room`:
 * the most bytes that the file may have. 0, or
 *   -ENOENT      there is none (only of reading)
 *   -EPERM       folder or file are not ours, or others may write there
 *   -EOPNOTSUPP  it lies on a server or a daemon's file system
 *   -EBADMSG     it is damaged, or of another version
 *   -errno       of the system
 * In any case digest_store_close() is to follow.
 */
int digest_store_open(const char *folder, bool to_write, size_t room, struct digest_store *ret);

/* *ret_value is valid until the store is closed. 0, -ENOENT, -EBADMSG or -errno. */
int digest_store_find(struct digest_store *s, const void *key, size_t n_key, const void **ret_value,
		      size_t *ret_n);

/* 0, -ENOSPC: no more room, -EBADMSG or -errno. */
int digest_store_put(struct digest_store *s, const void *key, size_t n_key, const void *value, size_t n);

/* Keeps what was put. 0 or as above. */
int digest_store_commit(struct digest_store *s);

/* What was put and not committed is forgotten. */
void digest_store_close(struct digest_store *s);

/*
 * Throws away the files in the folder of `s`, unless another process has the store open. Its
 * map may be damaged: nothing is touched but the folder. 0, -EWOULDBLOCK or -errno.
 */
int digest_store_remove(const struct digest_store *s);

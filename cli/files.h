/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots, reports and other texts in files: read with clear errors, written to a temporary file in the
 * same folder and renamed, mode 0600, so that nothing is ever half-written.
 */
#pragma once

#include "base/buffer.h"
#include "facts/snapshot.h"

/*
 * Reads all of a regular file into `b`. 0 or -errno, and nothing is said: -ENOTSUP it is something
 * else, -EFBIG more than `limit` bytes.
 */
int input_read(const char *path, size_t limit, struct buffer *b);

/* The same also of a pipe that the user named (process substitution): waits for who writes to it. */
int input_or_pipe_read(const char *path, size_t limit, struct buffer *b);

/* Reads the snapshot in `path` ("-": standard input). 0, or -errno after saying why. */
int snapshot_load(const char *path, SnapshotKind kind, struct snapshot *ret);

/*
 * Reads a regular file of text whole, up to `limit` bytes: never a pipe or a device, which may
 * make us wait. 0, or -errno after saying why. The buffer's content is replaced.
 */
int text_load(const char *path, size_t limit, struct buffer *ret);

/* Writes to `path` (NULL or "-": standard output). 0, or -errno after saying why. */
int snapshot_save(const struct snapshot *s, const char *path);
int text_save(const struct buffer *text, const char *path);
int text_save_for_others(const struct buffer *text, const char *path);	/* mode 0644 */

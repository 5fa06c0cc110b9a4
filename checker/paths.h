/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the tree beside what its path is on the destination: what all rules about files
 * ask first.
 */
#pragma once

#include "checker/judge.h"

/* How a restore comes by a file. */
enum file_way {
	WAY_BY_PATH,			/* it opens the path */
	WAY_GHOST,			/* no name is left: the content is in the image */
	WAY_LINK_REMAP,			/* the name is gone, a link of the inode is made at the dump */
	WAY_OTHER,			/* not by a path of ours: criu refuses, or remakes the file system */
};

/* Where a mount is that a descriptor says it is on. */
enum mount_place {
	MOUNT_THERE,			/* in its namespace, or in another that criu dumps */
	MOUNT_ELSEWHERE,		/* detached, or of a namespace that criu does not look at */
	MOUNT_NOT_KNOWN,		/* the mounts of the namespace were not learned */
};

enum mount_place file_mount_place(const struct judge *j, uint64_t mnt_ns, uint32_t mnt_id);

/*
 * On a mount that its namespace does not have: its path means nothing to anybody in there.
 * file-mount-unknown says so; nothing else is to be derived from its name.
 */
bool file_is_foreign(const struct judge *j, const File *f);

/* "/memfd:jit", "/SYSV00000000": memory that the kernel calls a deleted file. */
bool file_never_had_path(const File *f);

enum file_way file_way(const struct judge *j, const File *f);

/*
 * FINE and the answer where the file is to be judged. NOT_ABOUT where the restore does not
 * open the path, where the path is declared to come along (--brings), or where it is on a
 * volume that will be mounted. UNKNOWN (said) where nothing was learned.
 * An answer of kind NONE is given back too: nothing is there.
 */
enum judgement file_answer(struct judge *j, const File *f, const PathAnswer **ret);

/*
 * For a file of which not even the kind was learned: UNKNOWN (said) where a restore would open
 * its path; else NOT_ABOUT.
 */
enum judgement file_of_no_kind(struct judge *j, const File *f);

/* The same inode on the same machine, or on one network file system. */
bool file_is_same(const struct judge *j, const File *f, const PathAnswer *a);

/* Where the path was looked up there: another one where the user says so (--map). */
const char *path_there(const struct judge *j, const char *path);

/* Whether the answer's kind is that of the file. */
bool file_kind_agrees(const File *f, const PathAnswer *a);

/* Whether there is a file at all. */
static inline bool
file_is_there(const PathAnswer *a)
{
	return a->has_kind && a->kind != PATH_KIND__PATH_KIND_NONE;
}

/* Begins a finding about a path that a process of the tree uses. Never NULL. */
struct finding *path_find(struct judge *j, const File *f, const char *here, const char *there);

/* "/proc", "/sys" and their like: made by the kernel, not by anyone who copies files. */
bool file_is_of_kernel(const File *f);

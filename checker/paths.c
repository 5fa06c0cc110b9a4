/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the tree beside the answer for its path:
 *
 *     here   /usr/lib/libssl.so.3  8:1 inode 4711  regular 0644  669136 bytes  build-id 3f2a…
 *     there  /usr/lib/libssl.so.3  regular 0644  669128 bytes
 */
#include "checker/paths.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"

#include <sys/stat.h>

/* File systems that a restore makes anew, with their content, in a mount namespace it makes. */
static const char *const remade[] = {
	"proc", "sysfs", "tmpfs", "devtmpfs", "devpts", "mqueue", "cgroup", "cgroup2",
	"binfmt_misc", "securityfs", "debugfs", "tracefs", "fusectl", "pstore",
};

static const char *const of_kernel[] = {
	"proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "configfs",
	"pstore", "efivarfs", "bpf", "fusectl", "binfmt_misc",
};

static const char *const of_network[] = {
	"nfs", "nfs4", "ceph", "fuse.ceph", "cifs", "smb3", "lustre", "fuse.glusterfs", "gfs2",
	"ocfs2", "9p",
};

/* What the kernel calls memory that never had a path. */
static const char *const pathless[] = {
	"/memfd:", "/SYSV", "/[aio]", "/anon_hugepage", "/secretmem", "/dev/zero", "/dmabuf:",
};

bool
file_never_had_path(const File *f)
{
	if (!f->path || !(f->deleted || (f->has_nlink && f->nlink == 0)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(pathless); i++)
		if (slice_starts(slice_of(f->path), pathless[i]))
			return true;
	return false;
}

static bool
is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; name && i < n; i++)
		if (streq(name, list[i]))
			return true;
	return false;
}

bool
file_is_of_kernel(const File *f)
{
	return is_one_of(f->fs_type, of_kernel, ARRAY_SIZE(of_kernel));
}

/* Mounts of one namespace are read together: where one is known, all are. */
enum mount_place
file_mount_place(const struct judge *j, uint64_t mnt_ns, uint32_t mnt_id)
{
	const Snapshot *s = j->source;
	bool known, dumped, any = false;
	uint64_t of_criu;

	if (index_mount(j->at, mnt_ns, mnt_id))
		return MOUNT_THERE;
	dumped = index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known);
	of_criu = dumped ? namespace_of(s->criu_place->ns, NAMESPACE_KIND__NS_MNT) : 0;
	for (size_t i = 0; i < s->n_mount; i++) {
		any |= s->mount[i]->mnt_ns == mnt_ns;
		/* criu knows the mounts of all namespaces that it dumps, by numbers that are unique */
		if (s->mount[i]->id == mnt_id && s->mount[i]->mnt_ns != of_criu)
			return MOUNT_THERE;
	}
	return any ? MOUNT_ELSEWHERE : MOUNT_NOT_KNOWN;
}

bool
file_is_foreign(const struct judge *j, const File *f)
{
	return f->has_mnt_id && f->has_mnt_ns &&
	       file_mount_place(j, f->mnt_ns, f->mnt_id) == MOUNT_ELSEWHERE;
}

enum file_way
file_way(const struct judge *j, const File *f)
{
	bool known, dumped = index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known);
	const Mount *m;

	if (!f->path || f->path[0] != '/' || file_is_foreign(j, f))
		return WAY_OTHER;
	if (f->has_nlink && f->nlink == 0)
		return file_never_had_path(f) ? WAY_OTHER : WAY_GHOST;
	if (f->path_state == PATH_STATE__PATH_GONE || f->deleted)
		return WAY_LINK_REMAP;
	if (f->path_state == PATH_STATE__PATH_REPLACED)
		return WAY_OTHER;
	m = dumped ? index_mount(j->at, f->mnt_ns, f->mnt_id) : NULL;
	/* The root comes by --root, and a bind of a part from outside, on whatever file system they are. */
	if (m && m->mountpoint && !streq(m->mountpoint, "/") && m->root && streq(m->root, "/") &&
	    is_one_of(m->fs_type, remade, ARRAY_SIZE(remade)))
		return WAY_OTHER;
	return WAY_BY_PATH;
}

/* On a mount of its own below the root: a volume, which the restore mounts from elsewhere. */
static bool
is_on_volume(const struct judge *j, const File *f)
{
	const Mount *m = index_mount(j->at, f->mnt_ns, f->mnt_id);

	return m && m->mountpoint && !streq(m->mountpoint, "/");
}

enum judgement
file_answer(struct judge *j, const File *f, const PathAnswer **ret)
{
	const Host *host = j->destination->host;
	const PathAnswer *a;
	bool known, dumped;

	if (file_way(j, f) != WAY_BY_PATH)
		return NOT_ABOUT;
	dumped = index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known);
	a = S_ISLNK(f->mode) ? index_path_itself(j->there, f->path) : index_path(j->there, f->path);
	if (a && a->declared)
		return NOT_ABOUT;
	if (!known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, f->path,
				     "whether criu would dump the mount namespace");
	if (!a)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, "what is at this path there");
	if (a->timed_out)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path,
				     "its file system there did not answer in time");
	if (!file_is_there(a) && a->error != 0 && a->error != ENOENT && a->error != ENOTDIR)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, errno_name(a->error));
	if (dumped && !file_is_same(j, f, a)) {
		if (!file_is_there(a) && is_on_volume(j, f))
			return NOT_ABOUT;
		if ((!host || !host->root) && !a->mapped_to)
			return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path,
					     "which folder will be the tree's root there (--root)");
	}
	*ret = a;
	return FINE;
}

const char *
path_there(const struct judge *j, const char *path)
{
	const PathAnswer *a = index_path(j->there, path);

	return a && a->mapped_to ? a->mapped_to : path;
}

enum judgement
file_of_no_kind(struct judge *j, const File *f)
{
	const PathAnswer *a;

	if (file_way(j, f) != WAY_BY_PATH)
		return NOT_ABOUT;
	a = index_path(j->there, f->path);
	if (a && a->declared)
		return NOT_ABOUT;
	return judge_unknown(j, false, DOMAIN__DOMAIN_FILES, f->path, "what kind of file it is");
}

bool
file_is_same(const struct judge *j, const File *f, const PathAnswer *a)
{
	if (!file_is_there(a) || !f->has_ino || !a->has_ino || f->ino != a->ino)
		return false;
	if (same_kernel(j))
		return f->dev_major == a->dev_major && f->dev_minor == a->dev_minor;
	return is_one_of(f->fs_type, of_network, ARRAY_SIZE(of_network)) && a->fs_type &&
	       streq(f->fs_type, a->fs_type) && f->has_mtime_ns && f->mtime_ns == a->mtime_ns;
}

bool
file_kind_agrees(const File *f, const PathAnswer *a)
{
	static const uint32_t types[] = {
		[PATH_KIND__PATH_KIND_REGULAR] = S_IFREG,
		[PATH_KIND__PATH_KIND_DIRECTORY] = S_IFDIR,
		[PATH_KIND__PATH_KIND_SYMLINK] = S_IFLNK,
		[PATH_KIND__PATH_KIND_CHARDEV] = S_IFCHR,
		[PATH_KIND__PATH_KIND_BLOCKDEV] = S_IFBLK,
		[PATH_KIND__PATH_KIND_FIFO] = S_IFIFO,
		[PATH_KIND__PATH_KIND_SOCKET] = S_IFSOCK,
	};

	return file_is_there(a) && (size_t) a->kind < ARRAY_SIZE(types) &&
	       types[a->kind] == (f->mode & S_IFMT);
}

struct finding *
path_find(struct judge *j, const File *f, const char *here, const char *there)
{
	struct finding *found = judge_find(j, f->path, here, there);

	found->here_from = judge_text(j, "/proc/%d", f->user_pid);
	found->there_from = path_there(j, f->path);
	return found;
}

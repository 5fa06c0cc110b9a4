/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What file systems this kernel knows now, and what is mounted where we are. /proc/filesystems,
 * in which "nodev" says that a type needs no device:
 *
 *     nodev	tmpfs
 *     	ext4
 *
 * And how much is free where images could be written: on file systems of this machine alone, which answer
 * statfs(2) without asking anybody else. A folder on the way to one may lie elsewhere, so killable
 * children look.
 */
#include "base/crew.h"
#include "kernel/mountinfo.h"
#include "kernel/nslink.h"
#include "probes/probes.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

enum { MAX_LOOKS = 64 };

static int
registered_read(struct probe_context *c, Filesystems *f)
{
	struct arena *arena = c->snapshot->arena;
	struct slice rest, line, word, name;
	char *copy;
	int r;

	r = root_read(c->root, "proc/filesystems", c->text, MAX_PROC_FILE);
	if (r < 0)
		return r;
	rest = buffer_slice(c->text);
	while (slice_line(&rest, &line)) {
		name = SLICE("");
		while (slice_word(&line, &word))
			name = word;
		if (name.n == 0)
			return -EBADMSG;
		copy = arena_strndup(arena, name.p, name.n);
		if (!copy || ADD_FACT(arena, f->registered, f->n_registered, copy) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
mounts_read(struct probe_context *c, Filesystems *f)
{
	_cleanup_root_ struct root self = ROOT_NONE;
	NamespaceSet ns = NAMESPACE_SET__INIT;
	int r;

	r = root_sub(c->root, "proc/self", &self);
	if (r == 0)
		r = nsset_read(&self, &ns);
	if (r == 0)
		r = root_read(&self, "mountinfo", c->text, MAX_PROC_FILE);
	if (r < 0)
		return r;
	return mountinfo_parse(buffer_slice(c->text), c->snapshot->arena, ns.mnt, &f->mount, &f->n_mount);
}

/* ---- what is free ---- */

struct free_space {
	bool known;
	uint64_t bytes;
};

struct looks {
	const struct root *root;
	Mount *mount[MAX_LOOKS];
	size_t n;
};

static bool
is_of_machine(const char *type)
{
	static const char *const types[] = { "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "zfs", "tmpfs", "overlay" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], type))
			return true;
	return false;
}

/* Each file system once: where the whole of it is mounted for writing. */
static bool
is_looked_at(const struct looks *l, const Mount *m)
{
	if (!m->fs_type || !m->mountpoint || !m->options || !is_of_machine(m->fs_type) ||
	    strncmp(m->options, "rw", 2) != 0 || (m->super_options && strncmp(m->super_options, "rw", 2) != 0))
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (l->mount[i]->dev_major == m->dev_major && l->mount[i]->dev_minor == m->dev_minor)
			return false;
	return true;
}

/* Another one may be mounted over it, or over a folder on the way: then nothing is learned. */
static void
look(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct looks *l = arg;
	const Mount *m = l->mount[i];
	_cleanup_close_ int fd = root_openat(l->root, m->mountpoint, O_PATH | O_DIRECTORY);
	struct free_space *free_space = result;
	struct statvfs fs;
	struct stat st;

	(void) slot;
	if (fd < 0 || fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return;
	/* The files of a btrfs have numbers of their own for each subvolume. */
	if (!streq(m->fs_type, "btrfs") && st.st_dev != makedev(m->dev_major, m->dev_minor))
		return;
	*free_space = (struct free_space){ .known = true, .bytes = (uint64_t) fs.f_bavail * fs.f_frsize };
}

static int
free_read(struct probe_context *c, Filesystems *f)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	struct looks looks = { .root = c->root };
	struct crew_job job = {
		.result_size = sizeof(struct free_space),
		.children = 1,
		.deadline_ms = c->options->timeout_ms ? c->options->timeout_ms : 10 * 1000,
		.keep = &c->root->fd,
		.n_keep = 1,
		.arg = &looks,
		.work = look,
	};
	int r;

	for (size_t i = 0; i < f->n_mount && looks.n < MAX_LOOKS; i++)
		if (is_looked_at(&looks, f->mount[i]))
			looks.mount[looks.n++] = f->mount[i];
	job.items = looks.n;
	r = looks.n > 0 ? crew_run(&job, &results) : 0;
	for (size_t i = 0; r == 0 && i < looks.n; i++) {
		const struct free_space *one = crew_result(results, i);

		if (one && one->known)
			SET_FACT(looks.mount[i], free_bytes, one->bytes);
	}
	return r;
}

int
filesystems_ask(struct probe_context *c)
{
	Filesystems *f = NEW_FACT(c->snapshot->arena, Filesystems, filesystems);
	int r;

	if (!f)
		return -ENOMEM;
	c->host->filesystems = f;
	r = registered_read(c, f);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_FILESYSTEMS, "filesystems", 0, r, NULL,
			 "/proc/filesystems");
	r = mounts_read(c, f);
	if (r == 0 && !c->root->recorded)
		r = free_read(c, f);
	if (r < 0 && r != -ENOMEM) {
		gap_note(c->gaps, DOMAIN__DOMAIN_FILESYSTEMS, "filesystems", 0, r, NULL,
			 "/proc/self/mountinfo");
		r = 0;
	}
	return r;
}

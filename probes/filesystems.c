/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What file systems this kernel knows now, and what is mounted where we are. /proc/filesystems,
 * in which "nodev" says that a type needs no device:
 *
 *     nodev	tmpfs
 *     	ext4
 */
#include "kernel/mountinfo.h"
#include "kernel/nslink.h"
#include "probes/probes.h"
#include <errno.h>

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
	if (r < 0 && r != -ENOMEM) {
		gap_note(c->gaps, DOMAIN__DOMAIN_FILESYSTEMS, "filesystems", 0, r, NULL,
			 "/proc/self/mountinfo");
		r = 0;
	}
	return r;
}

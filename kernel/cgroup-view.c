/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hierarchies in sight. mountinfo alone says where they are mounted, /proc/self/cgroup
 * which exist though nobody mounted them here, /proc/cgroups which controllers the kernel has
 * and has not disabled; in cgroup2 the root's cgroup.controllers says what it may use.
 *
 *     35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
 *     41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
 */
#include "kernel/cgroup-view.h"

#include "kernel/cgroup.h"
#include "kernel/mountinfo.h"

#include <errno.h>

static int
read_noted(const struct root *root, const char *path, struct buffer *b, struct gaps *gaps,
	   const char *collector)
{
	int r = root_read(root, path, b, MAX_PROC_FILE);

	/* A kernel with cgroup2 alone may have no /proc/cgroups. */
	if (r < 0 && !(r == -ENOENT && streq(path, "/proc/cgroups")))
		gap_note(gaps, DOMAIN__DOMAIN_CGROUPS, collector, 0, r, NULL, "%s", path);
	return r;
}

/* A text that cannot be parsed is a gap; only want of memory ends the work. */
static int
parsed(int r, const char *path, struct gaps *gaps, const char *collector)
{
	if (r < 0 && r != -ENOMEM) {
		gap_note(gaps, DOMAIN__DOMAIN_CGROUPS, collector, 0, r, NULL, "%s", path);
		return 0;
	}
	return r;
}

static int
available_read(const struct root *root, struct arena *arena, struct buffer *b, Cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->n_hierarchy; i++) {
		CgroupHierarchy *h = cgroups->hierarchy[i];
		struct slice text;

		if (*h->controllers || !h->mountpoint ||
		    root_readf(root, b, MAX_PROC_FILE, "%s/cgroup.controllers", h->mountpoint) < 0)
			continue;
		text = buffer_slice(b);
		(void) slice_cut_end(&text, "\n");
		h->available = arena_strndup(arena, text.p, text.n);
		if (!h->available)
			return -ENOMEM;
	}
	return 0;
}

int
cgroup_view_read(const struct root *root, struct arena *arena, struct gaps *gaps,
		 const char *collector, Cgroups *ret, CgroupSet *ret_own)
{
	_cleanup_buffer_ struct buffer text = {};
	Cgroups cgroups;
	CgroupSet own;
	Mount **mount = NULL;
	size_t n = 0;
	bool mounts_known = false;
	int r;

	cgroups__init(&cgroups);
	cgroup_set__init(&own);
	if (read_noted(root, "/proc/cgroups", &text, gaps, collector) == 0) {
		r = cgroup_controllers_parse(buffer_slice(&text), arena, &cgroups);
		if (parsed(r, "/proc/cgroups", gaps, collector) < 0)
			return -ENOMEM;
	}
	if (read_noted(root, "/proc/self/cgroup", &text, gaps, collector) == 0) {
		r = cgroup_parse(buffer_slice(&text), arena, &own);
		if (parsed(r, "/proc/self/cgroup", gaps, collector) < 0)
			return -ENOMEM;
	}
	if (read_noted(root, "/proc/self/mountinfo", &text, gaps, collector) == 0) {
		r = mountinfo_parse(buffer_slice(&text), arena, 0, &mount, &n);
		mounts_known = r == 0;
		if (parsed(r, "/proc/self/mountinfo", gaps, collector) < 0)
			return -ENOMEM;
	}
	r = cgroup_hierarchies_find(mount, n, &own, arena, &cgroups);
	if (r < 0)
		return r;
	if (!mounts_known)
		SET_FACT(&cgroups, mode, CGROUP_MODE__CGROUP_MODE_UNKNOWN);
	r = available_read(root, arena, &text, &cgroups);
	if (r < 0)
		return r;
	*ret = cgroups;
	if (ret_own)
		*ret_own = own;
	return 0;
}

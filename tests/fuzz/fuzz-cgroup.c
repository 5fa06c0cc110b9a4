/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as /proc/PID/cgroup, as /proc/cgroups, and as a mount table with hierarchies in it:
 * three texts, parted by NUL.
 */
#include "kernel/cgroup-folder.h"
#include "kernel/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice
next_text(struct slice *rest)
{
	struct slice text = { .p = rest->p, .n = 0 };

	(void) slice_field(rest, '\0', &text);
	return text;
}

static void
look(const Cgroups *cgroups, const CgroupSet *set)
{
	char folder[PATH_MAX];

	for (size_t i = 0; i < set->n_membership; i++) {
		const CgroupMembership *m = set->membership[i];
		const CgroupHierarchy *h = cgroup_hierarchy_of(cgroups, m->controllers);

		if (!h)
			abort();
		if (cgroup_folder(h, m->path, folder) == 0 && strstr(folder + strlen(h->mountpoint), "/../"))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new(64 << 20);
	struct slice rest = { .p = (const char *) data, .n = size }, text;
	Cgroups cgroups;
	CgroupSet set;
	Mount **mount = NULL;
	uint64_t number;
	size_t n = 0;

	if (!arena || size > 64 * 1024)
		return 0;
	cgroups__init(&cgroups);
	cgroup_set__init(&set);
	text = next_text(&rest);
	(void) cgroup_limit_parse(text, &number);
	(void) cgroup_key_parse(text, "frozen", &number);
	(void) cgroup_parse(text, arena, &set);
	(void) cgroup_controllers_parse(next_text(&rest), arena, &cgroups);
	(void) mountinfo_parse(rest, arena, 1, &mount, &n);
	if (cgroup_hierarchies_find(mount, n, &set, arena, &cgroups) < 0)
		return 0;
	look(&cgroups, &set);
	if (!cgroup_sets_equal(&set, &set))
		abort();
	return 0;
}

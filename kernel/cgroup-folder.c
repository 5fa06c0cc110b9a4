/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a cgroup. The path in /proc/PID/cgroup and the root field of the hierarchy's
 * mount are both seen from the reader's cgroup namespace, so the folder is the mountpoint and
 * what of the path lies below that root:
 *
 *     mount root /docker/4f1, mountpoint /sys/fs/cgroup/memory
 *     path       /docker/4f1/web   →   /sys/fs/cgroup/memory/web
 *
 * The files are those that CRIU 4.2 records for v1 (for v2 it records only the cgroup.* ones),
 * and those in which v2 keeps the limits that it does not record. memory.max: "max" or
 * "268435456"; memory.limit_in_bytes without a limit: "9223372036854771712"; cgroup.events:
 *
 *     populated 1
 *     frozen 0
 */
#include "kernel/cgroup-folder.h"

#include <errno.h>
#include <fcntl.h>

enum { MAX_VALUE = 64 * 1024 };

/* v1 without a limit: LONG_MAX rounded down to a page. */
#define V1_UNLIMITED 0x7fffffffffff0000ULL

struct file {
	const char *controller;			/* NULL: in every v1 hierarchy */
	const char *name;
};

static const struct file files_v1[] = {
	{ "cpu", "cpu.shares" },
	{ "cpu", "cpu.cfs_period_us" },
	{ "cpu", "cpu.cfs_quota_us" },
	{ "cpu", "cpu.rt_period_us" },
	{ "cpu", "cpu.rt_runtime_us" },
	{ "memory", "memory.limit_in_bytes" },
	{ "memory", "memory.memsw.limit_in_bytes" },
	{ "memory", "memory.swappiness" },
	{ "memory", "memory.soft_limit_in_bytes" },
	{ "memory", "memory.move_charge_at_immigrate" },
	{ "memory", "memory.oom_control" },
	{ "memory", "memory.use_hierarchy" },
	{ "memory", "memory.kmem.limit_in_bytes" },
	{ "memory", "memory.kmem.tcp.limit_in_bytes" },
	{ "memory", "memory.usage_in_bytes" },
	{ "cpuset", "cpuset.cpus" },
	{ "cpuset", "cpuset.mems" },
	{ "cpuset", "cpuset.effective_cpus" },
	{ "cpuset", "cpuset.effective_mems" },
	{ "cpuset", "cpuset.memory_migrate" },
	{ "cpuset", "cpuset.cpu_exclusive" },
	{ "cpuset", "cpuset.mem_exclusive" },
	{ "cpuset", "cpuset.mem_hardwall" },
	{ "cpuset", "cpuset.memory_spread_page" },
	{ "cpuset", "cpuset.memory_spread_slab" },
	{ "cpuset", "cpuset.sched_load_balance" },
	{ "cpuset", "cpuset.sched_relax_domain_level" },
	{ "blkio", "blkio.weight" },
	{ "net_cls", "net_cls.classid" },
	{ "net_prio", "net_prio.ifpriomap" },
	{ "pids", "pids.max" },
	{ "pids", "pids.current" },
	{ "devices", "devices.list" },
	{ "freezer", "freezer.state" },
	{ NULL, "cgroup.clone_children" },
	{ NULL, "notify_on_release" },
};

static const struct file files_v2[] = {
	{ NULL, "cgroup.type" },
	{ NULL, "cgroup.controllers" },
	{ NULL, "cgroup.subtree_control" },
	{ NULL, "cgroup.max.descendants" },
	{ NULL, "cgroup.max.depth" },
	{ NULL, "cgroup.freeze" },
	{ NULL, "cgroup.events" },
	{ NULL, "cpu.weight" },
	{ NULL, "cpu.max" },
	{ NULL, "cpu.idle" },
	{ NULL, "cpuset.cpus" },
	{ NULL, "cpuset.mems" },
	{ NULL, "cpuset.cpus.effective" },
	{ NULL, "cpuset.mems.effective" },
	{ NULL, "cpuset.cpus.partition" },
	{ NULL, "memory.min" },
	{ NULL, "memory.low" },
	{ NULL, "memory.high" },
	{ NULL, "memory.max" },
	{ NULL, "memory.swap.max" },
	{ NULL, "memory.zswap.max" },
	{ NULL, "memory.oom.group" },
	{ NULL, "memory.current" },
	{ NULL, "io.weight" },
	{ NULL, "io.max" },
	{ NULL, "pids.max" },
	{ NULL, "pids.current" },
	{ NULL, "misc.max" },
	{ NULL, "rdma.max" },
};

/* Where v1 and v2 keep the same thing. */
struct names {
	const char *memory_limit, *memory_used, *memory_cache;
};

static const struct names names_v1 = { "memory.limit_in_bytes", "memory.usage_in_bytes",
				       "total_inactive_file" };
static const struct names names_v2 = { "memory.max", "memory.current", "inactive_file" };

static bool
is_v2(const CgroupHierarchy *h)
{
	return *h->controllers == '\0';
}

/* Whether `path` lies at or below `root`, and what of it is below. */
static bool
path_below(const char *path, const char *root, const char **ret)
{
	size_t n = strlen(root);

	while (n > 0 && root[n - 1] == '/')
		n--;
	if (strncmp(path, root, n) != 0 || (path[n] != '\0' && path[n] != '/'))
		return false;
	*ret = path + n;
	return true;
}

/* "/.." is above the reader's cgroup namespace, which a mount shows only by its own root. */
static bool
leads_up(const char *rest)
{
	return strstr(rest, "/../") || slice_ends(slice_of(rest), "/..");
}

int
cgroup_folder(const CgroupHierarchy *h, const char *path, char ret[PATH_MAX])
{
	const char *rest;
	int n;

	if (!h->mountpoint || !h->root)
		return -ENOTSUP;
	if (!path_below(path, h->root, &rest) || leads_up(rest))
		return -EXDEV;
	n = snprintf(ret, PATH_MAX, "%s%s", h->mountpoint, streq(rest, "/") ? "" : rest);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int
cgroup_look(const struct cgroup_place *place)
{
	_cleanup_close_ int fd = -1;
	char folder[PATH_MAX];
	int r = cgroup_folder(place->hierarchy, place->path, folder);

	if (r < 0)
		return r;
	fd = root_openat(place->root, folder, O_PATH | O_DIRECTORY);
	return fd < 0 ? fd : 0;
}

static int
value_read(const struct root *root, const char *folder, const char *name, struct buffer *b)
{
	int r = root_readf(root, b, MAX_VALUE, "%s/%s", folder, name);

	while (r == 0 && b->n > 0 && b->p[b->n - 1] == '\n')
		b->p[--b->n] = '\0';
	return r;
}

/* Files that a kernel has but cannot answer for this cgroup are as good as absent. */
static bool
is_absent(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP;
}

int
cgroup_values_read(const struct cgroup_place *place, struct arena *arena,
		   CgroupValue ***value, size_t *n, struct gaps *gaps, const char *collector)
{
	bool v2 = is_v2(place->hierarchy);
	const struct file *files = v2 ? files_v2 : files_v1;
	size_t n_files = v2 ? ARRAY_SIZE(files_v2) : ARRAY_SIZE(files_v1);
	_cleanup_buffer_ struct buffer text = {};
	char folder[PATH_MAX];
	int r = cgroup_folder(place->hierarchy, place->path, folder);

	if (r < 0)
		return 0;
	for (size_t i = 0; i < n_files; i++) {
		CgroupValue *v;

		if (files[i].controller &&
		    !cgroup_list_has(place->hierarchy->controllers, files[i].controller))
			continue;
		r = value_read(place->root, folder, files[i].name, &text);
		if (is_absent(r))
			continue;
		if (r < 0) {
			gap_note(gaps, DOMAIN__DOMAIN_CGROUPS, collector, 0, r, NULL, "%s/%s",
				 folder, files[i].name);
			continue;
		}
		v = NEW_FACT(arena, CgroupValue, cgroup_value);
		if (!v)
			return -ENOMEM;
		v->name = arena_strdup(arena, files[i].name);
		v->value = arena_strndup(arena, buffer_slice(&text).p, text.n);
		if (!v->name || !v->value || ADD_FACT(arena, *value, *n, v) < 0)
			return -ENOMEM;
	}
	return 0;
}

int
cgroup_limit_parse(struct slice text, uint64_t *ret)
{
	uint64_t value;

	text = slice_trim(text);
	(void) slice_cut_end(&text, "\n");
	if (slice_eq(text, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	if (parse_u64(text, 10, &value) < 0)
		return -EINVAL;
	*ret = value >= V1_UNLIMITED ? UINT64_MAX : value;
	return 0;
}

int
cgroup_key_parse(struct slice text, const char *key, uint64_t *ret)
{
	struct slice line, word;

	while (slice_line(&text, &line))
		if (slice_word(&line, &word) && slice_eq(word, key))
			return parse_u64(slice_trim(line), 10, ret) < 0 ? -ENOENT : 0;
	return -ENOENT;
}

static int
number_read(const struct root *root, const char *folder, const char *name, struct buffer *b,
	    uint64_t *ret)
{
	int r = value_read(root, folder, name, b);

	return r < 0 ? r : cgroup_limit_parse(buffer_slice(b), ret);
}

/* Notes a limit; true when it leaves less room than those before. */
static bool
room_note(struct cgroup_room *room, uint64_t limit, uint64_t used)
{
	uint64_t left = limit > used ? limit - used : 0;
	uint64_t best = room->limit > room->used ? room->limit - room->used : 0;
	bool less;

	if (limit == UINT64_MAX)
		return false;
	less = !room->limited || left < best;
	if (less) {
		room->limit = limit;
		room->used = used;
	}
	if (!room->limited || limit < room->tightest)
		room->tightest = limit;
	room->limited = true;
	return less;
}

static void
limits_note(const struct root *root, const char *folder, const struct names *names,
	    struct buffer *b, struct cgroup_limits *limits)
{
	uint64_t limit, used, cache;

	if (number_read(root, folder, names->memory_limit, b, &limit) == 0 &&
	    number_read(root, folder, names->memory_used, b, &used) == 0 &&
	    room_note(&limits->memory, limit, used)) {
		limits->memory_reclaimable = 0;
		if (value_read(root, folder, "memory.stat", b) == 0 &&
		    cgroup_key_parse(buffer_slice(b), names->memory_cache, &cache) == 0)
			limits->memory_reclaimable = cache < used ? cache : used;
	}
	if (number_read(root, folder, "pids.max", b, &limit) == 0 &&
	    number_read(root, folder, "pids.current", b, &used) == 0)
		(void) room_note(&limits->pids, limit, used);
}

/* What an ancestor, so many levels above, says to folders below it. False: it is not there. */
static bool
folders_note(const struct root *root, const char *folder, unsigned int levels, struct buffer *b,
	     struct cgroup_limits *limits)
{
	uint64_t limit, used;

	if (value_read(root, folder, "cgroup.events", b) < 0)
		return false;
	if (number_read(root, folder, "cgroup.max.depth", b, &limit) == 0)
		limits->too_deep |= levels > limit;
	if (number_read(root, folder, "cgroup.max.descendants", b, &limit) == 0 &&
	    value_read(root, folder, "cgroup.stat", b) == 0 &&
	    cgroup_key_parse(buffer_slice(b), "nr_descendants", &used) == 0)
		(void) room_note(&limits->folders, limit, used);
	return true;
}

/* Cuts the last name off; false when the mountpoint itself was reached. */
static bool
folder_up(char *folder, const char *mountpoint)
{
	char *slash = strrchr(folder, '/');

	if (!slash || streq(folder, mountpoint) || strlen(folder) <= strlen(mountpoint))
		return false;
	*slash = '\0';
	return strlen(folder) >= strlen(mountpoint);
}

void
cgroup_limits_read(const struct cgroup_place *place, struct cgroup_limits *ret)
{
	const struct names *names = is_v2(place->hierarchy) ? &names_v2 : &names_v1;
	_cleanup_buffer_ struct buffer text = {};
	struct cgroup_limits limits = {};
	unsigned int levels = 0;
	char folder[PATH_MAX];

	if (cgroup_folder(place->hierarchy, place->path, folder) == 0)
		do {
			limits_note(place->root, folder, names, &text, &limits);
			/* The root of the hierarchy is there, and has no such files. */
			if (is_v2(place->hierarchy) && !folders_note(place->root, folder, levels, &text, &limits) &&
			    !streq(folder, place->hierarchy->mountpoint))
				limits.missing++;
			levels++;
		} while (folder_up(folder, place->hierarchy->mountpoint));
	*ret = limits;
}

static int
frozen_now(const struct root *root, const char *folder, bool v2, struct buffer *b, bool *ret)
{
	uint64_t frozen;
	int r = value_read(root, folder, v2 ? "cgroup.events" : "freezer.state", b);

	if (r == -ENOENT)
		return -ENODATA;
	if (r < 0)
		return r;
	if (!v2) {
		*ret = !slice_eq(buffer_slice(b), "THAWED");
		return 0;
	}
	if (cgroup_key_parse(buffer_slice(b), "frozen", &frozen) < 0)
		return -ENODATA;
	*ret = frozen != 0;
	return 0;
}

int
cgroup_frozen_read(const struct cgroup_place *place, bool *ret_frozen, char ret_at[PATH_MAX])
{
	const CgroupHierarchy *h = place->hierarchy;
	bool v2 = is_v2(h), frozen = false;
	_cleanup_buffer_ struct buffer text = {};
	char folder[PATH_MAX];
	uint64_t own;
	int r;

	if (!v2 && !cgroup_list_has(h->controllers, "freezer"))
		return -ENODATA;
	r = cgroup_folder(h, place->path, folder);
	if (r < 0)
		return r;
	r = frozen_now(place->root, folder, v2, &text, &frozen);
	if (r < 0)
		return r;
	*ret_frozen = frozen;
	*ret_at = '\0';
	if (!frozen)
		return 0;
	do {
		if (number_read(place->root, folder, v2 ? "cgroup.freeze" : "freezer.self_freezing",
				&text, &own) == 0 && own != 0) {
			(void) snprintf(ret_at, PATH_MAX, "%s", folder);
			return 0;
		}
	} while (folder_up(folder, h->mountpoint));
	return 0;
}

static int
count_folder(const char *name, unsigned char d_type, void *arg)
{
	(void) name;
	if (d_type == DT_DIR)
		(*(int *) arg)++;
	return 0;
}

int
cgroup_children_count(const struct cgroup_place *place)
{
	char folder[PATH_MAX];
	int n = 0, r = cgroup_folder(place->hierarchy, place->path, folder);

	if (r < 0)
		return r;
	r = root_list(place->root, folder, count_folder, &n);
	return r < 0 ? r : n;
}

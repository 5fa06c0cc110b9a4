/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of cgroups: where CRIU would have to make folders, as many are made below the same
 * parent, a helper moves itself into the last, and they are removed. Their name says whose they are:
 *
 *     /sys/fs/cgroup/pids/system.slice/migcheck-rehearsal-4211-873645
 *                                                          pid  start time
 *
 * They are the only thing that a rehearsal makes outside its namespaces, and what stays when it is
 * killed between two calls. So whoever rehearses next removes those of processes that are gone; rmdir(2)
 * takes no folder in which anything lives.
 */
#include "probes/rehearse.h"

#include "base/text.h"
#include "kernel/cgroup-folder.h"
#include "kernel/mountinfo.h"
#include "kernel/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/statfs.h>

#define PREFIX "migcheck-rehearsal-"

enum {
	MAX_LEVELS = 32,		/* of folders that are missing */
	MAX_DEPTH = 64,			/* of the folders that are walked for left-overs */
	MAX_NAME = 64,
};

static int
own_name(const struct probe_context *c, char ret[MAX_NAME])
{
	struct task_stat stat;
	int r = root_read(c->root, "/proc/self/stat", c->text, MAX_PROC_FILE);

	if (r == 0)
		r = stat_parse(buffer_slice(c->text), &stat);
	if (r < 0)
		return r;
	(void) snprintf(ret, MAX_NAME, PREFIX "%d-%llu", stat.pid, (unsigned long long) stat.start_time);
	return 0;
}

/* ---- the plan ------------------------------------------------------------------------------- */

/* The folder of the nearest ancestor that is there, and how many are missing below it. */
static int
parent_of(const struct cgroup_place *place, char ret_folder[PATH_MAX], uint64_t *ret_levels)
{
	char path[PATH_MAX];
	struct cgroup_place at = *place;
	uint64_t levels = 0;
	size_t n = strlen(place->path);
	int r;

	if (n >= sizeof(path) || place->path[0] != '/')
		return -ENAMETOOLONG;
	memcpy(path, place->path, n + 1);
	at.path = path;
	for (r = -ENOENT; r == -ENOENT && n > 1; r = cgroup_look(&at)) {
		while (n > 1 && path[n - 1] != '/')
			n--;
		n -= n > 1;
		path[n] = '\0';
		levels++;
	}
	if (r == 0)
		r = cgroup_folder(at.hierarchy, path, ret_folder);
	if (r == 0)
		*ret_levels = levels;
	return r;
}

static int
add(struct rehearsal *h, const CgroupAnswer *a, const char *name)
{
	struct arena *arena = h->c->snapshot->arena;
	const struct cgroup_place place = {
		.root = h->c->root,
		.hierarchy = cgroup_hierarchy_of(h->c->host->cgroups, a->controllers),
		.path = a->path,
	};
	struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_CGROUP,
		.detail = "mkdir(2) below the nearest folder that is there, a process of migcheck moved into it",
		.what = a,
	};
	char folder[PATH_MAX], *text;

	/* A path that cannot be shown here is told of by the facts. */
	if (!place.hierarchy || parent_of(&place, folder, &t.number) < 0 || t.number > MAX_LEVELS)
		return 0;
	text = arena_alloc(arena, strlen(folder) + 1 + strlen(name) + 1);
	if (!text)
		return -ENOMEM;
	(void) sprintf(text, "%s/%s", folder, name);
	t.text = text;
	return rehearsal_add(h, &t, "%s:%s", *a->controllers ? a->controllers : "cgroup2", a->path);
}

static int
plan(struct rehearsal *h)
{
	const Snapshot *s = h->c->snapshot->facts;
	char name[MAX_NAME];
	int r = own_name(h->c, name);

	for (size_t i = 0; r == 0 && i < s->n_cgroup_answer && h->c->host->cgroups; i++) {
		const CgroupAnswer *a = s->cgroup_answer[i];

		if (a->hierarchy_found && a->has_exists && !a->exists && a->controllers && a->path)
			r = add(h, a, name);
	}
	return r;
}

/* ---- in the worker -------------------------------------------------------------------------- */

static bool
is_cgroup(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

/* Opens the folder that holds the last component of `path`, and says where that begins. */
static int
holder_open(const struct root *r, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_close_ int fd = -1;
	char folder[PATH_MAX];

	if (!slash || (size_t) (slash - path) >= sizeof(folder))
		return -ENAMETOOLONG;
	memcpy(folder, path, (size_t) (slash - path));
	folder[slash - path] = '\0';
	fd = root_openat(r, folder, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (!is_cgroup(fd))
		return -ENOTSUP;
	*ret_name = slash + 1;
	return steal_fd(&fd);
}

static int
move_in(void *arg)
{
	const struct root *folder = arg;

	return rehearsal_write(folder, "cgroup.procs", "0");
}

/*
 * A new cpuset of v1 has no processors yet, and in a frozen cgroup nobody could end the helper.
 * Whether threads alone may live there (EOPNOTSUPP) depends on what CRIU writes into cgroup.type.
 */
static int
try_to_move_in(const char *controllers, int fd)
{
	struct root folder = { .fd = fd };
	int r;

	if (mount_has_option(controllers, "cpuset") || mount_has_option(controllers, "freezer"))
		return 0;
	/* Else the host's release agent would hear of it. */
	r = rehearsal_write(&folder, "notify_on_release", "0");
	if (r < 0 && r != -ENOENT)
		return r;
	r = rehearsal_helper(0, move_in, &folder);
	return r == -EOPNOTSUPP ? 0 : r;
}

/* Makes `levels` folders, each in the one before, and takes them back. */
static int
make_and_remove(const char *controllers, int parent, const char *name, uint64_t levels)
{
	_cleanup_close_ int fd = -1;
	int r = 0;

	if (mkdirat(parent, name, 0755) < 0)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		r = -errno;
	else if (levels > 1)
		r = make_and_remove(controllers, fd, name, levels - 1);
	else
		r = try_to_move_in(controllers, fd);
	(void) unlinkat(parent, name, AT_REMOVEDIR);
	return r;
}

static int
attempt(struct rehearsal *h, const struct trial *t)
{
	const CgroupAnswer *a = t->what;
	const char *name;
	_cleanup_close_ int parent = holder_open(&h->root, t->text, &name);

	return parent < 0 ? -parent : make_and_remove(a->controllers, parent, name, t->number);
}

/* ---- what was left behind ------------------------------------------------------------------- */

struct walk {
	const struct probe_context *c;
	struct root folder;
	const char *own;
	unsigned int depth;
};

/* Does it bear the name of a process that is gone, or of ourselves? */
static bool
is_left_over(const struct walk *w, const char *name)
{
	struct slice rest = slice_of(name), field;
	struct task_stat stat;
	uint64_t start;
	int32_t pid;
	int r;

	if (streq(name, w->own))
		return true;
	if (!slice_cut(&rest, PREFIX) || !slice_field(&rest, '-', &field) || parse_i32(field, &pid) < 0 ||
	    pid < 1 || parse_u64(rest, 10, &start) < 0)
		return false;
	r = root_readf(w->c->root, w->c->text, MAX_PROC_FILE, "/proc/%d/stat", pid);
	if (r < 0)
		return r == -ENOENT || r == -ESRCH;
	return stat_parse(buffer_slice(w->c->text), &stat) == 0 && stat.start_time != start;
}

static int
clear_below(const char *name, unsigned char d_type, void *arg)
{
	const struct walk *w = arg;
	struct walk below = *w;

	if (d_type != DT_DIR || w->depth >= MAX_DEPTH || root_sub(&w->folder, name, &below.folder) < 0)
		return 0;
	below.depth++;
	if (is_cgroup(below.folder.fd))
		(void) root_list(&below.folder, ".", clear_below, &below);
	root_close(&below.folder);
	if (slice_starts(slice_of(name), PREFIX) && is_left_over(w, name) && is_cgroup(w->folder.fd))
		(void) unlinkat(w->folder.fd, name, AT_REMOVEDIR);
	return 0;
}

void
rehearsal_clear_cgroups(const struct probe_context *c)
{
	const Cgroups *here = c->host->cgroups;
	char own[MAX_NAME];

	if (!here || own_name(c, own) < 0)
		return;
	for (size_t i = 0; i < here->n_hierarchy; i++) {
		struct walk w = { .c = c, .own = own };

		if (!here->hierarchy[i]->mountpoint ||
		    root_sub(c->root, here->hierarchy[i]->mountpoint, &w.folder) < 0)
			continue;
		(void) root_list(&w.folder, ".", clear_below, &w);
		root_close(&w.folder);
	}
}

const struct rehearsal_subject rehearse_cgroups = {
	.name = "cgroups",
	.namespaces = CLONE_NEWPID,
	.bare = true,
	.plan = plan,
	.attempt = attempt,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where criu would run: taken to be where we run, or where the process lives that --criu-as
 * names. It decides which namespaces CRIU dumps (those in which it does not live itself), whether
 * a cgroup set is "its own", whether the tree is an ancestor or a shell job of it, and what it
 * may do. From /proc/PID and the stat of each parent:
 *
 *     4242 (sudo) S 4240 4242 4100 34816 …      ppid, pgid, sid, tty
 *     net:[4026531840]                           what only its owner and root are shown
 */
#include "probes/probes.h"

#include "kernel/cgroup.h"
#include "kernel/limits.h"
#include "kernel/nslink.h"
#include "kernel/stat.h"
#include "kernel/status.h"

#include <errno.h>
#include <sys/sysmacros.h>

enum {
	MAX_ANCESTORS = 1024,
	TTY_MAJOR = 4,			/* consoles and serial lines; 5 is whatever stands for them */
	TTY_AUX_MAJOR = 5,
	PTS_MAJOR_FIRST = 136,
	PTS_MAJOR_LAST = 143,
};

/* One look at a place: the folder of its process, held, so that no other can take its number. */
struct look {
	struct probe_context *c;
	struct root proc;
	CriuPlace *place;
};

static int
file_read(struct look *l, const char *name)
{
	return root_read(&l->proc, name, l->c->text, MAX_PROC_FILE);
}

static int
ancestor_add(struct look *l, int pid)
{
	CriuPlace *place = l->place;
	int32_t *slot = arena_grow(l->c->snapshot->arena, &place->ancestor, &place->n_ancestor,
				   sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = pid;
	return 0;
}

static int
ancestors_read(struct look *l, int pid)
{
	struct buffer *text = l->c->text;
	struct task_stat stat;

	for (int i = 0; pid > 0 && i < MAX_ANCESTORS; i++) {
		int r = ancestor_add(l, pid);

		if (r < 0)
			return r;
		/* A parent that ended meanwhile has left its child to another. */
		if (root_readf(l->c->root, text, MAX_PROC_FILE, "/proc/%d/stat", pid) < 0 ||
		    stat_parse(buffer_slice(text), &stat) < 0)
			return 0;
		pid = stat.ppid;
	}
	return 0;
}

static bool
is_terminal(const struct statx *st)
{
	uint32_t major = st->stx_rdev_major;

	return S_ISCHR(st->stx_mode) && (major == TTY_MAJOR || major == TTY_AUX_MAJOR ||
					 (major >= PTS_MAJOR_FIRST && major <= PTS_MAJOR_LAST));
}

static int
task_read(struct look *l)
{
	CriuPlace *place = l->place;
	struct task_stat stat;
	struct statx st;
	int r = file_read(l, "stat");

	if (r == 0)
		r = stat_parse(buffer_slice(l->c->text), &stat);
	if (r < 0)
		return r;
	SET_FACT(place, pid, stat.pid);
	SET_FACT(place, sid, stat.sid);
	SET_FACT(place, pgid, stat.pgid);
	SET_FACT(place, tty_nr, (uint32_t) stat.tty_nr);
	SET_FACT(place, start_time, stat.start_time);
	place->comm = arena_strndup(l->c->snapshot->arena, stat.comm.p, stat.comm.n);
	if (!place->comm)
		return -ENOMEM;
	r = root_magic_statx(&l->proc, "fd/0", &st);
	if (r == 0 || r == -ENOENT)
		SET_FACT(place, stdin_is_tty, r == 0 && is_terminal(&st));
	return ancestors_read(l, stat.ppid);
}

static int
credentials_read(struct look *l)
{
	Thread *self = NEW_FACT(l->c->snapshot->arena, Thread, thread);
	int r;

	if (!self)
		return -ENOMEM;
	r = file_read(l, "status");
	if (r == 0)
		r = status_parse(buffer_slice(l->c->text), l->c->snapshot->arena, NULL, self);
	if (r < 0)
		return r;
	l->place->credentials = self->credentials;
	return 0;
}

static int
namespaces_read(struct look *l)
{
	l->place->ns = NEW_FACT(l->c->snapshot->arena, NamespaceSet, namespace_set);
	if (!l->place->ns)
		return -ENOMEM;
	return nsset_read(&l->proc, l->place->ns);
}

static int
cgroups_read(struct look *l)
{
	CgroupSet *set = NEW_FACT(l->c->snapshot->arena, CgroupSet, cgroup_set);
	uint32_t index = 0;
	int r;

	if (!set)
		return -ENOMEM;
	r = file_read(l, "cgroup");
	if (r == 0)
		r = cgroup_parse(buffer_slice(l->c->text), l->c->snapshot->arena, set);
	if (r == 0)
		r = cgroup_set_intern(l->c->snapshot, set, &index);
	if (r < 0)
		return r;
	SET_FACT(l->place, cgroup_set, index);
	return 0;
}

static int
limits_read(struct look *l)
{
	int r = file_read(l, "limits");

	if (r < 0)
		return r;
	return limits_parse(buffer_slice(l->c->text), l->c->snapshot->arena, &l->place->limit,
			    &l->place->n_limit);
}

static int
label_read(struct look *l)
{
	struct slice text;
	int r = file_read(l, "attr/current");

	/* EINVAL: no security module of this kernel keeps labels of tasks. */
	if (r < 0)
		return r == -EINVAL || r == -ENOENT ? 0 : r;
	text = buffer_slice(l->c->text);
	while (text.n > 0 && (text.p[text.n - 1] == '\0' || text.p[text.n - 1] == '\n'))
		text.n--;
	l->place->lsm_label = arena_strndup(l->c->snapshot->arena, text.p, text.n);
	return l->place->lsm_label ? 0 : -ENOMEM;
}

static int
root_folder_read(struct look *l)
{
	char path[PATH_MAX];
	int r = root_magic_readlink(&l->proc, "root", path, sizeof(path));

	if (r < 0 || streq(path, "/"))
		return r < 0 ? r : 0;
	l->place->root = arena_strdup(l->c->snapshot->arena, path);
	return l->place->root ? 0 : -ENOMEM;
}

static int
all_read(struct look *l)
{
	static const struct {
		const char *file;
		int (*read)(struct look *l);
	} steps[] = {
		{ "stat", task_read },	   { "status", credentials_read }, { "ns", namespaces_read },
		{ "cgroup", cgroups_read }, { "limits", limits_read },	   { "attr/current", label_read },
		{ "root", root_folder_read },
	};
	int pid = l->c->options->criu_as;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i].read(l);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap_note(l->c->gaps, DOMAIN__DOMAIN_IDENTITY, "place", pid, r, NULL, "/proc/%s/%s",
				 pid ? "PID" : "self", steps[i].file);
	}
	return 0;
}

/* A process that could start criu, and whose namespaces we are shown; see place_ask(). */
static int
candidate_check(struct look *l)
{
	char link[64];
	struct slice rest, line;
	struct task_stat stat;
	uint32_t tgid = 0;
	int r;

	r = file_read(l, "status");
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* A thread's number has a folder too, but it is no process. */
	rest = buffer_slice(l->c->text);
	while (slice_line(&rest, &line))
		if (slice_cut(&line, "Tgid:"))
			(void) parse_u32(slice_trim(line), 10, &tgid);
	if (tgid != (uint32_t) l->c->options->criu_as)
		return -ESRCH;
	r = file_read(l, "stat");
	if (r == 0)
		r = stat_parse(buffer_slice(l->c->text), &stat);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (stat.flags & TASK_FLAG_KTHREAD)
		return -EINVAL;
	if (stat.state == 'Z' || stat.state == 'X')
		return -ECHILD;
	r = root_magic_readlink(&l->proc, "ns/mnt", link, sizeof(link));
	return r < 0 ? (r == -ENOENT ? -ECHILD : r) : 0;
}

int
place_ask(struct probe_context *c)
{
	struct look l = { .c = c, .proc = ROOT_NONE };
	int pid = c->options->criu_as, r;
	char folder[32];

	if (c->snapshot->facts->criu_place)
		return 0;
	if (pid)
		(void) snprintf(folder, sizeof(folder), "/proc/%d", pid);
	r = root_sub(c->root, pid ? folder : "/proc/self", &l.proc);
	if (r == -ENOENT && pid)
		return -ESRCH;
	if (r == 0 && pid)
		r = candidate_check(&l);
	if (r == 0)
		l.place = NEW_FACT(c->snapshot->arena, CriuPlace, criu_place);
	if (r == 0 && !l.place)
		r = -ENOMEM;
	if (r == 0) {
		c->snapshot->facts->criu_place = l.place;
		SET_FACT(l.place, given, pid != 0);
		r = all_read(&l);
	}
	root_close(&l.proc);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts beside and above each other, in mount namespaces that criu would dump: their tree, what
 * covers what, and who shares events with whom. In mountinfo, the fields between the options and
 * the dash:
 *
 *     97 90 0:52 / /data rw,relatime shared:7 master:2 - tmpfs tmpfs rw
 *                                    |        gets the events of peer group 2
 *                                    is in peer group 7
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/mounts-index.h"
#include "checker/mounts.h"
#include "checker/paths.h"
#include "checker/rulesets.h"

enum { CAP_SYS_ADMIN_BIT = 21 };

static enum judgement
mnt_children_collision(struct judge *j, const struct subject *s)
{
	const struct table *t = &index_mounts(j->at)->place;
	const Mount *m = s->mount;
	uint64_t hash, at;

	if (!m->mountpoint || mount_is_ns_root(j, m))
		return NOT_ABOUT;
	hash = at = mounts_hash_place(m->mnt_ns, m->parent, m->mountpoint, strlen(m->mountpoint));
	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at)) {
		if (o == m || o->id <= m->id || o->mnt_ns != m->mnt_ns || o->parent != m->parent ||
		    !o->mountpoint || !streq(o->mountpoint, m->mountpoint))
			continue;
		(void) mount_find(j, m, judge_text(j, "mounts %u and %u", m->id, o->id));
		return FINDING;
	}
	return FINE;
}

static enum judgement
mnt_master_unreachable(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!m->master)
		return NOT_ABOUT;
	if (mount_has_master(j, m))
		return FINE;
	(void) mount_find_external(j, m, judge_text(j, "slave of peer group %u, which is outside", m->master));
	return FINDING;
}

static enum judgement
mnt_shared_external(struct judge *j, const struct subject *s)
{
	const struct table *t = &index_mounts(j->at)->shared;
	const Mount *m = s->mount;
	uint64_t hash = mounts_hash_group(mount_ns_of_criu(j), m->shared), at = hash;
	struct finding *f;

	if (!m->shared)
		return NOT_ABOUT;
	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at)) {
		if (!mount_of_criu(j, o) || o->shared != m->shared)
			continue;
		f = mount_find(j, m, judge_text(j, "shares peer group %u with criu's side", m->shared));
		f->option = "--external mnt[]:s";
		f->option_kind = REQUIRE_ARRANGED;
		return FINDING;
	}
	return FINE;
}

static enum judgement
mnt_unknown_propagation_opt(struct judge *j, const struct subject *s)
{
	if (!s->mount->unknown_optional)
		return FINE;
	(void) mount_find(j, s->mount, judge_text(j, "field %s", s->mount->unknown_optional));
	return FINDING;
}

/* One that criu sees, too, upon this parent at the first `n` bytes of the path. */
static const Mount *
mount_seen_at(const struct judge *j, const Mount *m, uint32_t parent, size_t n)
{
	const struct table *t = &index_mounts(j->at)->place;
	uint64_t hash = mounts_hash_place(m->mnt_ns, parent, m->mountpoint, n), at = hash;

	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at))
		if (o != m && o->mnt_ns == m->mnt_ns && o->parent == parent && o->mountpoint && strlen(o->mountpoint) == n &&
		    strncmp(o->mountpoint, m->mountpoint, n) == 0 && mount_criu_sees(j, o))
			return o;
	return NULL;
}

/* What of criu's side lies over it: a mount at the same place upon it, or a sibling at this place or above. */
static const Mount *
cover_of(const struct judge *j, const Mount *m)
{
	size_t n = strlen(m->mountpoint);
	const Mount *o = mount_seen_at(j, m, m->id, n);

	for (; !o && n > 0; n--)
		if (m->mountpoint[n] == '\0' || m->mountpoint[n] == '/')
			o = mount_seen_at(j, m, m->parent, n);
	return o ? o : mount_seen_at(j, m, m->parent, 1);
}

/*
 * CRIU unmounts what covers a tmpfs in a copy of the mount namespace, to read its content. What
 * came from outside with a user namespace may not be parted there.
 */
static enum judgement
mnt_tmpfs_unreachable(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount, *cover;
	bool known;

	if (!m->fs_type || !streq(m->fs_type, "tmpfs") || !mount_is_whole(m) || !m->mountpoint ||
	    mount_is_ns_root(j, m) || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	cover = cover_of(j, m);
	if (!cover)
		return FINE;
	(void) mount_find(j, m, judge_text(j, "covered by mount %u, which the user namespace does not own", cover->id));
	return FINDING;
}

static enum judgement
mnt_no_root(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < j->source->n_mount; i++)
		if (j->source->mount[i]->mnt_ns == root->ns->mnt && mount_is_ns_root(j, j->source->mount[i]))
			return FINE;
	judge_find(j, judge_process(j, root), "its namespace shows no mount at /", NULL)->here_from =
		judge_text(j, "/proc/%d/mountinfo", root->pid);
	return FINDING;
}

/* The uppermost mount at /proc, as the task sees it. */
static const Mount *
proc_of(struct judge *j, const Process *p)
{
	const char *root = p->root && p->root->path && !streq(p->root->path, "/") ? p->root->path : "";
	const char *path = judge_text(j, "%s/proc", root);
	const Mount *top = NULL;

	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *m = j->source->mount[i];

		if (m->mnt_ns == p->ns->mnt && m->mountpoint && streq(m->mountpoint, path) &&
		    (!top || m->parent == top->id || top->parent != m->id))
			top = m;
	}
	return top;
}

/* Each PID namespace has a proc file system, and a device number, of its own. */
static bool
is_proc_of_criu(const struct judge *j, const Mount *proc)
{
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (mount_of_criu(j, o) && o->fs_type && streq(o->fs_type, "proc") && mount_same_device(o, proc))
			return true;
	}
	return false;
}

/* Why CRIU's part in the task could not mount proc in its working folder; NULL: it could. */
static const char *
why_not_mounted(struct judge *j, const Process *root)
{
	const Credentials *c = root->n_thread ? root->thread[0]->credentials : NULL;
	const File *cwd = root->cwd ? index_file(j->at, root->cwd->has_file, root->cwd->file) : NULL;
	const Mount *on = cwd ? index_mount(j->at, cwd->mnt_ns, cwd->mnt_id) : NULL;
	const Namespace *mnt = index_ns(j->at, NAMESPACE_KIND__NS_MNT, root->ns->mnt);
	bool known;

	if (index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known) &&
	    (!mnt || !mnt->has_owner || mnt->owner != root->ns->user))
		return "its user namespace does not own its mounts";
	if (c && c->has_cap_effective && !(c->cap_effective >> CAP_SYS_ADMIN_BIT & 1))
		return "it may not mount";
	if (cwd && (cwd->deleted || file_is_of_kernel(cwd) || (on && mount_is_marked(on, "ro"))))
		return "its working folder takes no new folder";
	return NULL;
}

static enum judgement
ns_proc_mount(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	const Mount *proc;
	const char *why;
	bool known;

	(void) s;
	if (!root || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_PID, &known))
		return NOT_ABOUT;
	proc = proc_of(j, root);
	if (proc && proc->fs_type && streq(proc->fs_type, "proc") && !is_proc_of_criu(j, proc))
		return FINE;
	why = why_not_mounted(j, root);
	if (!why)
		return FINE;
	judge_find(j, judge_process(j, root),
		   judge_text(j, "%s at its /proc, and %s", proc ? "another PID namespace" : "nothing", why),
		   NULL)
		->here_from = judge_text(j, "/proc/%d/mountinfo", root->pid);
	return FINDING;
}

#define OF_MOUNTS .about = ABOUT_MOUNT, .source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS)
#define OF_TREE .about = ABOUT_TREE, .source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS)
#define UNTIL_UNMOUNTED                 \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "mounts of a container stay as the engine made them"

static const struct rule rules[] = {
	{
		.id = "mnt-children-collision",
		.title = "two mounts stand on the same place",
		.why = "CRIU cannot tell which of them is on top, and refuses.",
		.remedy = "unmount the one that is hidden",
		.criu_says = "has two children with same mountpoint",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_children_collision,
	},
	{
		.id = "mnt-master-unreachable",
		.title = "a mount follows another one that is outside the container",
		.why = "CRIU restores propagation between mounts that it has, and lacks the master here. "
		       "--enable-external-masters, which its message names, has an effect only together "
		       "with --external mnt[].",
		.remedy = "make the mount private in the container (mount --make-private), or give criu "
			  "--external mnt[]:m; where it is bound from at the restore must then be a shared "
			  "mount too",
		.criu_says = "has unreachable sharing. Try --enable-external-masters.",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_master_unreachable,
	},
	{
		.id = "mnt-shared-external",
		.title = "a mount shares its events with the host's",
		.why = "It is in one peer group with a mount of criu's own namespace. CRIU gives the restored "
		       "one a group of its own: what is mounted below it on one side from then on is not "
		       "seen on the other.",
		.remedy = "nothing, where nobody mounts there later; else give criu --external mnt[]:s, which "
			  "binds it from the host again",
		.stage = STAGE_AFTERWARDS,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_WARNING,
		OF_MOUNTS,
		.check = mnt_shared_external,
	},
	{
		.id = "mnt-unknown-propagation-opt",
		.title = "mountinfo has a field that CRIU does not know",
		.why = "A newer kernel writes more into mountinfo than this CRIU reads, and it gives up.",
		.remedy = "use a newer CRIU",
		.criu_says = "Failed to parse mountinfo line",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_unknown_propagation_opt,
	},
	{
		.id = "mnt-tmpfs-unreachable",
		.title = "a tmpfs is covered by a mount that may not be taken away",
		.why = "CRIU reads the content of a tmpfs, and unmounts what covers it in a copy of the "
		       "namespace. The kernel refuses that for mounts that a user namespace got from "
		       "outside. With --external mnt[] the dump passes, and the restore fails: such mounts "
		       "cannot be bound one by one into a user namespace.",
		.remedy = "start the tree upon a root of its own, as container engines do",
		.criu_says = "Unable to umount child-overmount",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_tmpfs_unreachable,
	},
	{
		.id = "mnt-no-root",
		.title = "the container's mounts are not a tree",
		.why = "CRIU starts at the mount at / and finds none: the first task is chrooted, or its "
		       "root is not a mount.",
		.remedy = "have the container pivot_root(2) onto a mount of its own",
		.criu_says = "mnt: No root found for tree",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_TREE,
		.check = mnt_no_root,
	},
	{
		.id = "ns-proc-mount",
		.title = "the tree has a PID namespace, but no proc file system of it",
		.why = "CRIU reads /proc from within the tree's first task. Where the one that it sees is "
		       "another PID namespace's, CRIU mounts one in the task's working folder for a moment, "
		       "and cannot do so here.",
		.remedy = "mount proc in the tree (unshare --mount-proc; container engines do)",
		.criu_says = "can't dump unprivileged task whose /proc doesn't belong to it",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_TREE,
		.check = ns_proc_mount,
	},
};

const struct ruleset rules_mount_trees = { "mount-trees", rules, ARRAY_SIZE(rules) };

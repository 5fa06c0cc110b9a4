/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts, of mount namespaces that criu would dump: a container's. It must be able to make
 * each again: mount a file system that it knows, bind a part of one that is mounted there too,
 * or be told that a mount comes from outside (--external). A line of mountinfo:
 *
 *     620 601 8:1 /var/lib/docker/…/hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw
 *     |   |   |   root of the mount       where                    type
 *     id  parent  device
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"

enum { LINE_ROOM = 4096 };		/* criu's buffer for a line of mountinfo */

static bool
is_mounted_in(const Mount *m, const char *word)
{
	struct slice rest = slice_of(m->options ? m->options : ""), option;

	while (slice_field(&rest, ',', &option))
		if (slice_eq(option, word))
			return true;
	return false;
}

static const char *
mountinfo_of(struct judge *j)
{
	return judge_text(j, "/proc/%d/mountinfo", index_root(j->at)->pid);
}

static bool
is_whole(const Mount *m)
{
	return m->root && streq(m->root, "/");
}

static bool
same_device(const Mount *a, const Mount *b)
{
	return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

/* The root of the mount namespace: the mount at "/" whose parent is outside. */
static bool
is_ns_root(const struct judge *j, const Mount *m)
{
	const Mount *parent = index_mount(j->at, m->mnt_ns, m->parent);

	return m->mountpoint && streq(m->mountpoint, "/") && (!parent || parent == m);
}

/* The bind of a part of what is the namespace's root is made from it. */
static bool
is_below_root(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (n > 0 && root[n - 1] == '/')
		n--;
	return strncmp(path, root, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Whether criu, which runs in another namespace, sees the same file system: it can find it by itself. */
static bool
criu_sees(const struct judge *j, const Mount *m)
{
	const CriuPlace *place = j->source->criu_place;
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;

	for (size_t i = 0; of_criu && i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (o->mnt_ns == of_criu && same_device(o, m) && o->root && m->root &&
		    is_below_root(m->root, o->root))
			return true;
	}
	return false;
}

static struct finding *
mount_finding(struct judge *j, const Mount *m, const char *what)
{
	struct finding *f = judge_find(j, m->mountpoint ? m->mountpoint : "", what, NULL);

	f->here_from = mountinfo_of(j);
	return f;
}

static struct finding *
external_finding(struct judge *j, const Mount *m, const char *what)
{
	struct finding *f = mount_finding(j, m, what);

	f->option = criu_sees(j, m) ? "--external mnt[]" :
				      judge_text(j, "--external mnt[%s]:KEY", m->mountpoint ? m->mountpoint : "");
	f->option_kind = REQUIRE_ARRANGED;
	return f;
}

static bool
is_supported(const char *type)
{
	static const char *const supported[] = {
		"proc",	 "sysfs",      "devtmpfs", "binfmt_misc", "tmpfs",   "devpts",	"simfs",
		"pstore", "mqueue",    "securityfs", "fusectl",	  "debugfs", "tracefs", "cgroup",
		"cgroup2", "aufs",     "overlay",  "autofs",
	};

	for (size_t i = 0; i < ARRAY_SIZE(supported); i++)
		if (streq(type, supported[i]))
			return true;
	return false;
}

static enum judgement
mnt_fs_unsupported(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!is_whole(m) || !m->fs_type || is_ns_root(j, m))
		return NOT_ABOUT;
	if (is_supported(m->fs_type))
		return FINE;
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (o->mnt_ns == m->mnt_ns && is_ns_root(j, o) && same_device(o, m))
			return FINE;
	}
	(void) external_finding(j, m, judge_text(j, "a mount of %s", m->fs_type));
	return FINDING;
}

static bool
has_source_inside(const struct judge *j, const Mount *m)
{
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (o == m || o->mnt_ns != m->mnt_ns || !same_device(o, m) || !o->root)
			continue;
		if (is_whole(o) || (is_ns_root(j, o) && is_below_root(m->root, o->root)))
			return true;
	}
	return false;
}

static enum judgement
mnt_bind_no_root(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!m->root || is_whole(m) || is_ns_root(j, m))
		return NOT_ABOUT;
	if (has_source_inside(j, m))
		return FINE;
	(void) external_finding(j, m,
				judge_text(j, "%s of %s, which is not mounted there itself", m->root,
					   m->fs_type ? m->fs_type : "a file system"));
	return FINDING;
}

static enum judgement
mnt_children_collision(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!m->mountpoint || is_ns_root(j, m))
		return NOT_ABOUT;
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (o == m || o->id <= m->id || o->mnt_ns != m->mnt_ns || o->parent != m->parent ||
		    !o->mountpoint || !streq(o->mountpoint, m->mountpoint))
			continue;
		(void) mount_finding(j, m, judge_text(j, "mounts %u and %u", m->id, o->id));
		return FINDING;
	}
	return FINE;
}

static bool
has_group_inside(const struct judge *j, const Mount *m)
{
	for (size_t i = 0; i < j->source->n_mount; i++)
		if (j->source->mount[i]->mnt_ns == m->mnt_ns && j->source->mount[i]->shared == m->master)
			return true;
	return false;
}

/* The options help only where criu's own namespace has a mount of that group. */
static bool
criu_has_group(const struct judge *j, uint32_t group)
{
	const CriuPlace *place = j->source->criu_place;
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;

	for (size_t i = 0; of_criu && i < j->source->n_mount; i++)
		if (j->source->mount[i]->mnt_ns == of_criu && j->source->mount[i]->shared == group)
			return true;
	return false;
}

static enum judgement
mnt_master_unreachable(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;
	struct finding *f;

	if (!m->master)
		return NOT_ABOUT;
	if (has_group_inside(j, m) || is_ns_root(j, m))
		return FINE;
	f = mount_finding(j, m, judge_text(j, "slave of peer group %u, which is outside", m->master));
	if (!criu_has_group(j, m->master)) {
		f->remedy = "make the mount private in the container (mount --make-private)";
		return FINDING;
	}
	f->option = "--enable-external-masters";
	f->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static enum judgement
mnt_shared_external(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = j->source->criu_place;
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;
	const Mount *m = s->mount;
	struct finding *f;

	if (!m->shared)
		return NOT_ABOUT;
	for (size_t i = 0; of_criu && i < j->source->n_mount; i++) {
		if (j->source->mount[i]->mnt_ns != of_criu || j->source->mount[i]->shared != m->shared)
			continue;
		f = mount_finding(j, m, judge_text(j, "shares peer group %u with criu's side", m->shared));
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
	(void) mount_finding(j, s->mount, judge_text(j, "field %s", s->mount->unknown_optional));
	return FINDING;
}

static enum judgement
mnt_flag_ignored(struct judge *j, const struct subject *s)
{
	struct finding *f;

	if (!is_mounted_in(s->mount, "idmapped") && !is_mounted_in(s->mount, "nosymfollow"))
		return FINE;
	f = mount_finding(j, s->mount, is_mounted_in(s->mount, "idmapped") ? "idmapped" : "nosymfollow");
	if (is_mounted_in(s->mount, "idmapped"))
		f->severity = SEVERITY_BLOCKER;
	return FINDING;
}

static enum judgement
mnt_long_line(struct judge *j, const struct subject *s)
{
	if (!s->mount->has_line_length)
		return NOT_ABOUT;
	if (s->mount->line_length < LINE_ROOM)
		return FINE;
	(void) mount_finding(j, s->mount, judge_text(j, "a line of %u bytes", s->mount->line_length));
	return FINDING;
}

static enum judgement
mnt_fusectl_fuse(struct judge *j, const struct subject *s)
{
	if (!s->mount->fs_type || !streq(s->mount->fs_type, "fusectl"))
		return NOT_ABOUT;
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (o->mnt_ns != s->mount->mnt_ns || !o->fs_type ||
		    (!streq(o->fs_type, "fuse") && !slice_starts(slice_of(o->fs_type), "fuse.")))
			continue;
		(void) external_finding(j, o, "a FUSE mount beside fusectl");
		return FINDING;
	}
	return FINE;
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
		if (j->source->mount[i]->mnt_ns == root->ns->mnt && is_ns_root(j, j->source->mount[i]))
			return FINE;
	judge_find(j, judge_process(j, root), "its namespace shows no mount at /", NULL)->here_from =
		mountinfo_of(j);
	return FINDING;
}

static enum judgement
devpts_bind(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!m->fs_type || !streq(m->fs_type, "devpts"))
		return NOT_ABOUT;
	if (is_whole(m) || !m->root)
		return FINE;
	(void) external_finding(j, m, judge_text(j, "bind of terminal %s", m->root));
	return FINDING;
}

#define OF_MOUNTS .about = ABOUT_MOUNT, .source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS)
#define UNTIL_UNMOUNTED                 \
	.lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "mounts of a container stay as the engine made them"

static const struct rule rules[] = {
	{
		.id = "mnt-bind-no-root",
		.title = "a part of a file system is mounted that is not whole in the container",
		.why = "CRIU binds it again from the whole, and that is outside: a volume, /etc/hosts, a "
		       "namespace file. It must be told that the mount comes from outside, which container "
		       "engines do by themselves.",
		.remedy = "give criu the mount as external at dump (--external mnt[] where criu sees the "
			  "file system too, else --external mnt[PATH]:KEY), and its place at restore",
		.criu_says = "doesn't have a proper root mount",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_bind_no_root,
	},
	{
		.id = "mnt-fs-unsupported",
		.title = "a file system is mounted that CRIU does not make again",
		.why = "CRIU mounts virtual file systems and overlays itself; a real one (ext4, xfs, nfs, "
		       "hugetlbfs) must be named as external, or its type allowed.",
		.remedy = "give criu --external mnt[PATH]:KEY at dump and its place at restore, or "
			  "--enable-fs TYPE on both sides",
		.criu_says = "unsupported id",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_fs_unsupported,
	},
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
		.why = "CRIU restores propagation between mounts that it has, and lacks the master here.",
		.remedy = "make the mount private in the container, or give criu --enable-external-masters",
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
		.why = "It is in one peer group with a mount of criu's own namespace; CRIU takes that along "
		       "only when it is told to.",
		.remedy = "make the mount private or slave in the container, or give criu --external mnt[]:s",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
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
		.id = "mnt-flag-ignored",
		.title = "a mount has a property that CRIU loses",
		.why = "idmapped and nosymfollow are not restored: owners change, or links are followed.",
		.remedy = "mount it again with the property after the restore, or do without",
		.stage = STAGE_AFTERWARDS,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_WARNING,
		OF_MOUNTS,
		.check = mnt_flag_ignored,
	},
	{
		.id = "mnt-long-line",
		.title = "a mount has more options than CRIU can read",
		.why = "CRIU reads lines of mountinfo of up to 4096 bytes; an overlay of very many layers "
		       "has longer ones.",
		.remedy = "build the container's image with fewer layers",
		.criu_says = "Bad format in",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_long_line,
	},
	{
		.id = "mnt-fusectl-fuse",
		.title = "fusectl is mounted beside a FUSE file system",
		.why = "The connections that fusectl shows cannot be made again.",
		.remedy = "unmount the FUSE file system, or name it as external",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_fusectl_fuse,
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
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = mnt_no_root,
	},
	{
		.id = "devpts-bind",
		.title = "a single terminal is mounted into the container",
		.why = "Its other end is on the host (the console of LXC and the like), and CRIU has no "
		       "pair to restore.",
		.remedy = "name the mount as external, or run the container without a console",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = devpts_bind,
	},
};

const struct ruleset rules_mounts = { "mounts", rules, ARRAY_SIZE(rules) };

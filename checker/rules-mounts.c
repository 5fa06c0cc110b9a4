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
#include "checker/mounts-index.h"
#include "checker/mounts.h"
#include "checker/options.h"
#include "checker/rulesets.h"

enum { LINE_ROOM = 4096 };		/* criu's buffer for a line of mountinfo */

static enum judgement
mnt_fs_unsupported(struct judge *j, const struct subject *s)
{
	const struct table *t = &index_mounts(j->at)->source;
	const Mount *m = s->mount;
	uint64_t hash = mounts_hash_device(m->mnt_ns, m), at = hash;
	const char *allowed;
	struct finding *f;

	if (!mount_is_whole(m) || !m->fs_type || mount_is_ns_root(j, m))
		return NOT_ABOUT;
	if (mount_type_is_made(m->fs_type))
		return FINE;
	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at))
		if (o->mnt_ns == m->mnt_ns && mount_is_ns_root(j, o) && mount_same_device(o, m))
			return FINE;
	f = mount_find_external(j, m, judge_text(j, "a mount of %s", m->fs_type));
	allowed = judge_text(j, "--enable-fs %s", m->fs_type);
	if (!options_find(j->options->criu_options, f->option) && options_find(j->options->criu_options, allowed))
		f->option = allowed;
	return FINDING;
}

static enum judgement
mnt_bind_no_root(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!m->root || mount_is_whole(m) || mount_is_ns_root(j, m))
		return NOT_ABOUT;
	if (mount_has_source(j, m))
		return FINE;
	(void) mount_find_external(j, m,
				judge_text(j, "%s of %s, which is not mounted there itself", m->root,
					   m->fs_type ? m->fs_type : "a file system"));
	return FINDING;
}

static enum judgement
mnt_flag_ignored(struct judge *j, const struct subject *s)
{
	struct finding *f;

	if (!mount_is_marked(s->mount, "idmapped") && !mount_is_marked(s->mount, "nosymfollow"))
		return FINE;
	f = mount_find(j, s->mount, mount_is_marked(s->mount, "idmapped") ? "idmapped" : "nosymfollow");
	if (mount_is_marked(s->mount, "idmapped"))
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
	(void) mount_find(j, s->mount, judge_text(j, "a line of %u bytes", s->mount->line_length));
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
		(void) mount_find_external(j, o, "a FUSE mount beside fusectl");
		return FINDING;
	}
	return FINE;
}

static enum judgement
mnt_fs_not_empty(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!mount_is_whole(m) || !m->fs_type || (!streq(m->fs_type, "mqueue") && !streq(m->fs_type, "pstore")))
		return NOT_ABOUT;
	if (!m->has_entries)
		return judge_unknown(j, false, DOMAIN__DOMAIN_MOUNTS, m->mountpoint, "whether it is empty");
	if (m->entries == 0)
		return FINE;
	(void) mount_find_external(j, m, judge_text(j, "%s with %u entries", m->fs_type, m->entries));
	return FINDING;
}

/* "/3" is a terminal, which CRIU restores with its master; "/ptmx" is none. */
static bool
is_without_master(const struct judge *j, const Mount *m)
{
	struct slice name = slice_of(m->root);
	uint32_t index;

	return slice_cut(&name, "/") && parse_u32(name, 10, &index) == 0 && !index_terminal_master(j->at, index);
}

static enum judgement
devpts_bind(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;

	if (!m->fs_type || !streq(m->fs_type, "devpts"))
		return NOT_ABOUT;
	if (mount_is_whole(m) || !m->root || (mount_has_source(j, m) && !is_without_master(j, m)))
		return FINE;
	(void) mount_find_external(j, m, judge_text(j, "bind of terminal %s", m->root));
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
		.id = "mnt-fs-not-empty",
		.title = "message queues or crash records lie in a mount that CRIU makes again empty",
		.why = "CRIU mounts mqueue and pstore anew, and refuses where something would be missing.",
		.remedy = "have the programs drain and unlink their message queues (mq_unlink(3)), or name the "
			  "mount as external",
		.criu_says = "isn't empty",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a message queue stays until somebody unlinks it",
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_fs_not_empty,
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
		.remedy = "unmount the FUSE file system, or give criu --external mnt[PATH]:KEY at dump "
			  "and its place at restore",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = mnt_fusectl_fuse,
	},
	{
		.id = "devpts-bind",
		.title = "a single terminal is mounted into the container",
		.why = "Its other end is on the host (the console of LXC and the like), and CRIU has no "
		       "pair to restore.",
		.remedy = "give criu --external mnt[PATH]:KEY at dump and its place at restore, or run "
			  "the container without a console",
		.stage = STAGE_DUMP,
		UNTIL_UNMOUNTED,
		.severity = SEVERITY_BLOCKER,
		OF_MOUNTS,
		.check = devpts_bind,
	},
};

const struct ruleset rules_mounts = { "mounts", rules, ARRAY_SIZE(rules) };

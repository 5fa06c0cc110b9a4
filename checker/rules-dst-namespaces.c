/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces and mounts that a restore makes anew: whether the destination's kernel has the
 * kind, whether its limit is 0, whether the file systems can be mounted.
 *
 *     here   the root task has a time namespace of its own; overlay on /mnt
 *     there  no /proc/self/ns/time; overlay is not registered, and no module for fs-overlay
 */
#include "checker/mounts.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

/* The kernel's own number for the first user namespace (PROC_USER_INIT_INO). */
#define INITIAL_USER_NS 4026531837u

static const char *const ns_names[] = {
	[NAMESPACE_KIND__NS_CGROUP] = "cgroup",
	[NAMESPACE_KIND__NS_IPC] = "ipc",
	[NAMESPACE_KIND__NS_MNT] = "mnt",
	[NAMESPACE_KIND__NS_NET] = "net",
	[NAMESPACE_KIND__NS_PID] = "pid",
	[NAMESPACE_KIND__NS_TIME] = "time",
	[NAMESPACE_KIND__NS_USER] = "user",
	[NAMESPACE_KIND__NS_UTS] = "uts",
};

static bool
has_own_row(NamespaceKind kind)
{
	return kind == NAMESPACE_KIND__NS_CGROUP || kind == NAMESPACE_KIND__NS_TIME ||
	       kind == NAMESPACE_KIND__NS_USER;
}

static enum judgement
ns_exhausted(struct judge *j, const char *name)
{
	uint64_t max;
	struct finding *f;

	if (!value_sysctl(j, judge_text(j, "user/max_%s_namespaces", name), &max))
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL,
				     judge_text(j, "user.max_%s_namespaces", name), "its value there");
	if (max > 0)
		return FINE;
	f = judge_find(j, judge_text(j, "user.max_%s_namespaces", name), "a namespace is restored", "0");
	f->there_from = judge_text(j, "/proc/sys/user/max_%s_namespaces", name);
	f->command = judge_text(j, "sysctl -w user.max_%s_namespaces=1024", name);
	return FINDING;
}

/* arg.ns 0: all kinds that have no row of their own. */
static enum judgement
ns_possible(struct judge *j, const struct subject *s)
{
	const NamespaceKind kind = s->ns->kind;
	const Host *there = j->destination->host;
	const char *name;
	struct finding *f;
	bool known;

	if ((j->rule->arg.ns ? kind != j->rule->arg.ns : has_own_row(kind)) || s->ns->of_criu ||
	    (size_t) kind >= ARRAY_SIZE(ns_names) || !ns_names[kind] || !index_dumps_ns(j->at, kind, &known))
		return NOT_ABOUT;
	name = ns_names[kind];
	if (!there || !there->ns)
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, judge_text(j, "%s namespaces", name),
				     "whether the kernel has them");
	if (namespace_is_there(there->ns, kind))
		return ns_exhausted(j, name);
	f = judge_find(j, judge_text(j, "%s namespaces", name), "restored", "not there");
	f->there_from = judge_text(j, "/proc/self/ns/%s", name);
	return FINDING;
}

/* Those that criu mounts by themselves; anything else is bound in from outside. */
static bool
criu_mounts(const char *fs_type)
{
	static const char *const types[] = {
		"proc", "sysfs", "devtmpfs", "binfmt_misc", "tmpfs", "devpts", "simfs", "pstore",
		"mqueue", "securityfs", "fusectl", "debugfs", "cgroup", "cgroup2", "aufs", "overlay",
		"autofs",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], fs_type))
			return true;
	return false;
}

static enum judgement
fs_module(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	const Module *m;
	const char *type = s->mount->fs_type;
	struct finding *f;

	/* The root of the tree is bound from the folder given to --root. */
	if (!type || !criu_mounts(type) || !s->mount->mountpoint || streq(s->mount->mountpoint, "/"))
		return NOT_ABOUT;
	if (same_kernel(j) || index_filesystem(j->there, type))
		return FINE;
	m = index_module(j->there, judge_text(j, "fs-%s", type));
	if (!h || !h->filesystems || !h->filesystems->n_registered || !m ||
	    m->state == MODULE_STATE__MODULE_CANNOT_TELL)
		return judge_unknown(j, true, DOMAIN__DOMAIN_MODULES, type, "whether it can be mounted");
	if (m->state != MODULE_STATE__MODULE_ABSENT && !h->modules->loading_disabled)
		return FINE;
	f = judge_find(j, type, judge_text(j, "mounted at %s", s->mount->mountpoint),
		       m->state == MODULE_STATE__MODULE_ABSENT ? "no such module" :
		       "not loaded, and loading is disabled");
	f->there_from = "/proc/filesystems";
	return FINDING;
}

/*
 * A mount point right below the tree's root must stand in the folder given to --root. Those
 * below other mounts are made with the content of these.
 */
static enum judgement
mountpoint_missing(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	const Mount *parent = index_mount(j->at, s->mount->mnt_ns, s->mount->parent);
	const char *path = s->mount->mountpoint;
	const PathAnswer *a = path ? index_path(j->there, path) : NULL;
	struct finding *f;

	if (!path || streq(path, "/") || !h || !h->root || !parent || !parent->mountpoint ||
	    !streq(parent->mountpoint, "/") || (a && a->declared))
		return NOT_ABOUT;
	if (!a || !a->has_kind)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, path, "what is at this path there");
	if (a->kind != PATH_KIND__PATH_KIND_NONE)
		return FINE;
	f = judge_find(j, path, judge_text(j, "a mount of %s", s->mount->fs_type ? s->mount->fs_type : "?"),
		       "nothing");
	f->there_from = judge_text(j, "%s%s", streq(h->root, "/") ? "" : h->root, path);
	f->detail = "An engine (runc, podman) makes it before it calls CRIU: then say --brings PATH.";
	f->command = quote_command(j, "mkdir", "-p", f->there_from, NULL);
	return FINDING;
}

/* The root's master is looked for where the folder given to --root is mounted. */
static enum judgement
root_private(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	const Mount *holds = h && h->root ? mount_there(j, h->root) : NULL;
	struct finding *f;

	if (!s->mount->master || !mount_is_ns_root(j, s->mount) || !holds)
		return NOT_ABOUT;
	if (holds->shared || holds->master)
		return FINE;
	f = judge_find(j, h->root, judge_text(j, "the root is a slave of peer group %u", s->mount->master),
		       judge_text(j, "the mount at %s is private", holds->mountpoint));
	f->there_from = "/proc/self/mountinfo";
	f->command = quote_command(j, "mount", "--make-shared", holds->mountpoint, NULL);
	return FINDING;
}

/*
 * Some of what criu needs it tries each time that it starts, unless it finds what it found out
 * before; that it keeps below /run where this is a tmpfs.
 */
static bool
may_be_known_to_criu(const struct judge *j)
{
	const Mount *run = mount_there(j, "/run");

	return run && run->fs_type && streq(run->fs_type, "tmpfs");
}

static enum judgement
temporary_folder(struct judge *j, const struct subject *s)
{
	const Mount *m = mount_there(j, "/tmp");
	struct finding *f;
	bool known;

	(void) s;
	if (!m)
		return NOT_ABOUT;
	if (!mount_is_marked(m, "ro"))
		return FINE;
	f = judge_find(j, "/tmp", "criu makes folders there", "mounted read-only");
	f->there_from = "/proc/self/mountinfo";
	if (may_be_known_to_criu(j) && !index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		f->severity = SEVERITY_WARNING;
	return FINDING;
}

/* Its capabilities then hold over what that namespace owns, and the host's mounts are not of it. */
static enum judgement
criu_in_userns(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = j->destination->criu_place;
	uint64_t user = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_USER) : 0;
	struct finding *f;

	(void) s;
	if (!user)
		return NOT_ABOUT;
	if (user == INITIAL_USER_NS)
		return FINE;
	f = judge_find(j, "criu restore", NULL, judge_text(j, "in user namespace %llu", (unsigned long long) user));
	f->there_from = judge_text(j, "/proc/%d/ns/user", place->pid);
	return FINDING;
}

/* What a restore of a mount namespace is always told: where its root is. */
static enum judgement
root_option(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	judge_require(j, REQUIRE_ARRANGED, STAGE_RESTORE,
		      judge_text(j, "--root %s", h && h->root ? h->root : "DIR"),
		      "a mount namespace is restored: DIR is its root, and a mount point");
	return FINE;
}

#define OF_KERNEL NEEDS(DOMAIN__DOMAIN_KERNEL)
#define SEEN_NAMESPACES NEEDS(DOMAIN__DOMAIN_NAMESPACES)

static const struct rule rules[] = {
	{
		.id = "dst-criu-userns",
		.title = "the restoring criu would be in a user namespace",
		.why = "CRIU mounts, chooses PIDs and opens /proc/PID/map_files: all of that takes rights "
		       "over the host's own namespaces.",
		.remedy = "run criu in the host's user namespace",
		.criu_says = "Fail to mount tmfps",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What was given up with a user namespace does not come back.",
		.about = ABOUT_HOST,
		.check = criu_in_userns,
	},
	{
		.id = "dst-tmp",
		.title = "criu can make no folder in /tmp there",
		.why = "CRIU tries mounts in a folder of /tmp when it starts, and builds mount namespaces in one.",
		.remedy = "mount a tmpfs on /tmp there, or mount it with rw",
		.criu_says = "Fail to make dir /tmp/.criu.move_mount_set_group",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A mount keeps its flags until someone remounts it.",
		.about = ABOUT_HOST,
		.check = temporary_folder,
	},
	{
		.id = "dst-userns",
		.title = "no user namespace can be made on the destination",
		.why = "The tree lives in one.",
		.remedy = "allow user namespaces there (sysctl user.max_user_namespaces), or choose "
			  "another host",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN_NAMESPACES,
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
		.arg.ns = NAMESPACE_KIND__NS_USER,
	},
	{
		.id = "dst-timens",
		.title = "no time namespace can be made on the destination",
		.why = "The tree lives in one, and its clocks are kept by it.",
		.remedy = "choose a host with CONFIG_TIME_NS",
		.criu_says = "Unable to create a new time namespace",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN_NAMESPACES,
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
		.arg.ns = NAMESPACE_KIND__NS_TIME,
	},
	{
		.id = "cg-ns",
		.title = "no cgroup namespace can be made on the destination",
		.why = "The tree lives in one.",
		.remedy = "choose a host with cgroup namespaces",
		.criu_says = "couldn't unshare cgns",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN_NAMESPACES,
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
		.arg.ns = NAMESPACE_KIND__NS_CGROUP,
	},
	{
		.id = "dst-ns-limits",
		.title = "a namespace of the tree cannot be made on the destination",
		.why = "The kernel lacks the kind, or its limit is 0.",
		.remedy = "raise user.max_*_namespaces, or choose another host",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs a setting or another kernel.",
		.about = ABOUT_NAMESPACE,
		.source_needs = SEEN_NAMESPACES,
		.destination_needs = OF_KERNEL,
		.check = ns_possible,
	},
	{
		.id = "mnt-fs-module",
		.title = "a file system of the tree's mounts is not to be had there",
		.why = "CRIU mounts it anew.",
		.remedy = "load its module there (modprobe), or install the modules of the kernel that "
			  "runs there",
		.criu_says = "Can't mount at",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A kernel without the module stays without it.",
		.about = ABOUT_MOUNT,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS) | NEEDS(DOMAIN__DOMAIN_MODULES),
		.check = fs_module,
	},
	{
		.id = "mnt-mountpoint-missing",
		.title = "a mount point is missing in the folder that will be the tree's root",
		.why = "CRIU mounts over what is there; it makes no mount points in the root.",
		.remedy = "make it, a folder or a file as at the source",
		.criu_says = "Can't stat mountpoint",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A folder does not appear by itself.",
		.about = ABOUT_MOUNT,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILES),
		.check = mountpoint_missing,
	},
	{
		.id = "dst-root-private",
		.title = "the folder for the tree's root is on a private mount",
		.why = "The root of the container gets mount events from its host, as where systemd has made all "
		       "mounts shared. CRIU takes the master from the mount that is given to --root, and that "
		       "one has none.",
		.remedy = "bind the folder to itself and make it shared (mount --bind DIR DIR; mount "
			  "--make-shared DIR)",
		.criu_says = "Failed to copy sharing from",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Mounts stay as they were made.",
		.about = ABOUT_MOUNT,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS),
		.check = root_private,
	},
	{
		.id = "mnt-root-option",
		.title = "the restore must be told where the root of the mount namespace is",
		.why = "Without --root CRIU rebuilds the mounts over the host's own root.",
		.remedy = "give criu restore --root DIR; DIR must be a mount point (bind it on itself)",
		.criu_says = "The --root option is required to restore a mount namespace",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It is how a mount namespace is restored.",
		.about = ABOUT_HOST,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS),
		.check = root_option,
	},
};

const struct ruleset rules_dst_namespaces = {
	.name = "dst-namespaces",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

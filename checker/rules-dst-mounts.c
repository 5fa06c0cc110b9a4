/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mounts that CRIU makes anew are made from, on the destination's host: the layers of an
 * overlay, a block device, the terminals of a devpts.
 *
 *     here   overlay on /data, lowerdir=/img/a:/img/b,upperdir=/c/up,workdir=/c/work
 *     there  /img/b: nothing
 */
#include "checker/mounts.h"
#include "checker/options.h"
#include "checker/paths.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"

static bool
is_given_external(struct judge *j, const Mount *m)
{
	return options_find(j->options->criu_options, judge_text(j, "--external mnt[%s]:KEY", m->mountpoint));
}

/* One that criu mounts by itself, with the source and options that it had. */
static bool
is_mounted_again(struct judge *j, const Mount *m)
{
	return m->mountpoint && m->fs_type && mount_is_whole(m) && !mount_is_ns_root(j, m) && !is_given_external(j, m);
}

static enum judgement
layer(struct judge *j, const Mount *m, struct slice name)
{
	const char *path = judge_text(j, "%.*s", (int) name.n, name.p);
	const PathAnswer *a = index_host_path(j->there, path);
	struct finding *f;

	if (path[0] != '/' || (a && a->declared))
		return FINE;
	if (!a || a->timed_out || !a->has_kind)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, path, "whether this layer is there");
	if (a->kind == PATH_KIND__PATH_KIND_DIRECTORY)
		return FINE;
	f = judge_find(j, path, judge_text(j, "a layer of the overlay on %s", m->mountpoint),
		       file_is_there(a) ? "no folder" : "nothing");
	f->there_from = a->mapped_to ? a->mapped_to : path;
	return FINDING;
}

static enum judgement
overlay_dirs(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;
	struct slice rest = slice_of(m->super_options ? m->super_options : ""), option, name;
	enum judgement said = FINE, one;

	if (!is_mounted_again(j, m) || !streq(m->fs_type, "overlay"))
		return NOT_ABOUT;
	while (slice_field(&rest, ',', &option)) {
		if (!slice_cut(&option, "lowerdir=") && !slice_cut(&option, "upperdir=") &&
		    !slice_cut(&option, "workdir=") && !slice_cut(&option, "lowerdir+=") &&
		    !slice_cut(&option, "datadir+="))
			continue;
		while (slice_field(&option, ':', &name)) {
			one = name.n ? layer(j, m, name) : FINE;
			if (said == FINE || one == FINDING)
				said = one;
		}
	}
	return said;
}

/* Only one whose type is allowed by --enable-fs is mounted from its device. */
static enum judgement
dev_source(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;
	const PathAnswer *a;
	struct finding *f;

	if (!is_mounted_again(j, m) || mount_type_is_made(m->fs_type) || m->dev_major == 0 || !m->source ||
	    !options_find(j->options->criu_options, judge_text(j, "--enable-fs %s", m->fs_type)))
		return NOT_ABOUT;
	a = index_host_path(j->there, m->source);
	if (!a || a->timed_out || !a->has_kind)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, m->source, "which device it is there");
	if (a->kind == PATH_KIND__PATH_KIND_BLOCKDEV && a->rdev_major == m->dev_major && a->rdev_minor == m->dev_minor)
		return FINE;
	f = judge_find(j, m->source, judge_text(j, "block device %u:%u, mounted at %s", m->dev_major, m->dev_minor,
						m->mountpoint),
		       a->kind == PATH_KIND__PATH_KIND_BLOCKDEV ?
			       judge_text(j, "block device %u:%u", a->rdev_major, a->rdev_minor) :
			       file_is_there(a) ? "no block device" : "nothing");
	f->there_from = m->source;
	return FINDING;
}

static const MountOptionAnswer *
answer_to(const Snapshot *there, const char *type, struct slice option)
{
	for (size_t i = 0; i < there->n_mount_option_answer; i++) {
		const MountOptionAnswer *a = there->mount_option_answer[i];

		if (a->fs_type && a->option && streq(a->fs_type, type) && slice_eq(option, a->option))
			return a;
	}
	return NULL;
}

/* What nobody asked about (a type whose module is not loaded there, a path) is not told of. */
static enum judgement
mount_options(struct judge *j, const struct subject *s)
{
	const Mount *m = s->mount;
	struct slice rest = slice_of(m->super_options ? m->super_options : ""), option;
	enum judgement said = FINE;
	struct finding *f;

	if (!is_mounted_again(j, m) || j->destination->n_mount_option_answer == 0)
		return NOT_ABOUT;
	while (slice_field(&rest, ',', &option)) {
		const MountOptionAnswer *a = answer_to(j->destination, m->fs_type, option);

		if (!a || (a->has_error && a->error == 0))
			continue;
		if (!a->has_error) {
			said = said == FINDING ? said :
			       judge_unknown(j, true, DOMAIN__DOMAIN_FILESYSTEMS, a->option, "whether the kernel takes it");
			continue;
		}
		f = mount_find(j, m, judge_text(j, "a %s with the option %s", m->fs_type, a->option));
		f->there = judge_text(j, "%s", errno_name(a->error));
		f->there_from = "fsconfig(2)";
		f->option = judge_text(j, "--external mnt[%s]:KEY", m->mountpoint);
		f->option_kind = REQUIRE_ARRANGED;
		said = FINDING;
	}
	return said;
}

static size_t
count_terminals(const struct judge *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->source->n_process; i++)
		for (size_t k = 0; k < j->source->process[i]->n_fd; k++) {
			const TerminalState *t = j->source->process[i]->fd[k]->terminal;

			n += t && t->master && !t->hung_up;
		}
	return n;
}

static enum judgement
terminals(struct judge *j, const struct subject *s)
{
	uint64_t most, used;
	size_t wanted = count_terminals(j);
	struct finding *f;

	(void) s;
	if (wanted == 0 || index_same_host(j->source, j->destination) || !value_sysctl(j, "kernel/pty/max", &most) ||
	    !value_sysctl(j, "kernel/pty/nr", &used))
		return NOT_ABOUT;
	if (used + wanted <= most)
		return FINE;
	f = judge_find(j, "kernel.pty.max", judge_text(j, "%zu pseudo terminals", wanted),
		       judge_text(j, "%llu of %llu are in use", (unsigned long long) used, (unsigned long long) most));
	f->there_from = "/proc/sys/kernel/pty";
	f->command = judge_text(j, "sysctl -w kernel.pty.max=%llu", (unsigned long long) (used + wanted + 1024));
	return FINDING;
}

/* A mark on a whole mount is made again where that mount is. */
static enum judgement
marked_mount(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT, unknown = NOT_ABOUT;
	bool known;

	if (s->fd->kind != FD_KIND__FD_FANOTIFY || !s->process->ns ||
	    index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_fanotify_mark; i++) {
		const FanotifyMark *mark = s->fd->fanotify_mark[i];
		const Mount *m = mark->has_mnt_id ? index_mount(j->at, s->process->ns->mnt, mark->mnt_id) : NULL;
		const PathAnswer *a = m && m->mountpoint ? index_path(j->there, m->mountpoint) : NULL;

		if (!m || !m->mountpoint || (a && a->declared))
			continue;
		if (!a || a->timed_out || !a->has_kind) {
			unknown = judge_unknown(j, true, DOMAIN__DOMAIN_FILES, m->mountpoint,
						"what is at this path there");
			continue;
		}
		if (file_is_there(a)) {
			said = said == FINDING ? said : FINE;
			continue;
		}
		(void) judge_find(j, m->mountpoint, judge_text(j, "marked by %s", judge_fd(j, s->process, s->fd)),
				  "nothing");
		said = FINDING;
	}
	return said != FINDING && unknown != NOT_ABOUT ? unknown : said;
}

#define OF_HOST_PATHS                                                                            \
	.stage = STAGE_RESTORE, .about = ABOUT_MOUNT,                                           \
	.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS), .destination_needs = NEEDS(DOMAIN__DOMAIN_FILES)

static const struct rule rules[] = {
	{
		.id = "mnt-overlay-dirs",
		.title = "a layer of an overlay mount is missing on the destination",
		.why = "CRIU mounts an overlay inside the container anew from the folders it was mounted from, by "
		       "their paths on the host. The container's root is not meant: that is what --root names.",
		.remedy = "bring the folder to the same path there, or name the mount as external (--external "
			  "mnt[PATH]:KEY at dump, --external mnt[KEY]:PLACE at restore)",
		.criu_says = "Can't mount at",
		.lifetime_why = "A folder does not appear by itself.",
		OF_HOST_PATHS,
		.check = overlay_dirs,
	},
	{
		.id = "mnt-dev-source",
		.title = "a block device that is mounted is another one there, or missing",
		.why = "--enable-fs has CRIU mount the file system from its device, by path, and the device's numbers "
		       "must be what they were.",
		.remedy = "attach the disk such that the path leads to a device of the same numbers, or name the mount "
			  "as external instead",
		.criu_says = "No device for",
		.lifetime_why = "Disks are attached by somebody.",
		OF_HOST_PATHS,
		.check = dev_source,
	},
	{
		.id = "mnt-options",
		.title = "the destination's kernel does not take an option of a mount",
		.why = "CRIU mounts the file system anew with the options that it had: some are younger than the "
		       "kernel there (noswap, inode64, huge of tmpfs; uuid of overlay).",
		.remedy = "leave out the option where the tree is started, choose a kernel that knows it, or name "
			  "the mount as external",
		.criu_says = "mnt: Unable to mount",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What a kernel knows is decided when it is built.",
		.about = ABOUT_MOUNT,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS),
		.check = mount_options,
	},
	{
		.id = "fanotify-target",
		.title = "a mount that is watched with fanotify is not there",
		.why = "CRIU marks the mount anew by its mount point. A mark on a single file is found by its handle, "
		       "which is of use on the same file system only.",
		.remedy = "mount the file system there, at the same place",
		.criu_says = "fsnotify: Unable to open",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A folder does not appear by itself.",
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILES),
		.check = marked_mount,
	},
	{
		.id = "mnt-devpts",
		.title = "the destination has not enough pseudo terminals left",
		.why = "Each pair is made anew, and the kernel's limit counts those of all containers.",
		.remedy = "raise kernel.pty.max there",
		.criu_says = "Can't open /dev/ptmx",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "Terminals come and go with their sessions.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_KERNEL),
		.check = terminals,
	},
};

const struct ruleset rules_dst_mounts = { .name = "dst-mounts", .rules = rules, .n = ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on a path: whether CRIU finds the open or mapped inode again under its name, or can
 * carry it along. After the mount (rules-file-mounts.c) it looks whether the path is one, then
 *
 *     no link left               a ghost: its content goes into the image, up to --ghost-limit
 *     name gone, links left      --link-remap makes a new name beside it
 *     name leads elsewhere       refused
 */
#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "checker/paths.h"
#include "checker/place.h"
#include "checker/rulesets.h"
#include "checker/values.h"
#include <linux/capability.h>
#include <sys/stat.h>

#define GHOST_LIMIT (1ULL << 20)	/* criu's default */
#define FILES_NEEDED NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MAPPINGS)

static bool
is_fs(const File *f, const char *type)
{
	return f->fs_type && streq(f->fs_type, type);
}

/* Below /proc/PID of a dead process: CRIU makes a process of that number for a moment. */
static bool
is_of_proc(const File *f)
{
	return is_fs(f, "proc") || (f->path && slice_starts(slice_of(f->path), "/proc/"));
}

/* Unlinked; by rename(2) another file may have taken the name at once. */
static bool
name_is_gone(const File *f)
{
	if (f->path_state == PATH_STATE__PATH_GONE)
		return true;
	return f->deleted && f->path_state != PATH_STATE__PATH_SAME;
}

static bool
has_links(const File *f)
{
	return f->has_nlink && f->nlink > 0;
}

/* Deleted in an overlay: the lower layer keeps its name, but the overlay has no way to it. */
static bool
is_of_lower_layer(const File *f)
{
	return f->nlink == 1 && name_is_gone(f) && is_fs(f, "overlay");
}

/* A name that was to be looked up and could not; what is not looked up for a reason has no gap. */
static bool
name_is_not_known(const struct judge *j, const File *f)
{
	if (f->path_state != PATH_STATE__PATH_NOT_LOOKED || f->deleted)
		return false;
	for (size_t i = 0; i < j->source->n_gap; i++)
		if (j->source->gap[i]->domain == DOMAIN__DOMAIN_FILES)
			return true;
	return false;
}

static enum judgement
name_unknown(struct judge *j, const File *f)
{
	return judge_unknown(j, false, DOMAIN__DOMAIN_FILES, f->path ? f->path : "",
			     "whether its name still leads to it");
}

static enum judgement
file_path_not_absolute(struct judge *j, const struct subject *s)
{
	const File *f = s->file;

	if (!f->path || file_is_foreign(j, f))
		return NOT_ABOUT;
	if (f->path[0] == '/')
		return FINE;
	judge_find(j, f->path, judge_text(j, "%s, but not reachable by a path", value_use(f)), NULL);
	return FINDING;
}

/* How much of the disk a ghost takes that is over criu's default limit; 0: within it. */
static uint64_t
ghost_bytes(const struct judge *j, const File *f, bool of_overlay)
{
	uint64_t bytes = f->blocks * 512;

	if (!f->has_nlink || !f->has_blocks || !S_ISREG(f->mode) || bytes <= GHOST_LIMIT ||
	    file_is_foreign(j, f))
		return 0;
	if (of_overlay)
		return is_of_lower_layer(f) ? bytes : 0;
	return f->nlink == 0 ? bytes : 0;
}

/* One limit serves all files, so the largest decides what is asked for. */
static enum judgement
ghost_too_big(struct judge *j, bool of_overlay)
{
	const Snapshot *source = j->source;
	const char *option;
	uint64_t largest = 0;

	for (size_t i = 0; i < source->n_file; i++) {
		uint64_t bytes = ghost_bytes(j, source->file[i], of_overlay);

		if (bytes > largest)
			largest = bytes;
	}
	if (!largest)
		return FINE;
	option = judge_text(j, "--ghost-limit %lluM", (unsigned long long) ((largest + GHOST_LIMIT - 1) >> 20));
	for (size_t i = 0; i < source->n_file; i++) {
		uint64_t bytes = ghost_bytes(j, source->file[i], of_overlay);

		if (bytes)
			judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, option,
				      judge_text(j, "%s (%s)", source->file[i]->path ? source->file[i]->path : "",
						 value_bytes(j, bytes)));
	}
	return FINE;
}

static enum judgement
file_ghost_too_big(struct judge *j, const struct subject *s)
{
	(void) s;
	return ghost_too_big(j, false);
}

static enum judgement
file_ovl_lower_unlinked(struct judge *j, const struct subject *s)
{
	(void) s;
	return ghost_too_big(j, true);
}

static bool
is_nfs_silly(const File *f)
{
	const char *name = f->path ? strrchr(f->path, '/') : NULL;

	return name && f->fs_type && slice_starts(slice_of(f->fs_type), "nfs") &&
	       slice_starts(slice_of(name), "/.nfs") && strspn(name + 5, "0123456789abcdef") >= 16;
}

static enum judgement
file_nfs_silly(struct judge *j, const struct subject *s)
{
	if (!is_nfs_silly(s->file) || file_is_foreign(j, s->file))
		return NOT_ABOUT;
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--link-remap", s->file->path);
	return FINE;
}

static enum judgement
file_link_remap(struct judge *j, const struct subject *s)
{
	const File *f = s->file;

	if (is_of_proc(f) || is_nfs_silly(f) || file_is_foreign(j, f))
		return NOT_ABOUT;
	/* Of a mapped file only its name is known to who may not look through map_files. */
	if (!f->has_nlink && (name_is_gone(f) || f->path_state == PATH_STATE__PATH_REPLACED))
		return judge_unknown(j, false, DOMAIN__DOMAIN_FILES, f->path ? f->path : "",
				     "how many names and how much content it has");
	if (!has_links(f))
		return NOT_ABOUT;
	if (name_is_not_known(j, f))
		return name_unknown(j, f);
	if (!name_is_gone(f))
		return FINE;
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--link-remap", f->path ? f->path : "");
	return FINE;
}

/* Why no hard link can be made beside the file; NULL: nothing speaks against it. */
static const char *
no_link_because(struct judge *j, const File *f)
{
	static const char *const without_links[] = { "vfat", "exfat", "msdos", "ntfs", "ntfs3", "iso9660",
						     "squashfs", "erofs", "sysfs", "cgroup", "cgroup2" };
	const Mount *m = f->has_mnt_id ? index_mount(j->at, f->mnt_ns, f->mnt_id) : NULL;
	uint64_t caps;

	for (size_t i = 0; i < ARRAY_SIZE(without_links); i++)
		if (is_fs(f, without_links[i]))
			return judge_text(j, "%s has no hard links", f->fs_type);
	if (m && m->options && (streq(m->options, "ro") || slice_starts(slice_of(m->options), "ro,")))
		return judge_text(j, "%s is mounted read-only", m->mountpoint);
	if (S_ISDIR(f->mode))
		return "a folder has no hard links";
	/* CRIU tries each folder above, and takes no link for an answer only where all are of the mount. */
	if (is_of_lower_layer(f) && m && m->mountpoint && !streq(m->mountpoint, "/"))
		return judge_text(j, "%s, an overlay below another mount, cannot link what its lower layer has",
				  m->mountpoint);
	if (place_capabilities_here(j, &caps) && !(caps >> CAP_DAC_READ_SEARCH & 1))
		return "linking an open file takes cap_dac_read_search, which criu would lack";
	return NULL;
}

static enum judgement
file_link_remap_fail(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const char *because;

	if (!has_links(f) || is_of_proc(f) || !name_is_gone(f) || file_is_foreign(j, f))
		return NOT_ABOUT;
	because = no_link_because(j, f);
	if (!because)
		return FINE;
	judge_find(j, f->path ? f->path : "", judge_text(j, "name gone, and %s", because), NULL);
	return FINDING;
}

static enum judgement
file_name_reused(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	bool device = S_ISCHR(f->mode) || S_ISBLK(f->mode);

	if (!has_links(f) || file_is_foreign(j, f))
		return NOT_ABOUT;
	if (name_is_not_known(j, f))
		return name_unknown(j, f);
	if (f->path_state != PATH_STATE__PATH_REPLACED || f->deleted)
		return FINE;			/* of what was unlinked file-link-remap tells */
	if (device) {
		judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--evasive-devices", f->path ? f->path : "");
		return FINE;
	}
	judge_find(j, f->path ? f->path : "",
		   judge_text(j, "%s is inode %llu of device %u:%u, the name leads to inode %llu of %u:%u",
			      value_use(f), (unsigned long long) f->ino, f->dev_major, f->dev_minor,
			      (unsigned long long) f->other_ino, f->other_dev_major, f->other_dev_minor),
		   NULL);
	return FINDING;
}

static enum judgement
file_path_stat_error(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	struct finding *found;

	if (f->path_state == PATH_STATE__PATH_NOT_LOOKED || file_is_foreign(j, f))
		return NOT_ABOUT;
	if (f->path_state != PATH_STATE__PATH_ERROR)
		return FINE;
	if (f->path_errno == EACCES || f->path_errno == EPERM)
		return name_unknown(j, f);
	found = judge_find(j, f->path ? f->path : "", judge_text(j, "stat fails: %s", errno_name(f->path_errno)),
			   NULL);
	if (f->path_errno == ETIMEDOUT || f->path_errno == EIO)
		found->lifetime = LIFETIME_TRANSIENT;
	return FINDING;
}

#define UNTIL_REOPENED                       \
	.lifetime = LIFETIME_PERMANENT,      \
	.lifetime_why = "the program holds the old file until it opens it again or restarts"

static const struct rule rules[] = {
	{
		.id = "file-path-not-absolute",
		.title = "a file is open that no path leads to",
		.why = "It lies outside the root that the task sees, so there is no name by which the "
		       "restore could open it.",
		.remedy = "have the program close the file, or start it with a root that contains it",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_path_not_absolute,
	},
	{
		.id = "file-ghost-too-big",
		.title = "a deleted file that is still open is larger than CRIU carries along",
		.why = "The content of a deleted file goes into the image, up to a limit of 1 MiB that "
		       "an option raises.",
		.remedy = "give criu --ghost-limit with a size above it (8M, 1G), or have the program "
			  "close the file",
		.criu_says = "Can't dump ghost file",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = FILES_NEEDED,
		.check = file_ghost_too_big,
	},
	{
		.id = "file-ovl-lower-unlinked",
		.title = "a large file of an overlay's lower layer was deleted while open",
		.why = "Overlayfs cannot link it back, so its content goes into the image, up to a limit "
		       "of 1 MiB that an option raises.",
		.remedy = "give criu --ghost-limit with a size above it (8M, 1G), or have the program "
			  "open the new file",
		.criu_says = "Can't dump ghost file",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = FILES_NEEDED,
		.check = file_ovl_lower_unlinked,
	},
	{
		.id = "file-link-remap",
		.title = "the name under which a file was opened was removed, but it has others",
		.why = "CRIU makes a hard link link_remap.N beside the old name when it is allowed to; "
		       "the destination must see that link (shared storage, or a copy made afterwards).",
		.remedy = "give criu --link-remap at dump, or have the program open the file again",
		.criu_says = "Can't create link remap for",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_link_remap,
	},
	{
		.id = "file-link-remap-fail",
		.title = "the name of an open file is gone and cannot be given back",
		.why = "CRIU would have to make a hard link beside the old name, and cannot there.",
		.remedy = "have the program open the file again, or restart it",
		.criu_says = "Can't link remap to",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_link_remap_fail,
	},
	{
		.id = "file-nfs-silly",
		.title = "a file on NFS was deleted while open",
		.why = "The NFS client keeps it under a name .nfsXXXX that vanishes with the last "
		       "descriptor; CRIU makes a link of its own when it is allowed to.",
		.remedy = "give criu --link-remap at dump",
		.criu_says = "Can't create link remap for",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_nfs_silly,
	},
	{
		.id = "file-name-reused",
		.title = "the name of a file in use is hidden by another file",
		.why = "Something was mounted over the name, or the program has another root, while it goes "
		       "on with the old file; the restore would open the other one, so CRIU refuses.",
		.remedy = "unmount what hides it, or have the program open its files again; for devices give "
			  "criu --evasive-devices",
		.criu_says = "Unaccessible path opened",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_name_reused,
	},
	{
		.id = "file-path-stat-error",
		.title = "the name of a file in use cannot be looked up",
		.why = "CRIU compares the name with what is open, and gives up where the file system "
		       "answers with an error.",
		.remedy = "mend the file system (a stale NFS handle, a dead FUSE server), then look again",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a stale handle stays; a server that does not answer may come back",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_path_stat_error,
	},
};

const struct ruleset rules_files = { "files", rules, ARRAY_SIZE(rules) };

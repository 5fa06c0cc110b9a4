/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are open and have no name any more. CRIU makes them again for a moment, in the folder
 * where they were, or finds them by a link that it made at the dump.
 *
 *     /var/tmp/.cache (deleted), no link left: a ghost, 12 MiB in the image
 *     there  /var/tmp  read-write, 4 KiB free; .cache.cr.1.ghost: left behind by an earlier restore
 */
#include "checker/mounts.h"
#include "checker/paths.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <sys/stat.h>

enum { MAX_PATH = 4096, BLOCK = 512, MAX_GHOSTS = 8 };

/* The answer for the folder of a path; NULL where none was asked for. */
static const PathAnswer *
parent_answer(struct judge *j, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t) (slash - path) : 0;

	if (!slash || n >= MAX_PATH)
		return NULL;
	return index_path(j->there, n == 0 ? "/" : judge_text(j, "%.*s", (int) n, path));
}

static bool
is_answered(const PathAnswer *a)
{
	return a && !a->timed_out && (a->has_kind || a->parent_missing);
}

/* Of a folder that is missing only what it would be mounted on is known. */
static bool
is_mounted_read_only(const struct judge *j, const char *path)
{
	const Mount *m = mount_there(j, path);
	bool known;

	return m && !index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known) && mount_is_marked(m, "ro");
}

static enum judgement
dir_missing(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	enum file_way way = file_way(j, f);
	const PathAnswer *own, *parent;
	struct finding *found;
	bool read_only;

	if ((way != WAY_GHOST && way != WAY_LINK_REMAP) || !f->path || f->path[0] != '/' ||
	    file_is_of_kernel(f) || S_ISCHR(f->mode) || S_ISBLK(f->mode) || S_ISSOCK(f->mode))
		return NOT_ABOUT;
	own = index_path(j->there, f->path);
	parent = parent_answer(j, f->path);
	if ((own && own->declared) || (parent && parent->declared))
		return NOT_ABOUT;
	if (!is_answered(own) && !is_answered(parent))
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, "its folder there");
	read_only = (own && own->read_only) || (parent && parent->read_only) || is_mounted_read_only(j, f->path);
	if (!read_only && !(own && own->parent_missing) && !(parent && !file_is_there(parent)))
		return FINE;
	found = path_find(j, f, "unlinked, made again for a moment",
			  read_only ? "a read-only file system" : "its folder is missing");
	if (read_only)
		return FINDING;
	found->severity = SEVERITY_WARNING;
	found->detail = "CRIU makes it in the nearest folder above that exists.";
	return FINDING;
}

static enum judgement
ghost_space(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *parent;
	struct finding *found;

	if (file_way(j, f) != WAY_GHOST || !S_ISREG(f->mode))
		return NOT_ABOUT;
	parent = parent_answer(j, f->path);
	if (parent && (parent->declared || (is_answered(parent) && !file_is_there(parent))))
		return NOT_ABOUT;	/* dst-dir-missing speaks of no folder */
	if (!parent || !parent->has_free_bytes)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, "the free space there");
	if (f->blocks <= parent->free_bytes / BLOCK && !(parent->has_free_inodes && !parent->free_inodes))
		return FINE;
	found = path_find(j, f, value_bytes(j, f->blocks * BLOCK),
			  f->blocks > parent->free_bytes / BLOCK ?
			  judge_text(j, "%s free", value_bytes(j, parent->free_bytes)) : "no inode is free");
	found->observed = "free space, at the moment of the probe";
	return FINDING;
}

/* How many files without a name criu saves, as far as left-overs of them were looked for. */
static size_t
count_ghosts(struct judge *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->source->n_file; i++)
		n += file_way(j, j->source->file[i]) == WAY_GHOST;
	return n < MAX_GHOSTS ? n : MAX_GHOSTS;
}

/* What a restore that failed half-way has left: criu makes the file under this name, or not at all. */
static enum judgement
ghost_collision(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	enum judgement said = NOT_ABOUT;
	size_t n, n_asked = 0;

	if (file_way(j, f) != WAY_GHOST || !f->path)
		return NOT_ABOUT;
	n = count_ghosts(j);
	for (size_t i = 1; i <= n; i++) {
		const char *name = judge_text(j, "%s.cr.%zx.ghost", f->path, i);
		const PathAnswer *a = index_path(j->there, name);
		struct finding *found;

		n_asked += a != NULL;
		if (!a || !a->has_kind)
			continue;
		if (said == NOT_ABOUT)
			said = FINE;
		if (!file_is_there(a))
			continue;
		found = path_find(j, f, "unlinked, made again under another name", judge_text(j, "%s is there", name));
		found->command = quote_command(j, "rm", "-r", name, NULL);
		if (n > 1) {
			found->severity = SEVERITY_WARNING;
			found->detail = "It is in the way if CRIU gives this file that number.";
		}
		said = FINDING;
	}
	if (n > 0 && n_asked == 0)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, "whether a left-over of it is there");
	return said;
}

/* What is made again where it was is executed from there. */
static enum judgement
ghost_noexec(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *parent;

	if (file_way(j, f) != WAY_GHOST || !S_ISREG(f->mode) || (!f->used_exe && !f->used_map_exec))
		return NOT_ABOUT;
	parent = parent_answer(j, f->path);
	if (!parent || !parent->has_noexec)
		return NOT_ABOUT;
	if (!parent->noexec)
		return FINE;
	(void) path_find(j, f, f->used_exe ? "executed, unlinked" : "mapped executable, unlinked",
			 "its folder is on a file system mounted noexec");
	return FINDING;
}

/* The link that criu makes at the dump must be seen by the restore. */
static enum judgement
linkremap_missing(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const char *slash;

	if (file_way(j, f) != WAY_LINK_REMAP || !f->has_nlink || file_is_of_kernel(f) || !S_ISREG(f->mode))
		return NOT_ABOUT;
	if (index_same_host(j->source, j->destination))
		return FINE;
	slash = strrchr(f->path, '/');
	judge_require(j, REQUIRE_SYNC, STAGE_RESTORE,
		      judge_text(j, "%.*s/link_remap.*", (int) (slash - f->path), f->path),
		      judge_process(j, index_process(j->at, f->user_pid)));
	return FINE;
}

#define OF_FILES NEEDS(DOMAIN__DOMAIN_FILES)
#define SEEN_FILES (NEEDS(DOMAIN__DOMAIN_FILES) | NEEDS(DOMAIN__DOMAIN_FDS))

static const struct rule rules[] = {
	{
		.id = "dst-dir-missing",
		.title = "there is no folder to make an unlinked file in",
		.why = "CRIU makes a file without a name under its old path, opens and unlinks it.",
		.remedy = "make the folder, or mount its file system for writing",
		.criu_says = "Can't create ghost",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A folder does not appear, and a mount does not change, by itself.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = dir_missing,
	},
	{
		.id = "dst-ghost-space",
		.title = "an unlinked file does not fit there",
		.why = "Its content comes out of the image onto that file system.",
		.remedy = "free space there",
		.criu_says = "No space left on device",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "Free space changes.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = OF_FILES,
		.check = ghost_space,
	},
	{
		.id = "dst-ghost-collision",
		.title = "an earlier restore has left behind what this one would make",
		.why = "CRIU makes a deleted file again as NAME.cr.N.ghost, for a moment, and gives up where "
		       "that is there.",
		.remedy = "remove it",
		.criu_says = "Can't create ghost regfile: File exists",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What a restore has left behind stays until someone removes it.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = ghost_collision,
	},
	{
		.id = "dst-ghost-noexec",
		.title = "deleted code would be made again on a file system mounted noexec",
		.why = "CRIU makes a deleted program or library again where it was, and maps it from there.",
		.remedy = "mount that file system with exec, or restart the program",
		.criu_says = "Can't restore 0x",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A mount keeps its flags until someone remounts it.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = ghost_noexec,
	},
	{
		.id = "dst-linkremap-missing",
		.title = "a link that CRIU makes at the dump must be copied too",
		.why = "A file whose name is gone while another link of it lives gets a name "
		       "link_remap.N beside its old one; the restore opens that.",
		.remedy = "copy the folder after the dump, or keep it on shared storage",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The name is gone for good.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = linkremap_missing,
	},
};

const struct ruleset rules_dst_ghosts = {
	.name = "dst-ghosts",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and the mounts that they are on. CRIU looks for the mount first, by the number that
 * fdinfo has of it, in the table of the task's mount namespace:
 *
 *     24 30 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw
 *     |  parent     mount point
 *     number
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include <sys/stat.h>

#define FILES_NEEDED NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MAPPINGS)

static const char *
use_text(const File *f)
{
	if (f->used_exe)
		return "executed";
	if (f->used_map || f->used_map_exec)
		return "mapped";
	if (f->used_cwd)
		return "working folder";
	if (f->used_root)
		return "root folder";
	return "open";
}

static bool
ns_has_mounts(const Snapshot *s, uint64_t mnt_ns)
{
	for (size_t i = 0; i < s->n_mount; i++)
		if (s->mount[i]->mnt_ns == mnt_ns)
			return true;
	return false;
}

static bool
is_terminal(const File *f)
{
	return S_ISCHR(f->mode) && (f->rdev_major == 4 || f->rdev_major == 5 ||
				    (f->rdev_major >= 136 && f->rdev_major <= 143));
}

/* CRIU looks at the mount of a terminal only where it is not given --shell-job. */
static enum judgement
shell_job_lifts(struct judge *j, const File *f)
{
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--shell-job", f->path ? f->path : "");
	judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--shell-job", f->path ? f->path : "");
	return FINE;
}

static enum judgement
file_mount_unknown(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	struct finding *found;

	if (!f->has_mnt_id || !f->has_mnt_ns)
		return NOT_ABOUT;
	if (index_mount(j->at, f->mnt_ns, f->mnt_id))
		return FINE;
	if (!ns_has_mounts(j->source, f->mnt_ns))
		return judge_unknown(j, false, DOMAIN__DOMAIN_MOUNTS, f->path ? f->path : "",
				     "the mounts of its mount namespace");
	if (is_terminal(f))
		return shell_job_lifts(j, f);
	found = judge_find(j, f->path ? f->path : "",
			   judge_text(j, "%s on mount %u, which is not mounted in its namespace", use_text(f),
				      f->mnt_id),
			   NULL);
	found->option = judge_text(j, "--external file[%x:%llx]", f->mnt_id, (unsigned long long) f->ino);
	found->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (n > 0 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/*
 * The mount that hides `m`: a sibling above it, or, for the file's own mount, one on its own
 * mount point; NULL: none.
 */
static const Mount *
cover_of(const struct judge *j, const Mount *m, bool own)
{
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = j->source->mount[i];

		if (o->mnt_ns != m->mnt_ns || o == m || !o->mountpoint || !m->mountpoint)
			continue;
		if (own && o->parent == m->id && streq(o->mountpoint, m->mountpoint))
			return o;
		if (o->parent == m->parent && is_below(m->mountpoint, o->mountpoint))
			return o;
	}
	return NULL;
}

static enum judgement
file_on_overmounted(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const Mount *m, *cover = NULL;

	if (!f->has_mnt_id || !f->has_mnt_ns)
		return NOT_ABOUT;
	m = index_mount(j->at, f->mnt_ns, f->mnt_id);
	if (!m)
		return NOT_ABOUT;		/* file-mount-unknown tells of it */
	for (int depth = 0; m && !cover && depth < 64; depth++) {
		const Mount *parent = index_mount(j->at, m->mnt_ns, m->parent);

		cover = cover_of(j, m, depth == 0);
		m = parent == m ? NULL : parent;
	}
	if (!cover)
		return FINE;
	if (is_terminal(f))
		return shell_job_lifts(j, f);
	judge_find(j, f->path ? f->path : "",
		   judge_text(j, "%s, below the mount of %s at %s", use_text(f),
			      cover->fs_type ? cover->fs_type : "?", cover->mountpoint),
		   NULL)
		->here_from = judge_text(j, "/proc/%d/mountinfo", f->user_pid);
	return FINDING;
}

#define UNTIL_REOPENED                       \
	.lifetime = LIFETIME_PERMANENT,      \
	.lifetime_why = "the program holds the old file until it opens it again or restarts"

static const struct rule rules[] = {
	{
		.id = "file-mount-unknown",
		.title = "a file is open on a mount that is not there any more",
		.why = "CRIU finds the file through the mount table of its namespace. The mount was "
		       "detached (umount -l), or the descriptor came from another mount namespace.",
		.remedy = "have the program close the file; or pass it by hand (--external file[…] at dump, "
			  "--inherit-fd at restore)",
		.criu_says = "Can't lookup mount=",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED,
		.check = file_mount_unknown,
	},
	{
		.id = "file-on-overmounted",
		.title = "a file is open on a mount that another mount hides",
		.why = "Its path now leads to the mount on top; CRIU cannot open what lies below.",
		.remedy = "unmount what covers it, or have the program open the file again",
		.criu_says = "Open files on overmounted mounts are not supported yet",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FILE,
		.source_needs = FILES_NEEDED | NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = file_on_overmounted,
	},
};

const struct ruleset rules_file_mounts = { "file-mounts", rules, ARRAY_SIZE(rules) };

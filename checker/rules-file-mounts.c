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
#include "checker/paths.h"
#include "checker/rulesets.h"
#include "checker/values.h"
#include <sys/stat.h>

#define FILES_NEEDED NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MAPPINGS)

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

/*
 * What one process does with its files. A file has one record, whatever mounts it was reached
 * by (/dev/null of the host and of the container is one inode), so each descriptor is asked for
 * the mount that it has itself.
 */
struct uses {
	struct judge *j;
	const Process *process;
	enum judgement (*judge)(struct uses *u, const File *f, uint32_t mnt_id);
	struct {
		uint64_t ns;
		uint32_t id;
	} fine[8];				/* mounts that were looked at already */
	size_t n_fine;
	enum judgement worst;
};

static bool
was_fine(const struct uses *u, uint64_t ns, uint32_t id)
{
	for (size_t i = 0; i < u->n_fine; i++)
		if (u->fine[i].id == id && u->fine[i].ns == ns)
			return true;
	return false;
}

static void
judge_use(struct uses *u, bool has_file, uint32_t file, bool has_mount, uint32_t mnt_id)
{
	const File *f = index_file(u->j->at, has_file, file);
	enum judgement said;

	if (!f || !f->has_mnt_ns || !(has_mount || f->has_mnt_id) || file_never_had_path(f))
		return;
	if (!has_mount)
		mnt_id = f->mnt_id;
	if (was_fine(u, f->mnt_ns, mnt_id))
		return;
	said = u->judge(u, f, mnt_id);
	if (said > u->worst)
		u->worst = said;
	if (said == FINE && !is_terminal(f) && u->n_fine < ARRAY_SIZE(u->fine)) {
		u->fine[u->n_fine].ns = f->mnt_ns;
		u->fine[u->n_fine++].id = mnt_id;
	}
}

static void
judge_path_use(struct uses *u, const PathUse *use)
{
	if (use)
		judge_use(u, use->has_file, use->file, false, 0);
}

static enum judgement
judge_uses(struct judge *j, const Process *p,
	   enum judgement (*judge)(struct uses *u, const File *f, uint32_t mnt_id))
{
	struct uses u = { .j = j, .process = p, .judge = judge, .worst = NOT_ABOUT };

	judge_path_use(&u, p->exe);
	judge_path_use(&u, p->cwd);
	judge_path_use(&u, p->root);
	for (size_t i = 0; i < p->n_fd && u.worst != UNKNOWN; i++)
		judge_use(&u, p->fd[i]->has_file, p->fd[i]->file, p->fd[i]->has_mnt_id, p->fd[i]->mnt_id);
	for (size_t i = 0; i < p->n_mapping && u.worst != UNKNOWN; i++)
		judge_use(&u, p->mapping[i]->has_file, p->mapping[i]->file, p->mapping[i]->has_mnt_id,
			  p->mapping[i]->mnt_id);
	return u.worst;
}

/* By a descriptor of another mount than the one by which the record was made it is open. */
static const char *
use_of(const File *f, uint32_t mnt_id)
{
	return f->has_mnt_id && f->mnt_id == mnt_id ? value_use(f) : "open";
}

static enum judgement
mount_is_known(struct uses *u, const File *f, uint32_t mnt_id)
{
	struct judge *j = u->j;
	struct finding *found;

	switch (file_mount_place(j, f->mnt_ns, mnt_id)) {
	case MOUNT_THERE:
		return FINE;
	case MOUNT_NOT_KNOWN:
		return judge_unknown(j, false, DOMAIN__DOMAIN_MOUNTS, f->path ? f->path : "",
				     "the mounts of its mount namespace");
	default:
		break;
	}
	if (is_terminal(f))
		return shell_job_lifts(j, f);
	found = judge_find(j, f->path ? f->path : "",
			   judge_text(j, "%s on mount %u, which is not mounted in its namespace",
				      use_of(f, mnt_id), mnt_id),
			   NULL);
	found->option = judge_text(j, "--external file[%x:%llx]", mnt_id, (unsigned long long) f->ino);
	found->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static enum judgement
file_mount_unknown(struct judge *j, const struct subject *s)
{
	return judge_uses(j, s->process, mount_is_known);
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
mount_is_not_hidden(struct uses *u, const File *f, uint32_t mnt_id)
{
	struct judge *j = u->j;
	const Mount *m = index_mount(j->at, f->mnt_ns, mnt_id), *cover = NULL;

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
		   judge_text(j, "%s, below the mount of %s at %s", use_of(f, mnt_id),
			      cover->fs_type ? cover->fs_type : "?", cover->mountpoint),
		   NULL)
		->here_from = judge_text(j, "/proc/%d/mountinfo", u->process->pid);
	return FINDING;
}

static enum judgement
file_on_overmounted(struct judge *j, const struct subject *s)
{
	return judge_uses(j, s->process, mount_is_not_hidden);
}

/* The program is dumped as an open file of its mount, and an execve(2) of a memfd has none. */
static enum judgement
task_exe_memfd(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	const File *f = p->exe ? index_file(j->at, p->exe->has_file, p->exe->file) : NULL;
	const char *path = f && f->path ? f->path : p->exe ? p->exe->path : NULL;

	if (!path)
		return NOT_ABOUT;
	if (!slice_starts(slice_of(path), "/memfd:"))
		return FINE;
	judge_find(j, judge_process(j, p), judge_text(j, "executes %s", path), NULL)->here_from =
		judge_text(j, "/proc/%d/exe", p->pid);
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
		.remedy = "have the program close the file; or give criu --external "
			  "file[MOUNT:INODE] at dump and hand it over at restore (--inherit-fd fd[N]:file[MOUNT:INODE])",
		.criu_says = "Can't lookup mount=",
		.stage = STAGE_DUMP,
		UNTIL_REOPENED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
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
		.about = ABOUT_PROCESS,
		.source_needs = FILES_NEEDED | NEEDS(DOMAIN__DOMAIN_MOUNTS),
		.check = file_on_overmounted,
	},
	{
		.id = "task-exe-memfd",
		.title = "a program was executed from memory",
		.why = "CRIU dumps it without a word, and the restore does not find the file: the memory "
		       "of a memfd_create(2) that was executed is on no path and in no image.",
		.remedy = "start the program from a file on a disk or a tmpfs",
		.criu_says = "No entry for reg-file-ID",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a program stays what was executed until it executes another",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_TASKS),
		.check = task_exe_memfd,
	},
};

const struct ruleset rules_file_mounts = { "file-mounts", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of files: regular files and folders that the tree has open are opened below the root
 * with the flags of the descriptor, first as CRIU would, then as the user of the task where the mode
 * bits at the source let that user. What only an attempt tells: attributes of chattr(1), file systems
 * without O_DIRECT, O_NOATIME of another owner, ACLs, security modules, the folders above.
 *
 *     flags:  02102001       O_WRONLY, O_APPEND, O_CLOEXEC
 *
 * Never a device, a FIFO or a file of procfs and its like; nothing is created, truncated or written. A
 * file that somebody has a lease on is not opened for writing (that would break the lease), nor is a
 * program (nobody could start it at that moment).
 */
#include "probes/rehearse.h"

#include "base/text.h"
#include "kernel/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

enum {
	KEPT_FLAGS = O_ACCMODE | O_APPEND | O_DIRECT | O_NOATIME | O_DSYNC | O_SYNC,
	MAX_GROUPS = 65536,
};

/* ---- the plan ------------------------------------------------------------------------------- */

/* What the facts have found at its path: only what is a file or folder there, and was not brought. */
static const PathAnswer *
answer_of(const struct rehearsal *h, const char *path)
{
	const Snapshot *s = h->c->snapshot->facts;

	for (size_t i = 0; i < s->n_path_answer; i++) {
		const PathAnswer *a = s->path_answer[i];

		if (a->path && !a->of_host && streq(a->path, path))
			return a;
	}
	return NULL;
}

/* Many descriptors may lead to the one file. */
static bool
is_planned(const struct rehearsal *h, const Fd *fd, const File *f, const Process *p)
{
	for (size_t i = h->n; i > h->begin; i--)
		if (h->trial[i - 1].what == f && h->trial[i - 1].number == (fd->flags & KEPT_FLAGS) &&
		    h->trial[i - 1].pid == p->pid)
			return true;
	return false;
}

/* NULL: it is not to be opened. */
static const PathAnswer *
can_be_tried(const struct rehearsal *h, const Fd *fd, const File *f)
{
	const PathAnswer *a;
	bool fits;

	if ((fd->kind != FD_KIND__FD_REGULAR && fd->kind != FD_KIND__FD_DIRECTORY) || !f->path ||
	    f->path[0] != '/' || f->deleted || (fd->flags & O_PATH) || !filesystem_name_may_be_read(f->fs_type))
		return NULL;
	a = answer_of(h, f->path);
	fits = a && !a->declared && !a->timed_out && a->error == 0 &&
	       (a->kind == PATH_KIND__PATH_KIND_REGULAR || a->kind == PATH_KIND__PATH_KIND_DIRECTORY);
	return fits ? a : NULL;
}

static bool
is_in_group(const Credentials *c, uint32_t gid)
{
	for (size_t i = 0; i < c->n_group; i++)
		if (c->group[i] == gid)
			return true;
	return c->fsgid == gid;
}

/* Do the mode bits at the source let this user, who has no capability that overrides them? */
static bool
was_allowed(const Credentials *c, const File *f, uint32_t flags)
{
	uint32_t wanted = (flags & O_ACCMODE) == O_RDONLY ? 4 : (flags & O_ACCMODE) == O_WRONLY ? 2 : 6;
	uint32_t bits;

	if (!f->has_mode || !f->has_uid || !f->has_gid)
		return false;
	bits = f->uid == c->fsuid ? f->mode >> 6 : is_in_group(c, f->gid) ? f->mode >> 3 : f->mode;
	return (bits & wanted) == wanted;
}

static const char *
call_of(uint32_t flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "open(2) for reading, with the flags of the descriptor";
	case O_WRONLY:
		return "open(2) for writing, with the flags of the descriptor";
	default:
		return "open(2) for reading and writing, with the flags of the descriptor";
	}
}

static int
add(struct rehearsal *h, const Process *p, const Fd *fd, const File *f, const PathAnswer *a)
{
	const Credentials *c = p->n_thread ? p->thread[0]->credentials : NULL;
	struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_FILE,
		.pid = p->pid,
		.what = f,
		.text = a->mapped_to,
		.number = fd->flags & KEPT_FLAGS,
		.detail = call_of(fd->flags),
	};
	int r = rehearsal_add(h, &t, "%s", f->path);

	if (r < 0 || !c || !c->has_fsuid || !c->has_fsgid || c->fsuid == 0 || c->fsuid == geteuid() ||
	    c->cap_effective != 0 || c->n_group > MAX_GROUPS || !was_allowed(c, f, fd->flags))
		return r;
	t.subject = TRIAL_SUBJECT__TRIAL_FILE_AS_USER;
	t.as = c;
	return rehearsal_add(h, &t, "%s as user %u", f->path, c->fsuid);
}

static int
plan(struct rehearsal *h)
{
	const Snapshot *s = h->c->source;
	int r = 0;

	for (size_t i = 0; i < s->n_process; i++) {
		const Process *p = s->process[i];

		for (size_t k = 0; r == 0 && !h->cut && k < p->n_fd; k++) {
			const Fd *fd = p->fd[k];
			const File *f = fd->has_file && fd->file < s->n_file ? s->file[fd->file] : NULL;
			const PathAnswer *a = f && !is_planned(h, fd, f, p) ? can_be_tried(h, fd, f) : NULL;

			if (a)
				r = add(h, p, fd, f, a);
		}
	}
	return r;
}

/* ---- in the worker -------------------------------------------------------------------------- */

/* "1: LEASE  ACTIVE    READ  4211 08:01:131 0 EOF": of either kind, by the inode alone. */
static bool
has_lease(struct rehearsal *h, ino_t ino)
{
	struct slice text, line, word, number;

	if (root_read(&h->root, "/proc/locks", h->c->text, MAX_PROC_FILE) < 0)
		return false;
	text = buffer_slice(h->c->text);
	while (slice_line(&text, &line)) {
		bool lease = false;
		uint64_t value;

		for (unsigned int i = 0; i < 6 && slice_word(&line, &word); i++) {
			lease |= slice_eq(word, "LEASE") || slice_eq(word, "DELEG");
			while (i == 5 && slice_field(&word, ':', &number))
				if (lease && parse_u64(number, 10, &value) == 0 && value == ino)
					return true;
		}
	}
	return false;
}

/* The kind is looked at again: what stands at the path may have changed since the facts. */
static int
may_be_opened(struct rehearsal *h, int held, int flags)
{
	struct statfs fs;
	struct stat st;

	if (fstat(held, &st) < 0 || fstatfs(held, &fs) < 0)
		return errno;
	if (!filesystem_name_of((uint64_t) fs.f_type) || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return EOPNOTSUPP;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return 0;
	if (S_ISREG(st.st_mode) && (st.st_mode & 0111))
		return REHEARSAL_LEFT_OUT;
	return has_lease(h, st.st_ino) ? REHEARSAL_LEFT_OUT : 0;
}

static int
open_again(struct rehearsal *h, const struct trial *t)
{
	char link[sizeof("/proc/self/fd/") + 11];
	const File *f = t->what;
	_cleanup_close_ int held = t->text ? root_openat(&h->root, t->text, O_PATH) :
					     root_openat(&h->tree_root, f->path, O_PATH);
	_cleanup_close_ int fd = -1;
	int flags = (int) t->number, r;

	if (held < 0)
		return held;
	r = may_be_opened(h, held, flags);
	if (r != 0)
		return r;
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", held);
	fd = open(link, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : 0;
}

struct as_user {
	struct rehearsal *h;
	const struct trial *t;
};

/* The parent-death signal is lost with the identity, and asked for again. */
static int
become(const Credentials *c)
{
	if (setgroups(c->n_group, c->group) < 0 || setresgid(c->fsgid, c->fsgid, c->fsgid) < 0 ||
	    setresuid(c->fsuid, c->fsuid, c->fsuid) < 0)
		return errno;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

static int
open_as_user(void *arg)
{
	const struct as_user *a = arg;
	int r = become(a->t->as);

	return r != 0 ? r : open_again(a->h, a->t);
}

static int
attempt(struct rehearsal *h, const struct trial *t)
{
	struct as_user a = { .h = h, .t = t };

	if (t->subject == TRIAL_SUBJECT__TRIAL_FILE)
		return open_again(h, t);
	return rehearsal_helper(0, open_as_user, &a);
}

const struct rehearsal_subject rehearse_files = {
	.name = "files",
	.namespaces = CLONE_NEWPID,
	.bare = true,
	.plan = plan,
	.attempt = attempt,
};

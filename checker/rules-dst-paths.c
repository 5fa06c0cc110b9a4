/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that are no plain files: devices, FIFOs, what the kernel shows under /proc and /sys, and
 * watched paths.
 *
 *     /dev/net/tun  character device 10:200
 *     /proc/1234/stat  of a process outside of the tree
 */
#include "checker/paths.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <sys/stat.h>

/* pts and ptmx have their own rule, tty-pty-index; the controlling terminal is nobody's. */
static bool
is_pty(const File *f)
{
	return (f->rdev_major >= 136 && f->rdev_major <= 143) ||
	       (f->rdev_major == 5 && (f->rdev_minor == 2 || f->rdev_minor == 0));
}

static enum judgement
special_dev(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;

	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if ((!S_ISCHR(f->mode) && !S_ISBLK(f->mode)) || is_pty(f))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (file_kind_agrees(f, a) && f->rdev_major == a->rdev_major && f->rdev_minor == a->rdev_minor)
		return FINE;
	found = path_find(j, f, judge_text(j, "%s %u:%u", value_file_type(f->mode), f->rdev_major,
					   f->rdev_minor),
			  !file_is_there(a) ? "nothing" :
			  judge_text(j, "%s %u:%u", a->has_mode ? value_file_type(a->mode) : "another kind",
				     a->rdev_major, a->rdev_minor));
	if (file_kind_agrees(f, a)) {
		found->stage = STAGE_AFTERWARDS;
		found->detail = "CRIU compares the kind and the mode, not which device it is.";
	}
	return FINDING;
}

static enum judgement
fifo(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;

	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!S_ISFIFO(f->mode))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (file_kind_agrees(f, a))
		return FINE;
	found = path_find(j, f, "FIFO", !file_is_there(a) ? "nothing" :
			  a->has_mode ? value_file_type(a->mode) : "another kind");
	if (!file_is_there(a))
		found->command = quote_command(j, "mkfifo", "-m",
					       judge_text(j, "%04o", f->mode & 07777), found->there_from, NULL);
	return FINDING;
}

/* N of "/proc/N/…"; 0 where the path is none. */
static int
proc_pid_of(const char *path)
{
	struct slice rest = slice_of(path), number;
	uint32_t pid;

	if (!slice_cut(&rest, "/proc/") || !slice_field(&rest, '/', &number) ||
	    parse_u32(number, 10, &pid) < 0 || pid > INT32_MAX)
		return 0;
	return (int) pid;
}

static bool
is_proc_pid(const File *f)
{
	return f->path && f->fs_type && streq(f->fs_type, "proc") && proc_pid_of(f->path) > 0;
}

static enum judgement
proc_pid_path(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;
	int pid;

	if (!is_proc_pid(f))
		return NOT_ABOUT;
	pid = proc_pid_of(f->path);
	if (index_thread(j->at, pid, NULL) || index_process(j->at, pid))
		return FINE;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (index_same_host(j->source, j->destination) && file_is_there(a))
		return FINE;
	found = path_find(j, f, judge_text(j, "of process %d outside of the tree", pid),
			  file_is_there(a) ? "of whatever process has that number" : "no such process");
	if (file_is_there(a)) {
		found->severity = SEVERITY_WARNING;
		found->stage = STAGE_AFTERWARDS;
	}
	return FINDING;
}

static enum judgement
proc_sys_path(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	enum judgement said;

	if (!file_is_of_kernel(f) || is_proc_pid(f))
		return NOT_ABOUT;
	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!S_ISREG(f->mode) && !S_ISDIR(f->mode))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (file_is_there(a))
		return FINE;
	(void) path_find(j, f, judge_text(j, "a file of %s", f->fs_type), "nothing");
	return FINDING;
}

/* CRIU makes what is watched again for a moment, where it was. */
static bool
is_deleted(const InotifyWatch *w)
{
	return w->has_path_errno && w->path_errno == ENOENT;
}

static enum judgement
watch_target(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT, unknown = FINE;
	bool known;

	if (s->fd->kind != FD_KIND__FD_INOTIFY || index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_inotify_watch; i++) {
		const InotifyWatch *w = s->fd->inotify_watch[i];
		const char *path = w->path;
		const PathAnswer *a = path ? index_path(j->there, path) : NULL;

		if (!path || (a && a->declared))
			continue;
		if (said == NOT_ABOUT)
			said = FINE;
		if (is_deleted(w) && index_same_host(j->source, j->destination))
			continue;
		if (!a || a->timed_out || !a->has_kind) {
			unknown = judge_unknown(j, true, DOMAIN__DOMAIN_FILES, path, "what is at this path there");
			continue;
		}
		if (file_is_there(a))
			continue;
		(void) judge_find(j, path, judge_text(j, "watched by %s", judge_fd(j, s->process, s->fd)),
				  "nothing");
		said = FINDING;
	}
	return said == FINE ? unknown : said;
}

#define OF_FILES NEEDS(DOMAIN__DOMAIN_FILES)
#define SEEN_FILES (NEEDS(DOMAIN__DOMAIN_FILES) | NEEDS(DOMAIN__DOMAIN_FDS))

static const struct rule rules[] = {
	{
		.id = "dst-special-dev",
		.title = "a device node is missing there, or is another device",
		.why = "CRIU opens the device by its path and expects the same one.",
		.remedy = "make the node (udev, mknod), or load its module",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A device node does not appear by itself.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = special_dev,
	},
	{
		.id = "dst-fifo",
		.title = "a named pipe is missing there, or is none",
		.why = "CRIU opens the FIFO by its path.",
		.remedy = "make it there with mkfifo(1), with the mode that it has here",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A FIFO does not appear by itself.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = fifo,
	},
	{
		.id = "dst-proc-pid-path",
		.title = "an open file under /proc belongs to a process that does not move along",
		.why = "The restore opens the path; there is no such process there, or another one.",
		.remedy = "have the program close it, or move that process too",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The program holds the descriptor for as long as it likes.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = proc_pid_path,
	},
	{
		.id = "dst-proc-sys-path",
		.title = "an open file of /proc, /sys or a cgroup does not exist there",
		.why = "The destination's kernel, its devices or its cgroups have no such file.",
		.remedy = "have the program close it, or choose a host that has it",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel, device or cgroup there.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = proc_sys_path,
	},
	{
		.id = "inotify-target",
		.title = "a watched path is not there",
		.why = "CRIU adds the watch anew, by path.",
		.remedy = "bring the path to the destination",
		.criu_says = "fsnotify: Can't",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A path does not appear by itself.",
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.destination_needs = OF_FILES,
		.check = watch_target,
	},
};

const struct ruleset rules_dst_paths = {
	.name = "dst-paths",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

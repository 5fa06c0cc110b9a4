/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, libraries and folders that a restore opens by their paths: what criu compares (kind
 * and mode always; size and build-id of a regular file unless it is only appended to), and
 * what it does not, and should: content.
 *
 *     here   /usr/lib/libssl.so.3  regular 0644  669136 bytes  build-id 3f2a…  sha256 7c1e…
 *     there  /usr/lib/libssl.so.3  regular 0644  669136 bytes  build-id 88b0…  sha256 0d44…
 */
#include "checker/paths.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>

static bool
is_regular(const File *f)
{
	return S_ISREG(f->mode);
}

static bool
is_code(const File *f)
{
	return f->used_exe || f->used_map_exec;
}

/* Terminals are restored by their own rules; so are FIFOs and other devices, but for the mode. */
static bool
is_terminal(const File *f)
{
	return S_ISCHR(f->mode) && ((f->rdev_major >= 136 && f->rdev_major <= 143) ||
				    (f->rdev_major == 5 && f->rdev_minor == 2));
}

/* Where in /proc/PID the file was met. */
static const char *
link_of(const File *f)
{
	if (f->used_exe)
		return "exe";
	if (f->used_map_exec || f->used_map)
		return "map_files";
	return f->used_fd ? "fd" : f->used_cwd ? "cwd" : "root";
}

static struct finding *
file_find(struct judge *j, const File *f, const char *here, const char *there)
{
	struct finding *found = judge_find(j, f->path, here, there);

	found->here_from = judge_text(j, "/proc/%d/%s", f->user_pid, link_of(f));
	found->there_from = path_there(j, f->path);
	return found;
}

/* FINE: a regular file of the same kind is there, and it is another inode. */
static enum judgement
compare_regular(struct judge *j, const File *f, const PathAnswer **ret)
{
	enum judgement said;

	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!is_regular(f))
		return NOT_ABOUT;
	said = file_answer(j, f, ret);
	if (said != FINE)
		return said;
	return file_kind_agrees(f, *ret) ? FINE : NOT_ABOUT;
}

static enum judgement
file_missing(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;

	if (file_is_of_kernel(f))
		return NOT_ABOUT;
	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!is_regular(f) && !S_ISDIR(f->mode) && !S_ISLNK(f->mode))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE || file_is_there(a))
		return said;
	found = file_find(j, f, value_mode(j, f->mode), "nothing");
	if (a->parent_missing)
		found->detail = "The folder it is in is missing too.";
	if (S_ISDIR(f->mode))
		found->command = quote_command(j, "mkdir", "-p", "-m",
					       judge_text(j, "%04o", f->mode & 07777), found->there_from, NULL);
	return FINDING;
}

static enum judgement
file_type(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	enum judgement said;

	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!is_regular(f) && !S_ISDIR(f->mode))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (!file_is_there(a))
		return NOT_ABOUT;
	if (file_kind_agrees(f, a))
		return FINE;
	(void) file_find(j, f, value_file_type(f->mode),
			 a->has_mode ? value_file_type(a->mode) : "another kind");
	return FINDING;
}

static enum judgement
file_mode(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;

	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (S_ISLNK(f->mode) || S_ISSOCK(f->mode) || is_terminal(f))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (!file_kind_agrees(f, a))
		return NOT_ABOUT;
	if (!a->has_mode)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, "its mode there");
	if ((f->mode & 07777) == (a->mode & 07777))
		return FINE;
	found = file_find(j, f, value_mode(j, f->mode), value_mode(j, a->mode));
	found->command = quote_command(j, "chmod", judge_text(j, "%04o", f->mode & 07777), found->there_from,
				       NULL);
	/* CRIU can be told to skip rwx, not the set-id bits and the sticky bit. */
	if ((f->mode & 07000) == (a->mode & 07000)) {
		found->option = "--skip-file-rwx-check";
		found->option_kind = REQUIRE_LOSSY;
	}
	return FINDING;
}

/* 1 equal, 0 not, -1 not known. */
static int
content_agrees(const File *f, const PathAnswer *a)
{
	if (a->has_same_as_asked)
		return a->same_as_asked;
	if (!f->has_sha256 || !a->has_sha256)
		return -1;
	return f->sha256.len == a->sha256.len &&
	       memcmp(f->sha256.data, a->sha256.data, f->sha256.len) == 0;
}

static void
require_sync(struct judge *j, const File *f)
{
	judge_require(j, REQUIRE_SYNC, STAGE_RESTORE, f->path,
		      judge_process(j, index_process(j->at, f->user_pid)));
}

static enum judgement
file_size(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said = compare_regular(j, f, &a);

	if (said != FINE)
		return said;
	if (f->used_append_only || !f->has_size || !a->has_size)
		return NOT_ABOUT;
	if (file_is_same(j, f, a))
		return FINE;
	/* Equal by now or not: until the freeze it goes on changing. */
	if (f->used_write && (f->size != a->size || content_agrees(f, a) <= 0)) {
		require_sync(j, f);
		return FINE;
	}
	if (f->size == a->size)
		return FINE;
	found = file_find(j, f, judge_text(j, "%llu bytes", (unsigned long long) f->size),
			  judge_text(j, "%llu bytes", (unsigned long long) a->size));
	if (is_code(f))
		found->remedy = "install the same package version at the destination";
	return FINDING;
}

/* Not even its beginning could be read, which would show whether it has a build-id. */
static bool
is_unread(const File *f)
{
	return !f->elf && !f->has_build_id &&
	       (f->digest_state == DIGEST_STATE__DIGEST_FAILED ||
		f->digest_state == DIGEST_STATE__DIGEST_TIMED_OUT);
}

static enum judgement
file_buildid(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said = compare_regular(j, f, &a);

	if (said != FINE)
		return said;
	if (is_unread(f) && !f->used_append_only && !file_is_same(j, f, a) && !a->same_as_asked)
		return judge_unknown(j, false, DOMAIN__DOMAIN_FILES, f->path, "its build-id");
	if (!f->has_build_id || f->build_id.len == 0 || (f->has_size && a->has_size && f->size != a->size))
		return NOT_ABOUT;
	if (file_is_same(j, f, a))
		return FINE;
	if (!a->has_build_id || a->build_id.len == 0) {
		if (a->build_id_looked || a->same_as_asked)
			return FINE;		/* CRIU accepts a file without one */
		if (a->has_same_as_asked)
			return NOT_ABOUT;	/* only whether its content agrees may be told */
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path, "its build-id there");
	}
	if (f->build_id.len == a->build_id.len &&
	    memcmp(f->build_id.data, a->build_id.data, f->build_id.len) == 0)
		return FINE;
	found = file_find(j, f, judge_text(j, "build-id %s", value_hex(j, f->build_id)),
			  judge_text(j, "build-id %s", value_hex(j, a->build_id)));
	found->option = "--file-validation=filesize";
	found->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

static bool
build_ids_differ(const File *f, const PathAnswer *a)
{
	return f->has_build_id && a->has_build_id && a->build_id.len &&
	       (f->build_id.len != a->build_id.len ||
		memcmp(f->build_id.data, a->build_id.data, f->build_id.len) != 0);
}

static const char *
content_text(struct judge *j, bool has_sha256, ProtobufCBinaryData sha256, const char *otherwise)
{
	return has_sha256 ? judge_text(j, "sha256 %s", value_hex(j, sha256)) : otherwise;
}

static enum judgement
file_content(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;
	int agrees;

	if (file_is_of_kernel(f) || f->digest_state == DIGEST_STATE__DIGEST_NOT_WANTED)
		return NOT_ABOUT;
	said = compare_regular(j, f, &a);
	if (said != FINE)
		return said;
	/* Other rules speak of these. */
	if ((f->has_size && a->has_size && f->size != a->size) || build_ids_differ(f, a))
		return NOT_ABOUT;
	agrees = file_is_same(j, f, a) ? 1 : content_agrees(f, a);
	if (agrees > 0)
		return FINE;
	if (f->used_write)
		return NOT_ABOUT;	/* dst-file-size wants it copied after the freeze */
	if (agrees < 0)
		return is_code(f) ? judge_unknown(j, f->has_sha256, DOMAIN__DOMAIN_FILES, f->path,
						  "a digest of its content") : NOT_ABOUT;
	found = file_find(j, f, content_text(j, f->has_sha256, f->sha256, "this content"),
			  content_text(j, a->has_sha256, a->sha256, "other content of the same size"));
	if (is_code(f))
		return FINDING;
	found->severity = SEVERITY_WARNING;
	found->detail = "It is data, opened for reading: the program may have part of it in memory.";
	return FINDING;
}

static bool
is_written(const File *f)
{
	return f->used_write || (f->fd_flags & O_ACCMODE) == O_WRONLY ||
	       (f->fd_flags & O_ACCMODE) == O_RDWR;
}

static enum judgement
file_read_only(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	struct finding *found;
	enum judgement said;

	if (!is_written(f) || file_is_of_kernel(f))
		return NOT_ABOUT;
	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!is_regular(f))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (!file_is_there(a))
		return NOT_ABOUT;
	if (!a->has_read_only && !a->immutable)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path,
				     "whether its file system there can be written");
	if (!a->read_only && !a->immutable)
		return FINE;
	found = file_find(j, f, "open for writing", a->immutable ? "immutable" :
			  "on a file system mounted read-only");
	if (a->immutable)
		found->command = quote_command(j, "chattr", "-i", found->there_from, NULL);
	return FINDING;
}

static enum judgement
file_noexec(struct judge *j, const struct subject *s)
{
	const File *f = s->file;
	const PathAnswer *a;
	enum judgement said;

	if (!is_code(f))
		return NOT_ABOUT;
	if (!f->has_mode)
		return file_of_no_kind(j, f);
	if (!is_regular(f))
		return NOT_ABOUT;
	said = file_answer(j, f, &a);
	if (said != FINE)
		return said;
	if (!file_is_there(a))
		return NOT_ABOUT;
	if (!a->has_noexec)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, f->path,
				     "whether its file system there may be executed from");
	if (!a->noexec)
		return FINE;
	(void) file_find(j, f, f->used_exe ? "executed" : "mapped executable",
			 "on a file system mounted noexec");
	return FINDING;
}

#define OF_FILES NEEDS(DOMAIN__DOMAIN_FILES)
#define SEEN_FILES (NEEDS(DOMAIN__DOMAIN_FILES) | NEEDS(DOMAIN__DOMAIN_FDS) | NEEDS(DOMAIN__DOMAIN_MAPPINGS))

static const struct rule rules[] = {
	{
		.id = "dst-file-missing",
		.title = "a file or folder that the tree uses is not there",
		.why = "CRIU opens each file, library, working folder and root by its path; one that "
		       "is missing ends the restore.",
		.remedy = "bring it to the destination: the same package, or a copy; name what the "
			  "move brings along with --brings, or say with --map where it lies there",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A file does not appear by itself.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_missing,
	},
	{
		.id = "dst-file-type",
		.title = "what stands at the path is of another kind",
		.why = "CRIU compares the kind of what it opens.",
		.remedy = "put there what the source has",
		.criu_says = "has bad mode",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A file keeps its kind until it is replaced.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_type,
	},
	{
		.id = "dst-file-mode",
		.title = "a file or folder has another mode",
		.why = "CRIU compares the whole mode of all it opens, of folders and devices too.",
		.remedy = "give it the same mode (chmod); where only rwx differ, criu restore "
			  "--skip-file-rwx-check passes over it",
		.criu_says = "has bad mode",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A mode stays until someone changes it.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_mode,
	},
	{
		.id = "dst-file-size",
		.title = "a file has another size",
		.why = "CRIU compares the size of every regular file but one that is only appended to, "
		       "and there is no option to skip that.",
		.remedy = "bring the same file; one that is open for writing must be copied between "
			  "the dump and the restore",
		.criu_says = "has bad size",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Nobody writes to the file at the source, so the difference stays.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_size,
	},
	{
		.id = "dst-file-buildid",
		.title = "a program or library is another build",
		.why = "The processes hold addresses into the build they were started from. CRIU "
		       "compares build-ids.",
		.remedy = "install the same package version at the destination",
		.criu_says = "has bad build-ID",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A file stays what it is until it is replaced.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_buildid,
	},
	{
		.id = "dst-file-content",
		.title = "a file of the same size and build-id has other content",
		.why = "CRIU cannot see it and restores; the program then runs on other code or data "
		       "than it has in its memory.",
		.remedy = "bring the same file to the destination",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "A file stays what it is until it is replaced.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_content,
	},
	{
		.id = "dst-file-ro",
		.title = "a file that is open for writing cannot be written there",
		.why = "CRIU opens it in the mode it was open in.",
		.remedy = "mount the file system for writing, or take the attribute off",
		.criu_says = "Read-only file system",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A mount stays read-only until someone remounts it.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_read_only,
	},
	{
		.id = "dst-file-noexec",
		.title = "a program or library lies on a file system mounted noexec",
		.why = "It can neither be set as the executable nor be mapped as code.",
		.remedy = "mount that file system with exec",
		.criu_says = "Unable to map ANON_VMA",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A mount keeps its flags until someone remounts it.",
		.about = ABOUT_FILE,
		.source_needs = SEEN_FILES,
		.destination_needs = OF_FILES,
		.check = file_noexec,
	},
};

const struct ruleset rules_dst_files = {
	.name = "dst-files",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

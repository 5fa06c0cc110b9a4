/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks that somebody holds on the destination on what the tree has locked.
 *
 *     here   /srv/app/lock   FLOCK WRITE
 *     there  /srv/app/lock   FLOCK WRITE, held by process 733
 *
 * Measured with CRIU 4.2.1: for a flock(2) and a record lock of fcntl(2) the restore waits until it is
 * given back; one of an open file description is refused at once. A lease is another matter: who has
 * the file open is in its way, and that shows nowhere.
 */
#include "checker/paths.h"
#include "checker/rulesets.h"

#include "base/cleanup.h"
#include "base/text.h"

/* Locks of flock(2), and those of fcntl(2), do not see each other. */
static bool
is_of_fcntl(const FileLock *l)
{
	return streq(l->kind, "POSIX") || streq(l->kind, "OFDLCK");
}

static bool
is_lock(const FileLock *l)
{
	return l->kind && l->access && (streq(l->kind, "FLOCK") || is_of_fcntl(l));
}

static bool
conflict(const FileLock *a, const FileLock *b)
{
	if (!is_lock(a) || !is_lock(b) || is_of_fcntl(a) != is_of_fcntl(b))
		return false;
	if (streq(a->access, "READ") && streq(b->access, "READ"))
		return false;
	return !is_of_fcntl(a) || (a->start <= b->end && b->start <= a->end);
}

/* On the same machine the probe saw the tree's own. Two that are equal and conflict are one. */
static bool
is_own(const struct judge *j, const FileLock *here, const FileLock *there)
{
	return index_same_host(j->source, j->destination) && streq(here->kind, there->kind) &&
	       streq(here->access, there->access) && here->start == there->start && here->end == there->end;
}

static const char *
words(struct judge *j, const FileLock *l)
{
	if (!is_of_fcntl(l) || (l->start == 0 && l->end == UINT64_MAX))
		return judge_text(j, "%s %s", l->kind, l->access);
	if (l->end == UINT64_MAX)
		return judge_text(j, "%s %s from byte %llu", l->kind, l->access, (unsigned long long) l->start);
	return judge_text(j, "%s %s of bytes %llu to %llu", l->kind, l->access, (unsigned long long) l->start,
			  (unsigned long long) l->end);
}

static enum judgement
judge_lock(struct judge *j, const struct subject *s, const FileLock *here, const PathAnswer *a)
{
	for (size_t i = 0; i < a->n_lock; i++) {
		const FileLock *there = a->lock[i];
		struct finding *f;

		if (!conflict(here, there) || is_own(j, here, there))
			continue;
		f = judge_find(j, judge_fd_target(j, s->fd), words(j, here), there->has_pid && there->pid > 0 ?
			       judge_text(j, "%s, held by process %d", words(j, there), there->pid) : words(j, there));
		f->here_from = judge_fdinfo(j, s->process, s->fd);
		f->there_from = "/proc/locks";
		return FINDING;
	}
	return FINE;
}

static enum judgement
lock_conflict(struct judge *j, const struct subject *s)
{
	const File *file = index_file(j->at, s->fd->has_file, s->fd->file);
	enum judgement said = NOT_ABOUT;
	const PathAnswer *a;

	for (size_t i = 0; file && i < s->fd->n_lock && said != FINDING; i++) {
		if (!is_lock(s->fd->lock[i]))
			continue;
		said = file_answer(j, file, &a);
		if (said != FINE || !file_is_there(a))
			return said == FINE ? NOT_ABOUT : said;
		if (!a->locks_looked)
			return judge_unknown(j, true, DOMAIN__DOMAIN_FILES, file->path, "who has locked it there");
		said = judge_lock(j, s, s->fd->lock[i], a);
	}
	return said;
}

static const struct rule rules[] = {
	{
		.id = "dst-filelock-conflict",
		.title = "a file that the tree has locked is locked by somebody else there",
		.why = "CRIU takes each lock anew. For flock(2) and record locks it waits, however long, until the "
		       "other gives its lock back; a lock of an open file description is refused at once.",
		.remedy = "end the program there that holds the lock (another instance of this one?), or wait for it",
		.criu_says = "Can not set ofd lock",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "Locks end with the program that took them at the latest.",
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.of_the_moment = MOMENT_ONLY,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILES),
		.check = lock_conflict,
	},
};

const struct ruleset rules_dst_locks = { .name = "dst-locks", .rules = rules, .n = ARRAY_SIZE(rules) };

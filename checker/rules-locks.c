/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File locks, as fdinfo shows those held through a descriptor:
 *
 *     lock:	1: FLOCK  ADVISORY  WRITE 4211 08:01:131 0 EOF
 *     lock:	1: LEASE  BREAKING  READ  4211 08:01:131 0 EOF
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/seen.h"

static bool
is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; word && i < n; i++)
		if (streq(word, list[i]))
			return true;
	return false;
}

static bool
is_known_kind(const FileLock *l)
{
	static const char *const kinds[] = { "POSIX", "FLOCK", "OFDLCK", "LEASE" };

	return is_one_of(l->kind, kinds, ARRAY_SIZE(kinds));
}

static bool
is_breaking(const FileLock *l)
{
	return l->kind && streq(l->kind, "LEASE") && l->mode && streq(l->mode, "BREAKING");
}

static const char *
lock_text(struct judge *j, const FileLock *l)
{
	return judge_text(j, "%s %s", l->kind ? l->kind : "?", l->access ? l->access : "?");
}

static struct finding *
lock_finding(struct judge *j, const struct subject *s, const FileLock *l)
{
	struct finding *f = judge_find(j, judge_fd_target(j, s->fd),
				       judge_text(j, "%s %s", lock_text(j, l), l->mode ? l->mode : ""), NULL);

	f->here_from = judge_fdinfo(j, s->process, s->fd);
	return f;
}

static enum judgement
file_lock_held(struct judge *j, const struct subject *s)
{
	for (size_t i = 0; i < s->fd->n_lock; i++) {
		const FileLock *l = s->fd->lock[i];
		const char *who;

		if (!is_known_kind(l))
			continue;
		who = judge_text(j, "%s (%s of %s)", judge_fd_target(j, s->fd), lock_text(j, l),
				 judge_process(j, s->process));
		judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--file-locks", who);
		judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--file-locks", who);
		return FINE;
	}
	return NOT_ABOUT;
}

static enum judgement
file_lock_unknown_kind(struct judge *j, const struct subject *s)
{
	if (s->fd->n_lock == 0)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_lock; i++)
		if (!is_known_kind(s->fd->lock[i])) {
			(void) lock_finding(j, s, s->fd->lock[i]);
			return FINDING;
		}
	return FINE;
}

static enum judgement
file_lock_mandatory_opt(struct judge *j, const struct subject *s)
{
	static const char *const known[] = { "READ", "WRITE", "RW", "UNLCK", "NONE" };

	if (s->fd->n_lock == 0)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->fd->n_lock; i++)
		if (!is_one_of(s->fd->lock[i]->access, known, ARRAY_SIZE(known))) {
			(void) lock_finding(j, s, s->fd->lock[i]);
			return FINDING;
		}
	return FINE;
}

/*
 * CRIU opens the file to look for its build-id, and breaks the lease so, or waits for one that
 * is being broken already: of that only the state to come is shown, not whether it is a write
 * lease still.
 */
static enum judgement
file_lease_write(struct judge *j, const struct subject *s)
{
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; i < s->fd->n_lock; i++) {
		const FileLock *l = s->fd->lock[i];

		if (!l->kind || !streq(l->kind, "LEASE"))
			continue;
		if ((l->access && streq(l->access, "WRITE")) || is_breaking(l))
			judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--file-validation filesize",
				      judge_text(j, "%s (lease of %s)", judge_fd_target(j, s->fd),
						 judge_process(j, s->process)));
		said = FINE;
	}
	return said;
}

static bool
lease_is_breaking(const FdSample *s)
{
	return s->lease_breaking;
}

static enum judgement
file_lease_breaking(struct judge *j, const struct subject *s)
{
	struct seen seen = seen_fd(s->fd, true, lease_is_breaking);
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; i < s->fd->n_lock; i++) {
		const FileLock *l = s->fd->lock[i];

		if (!l->kind || !streq(l->kind, "LEASE"))
			continue;
		if (is_breaking(l) && seen.still) {
			lock_finding(j, s, l)->observed = seen_text(j, "being broken", seen);
			return FINDING;
		}
		said = FINE;
	}
	return said;
}

static const struct rule rules[] = {
	{
		.id = "file-lock-held",
		.title = "a file is locked",
		.why = "CRIU saves locks when it is told that nobody else waits for them; without the "
		       "option it refuses. A restore without the option loses them without a word.",
		.remedy = "give criu --file-locks at dump and restore",
		.criu_says = "Some file locks are hold by dumping tasks! You can try --file-locks",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the lock is held until the program gives it back",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = file_lock_held,
	},
	{
		.id = "file-lock-unknown-kind",
		.title = "a file is locked in a way that CRIU does not know",
		.why = "CRIU knows POSIX, flock, open file description locks and leases; any other kind "
		       "(a delegation of an NFS server) stops it.",
		.remedy = "look again when the other side has given the lock back",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the lock is held until its owner gives it back",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = file_lock_unknown_kind,
	},
	{
		.id = "file-lock-mandatory-opt",
		.title = "a file is locked for an access that CRIU does not know",
		.why = "CRIU reads READ, WRITE, RW and UNLCK in the kernel's list, and stops at another word.",
		.remedy = "have the program give the lock back before the dump",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the lock is held until the program gives it back",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = file_lock_mandatory_opt,
	},
	{
		.id = "file-lease-write",
		.title = "a program holds a write lease on a file",
		.why = "CRIU opens the file to read its build-id, which breaks the lease: the dump stands "
		       "still for fs.lease-break-time (45 s), the program is left with a read lease, and the "
		       "restore fails. Where the lease is being broken already, the dump waits for the end "
		       "of it.",
		.remedy = "give criu --file-validation filesize at dump",
		.criu_says = "Can't set lease: Resource temporarily unavailable",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the lease is held until the program gives it back",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = file_lease_write,
	},
	{
		.id = "file-lease-breaking",
		.title = "a lease on a file is just being taken away",
		.why = "Between the kernel's request and the program's answer the lease has two states; "
		       "CRIU saves the one that it is becoming.",
		.remedy = "look again when the program has answered, if it relies on the lease",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_TRANSIENT,
		.lifetime_why = "the kernel takes the lease after fs.lease-break-time, 45 s by default",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = file_lease_breaking,
	},
};

const struct ruleset rules_locks = { "locks", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the destination tried out, where it was asked to (--rehearse), and what was refused:
 *
 *     TRIAL_CGROUP  "pids:/app"       tried, EAGAIN      cgroup.max.descendants of a parent
 *     TRIAL_FILE    "/srv/log"        tried, EPERM       append-only
 *     TRIAL_TASK    "nice -5 of …"    not tried, EPERM   unknown
 *
 * Without a rehearsal none of this is judged: facts are.
 */
#include "checker/cgroups.h"
#include "checker/rulesets.h"

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"

/* What tends to pass by itself: somebody is at it, or something is short for the moment. */
static bool
passes(int error)
{
	static const int passing[] = { EBUSY, EINTR, ENOMEM, ENFILE, EMFILE, ETXTBSY };

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (passing[i] == error)
			return true;
	return false;
}

/* A file or a layer that is not there is the matter of another rule. */
static bool
is_told_elsewhere(const Trial *t)
{
	bool file = t->subject == TRIAL_SUBJECT__TRIAL_FILE ||
		    t->subject == TRIAL_SUBJECT__TRIAL_FILE_AS_USER;

	return (file || t->subject == TRIAL_SUBJECT__TRIAL_MOUNT) && t->tried &&
	       (t->error == ENOENT || t->error == ENOTDIR);
}

static enum judgement
judge_trial(struct judge *j, const Trial *t)
{
	const Process *p = t->has_pid ? index_process(j->at, t->pid) : NULL;
	const char *thing = t->thing ? t->thing : "?";
	struct finding *f;

	if (!t->tried || !t->has_error)
		return judge_unknown(j, true, DOMAIN__DOMAIN_REHEARSAL, thing,
				     judge_text(j, "whether it works there (not tried: %s)",
						t->has_error ? errno_name(t->error) : "?"));
	if (t->error == 0)
		return FINE;
	f = judge_find(j, thing, p ? judge_process(j, p) : NULL, judge_text(j, "%s", errno_name(t->error)));
	f->there_from = "rehearsal";
	if (t->detail)
		f->detail = judge_text(j, "Tried: %s.", t->detail);
	if (passes(t->error)) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->observed = judge_text(j, "%s: tends to pass", errno_name(t->error));
	}
	if (t->subject == TRIAL_SUBJECT__TRIAL_CGROUP) {
		f->option = "--manage-cgroups=ignore";
		f->option_kind = REQUIRE_LOSSY;
	}
	return FINDING;
}

/* CRIU makes folders of cgroups in these modes only. */
static bool
folders_are_made(const struct judge *j)
{
	enum cgroups_mode mode = cgroups_mode(j);

	return cgroups_are_restored(j) && mode != CGROUPS_NONE && mode != CGROUPS_PROPS;
}

static enum judgement
trials(struct judge *j, const struct subject *s)
{
	uint32_t wanted = j->rule->arg.number;
	enum judgement said = NOT_ABOUT;

	(void) s;
	if (!j->destination->header || !j->destination->header->rehearsed ||
	    (wanted == TRIAL_SUBJECT__TRIAL_CGROUP && !folders_are_made(j)))
		return NOT_ABOUT;
	for (size_t i = 0; i < j->destination->n_trial; i++) {
		const Trial *t = j->destination->trial[i];
		enum judgement one;

		if ((uint32_t) t->subject != wanted || is_told_elsewhere(t))
			continue;
		one = judge_trial(j, t);
		said = one > said ? one : said;
	}
	/* It was asked for, and none took place: there is no telling whom it would have concerned. */
	if (j->destination->n_trial == 0 && judge_lacks(j, true, DOMAIN__DOMAIN_REHEARSAL))
		return judge_unknown(j, true, DOMAIN__DOMAIN_REHEARSAL, "the rehearsal", "what it would have found");
	return said;
}

#define ROW(what)                                                 \
	.about = ABOUT_HOST,                                      \
	.destination_needs = NEEDS(DOMAIN__DOMAIN_REHEARSAL),     \
	.check = trials, .arg.number = TRIAL_SUBJECT__TRIAL_##what

static const char NO_ACT[] = "What the kernel refused it will refuse again until someone acts; "
			     "what is busy or short for the moment passes.";

static const struct rule rules[] = {
	{
		.id = "rehearse-id",
		.title = "the destination gives no task an id of the tree",
		.why = "CRIU makes each task and thread with the number that it had.",
		.remedy = "restore as root, or with cap_checkpoint_restore; numbers up to 4194303 can be given",
		.criu_says = "Can't fork for",
		.stage = STAGE_RESTORE,
		.lifetime_why = NO_ACT,
		ROW(PID),
	},
	{
		.id = "rehearse-namespace",
		.title = "a namespace of the tree cannot be made there",
		.why = "CRIU makes the namespaces of the tree anew; ENOSPC is a limit below "
		       "/proc/sys/user, EPERM a missing capability or a map that is not allowed.",
		.remedy = "raise the limit (sysctl user), or restore with the capability",
		.stage = STAGE_RESTORE,
		.lifetime_why = NO_ACT,
		ROW(NAMESPACE),
	},
	{
		.id = "rehearse-cgroup",
		.title = "a cgroup of the tree cannot be made there",
		.why = "CRIU makes the folder and moves the tasks into it; EAGAIN is a limit of folders "
		       "in a parent, EROFS a hierarchy that is mounted read-only.",
		.remedy = "make the folder there, or give --manage-cgroups=ignore on both sides",
		.criu_says = "Can't make cgroup dir",
		.stage = STAGE_RESTORE,
		.lifetime_why = NO_ACT,
		ROW(CGROUP),
	},
	{
		.id = "rehearse-mount",
		.title = "a file system of the tree cannot be mounted there with its options",
		.why = "CRIU mounts what the mount namespace of the tree has, with the recorded options.",
		.remedy = "leave out the option where the tree is started, or choose a kernel that knows it",
		.criu_says = "Can't mount at",
		.stage = STAGE_RESTORE,
		.lifetime_why = NO_ACT,
		ROW(MOUNT),
	},
	{
		.id = "rehearse-socket",
		.title = "a socket of the tree cannot be made there",
		.why = "CRIU makes each socket anew, binds it and sets its options.",
		.remedy = "restore with the capability (cap_net_bind_service for ports below 1024, cap_net_raw, "
			  "cap_net_admin), or choose a kernel that has the protocol",
		.criu_says = "Can't bind inet socket",
		.stage = STAGE_RESTORE,
		.lifetime_why = NO_ACT,
		ROW(SOCKET),
	},
	{
		.id = "rehearse-file",
		.title = "a file cannot be opened there as the tree has it open",
		.why = "CRIU opens it again with the same flags: a file that is append-only, immutable or "
		       "executed there, or a file system that knows no O_DIRECT, refuses that.",
		.remedy = "see the errno: chattr(1), the program that executes it, the mount",
		.criu_says = "Can't open file",
		.stage = STAGE_RESTORE,
		.lifetime_why = NO_ACT,
		ROW(FILE),
	},
	{
		.id = "rehearse-file-as-user",
		.title = "a file is open in the tree that its user could not open there",
		.why = "CRIU opens it with its own rights, so the restore succeeds; the program fails when "
		       "it opens the file again (a rotated log).",
		.remedy = "give the user of the task the right there (chown, chmod, also of the folders above)",
		.stage = STAGE_AFTERWARDS,
		.severity = SEVERITY_WARNING,
		.lifetime_why = NO_ACT,
		ROW(FILE_AS_USER),
	},
	{
		.id = "rehearse-task",
		.title = "a priority or limit of a task cannot be set there",
		.why = "CRIU 4.2.1 goes on without a word: the task then has the scheduling policy, nice "
		       "value, OOM score or limits of the criu that restored it.",
		.remedy = "restore with the capability (cap_sys_nice, cap_sys_resource), from a cgroup that has "
			  "realtime budget (cpu.rt_runtime_us), or set it after the restore",
		.stage = STAGE_AFTERWARDS,
		.severity = SEVERITY_WARNING,
		.lifetime_why = NO_ACT,
		ROW(TASK),
	},
};

const struct ruleset rules_rehearsal = {
	.name = "rehearsal",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

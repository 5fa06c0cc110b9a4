/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal's runner: plan, guardian, worker, facts. See rehearse.h.
 */
#include "probes/rehearse.h"

#include "base/crew.h"
#include "probes/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
	MAX_TRIALS = 4096,		/* of one subject */
	MAX_THING = 512,
	ORPHAN_MS = 2000,		/* for a worker to end after its guardian */
};

static const char NAME[] = "rehearsal";

static const struct rehearsal_subject *const subjects[] = {
	&rehearse_pids, &rehearse_namespaces, &rehearse_cgroups, &rehearse_mounts,
	&rehearse_sockets, &rehearse_files, &rehearse_tasks,
};

enum trial_state { TRIAL_UNTOUCHED, TRIAL_BEGUN, TRIAL_DONE };

struct trial_result {
	_Atomic int state;
	int result;			/* of attempt() */
};

/* ---- the plan ------------------------------------------------------------------------------- */

static bool
is_planned(const struct rehearsal *h, const struct trial *t, const char *thing)
{
	for (size_t i = h->begin; i < h->n; i++)
		if (h->trial[i].subject == t->subject && h->trial[i].number == t->number &&
		    streq(h->trial[i].thing, thing))
			return true;
	return false;
}

int
rehearsal_add(struct rehearsal *h, const struct trial *t, const char *thing, ...)
{
	struct arena *arena = h->c->snapshot->arena;
	char text[MAX_THING];
	struct trial *new;
	va_list args;

	va_start(args, thing);
	(void) vsnprintf(text, sizeof(text), thing, args);
	va_end(args);
	if (is_planned(h, t, text))
		return 0;
	if (h->n - h->begin >= MAX_TRIALS) {
		h->cut = true;
		return 0;
	}
	new = arena_grow(arena, &h->trial, &h->n, sizeof(*new));
	if (!new)
		return -ENOMEM;
	*new = *t;
	new->thing = arena_strdup(arena, text);
	return new->thing ? 0 : -ENOMEM;
}

/* ---- in the worker -------------------------------------------------------------------------- */

struct part {
	struct rehearsal *h;
	size_t begin[ARRAY_SIZE(subjects)], end[ARRAY_SIZE(subjects)];
};

/* Its own view of the machine: what was opened before shows the mounts of migcheck's namespace. */
static int
roots_open(struct rehearsal *h)
{
	const char *tree = h->c->options->tree_root;
	int r = root_open("/", false, &h->root);

	return r < 0 ? r : root_sub(&h->root, tree ? tree : "/", &h->tree_root);
}

static void
try_all(const struct part *p, size_t i, struct crew_slot *slot)
{
	struct rehearsal *h = p->h;
	const struct rehearsal_subject *s = subjects[i];
	int r = roots_open(h);

	if (r == 0 && s->prepare)
		r = s->prepare(h);
	for (size_t k = p->begin[i]; k < p->end[i]; k++) {
		struct trial_result *result = &h->result[k];

		atomic_store(&result->state, TRIAL_BEGUN);
		result->result = r < 0 ? -r : s->attempt(h, &h->trial[k]);
		atomic_store(&result->state, TRIAL_DONE);
		crew_alive(slot, k);
	}
}

/* ---- in the guardian ------------------------------------------------------------------------ */

static long
worker_new(const struct rehearsal_subject *s)
{
	struct clone_args args = { .flags = (unsigned int) s->namespaces, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid >= 0 || !s->bare)
		return pid;
	args.flags = 0;
	return syscall(SYS_clone3, &args, sizeof(args));
}

/* The guardian may have ended before the worker asked to be told of it. */
static void
die_with_guardian(const int alive[2])
{
	struct pollfd p = { .fd = alive[0], .events = POLLIN };

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) prctl(PR_SET_NAME, "migcheck-trial");
	(void) close(alive[1]);
	if (poll(&p, 1, 0) > 0)
		_exit(1);
}

static void
guard(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct part *p = arg;
	int alive[2];
	long pid;

	(void) result;
	if (p->begin[i] == p->end[i] || pipe2(alive, O_CLOEXEC) < 0)
		return;
	pid = worker_new(subjects[i]);
	if (pid == 0) {
		die_with_guardian(alive);
		try_all(p, i, slot);
		_exit(0);
	}
	for (size_t k = p->begin[i]; pid < 0 && k < p->end[i]; k++) {
		p->h->result[k].result = errno;
		atomic_store(&p->h->result[k].state, TRIAL_DONE);
	}
	while (pid > 0 && waitpid((pid_t) pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void) close(alive[0]);
	(void) close(alive[1]);
}

/* ---- in migcheck ---------------------------------------------------------------------------- */

/* Workers whose guardian was killed are ours by now; they end by themselves. */
static void
reap_orphans(void)
{
	for (int waited = 0; waited < ORPHAN_MS; waited++) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			break;
		if (pid == 0)
			(void) usleep(1000);
	}
}

static int
run(struct part *p)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	const struct crew_job job = {
		.items = ARRAY_SIZE(subjects),
		.children = 1,
		.deadline_ms = p->h->c->options->timeout_ms,
		.arg = p,
		.work = guard,
	};
	int r;

	rehearsal_clear_cgroups(p->h->c);
	(void) prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = crew_run(&job, &results);
	reap_orphans();
	(void) prctl(PR_SET_CHILD_SUBREAPER, 0);
	rehearsal_clear_cgroups(p->h->c);
	return r;
}

/*
 * What came of it: as with attempt(). Who is not root would have criu run by sudo(8): that the kernel
 * refuses a user what it may grant root is no answer.
 */
static int
outcome_of(const struct trial_result *result)
{
	int state = atomic_load(&result->state), r = result->result;

	if (state != TRIAL_DONE)
		return state == TRIAL_BEGUN ? ETIMEDOUT : EINTR;
	return geteuid() != 0 && (r == -EPERM || r == -EACCES) ? -r : r;
}

/* A refusal is an answer; what was not tried is a gap as well, one for all of the same reason. */
static int
note(struct rehearsal *h, const char *subject, const struct trial *t, const struct trial_result *result)
{
	struct snapshot *s = h->c->snapshot;
	int r = outcome_of(result);
	Trial *trial;

	if (r == REHEARSAL_LEFT_OUT)
		return 0;
	trial = NEW_FACT(s->arena, Trial, trial);
	if (!trial)
		return -ENOMEM;
	SET_FACT(trial, subject, t->subject);
	trial->thing = (char *) (uintptr_t) t->thing;
	trial->detail = (char *) (uintptr_t) t->detail;
	if (t->pid)
		SET_FACT(trial, pid, t->pid);
	SET_FACT(trial, tried, r <= 0);
	SET_FACT(trial, error, r < 0 ? -r : r);
	if (r > 0)
		gap_note(h->c->gaps, DOMAIN__DOMAIN_REHEARSAL, NAME, 0, -r,
			 r == EPERM || r == EACCES ? "rehearse as root" : NULL, "%s", subject);
	return ADD_FACT(s->arena, s->facts->trial, s->facts->n_trial, trial);
}

static int
plan(struct part *p)
{
	struct rehearsal *h = p->h;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		h->begin = p->begin[i] = h->n;
		h->cut = false;
		r = subjects[i]->plan(h);
		if (r < 0)
			return r;
		p->end[i] = h->n;
		if (h->cut)
			gap_note(h->c->gaps, DOMAIN__DOMAIN_REHEARSAL, NAME, 0, -EFBIG, NULL,
				 "%s: only the first %d were tried", subjects[i]->name, MAX_TRIALS);
	}
	return 0;
}

static int
rehearse(struct part *p)
{
	struct rehearsal *h = p->h;
	size_t size;
	int r = plan(p);

	if (r < 0 || h->n == 0)
		return r;
	size = h->n * sizeof(*h->result);
	h->result = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->result == MAP_FAILED)
		return -errno;
	r = run(p);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(subjects); i++)
		for (size_t k = p->begin[i]; r == 0 && k < p->end[i]; k++)
			r = note(h, subjects[i]->name, &h->trial[k], &h->result[k]);
	(void) munmap(h->result, size);
	return r;
}

int
rehearse_ask(struct probe_context *c)
{
	const CriuPlace *place = c->snapshot->facts->criu_place;
	struct rehearsal h = { .c = c, .root = ROOT_NONE, .tree_root = ROOT_NONE };
	struct part p = { .h = &h };

	if (!c->options->rehearse || !c->source)
		return 0;
	SET_FACT(c->snapshot->facts->header, rehearsed, true);
	if (c->root->recorded)
		return -EOPNOTSUPP;
	/* With our own rights, in our own place: what another may do is another rehearsal. */
	if (place && place->given) {
		gap_note(c->gaps, DOMAIN__DOMAIN_REHEARSAL, NAME, place->pid, -EOPNOTSUPP,
			 "run migcheck itself where criu will run, without --criu-as", "as process %d", place->pid);
		return 0;
	}
	return rehearse(&p);
}

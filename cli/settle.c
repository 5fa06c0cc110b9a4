/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --settle: while transient blockers are there and time is left, both ends are looked at
 * again, after a pause that doubles. The report is that of the last look. An interrupt (^C)
 * ends the waiting, a second one ends migcheck.
 */
#include "cli/settle.h"

#include "checker/settling.h"
#include "cli/say.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 2000 };

/* One look at both ends and what came of it. */
struct seen {
	struct snapshot source, there;
	struct assessment assessment;	/* arena NULL: none */
};

static void
seen_free(struct seen *s)
{
	if (s->assessment.arena)
		assessment_free(&s->assessment);
	snapshot_free(&s->source);
	snapshot_free(&s->there);
	*s = (struct seen){ 0 };
}

static int
look(struct work *w, const struct looker *l, const struct seen *before, struct seen *ret)
{
	int r;

	r = l->look(w, l, before ? &before->source : NULL, &ret->source, &ret->there);
	if (r < 0)
		return r;
	return work_judge(w, l->source ? l->source : &ret->source, &ret->there, &ret->assessment);
}

static volatile sig_atomic_t interrupted;

static void
note_interrupt(int signal)
{
	(void) signal;
	interrupted = 1;
}

/* Unless it is ignored, as in the background of a shell script. */
static void
catch_interrupt(void)
{
	struct sigaction now, ours = { .sa_handler = note_interrupt, .sa_flags = (int) SA_RESETHAND };

	if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		(void) sigaction(SIGINT, &ours, NULL);
}

static void
rest(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t) (ms / 1000), .tv_nsec = (long) (ms % 1000) * 1000000 };

	(void) nanosleep(&t, NULL);	/* an interrupt ends it */
}

/* The same processes, not others that were given their number. */
static bool
is_same_tree(const struct seen *a, const struct seen *b)
{
	const Tree *x = a->source.facts ? a->source.facts->tree : NULL;
	const Tree *y = b->source.facts ? b->source.facts->tree : NULL;

	return !x || !y || x->root_start_time == y->root_start_time;
}

/* 0; -EINTR: interrupted, `now` is the look before; -errno after saying why. */
static int
look_again(struct work *w, const struct looker *l, struct seen *now, uint64_t waited_ms)
{
	struct seen next = { 0 };
	int r;

	r = look(w, l, now, &next);
	if (interrupted) {
		seen_free(&next);	/* what was seen meanwhile may be cut short */
		return -EINTR;
	}
	if (r < 0 || !is_same_tree(now, &next)) {
		seen_free(&next);
		say_error("settle: after %llu ms %s", (unsigned long long) waited_ms,
			  r == -ESRCH ? "the tree has ended" : r < 0 ? "a look failed" :
			  "the tree has ended, and its number belongs to another process");
		return r < 0 ? r : -ESRCH;
	}
	seen_free(now);
	*now = next;
	return 0;
}

static int
wait_for_all(struct work *w, const struct looker *l, struct seen *now, struct settling *s)
{
	struct progress progress = progress_new(w->quiet, "waiting");
	uint64_t started = clock_us(), pause = FIRST_PAUSE_MS;
	int r;

	s->limit_ms = (uint64_t) w->settle_s * 1000;
	s->there_only = l->source != NULL;
	r = settling_look(s, &now->assessment, 0);
	while (r == 0 && settling_open(s) > 0 && s->waited_ms < s->limit_ms && !interrupted) {
		uint64_t left = s->limit_ms - s->waited_ms;

		progress_say(&progress, "waiting for %zu transient finding%s, %llu s of %u", settling_open(s),
			     settling_open(s) == 1 ? "" : "s", (unsigned long long) (s->waited_ms / 1000),
			     w->settle_s);
		rest(pause < left ? pause : left);
		progress_end(&progress);
		s->waited_ms = (clock_us() - started) / 1000;
		r = interrupted ? -EINTR : look_again(w, l, now, s->waited_ms);
		if (r < 0)
			break;
		s->looks++;
		r = settling_look(s, &now->assessment, (clock_us() - started) / 1000);
		pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	}
	s->interrupted = interrupted != 0;
	return r == -EINTR ? 0 : r;
}

int
settle(struct work *w, const struct looker *l)
{
	struct seen now cleanup(seen_free) = { 0 };
	struct settling settling cleanup(cleanup_settling) = { 0 };
	int r;

	if (look(w, l, NULL, &now) < 0)
		return EXIT_TROUBLE;
	if (w->settle_s == 0)
		return work_tell(w, &now.assessment);
	r = settling_init(&settling);
	if (r == 0) {
		catch_interrupt();
		r = wait_for_all(w, l, &now, &settling);
	}
	if (r == -ENOMEM)
		say_error("out of memory");
	if (r < 0)
		return EXIT_TROUBLE;
	now.assessment.settling = &settling;
	return work_tell(w, &now.assessment);
}

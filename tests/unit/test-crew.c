/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew: every item is done once, a hung item costs one deadline and nothing else, a crash
 * costs one item, a group that hangs is not asked again, and no child outlives the run.
 */
#include "base/crew.h"
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/test.h"

struct result {
	uint64_t square;
};

static int64_t
ms_now(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void
square(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	struct result *r = result;

	(void) arg;
	r->square = i * i;
	crew_alive(slot, 1);
}

static void
sum_progress(const struct crew_progress *p, void *arg)
{
	*(struct crew_progress *) arg = *p;
}

static void
every_item_is_done(void **state)
{
	struct crew_progress last = { 0 };
	struct crew_job job = { .items = 20000, .result_size = sizeof(struct result),
				.deadline_ms = 10000, .work = square, .progress = sum_progress,
				.arg = &last };
	_cleanup_crew_results_ struct crew_results *results = NULL;

	(void) state;
	assert_int_equal(crew_run(&job, &results), 0);
	for (size_t i = 0; i < job.items; i++) {
		const struct result *r = crew_result(results, i);

		assert_non_null(r);
		assert_int_equal(r->square, i * i);
	}
	assert_null(crew_result(results, job.items));
	assert_int_equal(last.done, job.items);
	assert_int_equal(last.total, job.items);
	assert_int_equal(last.bytes, job.items);
	assert_no_children();
}

static void
nothing_to_do(void **state)
{
	struct crew_job job = { .items = 0, .result_size = 8, .work = square };
	_cleanup_crew_results_ struct crew_results *results = NULL;

	(void) state;
	assert_int_equal(crew_run(&job, &results), 0);
	assert_null(crew_result(results, 0));
}

static void
too_much_to_map(void **state)
{
	struct crew_job job = { .items = SIZE_MAX / 2, .result_size = 8, .work = square };
	struct crew_results *results = NULL;

	(void) state;
	assert_int_equal(crew_run(&job, &results), -EOVERFLOW);
	assert_null(results);
}

/* Item 3 hangs, item 5 crashes, item 7 exits: three are lost, the others are not. */
static void
misbehave(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	if (i == 3)
		for (;;)
			(void) pause();
	if (i == 5)
		(void) raise(SIGKILL);
	if (i == 7)
		_exit(3);
	square(i, result, slot, arg);
}

static void
bad_items_cost_themselves(void **state)
{
	struct crew_job job = { .items = 100, .result_size = sizeof(struct result), .children = 2,
				.deadline_ms = 200, .work = misbehave };
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int64_t began = ms_now();

	(void) state;
	assert_int_equal(crew_run(&job, &results), 0);
	for (size_t i = 0; i < job.items; i++) {
		const struct result *r = crew_result(results, i);

		if (i == 3 || i == 5 || i == 7)
			assert_null(r);
		else
			assert_int_equal(r->square, i * i);
	}
	assert_in_range(ms_now() - began, 190, 3000);
	assert_no_children();
}

static void
work_slowly(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	for (int k = 0; k < 30; k++) {
		(void) usleep(20 * 1000);
		crew_alive(slot, (uint64_t) k);
	}
	square(i, result, slot, arg);
}

static void
a_beating_heart_is_spared(void **state)
{
	struct crew_job job = { .items = 2, .result_size = sizeof(struct result), .children = 2,
				.deadline_ms = 200, .work = work_slowly };
	_cleanup_crew_results_ struct crew_results *results = NULL;

	(void) state;
	assert_int_equal(crew_run(&job, &results), 0);
	assert_non_null(crew_result(results, 0));
	assert_non_null(crew_result(results, 1));
}

static void
hang_in_group_7(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	if (i % 2 == 0)
		for (;;)
			(void) pause();
	square(i, result, slot, arg);
}

static uint64_t
even_is_7(size_t i, void *arg)
{
	(void) arg;
	return i % 2 == 0 ? 7 : 8;
}

static void
a_hung_group_is_given_up(void **state)
{
	struct crew_job job = { .items = 5000, .result_size = sizeof(struct result), .children = 2,
				.deadline_ms = 200, .work = hang_in_group_7, .group = even_is_7 };
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int64_t began = ms_now();

	(void) state;
	assert_int_equal(crew_run(&job, &results), 0);
	for (size_t i = 0; i < job.items; i++)
		assert_true((crew_result(results, i) != NULL) == (i % 2 == 1));
	assert_in_range(ms_now() - began, 190, 2000);
	assert_no_children();
}

static void
hang_always(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	(void) i;
	(void) result;
	(void) slot;
	(void) arg;
	for (;;)
		(void) pause();
}

static void
endless_hangs_end(void **state)
{
	struct crew_job job = { .items = 1000 * 1000, .result_size = 1, .children = 2,
				.deadline_ms = 160, .work = hang_always };
	_cleanup_crew_results_ struct crew_results *results = NULL;
	int64_t began = ms_now();

	(void) state;
	assert_int_equal(crew_run(&job, &results), 0);
	assert_null(crew_result(results, 0));
	assert_in_range(ms_now() - began, 160, 10000);
	assert_no_children();
}

static void
say_who(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	(void) i;
	(void) slot;
	*(pid_t *) result = getpid();
	if (write(*(int *) arg, "x", 1) != 1)
		_exit(1);
	for (;;)
		(void) pause();
}

/* Kills a process in the middle of its crew_run(): its children must go with it. */
static void
children_do_not_outlive_us(void **state)
{
	int ends[2];
	char c;
	pid_t middle;

	(void) state;
	assert_int_equal(pipe(ends), 0);
	middle = fork();
	assert_true(middle >= 0);
	if (middle == 0) {
		struct crew_job job = { .items = 2, .result_size = sizeof(pid_t), .children = 2,
					.deadline_ms = 60000, .work = say_who, .arg = &ends[1] };
		struct crew_results *results;

		(void) close(ends[0]);
		(void) crew_run(&job, &results);
		_exit(0);
	}
	(void) close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(kill(middle, SIGKILL), 0);
	assert_int_equal(waitpid(middle, NULL, 0), middle);
	/* The end of the pipe is reached when the last holder of its other side is gone. */
	assert_int_equal(read(ends[0], &c, 1), 0);
	(void) close(ends[0]);
}

static void
look_at_fds(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	struct stat mine;

	(void) i;
	(void) slot;
	(void) arg;
	*(bool *) result = fstat(1, &mine) == 0 && S_ISREG(mine.st_mode) && mine.st_nlink == 0 &&
			   fstat(600, &mine) == 0 && fstat(599, &mine) < 0 && fstat(601, &mine) < 0;
}

static void
children_hold_only_what_they_need(void **state)
{
	const int keep[] = { 0, 600, 600 };
	struct crew_job job = { .items = 1, .result_size = sizeof(bool), .work = look_at_fds,
				.keep = keep, .n_keep = ARRAY_SIZE(keep) };
	_cleanup_crew_results_ struct crew_results *results = NULL;

	(void) state;
	for (int fd = 599; fd <= 601; fd++)
		assert_int_equal(dup2(0, fd), fd);
	assert_int_equal(crew_run(&job, &results), 0);
	assert_true(*(const bool *) crew_result(results, 0));
}

static void
tell_priority(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	(void) i;
	(void) slot;
	(void) arg;
	*(int *) result = sched_getscheduler(0) == SCHED_IDLE ? SCHED_IDLE : getpriority(PRIO_PROCESS, 0);
}

/* Sleeping takes no processor either, so it looks starved. */
static void
starve(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	(void) usleep(700 * 1000);
	tell_priority(i, result, slot, arg);
}

static int
priority_of(void (*work)(size_t, void *, struct crew_slot *, void *))
{
	struct crew_job job = { .items = 1, .result_size = sizeof(int), .work = work, .idle = true };
	_cleanup_crew_results_ struct crew_results *results = NULL;

	assert_int_equal(crew_run(&job, &results), 0);
	return *(const int *) crew_result(results, 0);
}

static void
idle_but_not_for_ever(void **state)
{
	(void) state;
	assert_int_equal(priority_of(tell_priority), geteuid() == 0 ? SCHED_IDLE : 19);
	assert_int_equal(priority_of(starve), geteuid() == 0 ? 10 : 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_done),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(too_much_to_map),
		cmocka_unit_test(bad_items_cost_themselves),
		cmocka_unit_test(a_beating_heart_is_spared),
		cmocka_unit_test(a_hung_group_is_given_up),
		cmocka_unit_test(endless_hangs_end),
		cmocka_unit_test(children_do_not_outlive_us),
		cmocka_unit_test(children_hold_only_what_they_need),
		cmocka_unit_test(idle_but_not_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

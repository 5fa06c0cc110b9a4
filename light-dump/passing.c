/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tends to pass, seen again: collectors ask for a second look, and here all of them are
 * waited for at once. A tree in which nothing is suspicious is not waited for. The pauses grow:
 *
 *     first seen, then 10, 30, 60 and 100 hundredths of the span later
 */
#include "light-dump/collectors.h"

#include <time.h>

enum { LOOKS = 4 };

static uint64_t
now_us(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_nsec / 1000;
}

static void
rest_until(uint64_t us)
{
	struct timespec t = { .tv_sec = (time_t) (us / 1000000), .tv_nsec = (long) (us % 1000000) * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* One that fails is told of as a gap, and not asked again. */
static int
look(struct tree_context *c, struct second_look *w, uint64_t at_us)
{
	int r;

	if (!w->look)
		return 0;
	r = w->look(c, w->arg, at_us);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		gap_note(c->gaps, w->domain, w->name, 0, r, NULL, "%s, seen again", w->name);
		w->look = NULL;
	}
	return 0;
}

int
passing_collect(struct tree_context *c)
{
	uint64_t span_us = (uint64_t) c->options->span_ms * 1000, begin = now_us();
	int r = 0;

	if (c->n_again == 0 || span_us == 0 || c->root->recorded)
		return 0;
	for (uint64_t i = 1; i <= LOOKS; i++) {
		rest_until(begin + span_us * i * (i + 1) / (LOOKS * (LOOKS + 1)));
		for (size_t k = 0; k < c->n_again && r == 0; k++)
			r = look(c, &c->again[k], now_us() - begin);
	}
	return r;
}

void
passing_end(struct tree_context *c)
{
	for (size_t i = 0; i < c->n_again; i++)
		if (c->again[i].free)
			c->again[i].free(c->again[i].arg);
	c->n_again = 0;
}

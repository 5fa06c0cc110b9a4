/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four lines a timer; how it notifies is "signal", "none" or "thread", then the process or the
 * thread that gets the signal:
 *
 *     ID: 0
 *     signal: 12/0000000000000000
 *     notify: signal/pid.23612
 *     ClockID: 1
 */
#include "kernel/timers.h"

static int
take_line(struct slice line, struct arena *arena, PosixTimer *t)
{
	struct slice signal;

	if (slice_cut(&line, "signal: ")) {
		t->has_signal = slice_field(&line, '/', &signal) && parse_i32(signal, &t->signal) == 0;
		return t->has_signal ? 0 : -EBADMSG;
	}
	if (slice_cut(&line, "notify: ")) {
		t->notify = arena_strndup(arena, line.p, line.n);
		return t->notify ? 0 : -ENOMEM;
	}
	if (slice_cut(&line, "ClockID: ")) {
		t->has_clock_id = parse_i32(line, &t->clock_id) == 0;
		return t->has_clock_id ? 0 : -EBADMSG;
	}
	return 0;
}

int
timers_parse(struct slice text, struct arena *arena, PosixTimer ***timer, size_t *n)
{
	PosixTimer *current = NULL;
	struct slice line;
	int r;

	while (slice_line(&text, &line)) {
		if (slice_cut(&line, "ID: ")) {
			current = NEW_FACT(arena, PosixTimer, posix_timer);
			if (!current)
				return -ENOMEM;
			if (parse_i32(line, &current->id) < 0)
				return -EBADMSG;
			current->has_id = true;
			r = ADD_FACT(arena, *timer, *n, current);
		} else {
			r = current ? take_line(line, arena, current) : -EBADMSG;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

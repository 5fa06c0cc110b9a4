/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of numbers, parted by single blanks; the second field is the name in parentheses
 * and may itself hold blanks, parentheses and newlines, so the last ')' ends it:
 *
 *     23207 (cat) R 23200 23200 12488 0 -1 4194304 101 0 0 0 0 0 0 0 20 0 1 0 129519 3133440 …
 */
#include "kernel/stat.h"

#include <errno.h>

enum kind { I32, U32, U64 };

/* Fields by their number in proc_pid_stat(5), rising. */
static const struct {
	unsigned int number;
	enum kind kind;
	size_t offset;
} fields[] = {
	{ 4, I32, offsetof(struct task_stat, ppid) },
	{ 5, I32, offsetof(struct task_stat, pgid) },
	{ 6, I32, offsetof(struct task_stat, sid) },
	{ 7, I32, offsetof(struct task_stat, tty_nr) },
	{ 8, I32, offsetof(struct task_stat, tty_pgrp) },
	{ 9, U32, offsetof(struct task_stat, flags) },
	{ 11, U64, offsetof(struct task_stat, reaped_faults) },
	{ 19, I32, offsetof(struct task_stat, nice) },
	{ 20, U32, offsetof(struct task_stat, threads) },
	{ 22, U64, offsetof(struct task_stat, start_time) },
	{ 26, U64, offsetof(struct task_stat, start_code) },
	{ 27, U64, offsetof(struct task_stat, end_code) },
	{ 28, U64, offsetof(struct task_stat, start_stack) },
	{ 31, U64, offsetof(struct task_stat, pending) },
	{ 40, U32, offsetof(struct task_stat, rt_priority) },
	{ 41, U32, offsetof(struct task_stat, policy) },
	{ 48, U64, offsetof(struct task_stat, arg_start) },
	{ 52, I32, offsetof(struct task_stat, exit_code) },
};

enum { FIRST_AFTER_NAME = 3, LAST_NEEDED = 41 };

static int
parse_field(struct slice text, enum kind kind, void *ret)
{
	switch (kind) {
	case I32:
		return parse_i32(text, ret);
	case U32:
		return parse_u32(text, 10, ret);
	case U64:
		return parse_u64(text, 10, ret);
	}
	return -EINVAL;
}

static int
parse_numbers(struct slice rest, struct task_stat *s)
{
	unsigned int number = FIRST_AFTER_NAME;
	size_t next = 0;
	struct slice text;

	while (next < sizeof(fields) / sizeof(fields[0]) && slice_field(&rest, ' ', &text)) {
		if (number == FIRST_AFTER_NAME) {
			if (text.n != 1)
				return -EBADMSG;
			s->state = text.p[0];
		} else if (number == fields[next].number) {
			void *place = (char *) s + fields[next].offset;

			if (parse_field(text, fields[next].kind, place) < 0)
				return -EBADMSG;
			next++;
		}
		number++;
	}
	return number > LAST_NEEDED ? 0 : -EBADMSG;
}

int
stat_parse(struct slice text, struct task_stat *ret)
{
	struct slice pid = { .p = text.p };
	struct task_stat s = { 0 };
	const char *open, *close;

	while (slice_cut_end(&text, "\n"))
		;
	open = memchr(text.p, '(', text.n);
	close = memrchr(text.p, ')', text.n);
	if (!open || !close || close < open || open == text.p || open[-1] != ' ')
		return -EBADMSG;
	pid.n = (size_t) (open - 1 - text.p);
	if (parse_i32(pid, &s.pid) < 0)
		return -EBADMSG;
	s.comm = (struct slice){ .p = open + 1, .n = (size_t) (close - open - 1) };
	text.n -= (size_t) (close + 1 - text.p);
	text.p = close + 1;
	if (!slice_cut(&text, " "))
		return -EBADMSG;
	if (parse_numbers(text, &s) < 0)
		return -EBADMSG;
	*ret = s;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system call that a task sleeps in: its number, six arguments, stack and instruction
 * pointers. Without a call only the pointers follow; of a task that runs there is one word.
 *
 *     7 0x7ffe71f12498 0x1 0xffffffff 0x7fe55b7c38d0 0x557b7ecc5000 0x21001 0x7ffe71f12468 0x7fe55b6d25a7
 *     -1 0x7ffd1c0a2b48 0x7fe55b6d25a7
 *     running
 */
#include "kernel/syscall.h"

#include <errno.h>

int
syscall_parse(struct slice text, struct task_syscall *ret)
{
	struct task_syscall s = { .number = -1 };
	struct slice line, word;

	if (!slice_line(&text, &line) || !slice_word(&line, &word))
		return -EBADMSG;
	if (slice_eq(word, "running"))
		return 0;
	if (parse_i32(word, &s.number) < 0)
		return -EBADMSG;
	for (size_t i = 0; s.number >= 0 && i < SYSCALL_ARGUMENTS; i++)
		if (!slice_word(&line, &word) || !slice_cut(&word, "0x") ||
		    parse_u64(word, 16, &s.argument[i]) < 0)
			return -EBADMSG;
	*ret = s;
	return 1;
}

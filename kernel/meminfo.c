/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a machine, proc_meminfo(5); the unit "kB" is of 1024 bytes:
 *
 *     MemTotal:        8139592 kB
 *     MemAvailable:    7414252 kB
 *     SwapFree:              0 kB
 *     CommitLimit:     4069796 kB
 *     Committed_AS:     672856 kB
 */
#include "kernel/meminfo.h"

#include <errno.h>

static void
line_parse(struct slice key, uint64_t kb, Memory *m)
{
	if (slice_eq(key, "MemTotal"))
		SET_FACT(m, total_kb, kb);
	else if (slice_eq(key, "MemFree"))
		SET_FACT(m, free_kb, kb);
	else if (slice_eq(key, "MemAvailable"))
		SET_FACT(m, available_kb, kb);
	else if (slice_eq(key, "SwapTotal"))
		SET_FACT(m, swap_total_kb, kb);
	else if (slice_eq(key, "SwapFree"))
		SET_FACT(m, swap_free_kb, kb);
	else if (slice_eq(key, "CommitLimit"))
		SET_FACT(m, commit_limit_kb, kb);
	else if (slice_eq(key, "Committed_AS"))
		SET_FACT(m, committed_kb, kb);
}

int
meminfo_parse(struct slice text, Memory *ret)
{
	struct slice line, key, number;
	uint64_t kb;

	while (slice_line(&text, &line))
		if (slice_field(&line, ':', &key) && slice_word(&line, &number) &&
		    parse_u64(number, 10, &kb) == 0)
			line_parse(key, kb, ret);
	return ret->has_total_kb ? 0 : -EBADMSG;
}

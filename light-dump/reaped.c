/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that came and went unseen. A parent's stat counts the page faults of the children it
 * waited for (field 11, 8123 here), so a look at the end of the dump shows whether any ended
 * while it lasted, however short their lives:
 *
 *     4211 (make) S 1 4211 4211 0 -1 4194560 95 8123 0 0 0 0 12 30 20 0 1 0 24811 ...
 */
#include "light-dump/collectors.h"

#include "kernel/stat.h"

enum { STAT_MAX = 4096 };

int
reaped_collect(struct tree_context *c)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	const Snapshot *s = c->snapshot->facts;

	for (size_t i = 0; i < s->n_process; i++) {
		Process *p = s->process[i];
		struct task_stat stat;

		if (!p->has_reaped_faults || p->reaped_faults == 0)
			continue;
		/* One that is gone by now, or another under its number, is no gap: it says nothing. */
		if (root_readf(c->root, &text, STAT_MAX, "proc/%d/stat", (int) p->pid) < 0 ||
		    stat_parse(buffer_slice(&text), &stat) < 0 || stat.start_time != p->start_time)
			continue;
		SET_FACT(p, reaped_faults_later, stat.reaped_faults);
	}
	return 0;
}

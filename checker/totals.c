/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a tree: see totals.h. Of /proc/PID/status and statm:
 *
 *     RssAnon: 41984 kB   RssShmem: 8 kB   VmSwap: 0 kB   VmLck: 0 kB   HugetlbPages: 0 kB
 */
#include "checker/totals.h"
#include "checker/values.h"

struct totals
totals_of(const struct judge *j)
{
	struct totals t = { 0 };
	const Process *const *all;
	size_t n;

	all = index_processes(j->at, &n);
	for (size_t i = 0; i < n; i++) {
		const ProcessMemory *m = all[i]->memory;

		if (!m && !t.not_known && !process_has_ended(all[i]))
			t.not_known = all[i];
		if (!m)
			continue;
		t.anonymous_kb += m->rss_anon_kb + m->swap_kb;
		t.shared_kb = m->rss_shmem_kb > t.shared_kb ? m->rss_shmem_kb : t.shared_kb;
		t.locked_kb += m->vm_locked_kb;
		t.data_kb += m->vm_data_kb;
		t.huge_kb += m->hugetlb_kb;
	}
	return t;
}

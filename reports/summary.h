/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several formats say alike: counts of a tree, times.
 */
#pragma once

#include "reports/reporter.h"

struct summary {
	int root_pid;
	const char *comm;		/* foreign text */
	size_t processes, threads, files, sockets, cgroups;
};

struct summary summary_of(const struct assessment *a);

struct summary_time {
	char text[40];			/* "2026-11-02T09:14:00Z" */
};
struct summary_time summary_time(int64_t ns);

/*
 * How old a look is, in words: "3 min ago"; "just now"; "by a clock that is 5 min ahead" where it
 * was taken on a host whose clock is ahead of ours. `ns`: now minus then.
 */
struct summary_age {
	char text[64];
};
struct summary_age summary_age(int64_t ns);

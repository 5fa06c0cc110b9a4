/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen over time: the first look, and those of the light-dump's span after it.
 */
#pragma once

#include "checker/judge.h"

struct seen {
	size_t times, looks;		/* so, of so many; the first look counts */
	bool still;			/* at the last look too */
	uint64_t span_us;
};

/* `first`: whether it was so at the first look; `is` says so of the later ones. */
struct seen seen_thread(const Thread *t, bool first, bool (*is)(const StateSample *));
struct seen seen_fd(const Fd *fd, bool first, bool (*is)(const FdSample *));
struct seen seen_socket(const Socket *s, bool first, bool (*is)(const SocketSample *));

/* "with unread messages at 5 of 5 looks in 100 ms"; NULL where it was looked at once. */
const char *seen_text(struct judge *j, const char *how, struct seen s);

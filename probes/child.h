/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a tool to hear its version: a child of ours with closed input and a deadline.
 */
#pragma once

#include "base/buffer.h"

enum { DEFAULT_DEADLINE_MS = 10 * 1000 };	/* of deadline_ms 0 */

struct child_result {
	int status;			/* exit status */
	int signal;			/* that ended it; 0: it exited */
	bool timed_out;			/* and was killed */
};

/*
 * Runs `program`, a path, and replaces the content of `said` by what it wrote to its output and
 * error output, up to some kilobytes; what comes after that is not waited for. It gets an
 * environment of PATH and LC_ALL=C. 0; -errno when it could not be started (-EACCES, -ENOEXEC,
 * -ENOENT for a missing interpreter); -ENOMEM. The child has ended when this returns, unless it
 * sleeps where not even SIGKILL wakes it: then it is left behind, killed.
 */
int child_run(const char *program, const char *const argv[], unsigned int deadline_ms,
	      struct buffer *said, struct child_result *ret);

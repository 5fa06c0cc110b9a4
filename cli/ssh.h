/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe on another host through one connection of the system's own ssh.
 */
#pragma once

#include "cli/work.h"

struct ssh_request {
	const char *host;		/* [USER@]HOST, or an alias of the user's configuration */
	const char *remote;		/* the command there */
	const char *ssh;		/* the command here, words parted by blanks */
};

/*
 * Sends the source, waits for the answer of `migcheck probe -s -`. 0 or -errno after saying
 * what failed and what to do.
 */
int ssh_probe(const struct ssh_request *q, const struct work *w, struct snapshot *source,
	      struct snapshot *ret);

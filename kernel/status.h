/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/status and /proc/PID/task/TID/status: proc_pid_status(5).
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/*
 * Fills the fields of `t` and of its credentials (made if absent), and, where `p` is not NULL,
 * those of the process: ids in its pid namespaces, memory, umask. A line whose value does not
 * parse is an error; an unknown line is passed over. 0, -EBADMSG or -ENOMEM.
 */
int status_parse(struct slice text, struct arena *arena, Process *p, Thread *t);

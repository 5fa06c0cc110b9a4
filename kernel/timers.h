/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/timers: the POSIX timers of a process, proc_pid_timers(5).
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/* Appends a PosixTimer a record. 0, -EBADMSG or -ENOMEM. */
int timers_parse(struct slice text, struct arena *arena, PosixTimer ***timer, size_t *n);

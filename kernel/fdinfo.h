/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/fdinfo/N: what the kernel tells of an open file, proc_pid_fdinfo(5).
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/* Fills `fd`. Unknown lines are passed over. 0, -EBADMSG or -ENOMEM. */
int fdinfo_parse(struct slice text, struct arena *arena, Fd *fd);

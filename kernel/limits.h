/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/PID/limits: proc_pid_limits(5).
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/* Appends a Limit a line. 0, -EBADMSG or -ENOMEM. "unlimited" is all ones. */
int limits_parse(struct slice text, struct arena *arena, Limit ***limit, size_t *n);

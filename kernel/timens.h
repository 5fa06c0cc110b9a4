/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks of a time namespace, /proc/PID/timens_offsets: time_namespaces(7).
 */
#pragma once

#include "base/text.h"

struct timens {
	int64_t monotonic_ns, boottime_ns;
};

/* 0, or -EBADMSG; clocks of newer kernels are passed over. */
int timens_parse(struct slice text, struct timens *ret);

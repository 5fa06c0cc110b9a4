/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets of the clocks of the namespace in which the process's children will live, in seconds
 * and nanoseconds; the second number is never negative:
 *
 *     monotonic      172800         0
 *     boottime           -1 500000000
 */
#include "kernel/timens.h"
#include <errno.h>

enum { NS_PER_SECOND = 1000 * 1000 * 1000 };

int
timens_parse(struct slice text, struct timens *ret)
{
	struct slice line, clock, seconds, rest;
	struct timens t = { 0 };
	int64_t s, ns;

	while (slice_line(&text, &line)) {
		if (!slice_word(&line, &clock) || !slice_word(&line, &seconds) ||
		    !slice_word(&line, &rest) || parse_i64(seconds, &s) < 0 || parse_i64(rest, &ns) < 0)
			return -EBADMSG;
		if (ns < 0 || ns >= NS_PER_SECOND || __builtin_mul_overflow(s, NS_PER_SECOND, &s) ||
		    __builtin_add_overflow(s, ns, &s))
			return -EBADMSG;
		if (slice_eq(clock, "monotonic"))
			t.monotonic_ns = s;
		else if (slice_eq(clock, "boottime"))
			t.boottime_ns = s;
	}
	*ret = t;
	return 0;
}

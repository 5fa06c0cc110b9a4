/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heading, then columns: a name with single blanks in it, at least two blanks, two values,
 * and a unit, which may be missing:
 *
 *     Limit                     Soft Limit           Hard Limit           Units
 *     Max cpu time              unlimited            unlimited            seconds
 *     Max nice priority         0                    0
 */
#include "kernel/limits.h"

static int
parse_value(struct slice *rest, uint64_t *ret)
{
	struct slice word;

	if (!slice_word(rest, &word))
		return -EBADMSG;
	if (slice_eq(word, "unlimited")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return parse_u64(word, 10, ret) < 0 ? -EBADMSG : 0;
}

static int
parse_line(struct slice line, struct arena *arena, Limit *ret)
{
	const char *gap = memmem(line.p, line.n, "  ", 2);
	struct slice name = { .p = line.p };

	if (!gap || gap == line.p)
		return -EBADMSG;
	name.n = (size_t) (gap - line.p);
	line.p += name.n;
	line.n -= name.n;
	if (parse_value(&line, &ret->soft) < 0 || parse_value(&line, &ret->hard) < 0)
		return -EBADMSG;
	ret->has_soft = true;
	ret->has_hard = true;
	ret->name = arena_strndup(arena, name.p, name.n);
	return ret->name ? 0 : -ENOMEM;
}

int
limits_parse(struct slice text, struct arena *arena, Limit ***limit, size_t *n)
{
	struct slice line;
	int r;

	if (!slice_line(&text, &line) || !slice_starts(line, "Limit "))
		return -EBADMSG;
	while (slice_line(&text, &line)) {
		Limit *one = NEW_FACT(arena, Limit, limit);

		if (!one)
			return -ENOMEM;
		r = parse_line(line, arena, one);
		if (r < 0)
			return r;
		r = ADD_FACT(arena, *limit, *n, one);
		if (r < 0)
			return r;
	}
	return 0;
}

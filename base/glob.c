/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of a shell: see glob.h.
 */
#include "base/glob.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/*
 * `p` stands behind a '['. Behind the set's ']', or NULL where it is open or runs backwards. A ']'
 * that comes first belongs to the set.
 */
static const char *
set_end(const char *p, unsigned char c, bool *ret_in)
{
	bool other = *p == '!' || *p == '^', in = false;

	p += other;
	for (const char *first = p; *p && (*p != ']' || p == first); p++) {
		unsigned char low = (unsigned char) p[0], high = low;

		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = (unsigned char) p[2];
			p += 2;
		}
		if (low > high)
			return NULL;
		in |= low <= c && c <= high;
	}
	*ret_in = in != other;
	return *p == ']' ? p + 1 : NULL;
}

/* Behind the first part of the pattern (no star) where that is fine with `c`; else NULL. */
static const char *
part_end(const char *pattern, unsigned char c)
{
	bool in = false;
	const char *end;

	switch (*pattern) {
	case '\0':
		return NULL;
	case '?':
		return pattern + 1;
	case '[':
		end = set_end(pattern + 1, c, &in);
		return in ? end : NULL;
	case '\\':
		return pattern[1] && (unsigned char) pattern[1] == c ? pattern + 2 : NULL;
	default:
		return (unsigned char) *pattern == c ? pattern + 1 : NULL;
	}
}

/*
 * A star takes as little as it can, and only the last one seen is gone back to: an earlier one wins
 * nothing by taking more.
 */
bool
glob_match(const char *pattern, const char *text)
{
	const char *behind_star = NULL, *taken = NULL;

	while (*text) {
		const char *next;

		if (*pattern == '*') {
			behind_star = ++pattern;
			taken = text;
			continue;
		}
		next = part_end(pattern, (unsigned char) *text);
		if (next) {
			pattern = next;
			text++;
		} else if (behind_star) {
			pattern = behind_star;
			text = ++taken;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* The next part's end whatever the text, NULL where it cannot be read. */
static const char *
skip_part(const char *p)
{
	bool in;

	if (*p == '[')
		return set_end(p + 1, 0, &in);
	if (*p == '\\')
		return p[1] ? p + 2 : NULL;
	return p + 1;
}

int
glob_check(const char *pattern)
{
	while (pattern && *pattern)
		pattern = skip_part(pattern);
	return pattern ? 0 : -EINVAL;
}

bool
glob_is_plain(const char *pattern)
{
	return pattern[strcspn(pattern, "*?[\\")] == '\0';
}

bool
glob_names_something(const char *pattern)
{
	for (const char *p = pattern; p && *p; p = skip_part(p)) {
		unsigned char c = (unsigned char) (*p == '\\' ? p[1] : *p);

		if (*p != '[' && (isalnum(c) || c >= 0x80))
			return true;
	}
	return false;
}

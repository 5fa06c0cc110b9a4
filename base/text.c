/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices and strict numbers: see text.h. A sample of what is taken apart with them, a line of
 * /proc/PID/maps:
 *
 *     7f0c5c000000-7f0c5c021000 rw-p 00000000 00:00 0
 */
#include "base/text.h"

#include <errno.h>

struct slice
slice_of(const char *s)
{
	return (struct slice){ .p = s, .n = strlen(s) };
}

bool
slice_eq(struct slice a, const char *b)
{
	size_t n = strlen(b);

	return a.n == n && memcmp(a.p, b, n) == 0;
}

bool
slice_starts(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool
slice_ends(struct slice s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && memcmp(s.p + s.n - n, suffix, n) == 0;
}

bool
slice_cut(struct slice *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!slice_starts(*s, prefix))
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

bool
slice_cut_end(struct slice *s, const char *suffix)
{
	if (!slice_ends(*s, suffix))
		return false;
	s->n -= strlen(suffix);
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
slice_field(struct slice *rest, char separator, struct slice *ret_field)
{
	const char *end;
	size_t n;

	if (rest->n == 0)
		return false;
	end = memchr(rest->p, separator, rest->n);
	n = end ? (size_t) (end - rest->p) : rest->n;
	*ret_field = (struct slice){ .p = rest->p, .n = n };
	n += end ? 1 : 0;
	rest->p += n;
	rest->n -= n;
	return true;
}

bool
slice_line(struct slice *rest, struct slice *ret_line)
{
	return slice_field(rest, '\n', ret_line);
}

bool
slice_word(struct slice *rest, struct slice *ret_word)
{
	size_t n = 0;

	while (rest->n > 0 && is_blank(rest->p[0])) {
		rest->p++;
		rest->n--;
	}
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	if (n == 0)
		return false;
	*ret_word = (struct slice){ .p = rest->p, .n = n };
	rest->p += n;
	rest->n -= n;
	return true;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool
path_is_plain(const char *path)
{
	struct slice rest = slice_of(path), component;

	if (!slice_cut(&rest, "/"))
		return false;
	while (slice_field(&rest, '/', &component))
		if (component.n == 0 || slice_eq(component, ".") || slice_eq(component, ".."))
			return false;
	return true;
}

int
parse_u64(struct slice s, int base, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		int digit = digit_of(s.p[i]);

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
		    __builtin_add_overflow(value, (uint64_t) digit, &value))
			return -ERANGE;
	}
	*ret = value;
	return 0;
}

int
parse_u32(struct slice s, int base, uint32_t *ret)
{
	uint64_t value;
	int r;

	r = parse_u64(s, base, &value);
	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t) value;
	return 0;
}

int
parse_i64(struct slice s, int64_t *ret)
{
	bool negative = slice_cut(&s, "-");
	uint64_t value;
	int r;

	r = parse_u64(s, 10, &value);
	if (r < 0)
		return r;
	if (value > (uint64_t) INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	*ret = negative ? (int64_t) (0 - value) : (int64_t) value;
	return 0;
}

int
parse_i32(struct slice s, int32_t *ret)
{
	int64_t value;
	int r;

	r = parse_i64(s, &value);
	if (r < 0)
		return r;
	if (value < INT32_MIN || value > INT32_MAX)
		return -ERANGE;
	*ret = (int32_t) value;
	return 0;
}

static bool
is_octal_escape(const char *p, size_t n)
{
	return n >= 4 && p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
	       p[3] >= '0' && p[3] <= '7';
}

size_t
unescape_octal(struct slice s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		if (is_octal_escape(s.p + i, s.n - i)) {
			out[n++] = (char) ((s.p[i + 1] - '0') * 64 + (s.p[i + 2] - '0') * 8 +
					   (s.p[i + 3] - '0'));
			i += 4;
		} else {
			out[n++] = s.p[i++];
		}
	}
	out[n] = '\0';
	return n;
}

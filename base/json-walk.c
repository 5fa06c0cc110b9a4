/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, walked in place: see json-walk.h.
 */
#include "base/json-walk.h"

#include <errno.h>

static void
skip_blanks(struct slice *s)
{
	const char *p = s->p, *end = p + s->n;

	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	*s = (struct slice){ .p = p, .n = (size_t) (end - p) };
}

/* Blanks, then this one byte. */
static bool
take(struct slice *s, char c)
{
	skip_blanks(s);
	if (s->n == 0 || *s->p != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

static bool
skip_text(struct slice *s)
{
	const char *p, *end;

	if (!take(s, '"'))
		return false;
	p = s->p;
	end = p + s->n;
	while (p < end && *p != '"' && (unsigned char) *p >= ' ')
		p += *p == '\\' && end - p > 1 ? 2 : 1;
	*s = (struct slice){ .p = p, .n = (size_t) (end - p) };
	if (s->n == 0 || *p != '"')
		return false;
	return take(s, '"');
}

static bool
skip_word(struct slice *s)
{
	static const char letters[] = "0123456789+-.eEtrufalsn";
	const char *from = s->p;

	while (s->n > 0 && memchr(letters, *s->p, sizeof(letters) - 1)) {
		s->p++;
		s->n--;
	}
	return s->p > from;
}

/* One value off the front. Where it is not well, the slice begins at what is wrong. */
static bool
skip_value(struct slice *s, unsigned int depth)
{
	bool is_object;
	char end;

	skip_blanks(s);
	if (s->n == 0)
		return false;
	if (*s->p == '"')
		return skip_text(s);
	if (*s->p != '{' && *s->p != '[')
		return skip_word(s);
	if (depth == 0)
		return false;
	is_object = *s->p == '{';
	end = is_object ? '}' : ']';
	(void) take(s, *s->p);
	if (take(s, end))
		return true;
	do {
		if (is_object && (!skip_text(s) || !take(s, ':')))
			return false;
		if (!skip_value(s, depth - 1))
			return false;
	} while (take(s, ','));
	return take(s, end);
}

int
json_check(struct slice text, size_t *ret_at)
{
	struct slice rest = text;
	bool well = skip_value(&rest, JSON_DEPTH);

	if (well)
		skip_blanks(&rest);
	if (well && rest.n == 0)
		return 0;
	*ret_at = text.n - rest.n;
	return -EINVAL;
}

static struct slice
inside(struct slice value, char open)
{
	if (value.n < 2 || *value.p != open)
		return SLICE("");
	return (struct slice){ .p = value.p + 1, .n = value.n - 2 };
}

struct slice
json_members(struct slice value)
{
	return inside(value, '{');
}

struct slice
json_elements(struct slice value)
{
	return inside(value, '[');
}

bool
json_element(struct slice *rest, struct slice *ret_value)
{
	struct slice after;

	(void) take(rest, ',');
	skip_blanks(rest);
	after = *rest;
	if (!skip_value(&after, JSON_DEPTH))
		return false;
	*ret_value = (struct slice){ .p = rest->p, .n = rest->n - after.n };
	*rest = after;
	return true;
}

bool
json_member(struct slice *rest, struct slice *ret_key, struct slice *ret_value)
{
	struct slice key;

	if (!json_element(rest, &key) || !take(rest, ':') || !json_element(rest, ret_value))
		return false;
	*ret_key = (struct slice){ .p = key.p + 1, .n = key.n - 2 };
	return true;
}

struct slice
json_get(struct slice object, const char *key)
{
	struct slice rest = json_members(object), name, value;

	while (json_member(&rest, &name, &value))
		if (slice_eq(name, key))
			return value;
	return SLICE("");
}

struct slice
json_plain_text(struct slice value)
{
	struct slice text = inside(value, '"');

	return memchr(text.p, '\\', text.n) ? SLICE("") : text;
}

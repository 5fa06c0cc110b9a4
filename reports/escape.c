/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escapes: see escape.h. What counts as UTF-8 is RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF.
 */
#include "reports/escape.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the UTF-8 character at `p`, 0 when it is none; its code point in *ret. */
static size_t
decode(const unsigned char *p, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length;
	uint32_t c;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		length = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		length = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (length > n)
		return 0;
	c = p[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return length;
}

/*
 * Characters that could move the cursor, break a line, or turn the reading direction; and
 * noncharacters, which documents in XML and HTML must not hold.
 */
static bool
is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
	       (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

static int
escape(struct buffer *out, const char *s, size_t n, bool also_unsafe)
{
	const unsigned char *p = (const unsigned char *) s;
	int r;

	while (n > 0) {
		uint32_t c = 0;
		size_t length = decode(p, n, &c), taken = length ? length : 1;

		if (length > 0 && !(also_unsafe && is_unsafe(c))) {
			r = buffer_add(out, p, length);
			if (r < 0)
				return r;
		} else {
			for (size_t i = 0; i < taken; i++) {
				r = buffer_printf(out, "\\x%02x", p[i]);
				if (r < 0)
					return r;
			}
		}
		p += taken;
		n -= taken;
	}
	return 0;
}

int
escape_text(struct buffer *out, const char *s, size_t n)
{
	return escape(out, s, n, true);
}

int
escape_utf8(struct buffer *out, const char *s, size_t n)
{
	return escape(out, s, n, false);
}

int
escape_json_text(struct buffer *out, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *) s;
	int r = 0;

	while (r == 0 && n > 0) {
		uint32_t c = 0;
		size_t length = decode(p, n, &c), taken = length ? length : 1;

		/* Newlines here are the layout's own. */
		if (length == 0 || c == '\n' || !is_unsafe(c))
			r = buffer_add(out, p, taken);
		else if (c < 0x10000)
			r = buffer_printf(out, "\\u%04x", c);
		else
			r = buffer_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		p += taken;
		n -= taken;
	}
	return r;
}

int
escape_json_html(struct buffer *out, const char *s, size_t n)
{
	size_t plain = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (s[i] != '<' && s[i] != '>' && s[i] != '&')
			continue;
		r = buffer_add(out, s + plain, i - plain);
		if (r == 0)
			r = buffer_printf(out, "\\u%04x", (unsigned int) s[i]);
		plain = i + 1;
	}
	return r < 0 ? r : buffer_add(out, s + plain, n - plain);
}

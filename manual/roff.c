/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for troff: see roff.h. What man(7) of groff, "Portability", asks for:
 *
 *     migcheck dry-run --root 'a\b'    migcheck dry\-run \-\-root \(aqa\(rsb\(aq
 *     .mc at the start of a line       \&.mc
 */
#include "manual/roff.h"

#include <ctype.h>

/* The code point of a UTF-8 sequence, and how long it is; a byte that begins none stands for itself. */
static unsigned int
code_point(struct slice s, size_t *ret_length)
{
	unsigned char first = (unsigned char) s.p[0];
	size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
	unsigned int code = n == 1 ? first : first & (0x7fu >> n);

	*ret_length = n <= s.n ? n : 1;
	for (size_t i = 1; i < *ret_length; i++)
		code = code << 6 | ((unsigned char) s.p[i] & 0x3f);
	return code;
}

/* NULL: it stands for itself. */
static const char *
escape_of(char c)
{
	switch (c) {
	case '\\':
		return "\\(rs";
	case '-':
		return "\\-";
	case '\'':
		return "\\(aq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	case '\t':
		return " ";
	default:
		return NULL;
	}
}

static bool
at_line_start(const struct buffer *b)
{
	return b->n == 0 || b->p[b->n - 1] == '\n';
}

static int
put(struct buffer *out, char c)
{
	const char *escape = escape_of(c);

	if (escape)
		return buffer_add(out, escape, strlen(escape));
	if (c == '.' && at_line_start(out))
		return buffer_printf(out, "\\&.");
	return buffer_add(out, &c, 1);
}

int
roff_text(struct buffer *out, struct slice text)
{
	int r = 0;

	for (size_t i = 0, length = 1; r == 0 && i < text.n; i += length) {
		struct slice rest = { text.p + i, text.n - i };
		unsigned int code = code_point(rest, &length);

		r = code < 0x80 ? put(out, text.p[i]) : buffer_printf(out, "\\[u%04X]", code);
	}
	return r;
}

/* The font of a character: R, B or I. */
static char
font_of(char c)
{
	if (isupper((unsigned char) c))
		return 'I';
	return islower((unsigned char) c) || isdigit((unsigned char) c) || c == '-' ? 'B' : 'R';
}

int
roff_synopsis(struct buffer *out, const char *text)
{
	char font = 'R';
	int r = 0;

	for (const char *p = text; r == 0 && *p; p++) {
		if (*p != ' ' && font_of(*p) != font) {
			font = font_of(*p);
			r = buffer_printf(out, "\\f%c", font);
		}
		if (r == 0)
			r = put(out, *p);
	}
	return r == 0 && font != 'R' ? buffer_printf(out, "\\fR") : r;
}

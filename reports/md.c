/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text in Markdown: see md.h. In a code span nothing is read as markup, so that is how a
 * name is written as long as it has no backtick and no "|", which would part the cells of a table.
 * Else all that could be markup is written as a character reference.
 */
#include "reports/md.h"

#include "reports/escape.h"

#include <ctype.h>

static void
cleaned(struct pen *p, const char *text, struct buffer *ret)
{
	size_t n = strlen(text);
	bool cut = n > MD_LONGEST;

	if (cut)
		for (n = MD_LONGEST; n > 0 && (text[n] & 0xc0) == 0x80; n--)
			;
	pen_keep(p, escape_text(ret, text, n));
	if (cut)
		pen_keep(p, buffer_add(ret, "…", strlen("…")));
}

/* Whether it may be the start of something: a link, a mention, emphasis, HTML, a cell. */
static bool
is_plain(char c, bool is_name)
{
	if (c & 0x80 || isalnum((unsigned char) c))
		return true;
	return strchr(is_name ? " -/" : " -/,;()?%=+'\"", c) != NULL;
}

static void
referenced(struct pen *p, struct slice s, bool is_name)
{
	for (size_t i = 0; i < s.n; i++) {
		/* A dot makes a link only behind www. */
		bool dot = s.p[i] == '.' && !is_name && !(i > 0 && (s.p[i - 1] == 'w' || s.p[i - 1] == 'W'));
		bool colon = s.p[i] == ':' && !is_name && !(i + 1 < s.n && s.p[i + 1] == '/');

		if (is_plain(s.p[i], is_name) || dot || colon)
			pen_add(p, &s.p[i], 1);
		else if (s.p[i] == '@')
			/* The comment parts the sign from the name: GitHub looks for mentions in what was rendered. */
			pen_put(p, "&#64;<!-- -->");
		else
			pen_put(p, "&#%d;", s.p[i]);
	}
}

void
md_text(struct pen *p, const char *text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };

	cleaned(p, text, &clean);
	referenced(p, buffer_slice(&clean), false);
}

void
md_code(struct pen *p, const char *text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	struct slice s;

	cleaned(p, text, &clean);
	s = buffer_slice(&clean);
	if (s.n == 0)
		return;
	if (memchr(s.p, '`', s.n) || memchr(s.p, '|', s.n) || s.p[0] == ' ' || s.p[s.n - 1] == ' ') {
		pen_put(p, "<code>");
		referenced(p, s, true);
		pen_put(p, "</code>");
		return;
	}
	pen_put(p, "`");
	pen_add(p, s.p, s.n);
	pen_put(p, "`");
}

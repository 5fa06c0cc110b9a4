/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours and folding: see style.h.
 */
#include "reports/style.h"

#include "reports/escape.h"

#include <errno.h>
#include <stdarg.h>

static const char *const codes[] = {
	[STYLE_PLAIN] = "",
	[STYLE_BOLD] = "\033[1m",
	[STYLE_RED] = "\033[1;31m",
	[STYLE_YELLOW] = "\033[1;33m",
	[STYLE_GREEN] = "\033[1;32m",
	[STYLE_DIM] = "\033[2m",
	[STYLE_CYAN] = "\033[36m",
};

static void
put(struct page *p, const char *s, size_t n)
{
	if (p->error == 0)
		p->error = buffer_add(p->out, s, n);
}

static void
put_style(struct page *p, enum style style, bool on)
{
	const char *code = on ? codes[style] : "\033[0m";

	if (p->options->colour && style != STYLE_PLAIN)
		put(p, code, strlen(code));
}

void
page_put(struct page *p, enum style style, const char *format, ...)
{
	_cleanup_buffer_ struct buffer text = { 0 };
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || buffer_reserve(&text, (size_t) n) < 0) {
		p->error = -ENOMEM;
		return;
	}
	va_start(args, format);
	(void) vsnprintf(text.p, (size_t) n + 1, format, args);
	va_end(args);
	put_style(p, style, true);
	put(p, text.p, (size_t) n);
	put_style(p, style, false);
}

static void
put_blanks(struct page *p, unsigned int n)
{
	while (n-- > 0)
		put(p, " ", 1);
}

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static size_t
columns_of(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char) s.p[i] & 0xc0) != 0x80;
	return n;
}

/* The text begins at column `at`; the lines after the first begin at `column`. */
static void
put_folded(struct page *p, unsigned int at, unsigned int column, struct slice text)
{
	unsigned int width = p->options->width;
	struct slice word;
	bool first = true;

	if (width < column + 24) {
		put(p, text.p, text.n);
		return;
	}
	while (slice_word(&text, &word)) {
		size_t n = columns_of(word);

		if (!first && at + 1 + n > width) {
			put(p, "\n", 1);
			put_blanks(p, column);
			at = column;
		} else if (!first) {
			put(p, " ", 1);
			at++;
		}
		put(p, word.p, word.n);
		at += (unsigned int) n;
		first = false;
	}
}

void
page_line(struct page *p, unsigned int indent, const char *label, unsigned int column,
	  enum style style, const char *text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	unsigned int used = indent + (unsigned int) strlen(label);

	if (!text)
		return;
	if (escape_text(&clean, text, strlen(text)) < 0) {
		p->error = -ENOMEM;
		return;
	}
	put_blanks(p, indent);
	if (*label)
		put_style(p, STYLE_DIM, true);
	put(p, label, strlen(label));
	if (*label)
		put_style(p, STYLE_DIM, false);
	put_blanks(p, used < column ? column - used : *label ? 1 : 0);
	put_style(p, style, true);
	used = used < column ? column : used + (*label ? 1 : 0);
	put_folded(p, used, used, buffer_slice(&clean));
	put_style(p, style, false);
	put(p, "\n", 1);
}

void
page_lead(struct page *p, enum style lead_style, const char *lead, enum style style, const char *text)
{
	enum { HANGING = 8, GAP = 3 };
	_cleanup_buffer_ struct buffer clean = { 0 };

	if (escape_text(&clean, text, strlen(text)) < 0) {
		p->error = -ENOMEM;
		return;
	}
	put_style(p, lead_style, true);
	put(p, lead, strlen(lead));
	put_style(p, lead_style, false);
	put_blanks(p, GAP);
	put_style(p, style, true);
	put_folded(p, (unsigned int) columns_of(slice_of(lead)) + GAP, HANGING, buffer_slice(&clean));
	put_style(p, style, false);
	put(p, "\n", 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a terminal: colours that vanish in a pipe, and paragraphs that are folded at the
 * width of the window with a hanging indent (and not at all in a pipe, where lines are grepped).
 */
#pragma once

#include "reports/reporter.h"

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_RED, STYLE_YELLOW, STYLE_GREEN, STYLE_DIM, STYLE_CYAN };

struct page {
	struct buffer *out;
	const struct report_options *options;
	int error;			/* the first -errno; later calls do nothing */
};

/* Appends our own text as it is. */
void page_put(struct page *p, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends a line "    label   text" with foreign text escaped; folded lines go on under the
 * text. `indent` and `column` count characters from the left edge.
 */
void page_line(struct page *p, unsigned int indent, const char *label, unsigned int column,
	       enum style style, const char *text);

/* Appends a line that begins with our own word in its style, then foreign text. */
void page_lead(struct page *p, enum style lead_style, const char *lead, enum style style, const char *text);

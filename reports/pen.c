/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a long document: see pen.h.
 */
#include "reports/pen.h"

#include <stdarg.h>

void
pen_keep(struct pen *p, int r)
{
	if (r < 0 && p->error == 0)
		p->error = r;
}

void
pen_add(struct pen *p, const char *bytes, size_t n)
{
	if (p->error == 0)
		pen_keep(p, buffer_add(p->out, bytes, n));
}

void
pen_put(struct pen *p, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;
	int n;

	if (p->error < 0)
		return;
	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0) {
		text = NULL;
		p->error = -ENOMEM;
		return;
	}
	pen_add(p, text, (size_t) n);
}

void
pen_raw(struct pen *p, const char *text)
{
	pen_add(p, text, strlen(text));
}

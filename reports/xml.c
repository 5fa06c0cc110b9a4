/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text in XML: see xml.h. escape_text() takes what section 2.2 of XML 1.0 shuts out, and
 * more.
 */
#include "reports/xml.h"

#include "reports/escape.h"

/* How a byte is written; NULL: as it is. */
static const char *
entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

void
xml_text(struct pen *p, const char *text)
{
	_cleanup_buffer_ struct buffer clean = { 0 };
	struct slice rest;

	pen_keep(p, escape_text(&clean, text, strlen(text)));
	rest = buffer_slice(&clean);
	while (p->error == 0 && rest.n > 0) {
		const char *name = entity(*rest.p);

		if (name)
			pen_raw(p, name);
		else
			pen_add(p, rest.p, 1);
		rest.p++;
		rest.n--;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML: see html.h. What XML has no meaning for, HTML in UTF-8 has none for either.
 */
#include "reports/html.h"

#include "reports/xml.h"

void
html_text(struct pen *p, const char *text)
{
	if (text)
		xml_text(p, text);
}

void
html_element(struct pen *p, const char *tag, const char *class, const char *text)
{
	if (!text)
		return;
	pen_put(p, "<%s", tag);
	if (class)
		pen_put(p, " class=\"%s\"", class);
	pen_put(p, ">");
	html_text(p, text);
	pen_put(p, "</%s>", tag);
}

void
html_number(struct pen *p, size_t n)
{
	char digits[32];
	size_t length = (size_t) snprintf(digits, sizeof(digits), "%zu", n);

	for (size_t i = 0; i < length; i++)
		pen_put(p, "%s%c", i > 0 && (length - i) % 3 == 0 ? "," : "", digits[i]);
}

void
html_count(struct pen *p, size_t n, const char *one, const char *many)
{
	html_number(p, n);
	pen_put(p, " %s", n == 1 ? one : many);
}

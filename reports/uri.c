/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files as URI references: see uri.h.
 */
#include "reports/uri.h"

static bool
needs_no_escape(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/-._~", c);
}

void
uri_of_file(struct pen *p, const char *file)
{
	/* "//" would begin with the name of a host, and "./" says nothing. */
	if (*file == '/')
		pen_put(p, "file:///");
	while (*file == '/' || slice_starts(slice_of(file), "./"))
		file += *file == '/' ? 1 : 2;
	for (; *file; file++) {
		if (needs_no_escape(*file))
			pen_add(p, file, 1);
		else
			pen_put(p, "%%%02X", (unsigned char) *file);
	}
}

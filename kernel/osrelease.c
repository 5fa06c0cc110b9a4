/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a distribution, os-release(5). A value may be bare, or quoted as a shell would;
 * in double quotes a backslash takes the next sign as it is:
 *
 *     PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
 *     VERSION_ID='12'
 *     ID=debian
 *
 * As in a shell, a later line wins.
 */
#include "kernel/osrelease.h"

#include <errno.h>

static int
unquote(struct slice value, char *out)
{
	char quote = value.n > 0 && (value.p[0] == '"' || value.p[0] == '\'') ? value.p[0] : '\0';
	size_t i = quote ? 1 : 0, n = 0;

	for (; i < value.n; i++) {
		if (quote && value.p[i] == quote)
			break;
		if (value.p[i] == '\\' && quote != '\'' && ++i == value.n)
			return -EBADMSG;
		out[n++] = value.p[i];
	}
	if (quote && i + 1 != value.n)
		return -EBADMSG;
	out[n] = '\0';
	return 0;
}

int
osrelease_get(struct slice text, const char *key, struct arena *arena, char **ret)
{
	struct slice line, name, found = {};
	char *value;
	int r;

	while (slice_line(&text, &line)) {
		line = slice_trim(line);
		if (slice_field(&line, '=', &name) && slice_eq(name, key))
			found = line;
	}
	if (!found.p)
		return -ENOENT;
	value = arena_alloc(arena, found.n + 1);
	if (!value)
		return -ENOMEM;
	r = unquote(found, value);
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}

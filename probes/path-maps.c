/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --map SOURCE=DESTINATION. Of several that are about a path, the longest source wins:
 *
 *     /srv=/mnt/a  /srv/db=/mnt/b      /srv/db/1  lies at /mnt/b/1, /srv/x at /mnt/a/x
 */
#include "probes/path-maps.h"
#include <stdio.h>
#include <string.h>

/* Whole components: "/srv" is about /srv and /srv/x, not about /srvx. */
static bool
is_about(const struct path_map *m, const char *path)
{
	size_t n = strlen(m->source);

	return strncmp(path, m->source, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

bool
path_is_mapped(const struct probe_options *o, const char *path, char ret[MAX_PLACE])
{
	const struct path_map *best = NULL;
	int n;

	/* The kernel shows no "..", and it could lead out of what was meant. */
	if (strstr(path, "/.."))
		return false;
	for (size_t i = 0; i < o->n_maps; i++)
		if (is_about(&o->maps[i], path) &&
		    (!best || strlen(o->maps[i].source) > strlen(best->source)))
			best = &o->maps[i];
	if (!best)
		return false;
	n = snprintf(ret, MAX_PLACE, "%s%s", best->destination, path + strlen(best->source));
	return n > 0 && (size_t) n < MAX_PLACE;
}

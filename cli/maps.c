/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --map, as a user writes it:
 *
 *     /srv/data=/mnt/volume-7
 *
 * Both are absolute and plain: no ".", no "..", no empty component; a slash at the end is taken
 * off. A path may hold a "=": the one that parts them stands before a slash.
 */
#include "cli/maps.h"

#include "base/text.h"
#include "cli/say.h"

#include <errno.h>

static int
wrong(const char *text, const char *why)
{
	say_error("--map %s: %s", text, why);
	return -EINVAL;
}

static void
trim(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
}

static int
check_sides(const struct work *w, const char *text, const char *source, const char *destination)
{
	if (source[0] != '/' || destination[0] != '/')
		return wrong(text, "both sides are absolute paths, as in /srv/data=/mnt/data");
	if (source[1] == '\0' || destination[1] == '\0')
		return wrong(text, "/ itself is not mapped; the root of the tree there is given with --root");
	if (!path_is_plain(source) || !path_is_plain(destination))
		return wrong(text, "no side has '.', '..' or '//' in it");
	for (size_t i = 0; i < w->n_maps; i++)
		if (streq(w->maps[i].source, source))
			return wrong(text, "this path is mapped already");
	return 0;
}

int
maps_add(struct work *w, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);
	char *parting = copy ? strstr(copy, "=/") : NULL;
	struct path_map *grown;
	int r;

	if (!copy)
		return -ENOMEM;
	if (!parting || parting == copy)
		return wrong(text, "it wants SOURCE=DESTINATION, two absolute paths");
	if (strstr(parting + 1, "=/"))
		return wrong(text, "several '=' stand before a '/': which one parts the sides cannot be told");
	*parting = '\0';
	trim(copy);
	trim(parting + 1);
	r = check_sides(w, text, copy, parting + 1);
	if (r < 0)
		return r;
	grown = reallocarray(w->maps, w->n_maps + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->maps = grown;
	w->maps[w->n_maps++] = (struct path_map){ .source = copy, .destination = parting + 1 };
	copy = NULL;
	w->probe.maps = w->maps;
	w->probe.n_maps = w->n_maps;
	return 0;
}

/* Both sides are in one piece of memory, which begins with the source. */
void
maps_free(struct work *w)
{
	for (size_t i = 0; i < w->n_maps; i++)
		free((char *) (uintptr_t) w->maps[i].source);
	free(w->maps);
	w->maps = NULL;
	w->n_maps = 0;
}

int
maps_note(const struct work *w, struct snapshot *s)
{
	Header *h = s->facts->header;

	for (size_t i = 0; i < w->n_maps; i++) {
		PathMap *m = NEW_FACT(s->arena, PathMap, path_map);

		if (!m)
			return -ENOMEM;
		m->source = arena_strdup(s->arena, w->maps[i].source);
		m->destination = arena_strdup(s->arena, w->maps[i].destination);
		if (!m->source || !m->destination || ADD_FACT(s->arena, h->map, h->n_map, m) < 0)
			return -ENOMEM;
	}
	return 0;
}

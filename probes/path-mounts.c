/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by where they are and by their numbers. Of /srv/data/x the places asked for are
 *
 *     /srv/data/x   /srv/data   /srv   /
 *
 * and the last mount at the first of them that is a mountpoint is the one. Links are not followed.
 */
#include "probes/path-mounts.h"

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static int
by_id(const void *a, const void *b)
{
	const Mount *x = *(const Mount *const *) a, *y = *(const Mount *const *) b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int
by_place(const void *a, const void *b)
{
	const struct mount_place *x = a, *y = b;
	int r = strcmp(x->mount->mountpoint, y->mount->mountpoint);

	return r ? r : x->number < y->number ? -1 : x->number > y->number;
}

int
path_mounts_make(const Filesystems *f, struct path_mounts *ret)
{
	struct path_mounts m = {};
	size_t all = f ? f->n_mount : 0;

	m.by_place = calloc(all + 1, sizeof(*m.by_place));
	m.by_id = calloc(all + 1, sizeof(*m.by_id));
	if (!m.by_place || !m.by_id) {
		path_mounts_free(&m);
		return -ENOMEM;
	}
	for (size_t i = 0; i < all; i++) {
		if (!f->mount[i]->mountpoint)
			continue;
		m.by_id[m.n] = f->mount[i];
		m.by_place[m.n++] = (struct mount_place){ .mount = f->mount[i], .number = i };
	}
	qsort(m.by_place, m.n, sizeof(*m.by_place), by_place);
	qsort(m.by_id, m.n, sizeof(*m.by_id), by_id);
	*ret = m;
	return 0;
}

void
path_mounts_free(struct path_mounts *m)
{
	free(m->by_place);
	free(m->by_id);
}

/* The last mount at exactly this place. */
static const Mount *
at_place(const struct path_mounts *m, const char *place)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->by_place[middle].mount->mountpoint, place) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !streq(m->by_place[low - 1].mount->mountpoint, place))
		return NULL;
	return m->by_place[low - 1].mount;
}

const Mount *
path_mounts_of(const struct path_mounts *m, const char *path)
{
	char place[2 * PATH_MAX];
	const Mount *found;
	char *slash;

	if (snprintf(place, sizeof(place), "%s", path) >= (int) sizeof(place))
		return NULL;
	for (;;) {
		found = at_place(m, place[0] ? place : "/");
		slash = strrchr(place, '/');
		if (found || !slash)
			return found;
		*slash = '\0';
	}
}

const Mount *
path_mounts_by_id(const struct path_mounts *m, uint64_t id)
{
	Mount key = { .id = (uint32_t) id };
	const Mount *wanted = &key, **found;

	if (m->n == 0 || id > UINT32_MAX)
		return NULL;
	found = bsearch(&wanted, m->by_id, m->n, sizeof(*m->by_id), by_id);
	return found ? *found : NULL;
}

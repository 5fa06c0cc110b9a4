/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five hash tables over one list: see mounts-index.h.
 */
#include "checker/mounts-index.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

uint64_t
mounts_hash_place(uint64_t mnt_ns, uint32_t parent, const char *mountpoint, size_t n)
{
	return hash_number(hash_number(mnt_ns) + parent) ^ hash_bytes(mountpoint, n);
}

uint64_t
mounts_hash_device(uint64_t mnt_ns, const Mount *m)
{
	return hash_number(hash_number(mnt_ns) + ((uint64_t) m->dev_major << 32 | m->dev_minor));
}

uint64_t
mounts_hash_group(uint64_t mnt_ns, uint32_t group)
{
	return hash_number(hash_number(mnt_ns) + group);
}

const Mount *
mounts_next(const struct table *t, uint64_t hash, uint64_t *at)
{
	const struct slot *s = table_next(t, hash, at);

	return s ? s->value : NULL;
}

static void
add(struct mounts_index *t, const Mount *m)
{
	uint64_t device = mounts_hash_device(m->mnt_ns, m);

	if (m->mountpoint)
		table_add(&t->place, mounts_hash_place(m->mnt_ns, m->parent, m->mountpoint, strlen(m->mountpoint)), m,
			  NULL);
	table_add(&t->device, device, m, NULL);
	if ((m->root && streq(m->root, "/")) || (m->mountpoint && streq(m->mountpoint, "/")))
		table_add(&t->source, device, m, NULL);
	if (m->shared)
		table_add(&t->shared, mounts_hash_group(m->mnt_ns, m->shared), m, NULL);
	if (m->master)
		table_add(&t->master, mounts_hash_group(m->mnt_ns, m->master), m, NULL);
}

int
mounts_index_fill(struct mounts_index *t, struct arena *a, const Snapshot *source)
{
	struct table *const tables[] = { &t->place, &t->device, &t->source, &t->shared, &t->master };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (table_init(tables[i], a, source->n_mount) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < source->n_mount; i++)
		add(t, source->mount[i]);
	return 0;
}

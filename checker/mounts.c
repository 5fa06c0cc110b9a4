/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts beside each other, and "external" ones: what CRIU does not make again, but binds from
 * outside at the restore. A line of mountinfo:
 *
 *     620 601 8:1 /srv/web /data rw,relatime shared:7 master:2 - ext4 /dev/sda1 rw
 *     |   |   |   |        where             propagation        type
 *     id  parent  root of the mount
 *             device
 */
#include "checker/mounts.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "checker/mounts-index.h"
#include "checker/options.h"

bool
mount_is_whole(const Mount *m)
{
	return m->root && streq(m->root, "/");
}

bool
mount_is_ns_root(const struct judge *j, const Mount *m)
{
	const Mount *parent = index_mount(j->at, m->mnt_ns, m->parent);

	return m->mountpoint && streq(m->mountpoint, "/") && (!parent || parent == m);
}

bool
mount_same_device(const Mount *a, const Mount *b)
{
	return a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

bool
mount_is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (n > 0 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

uint64_t
mount_ns_of_criu(const struct judge *j)
{
	const CriuPlace *place = j->source->criu_place;

	return place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;
}

bool
mount_of_criu(const struct judge *j, const Mount *m)
{
	uint64_t of_criu = mount_ns_of_criu(j);

	return of_criu && m->mnt_ns == of_criu;
}

bool
mount_criu_sees(const struct judge *j, const Mount *m)
{
	uint64_t hash = mounts_hash_device(mount_ns_of_criu(j), m), at = hash;
	const struct table *t = &index_mounts(j->at)->device;

	for (const Mount *o = mounts_next(t, hash, &at); o && m->root; o = mounts_next(t, hash, &at))
		if (mount_of_criu(j, o) && mount_same_device(o, m) && o->root && mount_is_below(m->root, o->root))
			return true;
	return false;
}

bool
mount_criu_has_master(const struct judge *j, const Mount *m)
{
	const struct table *const tables[] = { &index_mounts(j->at)->shared, &index_mounts(j->at)->master };
	uint64_t hash = mounts_hash_group(mount_ns_of_criu(j), m->master);

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		uint64_t at = hash;

		for (const Mount *o = mounts_next(tables[i], hash, &at); o; o = mounts_next(tables[i], hash, &at))
			if (mount_of_criu(j, o) && mount_same_device(o, m) &&
			    (o->shared == m->master || o->master == m->master))
				return true;
	}
	return false;
}

bool
mount_type_is_made(const char *type)
{
	static const char *const made[] = {
		"proc",	 "sysfs",      "devtmpfs", "binfmt_misc", "tmpfs",   "devpts",	"simfs",
		"pstore", "mqueue",    "securityfs", "fusectl",	  "debugfs", "tracefs", "cgroup",
		"cgroup2", "aufs",     "overlay",  "autofs",
	};

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		if (streq(type, made[i]))
			return true;
	return false;
}

bool
mount_has_source(const struct judge *j, const Mount *m)
{
	uint64_t hash = mounts_hash_device(m->mnt_ns, m), at = hash;
	const struct table *t = &index_mounts(j->at)->source;

	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at)) {
		if (o == m || o->mnt_ns != m->mnt_ns || !mount_same_device(o, m) || !o->root)
			continue;
		if (mount_is_whole(o) || (mount_is_ns_root(j, o) && mount_is_below(m->root, o->root)))
			return true;
	}
	return false;
}

bool
mount_has_master(const struct judge *j, const Mount *m)
{
	uint64_t hash = mounts_hash_group(m->mnt_ns, m->master), at = hash;
	const struct table *t = &index_mounts(j->at)->shared;

	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at))
		if (o->mnt_ns == m->mnt_ns && o->shared == m->master)
			return true;
	hash = mounts_hash_device(m->mnt_ns, m);
	at = hash;
	t = &index_mounts(j->at)->source;
	for (const Mount *o = mounts_next(t, hash, &at); o; o = mounts_next(t, hash, &at))
		if (o->mnt_ns == m->mnt_ns && o->master == m->master && mount_is_ns_root(j, o) &&
		    mount_same_device(o, m) && m->root && o->root && mount_is_below(m->root, o->root))
			return true;
	return false;
}

/* Whether criu finds by itself where to bind it from, if it is allowed to look. */
static bool
is_found_by_criu(const struct judge *j, const Mount *m)
{
	return mount_criu_sees(j, m) && (!m->master || mount_criu_has_master(j, m));
}

static bool
is_external(const struct judge *j, const Mount *m)
{
	if (mount_of_criu(j, m) || mount_is_ns_root(j, m) || !m->root || !m->fs_type)
		return false;
	if (m->master && !mount_has_master(j, m))
		return true;
	return mount_is_whole(m) ? !mount_type_is_made(m->fs_type) : !mount_has_source(j, m);
}

/*
 * One option for all: with the letters that the propagation of any of them asks for. Without these
 * criu passes over shared mounts and slaves.
 */
static const char *
found_by_criu(struct judge *j)
{
	bool master = false, shared = false;

	for (size_t i = 0; !j->external_mounts && i < j->source->n_mount; i++) {
		const Mount *m = j->source->mount[i];

		if (!(m->master || m->shared) || !is_external(j, m) || !is_found_by_criu(j, m))
			continue;
		master |= m->master != 0;
		shared |= m->shared != 0;
	}
	if (!j->external_mounts)
		j->external_mounts = judge_text(j, "--external mnt[]%s%s%s", master || shared ? ":" : "",
						master ? "m" : "", shared ? "s" : "");
	return j->external_mounts;
}

const Mount *
mount_holding(const Host *h, const char *path)
{
	const Filesystems *fs = h ? h->filesystems : NULL;
	const Mount *best = NULL;

	for (size_t i = 0; fs && i < fs->n_mount; i++) {
		const Mount *m = fs->mount[i];

		if (m->mountpoint && mount_is_below(path, m->mountpoint) &&
		    (!best || strlen(m->mountpoint) >= strlen(best->mountpoint)))
			best = m;
	}
	return best;
}

const Mount *
mount_there(const struct judge *j, const char *path)
{
	return mount_holding(j->destination->host, path);
}

bool
mount_is_marked(const Mount *m, const char *word)
{
	struct slice rest = slice_of(m->options ? m->options : ""), option;

	while (slice_field(&rest, ',', &option))
		if (slice_eq(option, word))
			return true;
	return false;
}

struct finding *
mount_find(struct judge *j, const Mount *m, const char *what)
{
	struct finding *f = judge_find(j, m->mountpoint ? m->mountpoint : "", what, NULL);

	f->here_from = judge_text(j, "/proc/%d/mountinfo", index_root(j->at)->pid);
	return f;
}

struct finding *
mount_find_external(struct judge *j, const Mount *m, const char *what)
{
	struct finding *f = mount_find(j, m, what);
	const char *by_name = judge_text(j, "--external mnt[%s]:KEY", f->thing);
	bool found = is_found_by_criu(j, m) && !options_find(j->options->criu_options, by_name);

	f->option = found ? found_by_criu(j) : by_name;
	f->option_kind = REQUIRE_ARRANGED;
	return f;
}

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

#include "base/text.h"

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

const Mount *
mount_of_criu(const struct judge *j, size_t i)
{
	const CriuPlace *place = j->source->criu_place;
	uint64_t of_criu = place ? namespace_of(place->ns, NAMESPACE_KIND__NS_MNT) : 0;

	return of_criu && j->source->mount[i]->mnt_ns == of_criu ? j->source->mount[i] : NULL;
}

bool
mount_criu_sees(const struct judge *j, const Mount *m)
{
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = mount_of_criu(j, i);

		if (o && mount_same_device(o, m) && o->root && m->root && mount_is_below(m->root, o->root))
			return true;
	}
	return false;
}

bool
mount_criu_has_master(const struct judge *j, const Mount *m)
{
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *o = mount_of_criu(j, i);

		if (o && mount_same_device(o, m) && (o->shared == m->master || o->master == m->master))
			return true;
	}
	return false;
}

/*
 * By name where criu has no mount to bind it from; else by itself, with the letters that its
 * propagation asks for: without them criu passes over shared mounts and slaves.
 */
static const char *
external_option(struct judge *j, const Mount *m)
{
	if (!mount_criu_sees(j, m) || (m->master && !mount_criu_has_master(j, m)))
		return judge_text(j, "--external mnt[%s]:KEY", m->mountpoint ? m->mountpoint : "");
	if (!m->shared && !m->master)
		return "--external mnt[]";
	return judge_text(j, "--external mnt[]:%s%s", m->master ? "m" : "", m->shared ? "s" : "");
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

	f->option = external_option(j, m);
	f->option_kind = REQUIRE_ARRANGED;
	return f;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of the tree is in which cgroup. Threads refer to sets; a set is one membership a
 * hierarchy, as in /proc/PID/cgroup:
 *
 *     4:memory:/app
 *     1:name=systemd:/system.slice/app.service
 *     0::/system.slice/app.service
 */
#include "checker/cgroups.h"
#include "checker/options.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "checker/values.h"

enum cgroups_mode
cgroups_mode(const struct judge *j)
{
	static const struct {
		const char *name;
		enum cgroups_mode mode;
	} modes[] = {
		{ "ignore", CGROUPS_IGNORE }, { "none", CGROUPS_NONE },	    { "props", CGROUPS_PROPS },
		{ "full", CGROUPS_FULL },     { "strict", CGROUPS_STRICT },
	};
	const struct given_option *given = options_last(j->options->criu_options, "manage-cgroups");

	for (size_t i = 0; given && given->value && i < ARRAY_SIZE(modes); i++)
		if (streq(given->value, modes[i].name))
			return modes[i].mode;
	return CGROUPS_SOFT;
}

static const CgroupSet *
set_of(const Snapshot *s, bool has, uint32_t number)
{
	return has && number < s->n_cgroup_set ? s->cgroup_set[number] : NULL;
}

static bool
same_membership(const CgroupMembership *a, const CgroupMembership *b)
{
	return a->controllers && b->controllers && a->path && b->path &&
	       streq(a->controllers, b->controllers) && streq(a->path, b->path);
}

static bool
same_set(const CgroupSet *a, const CgroupSet *b)
{
	if (a->n_membership != b->n_membership)
		return false;
	for (size_t i = 0; i < a->n_membership; i++)
		if (!same_membership(a->membership[i], b->membership[i]))
			return false;
	return true;
}

bool
cgroups_differ(const struct judge *j)
{
	const Snapshot *s = j->source;
	const CriuPlace *place = s->criu_place;
	const CgroupSet *of_criu = place ? set_of(s, place->has_cgroup_set, place->cgroup_set) : NULL;

	if (!of_criu)
		return true;
	for (size_t i = 0; i < s->n_process; i++)
		for (size_t k = 0; k < s->process[i]->n_thread; k++) {
			const Thread *t = s->process[i]->thread[k];
			const CgroupSet *set = set_of(s, t->has_cgroup_set, t->cgroup_set);

			if (set && set != of_criu && !same_set(set, of_criu))
				return true;
		}
	return false;
}

bool
cgroups_are_restored(const struct judge *j)
{
	return cgroups_mode(j) != CGROUPS_IGNORE && cgroups_differ(j);
}

bool
cgroups_list_holds(const char *whole, const char *part)
{
	struct slice rest = slice_of(part), name, others, other;

	while (slice_field(&rest, ',', &name)) {
		bool found = false;

		others = slice_of(whole);
		while (!found && slice_field(&others, ',', &other))
			found = other.n == name.n && memcmp(other.p, name.p, name.n) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool
is_in(const Snapshot *s, const Thread *t, const Cgroup *g)
{
	const CgroupSet *set = set_of(s, t->has_cgroup_set, t->cgroup_set);

	for (size_t i = 0; set && i < set->n_membership; i++) {
		const CgroupMembership *m = set->membership[i];

		if (m->controllers && m->path && streq(m->controllers, g->controllers) &&
		    streq(m->path, g->path))
			return true;
	}
	return false;
}

struct cgroups_need
cgroups_need(const struct judge *j, const Cgroup *g)
{
	struct cgroups_need need = { 0 };
	const Process *const *all;
	size_t n;

	all = index_processes(j->at, &n);
	for (size_t i = 0; i < n; i++) {
		const Process *p = all[i];
		const ProcessMemory *m = p->memory;
		uint64_t before = need.threads;

		for (size_t k = 0; k < p->n_thread; k++)
			need.threads += is_in(j->source, p->thread[k], g);
		if (need.threads == before)
			continue;
		need.member = need.member ? need.member : p;
		if (!m && !need.not_known && !process_has_ended(p))
			need.not_known = p;
		if (m)
			need.memory_kb += m->rss_anon_kb + m->rss_shmem_kb + m->swap_kb;
	}
	return need;
}

const char *
cgroups_value(CgroupValue *const *value, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (value[i]->name && streq(value[i]->name, name))
			return value[i]->value;
	return NULL;
}

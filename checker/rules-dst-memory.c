/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the destination: memory, huge pages, address space, and the settings that bound
 * descriptors, watches and pipes.
 *
 *     needs 412 MiB      MemAvailable 300 MiB, SwapFree 0, of 2 GiB in all
 *     needs 65530 maps   vm.max_map_count 65530
 */
#include "checker/place.h"
#include "checker/rulesets.h"
#include "checker/totals.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

enum {
	MAPS_MARGIN = 100,		/* what criu maps beside while it restores */
	CAP_OF_SYS_RESOURCE = 24,
};

#define UNLIMITED UINT64_MAX

static const Memory *
memory_there(const struct judge *j)
{
	return j->destination->host ? j->destination->host->memory : NULL;
}

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* On the same machine the dump gives back first what the tree holds. */
static uint64_t
given_back(const struct judge *j, uint64_t need)
{
	return index_same_host(j->source, j->destination) ? need : 0;
}

/* What is known to be needed fits: said of all only where all is known. */
static enum judgement
unless_more(struct judge *j, const struct totals *t, enum judgement said)
{
	if ((said != FINE && said != NOT_ABOUT) || !t->not_known)
		return said;
	return judge_unknown(j, false, DOMAIN__DOMAIN_TASKS, judge_process(j, t->not_known),
			     "how much memory it uses");
}

/* Needed against free now, and against all there is: the latter makes it permanent. */
static enum judgement
judge_room(struct judge *j, const char *thing, uint64_t need_kb, uint64_t free_kb, uint64_t all_kb,
	   const char *from)
{
	struct finding *f;

	if (j->options->lasting_only)
		free_kb = all_kb;
	free_kb += given_back(j, need_kb);
	if (need_kb <= free_kb)
		return FINE;
	f = judge_find(j, thing, judge_text(j, "needs %s", value_bytes(j, need_kb * 1024)),
		       judge_text(j, j->options->lasting_only ? "%s in all" : "%s free", value_bytes(j, free_kb * 1024)));
	f->there_from = from;
	f->lifetime = need_kb <= all_kb ? LIFETIME_TRANSIENT : LIFETIME_PERMANENT;
	if (f->lifetime == LIFETIME_TRANSIENT)
		f->observed = judge_text(j, "of %s in all", value_bytes(j, all_kb * 1024));
	return FINDING;
}

/* Of a host whose facts of the moment are left out, what it has in all: the tree may need more than that. */
static bool
tells_memory(const struct judge *j, const Memory *m)
{
	return m && (j->options->lasting_only ? m->has_total_kb : m->has_available_kb);
}

static enum judgement
mem_free(struct judge *j, const struct subject *s)
{
	const Memory *m = memory_there(j);
	struct totals t = totals_of(j);

	(void) s;
	if (!tells_memory(j, m))
		return judge_unknown(j, true, DOMAIN__DOMAIN_MEMORY, "memory", "what is available there");
	return unless_more(j, &t, judge_room(j, "memory", t.anonymous_kb + t.shared_kb,
					     m->available_kb + m->swap_free_kb,
					     m->total_kb + m->swap_total_kb, "/proc/meminfo"));
}

static enum judgement
mem_overcommit(struct judge *j, const struct subject *s)
{
	const Memory *m = memory_there(j);
	struct totals t = totals_of(j);
	uint64_t mode;

	(void) s;
	if (!value_sysctl(j, "vm/overcommit_memory", &mode))
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "vm.overcommit_memory", "its value there");
	if (mode != 2)
		return NOT_ABOUT;
	if (!m || !m->has_commit_limit_kb || !(m->has_committed_kb || j->options->lasting_only))
		return judge_unknown(j, true, DOMAIN__DOMAIN_MEMORY, "memory", "CommitLimit and Committed_AS");
	return unless_more(j, &t, judge_room(j, "address space (vm.overcommit_memory=2)", t.data_kb,
					     less(m->commit_limit_kb, m->committed_kb),
					     m->commit_limit_kb, "/proc/meminfo"));
}

static enum judgement
mem_mlock(struct judge *j, const struct subject *s)
{
	const Memory *m = memory_there(j);
	struct totals t = totals_of(j);

	(void) s;
	if (!t.locked_kb)
		return unless_more(j, &t, NOT_ABOUT);
	if (!tells_memory(j, m))
		return judge_unknown(j, true, DOMAIN__DOMAIN_MEMORY, "memory", "what is available there");
	return unless_more(j, &t, judge_room(j, "locked memory", t.locked_kb, m->available_kb, m->total_kb,
					     "/proc/meminfo"));
}

static enum judgement
mem_hugepages(struct judge *j, const struct subject *s)
{
	const Memory *m = memory_there(j);
	struct totals t = totals_of(j);
	uint64_t free_kb = 0, all_kb = 0;

	(void) s;
	if (!t.huge_kb)
		return unless_more(j, &t, NOT_ABOUT);
	if (!m)
		return judge_unknown(j, true, DOMAIN__DOMAIN_MEMORY, "huge pages", "how many there are");
	for (size_t i = 0; i < m->n_huge_pages; i++) {
		const HugePages *h = m->huge_pages[i];

		free_kb += (less(h->free, h->reserved) + h->overcommit) * h->size_kb;
		all_kb += (h->total + h->overcommit) * h->size_kb;
	}
	return unless_more(j, &t, judge_room(j, "huge pages", t.huge_kb, free_kb, all_kb,
					     "/sys/kernel/mm/hugepages"));
}

static enum judgement
judge_setting(struct judge *j, const char *name, const char *here, uint64_t need)
{
	const char *path = judge_text(j, "/proc/sys/%s", name);
	struct finding *f;
	char dotted[64];
	uint64_t max;
	size_t i;

	if (!value_sysctl(j, name, &max))
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, path, "its value there");
	if (need <= max)
		return FINE;
	for (i = 0; name[i] && i + 1 < sizeof(dotted); i++)
		dotted[i] = name[i] == '/' ? '.' : name[i];
	dotted[i] = '\0';
	f = judge_find(j, dotted, here, judge_text(j, "%llu", (unsigned long long) max));
	f->there_from = path;
	f->command = judge_text(j, "sysctl -w %s=%llu", dotted, (unsigned long long) need);
	return FINDING;
}

static enum judgement
mem_map_count(struct judge *j, const struct subject *s)
{
	size_t n = s->process->n_mapping;

	return n ? judge_setting(j, "vm/max_map_count", judge_text(j, "%zu mappings", n), n + MAPS_MARGIN)
		 : NOT_ABOUT;
}

static enum judgement
mem_mmap_min_addr(struct judge *j, const struct subject *s)
{
	uint64_t lowest = UINT64_MAX, min;
	struct finding *f;

	for (size_t i = 0; i < s->process->n_mapping; i++)
		if (s->process->mapping[i]->start < lowest)
			lowest = s->process->mapping[i]->start;
	if (lowest == UINT64_MAX)
		return NOT_ABOUT;
	if (!value_sysctl(j, "vm/mmap_min_addr", &min))
		return judge_unknown(j, true, DOMAIN__DOMAIN_KERNEL, "vm.mmap_min_addr", "its value there");
	if (lowest >= min)
		return FINE;
	f = judge_find(j, "vm.mmap_min_addr", judge_text(j, "mapping at 0x%llx", (unsigned long long) lowest),
		       judge_text(j, "%llu", (unsigned long long) min));
	f->there_from = "/proc/sys/vm/mmap_min_addr";
	f->command = judge_text(j, "sysctl -w vm.mmap_min_addr=%llu", (unsigned long long) lowest);
	return FINDING;
}

static enum judgement
fd_limits(struct judge *j, const struct subject *s)
{
	for (size_t i = 0; i < s->process->n_limit; i++) {
		const Limit *l = s->process->limit[i];
		uint64_t need = l->hard;

		if (!l->name || !streq(l->name, "Max open files") || !l->has_hard)
			continue;
		/* There is no command for "unlimited": nr_open has a ceiling of its own. */
		return judge_setting(j, "fs/nr_open", need == UNLIMITED ? "unlimited" :
				     judge_text(j, "limit of %llu descriptors", (unsigned long long) need),
				     need == UNLIMITED ? INT32_MAX : need);
	}
	return NOT_ABOUT;
}

static bool
may_raise(const struct judge *j, bool *ret_known)
{
	uint64_t held;

	*ret_known = place_capabilities_there(j, &held);
	return *ret_known && (held >> CAP_OF_SYS_RESOURCE & 1);
}

static const char *
limit_text(struct judge *j, const char *name, uint64_t value)
{
	return value == UNLIMITED ? judge_text(j, "%s unlimited", name) :
				    judge_text(j, "%s %llu", name, (unsigned long long) value);
}

/* Measured: the restored task silently gets the hard limit of the criu that restores, where that is lower. */
static enum judgement
limits_above(struct judge *j, const Process *p)
{
	const CriuPlace *place = j->destination->criu_place;
	enum judgement said = FINE;

	for (size_t i = 0; i < p->n_limit; i++)
		for (size_t k = 0; k < place->n_limit; k++) {
			const Limit *l = p->limit[i], *of_criu = place->limit[k];
			struct finding *f;

			if (!l->name || !of_criu->name || !streq(l->name, of_criu->name) || l->hard <= of_criu->hard)
				continue;
			f = judge_find(j, l->name, limit_text(j, "hard", l->hard),
				       limit_text(j, "criu, without cap_sys_resource:", of_criu->hard));
			f->severity = SEVERITY_WARNING;
			f->stage = STAGE_AFTERWARDS;
			f->there_from = judge_text(j, "/proc/%d/limits", place->pid);
			said = FINDING;
		}
	return said;
}

static enum judgement
rlimits(struct judge *j, const struct subject *s)
{
	struct finding *f;
	bool known;

	if (!s->process->n_limit)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->process->n_limit; i++) {
		const Limit *l = s->process->limit[i];

		if (!l->has_soft || !l->has_hard || l->soft <= l->hard)
			continue;
		(void) judge_find(j, l->name ? l->name : "limit",
				  judge_text(j, "soft %llu above hard %llu", (unsigned long long) l->soft,
					     (unsigned long long) l->hard), NULL);
		return FINDING;
	}
	if (may_raise(j, &known) || !known)
		return FINE;
	if (j->destination->criu_place && j->destination->criu_place->n_limit)
		return limits_above(j, s->process);
	if (index_same_host(j->source, j->destination))
		return FINE;
	f = judge_find(j, "hard limits", NULL, "no cap_sys_resource");
	f->severity = SEVERITY_WARNING;
	f->confidence = CONFIDENCE_POSSIBLE;
	f->there_from = place_there_file(j);
	f->detail = "Limits higher than those of the CRIU that restores cannot be set there.";
	return FINDING;
}

static enum judgement
quota_inotify(struct judge *j, const struct subject *s)
{
	uint64_t watches = 0;

	(void) s;
	for (size_t i = 0; i < j->source->n_process; i++)
		for (size_t k = 0; k < j->source->process[i]->n_fd; k++)
			watches += j->source->process[i]->fd[k]->n_inotify_watch;
	if (!watches)
		return NOT_ABOUT;
	return judge_setting(j, "fs/inotify/max_user_watches",
			     judge_text(j, "%llu watches", (unsigned long long) watches), watches);
}

/* Each descriptor in an epoll set counts against its user's watches: criu's, whatever its capabilities. */
static enum judgement
quota_epoll(struct judge *j, const struct subject *s)
{
	uint64_t watches = 0;

	(void) s;
	for (size_t i = 0; i < j->source->n_process; i++)
		for (size_t k = 0; k < j->source->process[i]->n_fd; k++)
			watches += j->source->process[i]->fd[k]->n_epoll_target;
	if (!watches)
		return NOT_ABOUT;
	return judge_setting(j, "fs/epoll/max_user_watches",
			     judge_text(j, "%llu descriptors in epoll sets", (unsigned long long) watches), watches);
}

static enum judgement
quota_pipe(struct judge *j, const struct subject *s)
{
	bool known;

	if (!s->fd->dup || !s->fd->dup->pipe_size)
		return NOT_ABOUT;
	if (may_raise(j, &known))
		return FINE;
	return judge_setting(j, "fs/pipe-max-size", judge_text(j, "a pipe of %u bytes", s->fd->dup->pipe_size),
			     s->fd->dup->pipe_size);
}

#define OF_MEMORY NEEDS(DOMAIN__DOMAIN_MEMORY)
#define OF_TASKS NEEDS(DOMAIN__DOMAIN_TASKS)
#define OF_KERNEL NEEDS(DOMAIN__DOMAIN_KERNEL)

static const struct rule rules[] = {
	{
		.id = "mem-free",
		.title = "the destination has too little memory for the tree",
		.why = "Its pages are put back before anything runs; the kernel kills what goes over.",
		.remedy = "free memory there, add swap, or choose another host",
		.criu_says = "Cannot allocate memory",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What is free changes; what there is in all does not.",
		.about = ABOUT_HOST,
		.source_needs = OF_TASKS,
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = OF_MEMORY,
		.check = mem_free,
	},
	{
		.id = "mem-overcommit",
		.title = "the destination does not overcommit, and has promised too much already",
		.why = "With vm.overcommit_memory=2 mapping fails where the limit is reached.",
		.remedy = "raise vm.overcommit_ratio, or free memory there",
		.criu_says = "Cannot allocate memory",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What is promised changes; the limit does not.",
		.about = ABOUT_HOST,
		.source_needs = OF_TASKS,
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = OF_MEMORY | OF_KERNEL,
		.check = mem_overcommit,
	},
	{
		.id = "mem-mlock",
		.title = "the tree's locked memory does not fit into the destination's",
		.why = "Locked pages cannot be swapped out.",
		.remedy = "free memory there, or choose another host",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What is free changes; what there is in all does not.",
		.about = ABOUT_HOST,
		.source_needs = OF_TASKS,
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = OF_MEMORY,
		.check = mem_mlock,
	},
	{
		.id = "mem-hugepages",
		.title = "the destination has too few huge pages",
		.why = "Mappings of huge pages are put back as such.",
		.remedy = "raise vm.nr_hugepages there",
		.criu_says = "Unable to map ANON_VMA",
		.stage = STAGE_RESTORE,
		.lifetime_why = "What is free changes; the size of the pool is a setting.",
		.about = ABOUT_HOST,
		.source_needs = OF_TASKS,
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = OF_MEMORY,
		.check = mem_hugepages,
	},
	{
		.id = "mem-map-count",
		.title = "a task has more mappings than the destination allows",
		.why = "CRIU maps them all, and a few of its own beside.",
		.remedy = "raise vm.max_map_count there",
		.criu_says = "Unable to remap",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.destination_needs = OF_KERNEL,
		.check = mem_map_count,
	},
	{
		.id = "mem-mmap-min-addr",
		.title = "a task has a mapping lower than the destination allows",
		.why = "The kernel refuses it below vm.mmap_min_addr.",
		.remedy = "lower vm.mmap_min_addr there",
		.criu_says = "Unable to remap",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.destination_needs = OF_KERNEL,
		.check = mem_mmap_min_addr,
	},
	{
		.id = "fd-limits",
		.title = "a task's limit of descriptors is above what the destination allows",
		.why = "Setting RLIMIT_NOFILE above fs.nr_open fails with EPERM.",
		.remedy = "raise fs.nr_open there",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_LIMITS),
		.destination_needs = OF_KERNEL,
		.check = fd_limits,
	},
	{
		.id = "rlimits",
		.title = "a task's limits cannot be set there",
		.why = "A soft limit above the hard one is refused; raising a hard one takes "
		       "cap_sys_resource.",
		.remedy = "lower the limits with prlimit(1) before the dump",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A limit stays until someone sets it.",
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_LIMITS),
		.destination_needs = NEEDS(DOMAIN__DOMAIN_SECURITY),
		.check = rlimits,
	},
	{
		.id = "quota-inotify",
		.title = "the tree watches more than a user may there",
		.why = "CRIU adds each watch anew.",
		.remedy = "raise fs.inotify.max_user_watches there",
		.criu_says = "fsnotify: Can't add watch for",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.destination_needs = OF_KERNEL,
		.check = quota_inotify,
	},
	{
		.id = "quota-epoll",
		.title = "the tree's epoll sets hold more descriptors than a user may watch there",
		.why = "CRIU adds each descriptor to its set anew. What other programs of the same user watch counts "
		       "too; that number is shown nowhere.",
		.remedy = "raise fs.epoll.max_user_watches there",
		.criu_says = "epoll: Can't add event on",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_HOST,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.destination_needs = OF_KERNEL,
		.check = quota_epoll,
	},
	{
		.id = "quota-pipe-size",
		.title = "a pipe is larger than the destination allows",
		.why = "CRIU gives each pipe its size back; above the limit that takes "
		       "cap_sys_resource.",
		.remedy = "raise fs.pipe-max-size there",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A sysctl stays until someone sets it.",
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.destination_needs = OF_KERNEL,
		.check = quota_pipe,
	},
};

const struct ruleset rules_dst_memory = {
	.name = "dst-memory",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

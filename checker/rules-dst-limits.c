/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cgroups of the destination allow: room for the tree's memory and threads, values
 * that its machine can take, and whether a task may be put into the folder at all.
 *
 *     memory:/app   limit 268435456, used 201326592      the tree needs 96 MiB
 *     cpuset:/app   here cpuset.cpus 0-63                there 8 processors
 */
#include "checker/cgroups.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

static const char *
thing_of(struct judge *j, const Cgroup *g)
{
	return judge_text(j, "%s:%s", *g->controllers ? g->controllers : "cgroup2", g->path);
}

/* Whether the destination was asked about cgroups at all: not by a probe without the source. */
static bool
was_asked(const struct judge *j)
{
	const Header *h = j->destination->header;

	return j->destination->n_cgroup_answer > 0 || (h && h->has_asked_sha256);
}

/* FINE and the answer where the cgroup is restored and its hierarchy is there. */
static enum judgement
cgroup_answer(struct judge *j, const Cgroup *g, const CgroupAnswer **ret)
{
	const CgroupAnswer *a;

	if (!g->controllers || !g->path || !cgroups_are_restored(j))
		return NOT_ABOUT;
	a = index_cgroup(j->there, g->controllers, g->path);
	if (!a && was_asked(j))
		return judge_unknown(j, true, DOMAIN__DOMAIN_CGROUPS, thing_of(j, g), "what is there");
	if (!a || !a->hierarchy_found)
		return NOT_ABOUT;
	*ret = a;
	return FINE;
}

/* One resource: what is needed, the limit, and what others use of it. */
static bool
judge_room(struct judge *j, const char *thing, const char *here, uint64_t need, uint64_t limit,
	   uint64_t used, bool bytes)
{
	struct finding *f;
	const char *limit_text = bytes ? value_bytes(j, limit) : judge_text(j, "%llu", (unsigned long long) limit);
	const char *used_text = bytes ? value_bytes(j, used) : judge_text(j, "%llu", (unsigned long long) used);

	if (need <= limit && used <= limit - need)
		return false;
	f = judge_find(j, thing, here, judge_text(j, "limit %s, used %s", limit_text, used_text));
	if (need <= limit) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->observed = "others use it now; empty, it would do";
	}
	return true;
}

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static enum judgement
limits_vs_need(struct judge *j, const struct subject *s)
{
	const Cgroup *g = s->cgroup;
	const CgroupAnswer *a;
	struct cgroups_need need;
	bool own, found = false;
	enum judgement said = cgroup_answer(j, g, &a);

	if (said != FINE)
		return said;
	if (!a->has_memory_limit && !a->has_pids_limit)
		return NOT_ABOUT;
	need = cgroups_need(j, g);
	/* On the same machine the tree's own share is given back first. */
	own = index_same_host(j->source, j->destination);
	if (a->has_memory_limit)
		found |= judge_room(j, judge_text(j, "memory of %s", thing_of(j, g)),
				    judge_text(j, "needs %s", value_bytes(j, need.memory_kb * 1024)),
				    need.memory_kb * 1024, a->memory_limit,
				    own ? less(a->memory_used, need.memory_kb * 1024) : a->memory_used, true);
	/* The first task is moved in, which no limit refuses; others are made there. */
	if (a->has_pids_limit && need.threads > 1)
		found |= judge_room(j, judge_text(j, "threads of %s", thing_of(j, g)),
				    judge_text(j, "needs %llu", (unsigned long long) need.threads),
				    need.threads, a->pids_limit,
				    own ? less(a->pids_used, need.threads) : a->pids_used, false);
	if (!found && a->has_memory_limit && need.not_known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_TASKS, judge_process(j, need.not_known),
				     "how much memory it uses");
	return found ? FINDING : FINE;
}

/* The highest number of a list "0-3,8"; -1 for an empty one or none at all. */
static int
list_highest(const char *list)
{
	struct slice rest = slice_trim(slice_of(list ? list : "")), range, number;
	int highest = -1;
	uint32_t n;

	slice_cut_end(&rest, "\n");
	while (slice_field(&rest, ',', &range))
		while (slice_field(&range, '-', &number))
			if (parse_u32(number, 10, &n) == 0 && n < INT32_MAX && (int) n > highest)
				highest = (int) n;
	return highest;
}

/* The processors and memory nodes there: how many numbers there are, from 0 on, and in words. 0: not known. */
static uint32_t
processors_there(struct judge *j, const char **ret_words)
{
	const Host *h = j->destination->host;

	if (!h || !h->cpu || !h->cpu->has_online)
		return 0;
	*ret_words = judge_text(j, "%u processors online", h->cpu->online);
	return h->cpu->online;
}

static uint32_t
nodes_there(struct judge *j, const char **ret_words)
{
	const Host *h = j->destination->host;

	if (!h || !h->memory || !h->memory->nodes)
		return 0;
	*ret_words = judge_text(j, "memory nodes %s online", h->memory->nodes);
	return (uint32_t) (list_highest(h->memory->nodes) + 1);
}

static const struct {
	const char *name, *thing, *missing;
	uint32_t (*there)(struct judge *j, const char **ret_words);
} sets[] = {
	{ "cpuset.cpus", "processors", "how many are online there", processors_there },
	{ "cpuset.mems", "memory nodes", "which are online there", nodes_there },
};

static enum judgement
judge_set(struct judge *j, const Cgroup *g, size_t i)
{
	const char *value = cgroups_value(g->value, g->n_value, sets[i].name), *words;
	int highest = list_highest(value);
	uint32_t n;
	struct finding *f;

	/* Every machine has the first of both. */
	if (highest < 0)
		return NOT_ABOUT;
	if (highest == 0)
		return FINE;
	n = sets[i].there(j, &words);
	if (n == 0)
		return judge_unknown(j, true, i == 0 ? DOMAIN__DOMAIN_CPU : DOMAIN__DOMAIN_MEMORY, sets[i].thing,
				     sets[i].missing);
	if ((uint32_t) highest < n)
		return FINE;
	f = judge_find(j, judge_text(j, "%s of %s", sets[i].name, thing_of(j, g)), value, words);
	f->option = "--manage-cgroups=ignore";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

/* criu sets what it recorded in folders that it makes itself; of cgroup2 it records no cpuset. */
static enum judgement
prop_value(struct judge *j, const struct subject *s)
{
	const Cgroup *g = s->cgroup;
	enum judgement said, all = NOT_ABOUT;
	const CgroupAnswer *a;

	if (g->version != 1 || (!cgroups_value(g->value, g->n_value, "cpuset.cpus") &&
				!cgroups_value(g->value, g->n_value, "cpuset.mems")))
		return NOT_ABOUT;
	said = cgroup_answer(j, g, &a);
	if (said != FINE)
		return said;
	if (a->exists && cgroups_mode(j) != CGROUPS_FULL && cgroups_mode(j) != CGROUPS_PROPS)
		return NOT_ABOUT;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		said = judge_set(j, g, i);
		if (said == FINDING || all == NOT_ABOUT || (said == UNKNOWN && all == FINE))
			all = said;
	}
	return all;
}

static enum judgement
prop_missing(struct judge *j, const struct subject *s)
{
	const CgroupAnswer *a;
	enum judgement said;

	if (s->cgroup->version != 1 || cgroups_mode(j) == CGROUPS_NONE)
		return NOT_ABOUT;
	said = cgroup_answer(j, s->cgroup, &a);
	if (said != FINE)
		return said;
	if (!a->exists || !a->n_value)
		return NOT_ABOUT;
	for (size_t i = 0; i < s->cgroup->n_value; i++) {
		const CgroupValue *v = s->cgroup->value[i];
		struct finding *f;

		if (!v->name || cgroups_value(a->value, a->n_value, v->name))
			continue;
		f = judge_find(j, judge_text(j, "%s of %s", v->name, thing_of(j, s->cgroup)), v->value,
			       "no such setting");
		said = FINDING;
		if (cgroups_mode(j) == CGROUPS_FULL || cgroups_mode(j) == CGROUPS_PROPS)
			continue;
		f->severity = SEVERITY_WARNING;
		f->detail = "The folder is there, and in its default mode CRIU leaves its settings alone.";
	}
	return said;
}

static enum judgement
subtree_control(struct judge *j, const struct subject *s)
{
	const Cgroups *c = j->destination->host ? j->destination->host->cgroups : NULL;
	const CgroupAnswer *a;
	const char *wanted = cgroups_value(s->cgroup->value, s->cgroup->n_value, "cgroup.subtree_control");
	struct slice rest = slice_of(wanted ? wanted : ""), word, available;
	enum judgement said;
	const char *there = NULL;

	if (s->cgroup->version != 2 || !slice_trim(rest).n)
		return NOT_ABOUT;
	said = cgroup_answer(j, s->cgroup, &a);
	if (said != FINE)
		return said;
	if (a->exists)
		return NOT_ABOUT;
	for (size_t i = 0; c && i < c->n_hierarchy; i++)
		if (c->hierarchy[i]->has_id && c->hierarchy[i]->id == 0)
			there = c->hierarchy[i]->available;
	if (!there)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CGROUPS, "cgroup.controllers", "its value there");
	while (slice_word(&rest, &word)) {
		bool found = false;
		struct slice have = slice_of(there);

		while (!found && slice_word(&have, &available))
			found = available.n == word.n && memcmp(available.p, word.p, word.n) == 0;
		if (found)
			continue;
		(void) judge_find(j, judge_text(j, "controller %.*s of %s", (int) word.n, word.p,
						thing_of(j, s->cgroup)), "in cgroup.subtree_control",
				  judge_text(j, "available: %s", *there ? there : "none"));
		said = FINDING;
	}
	return said;
}

/* Why a task cannot be moved into this folder; NULL: nothing speaks against it. */
static const char *
why_no_move(const CgroupAnswer *a, const char *path)
{
	const char *type = cgroups_value(a->value, a->n_value, "cgroup.type");
	const char *subtree = cgroups_value(a->value, a->n_value, "cgroup.subtree_control");
	const char *cpus = cgroups_value(a->value, a->n_value, "cpuset.cpus");
	const char *mems = cgroups_value(a->value, a->n_value, "cpuset.mems");

	if (a->version == 2 && type && strstr(type, "invalid"))
		return "cgroup.type is domain invalid";
	if (a->version == 2 && !streq(path, "/") && subtree && slice_trim(slice_of(subtree)).n &&
	    !(type && strstr(type, "threaded")))
		return "cgroup.subtree_control hands controllers down: it may hold no process itself";
	if (a->version == 1 && cpus && list_highest(cpus) < 0)
		return "cpuset.cpus is empty";
	if (a->version == 1 && mems && list_highest(mems) < 0)
		return "cpuset.mems is empty";
	return NULL;
}

static enum judgement
move_fail(struct judge *j, const struct subject *s)
{
	const CgroupAnswer *a;
	const char *why, *state;
	enum judgement said = cgroup_answer(j, s->cgroup, &a);

	if (said != FINE)
		return said;
	if (!a->exists || cgroups_need(j, s->cgroup).threads == 0)
		return NOT_ABOUT;
	/* The tree is in it now; a freezer that holds it is let go by the dump. */
	if (index_same_host(j->source, j->destination))
		return FINE;
	why = why_no_move(a, s->cgroup->path);
	if (why) {
		(void) judge_find(j, thing_of(j, s->cgroup), "holds tasks of the tree", why);
		return FINDING;
	}
	state = cgroups_value(a->value, a->n_value, a->version == 2 ? "cgroup.freeze" : "freezer.state");
	if (!state || slice_eq(slice_trim(slice_of(state)), "0") || slice_starts(slice_of(state), "THAWED"))
		return FINE;
	(void) judge_find(j, thing_of(j, s->cgroup), "holds tasks of the tree", "frozen");
	return FINDING;
}

#define OF_CGROUPS NEEDS(DOMAIN__DOMAIN_CGROUPS)

static const struct rule rules[] = {
	{
		.id = "cg-limits-vs-need",
		.title = "a cgroup there has no room for the tree",
		.why = "The kernel kills what goes over a memory limit and refuses to fork over a "
		       "limit of tasks.",
		.remedy = "raise the limit there, or free room in that cgroup",
		.criu_says = "Cannot allocate memory",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A limit below the need stays; what others use of it passes.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = OF_CGROUPS,
		.check = limits_vs_need,
	},
	{
		.id = "cg-prop-value",
		.title = "a cgroup's setting names processors or memory nodes that the destination has not",
		.why = "CRIU writes the recorded value into the folder it makes, and fails.",
		.remedy = "make the cgroup there beforehand with a set of its own",
		.criu_says = "Failed writing",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The value is in the image, the machine is what it is.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = prop_value,
	},
	{
		.id = "cg-prop-missing",
		.title = "the destination's kernel lacks a setting of cgroup v1",
		.why = "CRIU writes each recorded setting where it was told to restore them all.",
		.remedy = "give --manage-cgroups=soft with the cgroup made beforehand",
		.criu_says = "Failed opening",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = prop_missing,
	},
	{
		.id = "cg-subtree-ctl",
		.title = "a cgroup hands down controllers that the destination does not offer",
		.why = "CRIU writes cgroup.subtree_control of each folder that it makes.",
		.remedy = "make the cgroup beforehand, or enable the controllers from the top",
		.criu_says = "Failed writing",
		.stage = STAGE_RESTORE,
		.lifetime_why = "Which controllers cgroup2 has is decided at boot.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = subtree_control,
	},
	{
		.id = "cg-move-fail",
		.title = "no task can be put into a cgroup of the tree",
		.why = "The kernel refuses the move, or would not let the task run.",
		.remedy = "remove that cgroup there, or set it up as it is at the source",
		.criu_says = "Can't move",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A cgroup keeps its settings until someone changes them.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = move_fail,
	},
};

const struct ruleset rules_dst_limits = {
	.name = "dst-limits",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

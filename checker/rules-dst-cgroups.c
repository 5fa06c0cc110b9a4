/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups that a restore puts the tasks back into. A tree that is all in the one cgroup in
 * which criu itself runs leaves nothing of cgroups in the image, and no rule here applies.
 *
 *     here   4:memory:/user.slice/user-0.slice/session-3.scope
 *     there  cgroup2 only; no such folder
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

static bool
same_list(const char *a, const char *b)
{
	return cgroups_list_holds(a, b) && cgroups_list_holds(b, a);
}

static bool
is_taken_by_v2(const Cgroups *c, struct slice controller)
{
	for (size_t i = 0; i < c->n_hierarchy; i++) {
		struct slice rest = slice_of(c->hierarchy[i]->available ? c->hierarchy[i]->available : ""), word;

		while (c->hierarchy[i]->id == 0 && slice_word(&rest, &word))
			if (word.n == controller.n && memcmp(word.p, controller.p, word.n) == 0)
				return true;
	}
	return false;
}

static const CgroupController *
controller_find(const Cgroups *c, struct slice name)
{
	for (size_t i = 0; i < c->n_controller; i++)
		if (c->controller[i]->name && slice_eq(name, c->controller[i]->name))
			return c->controller[i];
	return NULL;
}

/* Why a v1 hierarchy of these controllers cannot be mounted there; NULL: it can. */
static const char *
why_not(struct judge *j, const Cgroups *c, const char *controllers)
{
	struct slice rest = slice_of(controllers), name;

	for (size_t i = 0; i < c->n_hierarchy; i++)
		if (c->hierarchy[i]->controllers && same_list(c->hierarchy[i]->controllers, controllers))
			return NULL;
	if (slice_starts(rest, "name="))
		return "no such hierarchy";
	while (slice_field(&rest, ',', &name)) {
		const CgroupController *k = controller_find(c, name);

		if (!k)
			return judge_text(j, "no controller %.*s", (int) name.n, name.p);
		if (k->has_enabled && !k->enabled)
			return judge_text(j, "controller %.*s is disabled", (int) name.n, name.p);
		if (k->hierarchy != 0)
			return judge_text(j, "%.*s is mounted with other controllers", (int) name.n, name.p);
		if (is_taken_by_v2(c, name))
			return judge_text(j, "%.*s belongs to cgroup2", (int) name.n, name.p);
	}
	return NULL;
}

static enum judgement
hierarchy_missing(struct judge *j, const struct subject *s)
{
	const Cgroups *c = j->destination->host ? j->destination->host->cgroups : NULL;
	const char *controllers = s->cgroup->controllers, *why;
	struct finding *f;

	if (!controllers || !*controllers || !cgroups_are_restored(j))
		return NOT_ABOUT;
	if (!c)
		return judge_unknown(j, true, DOMAIN__DOMAIN_CGROUPS, controllers, "its cgroup hierarchies");
	why = why_not(j, c, controllers);
	if (!why)
		return FINE;
	f = judge_find(j, judge_text(j, "hierarchy %s", controllers), "cgroup v1", why);
	f->here_from = "/proc/PID/cgroup";
	f->there_from = "/proc/cgroups, /proc/self/mountinfo";
	f->option = "--manage-cgroups=ignore";
	f->option_kind = REQUIRE_LOSSY;
	if (slice_starts(slice_of(controllers), "name=")) {
		f->severity = SEVERITY_WARNING;
		f->detail = "CRIU makes a named hierarchy anew where the kernel still has cgroup v1.";
	}
	return FINDING;
}

static enum judgement
v2_missing(struct judge *j, const struct subject *s)
{
	const Host *h = j->destination->host;
	struct finding *f;

	if (!s->cgroup->controllers || *s->cgroup->controllers || !cgroups_are_restored(j))
		return NOT_ABOUT;
	if (!h || !h->filesystems || !h->filesystems->n_registered)
		return judge_unknown(j, true, DOMAIN__DOMAIN_FILESYSTEMS, "cgroup2", "/proc/filesystems there");
	if (index_filesystem(j->there, "cgroup2"))
		return FINE;
	f = judge_find(j, "cgroup2", s->cgroup->path, "the kernel has no cgroup2");
	f->there_from = "/proc/filesystems";
	f->option = "--manage-cgroups=ignore";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

/* "…/user.slice/user-1000.slice/session-7.scope/…" */
static bool
is_session_scope(const char *path)
{
	struct slice rest = slice_of(path ? path : ""), part;
	bool user = false;

	while (slice_field(&rest, '/', &part)) {
		if (user && slice_starts(part, "session-") && slice_ends(part, ".scope"))
			return true;
		user = user || slice_eq(part, "user.slice");
	}
	return false;
}

/* FINE and the answer where the hierarchy is there; else what the rule says. */
static enum judgement
folder_answer(struct judge *j, const Cgroup *g, const CgroupAnswer **ret)
{
	const CgroupAnswer *a;

	if (!g->controllers || !g->path || !cgroups_are_restored(j))
		return NOT_ABOUT;
	a = index_cgroup(j->there, g->controllers, g->path);
	if (!a || (!a->has_exists && !a->error && a->hierarchy_found))
		return judge_unknown(j, true, DOMAIN__DOMAIN_CGROUPS, thing_of(j, g), "whether it is there");
	if (!a->hierarchy_found)
		return NOT_ABOUT;
	*ret = a;
	return FINE;
}

static enum judgement
dir_missing(struct judge *j, const struct subject *s)
{
	enum cgroups_mode mode = cgroups_mode(j);
	const CgroupAnswer *a;
	struct finding *f;
	enum judgement said;

	if (is_session_scope(s->cgroup->path))
		return NOT_ABOUT;
	said = folder_answer(j, s->cgroup, &a);
	if (said != FINE || a->exists)
		return said;
	f = judge_find(j, thing_of(j, s->cgroup), "there", "no such folder");
	if (mode == CGROUPS_NONE || mode == CGROUPS_PROPS) {
		f->severity = SEVERITY_BLOCKER;
		f->detail = "The mode given to --manage-cgroups makes no folders.";
		return FINDING;
	}
	f->detail = a->version == 2 ? "CRIU makes it, without the limits of the controllers: of "
				      "cgroup2 it keeps none of them unless --cgroup-props names them." :
				      "CRIU makes it, with the settings it had at the source.";
	return FINDING;
}

/* The limits that an ancestor there sets to folders below it. */
static enum judgement
dir_create(struct judge *j, const struct subject *s)
{
	enum cgroups_mode mode = cgroups_mode(j);
	const CgroupAnswer *a;
	const char *there = NULL;
	struct finding *f;
	enum judgement said = folder_answer(j, s->cgroup, &a);

	if (said != FINE || a->exists || mode == CGROUPS_NONE || mode == CGROUPS_PROPS)
		return said == FINE ? NOT_ABOUT : said;
	if (a->too_deep)
		there = "cgroup.max.depth of a cgroup above it does not allow it";
	else if (a->has_folders_limit && a->folders_used + a->folders_missing > a->folders_limit)
		there = judge_text(j, "%llu of %llu folders that cgroup.max.descendants allows are there",
				   (unsigned long long) a->folders_used, (unsigned long long) a->folders_limit);
	if (!there)
		return FINE;
	f = judge_find(j, thing_of(j, s->cgroup), judge_text(j, "%u folders are to be made", a->folders_missing), there);
	if (!a->too_deep) {
		f->lifetime = LIFETIME_TRANSIENT;
		f->observed = "folders below, at the moment of the probe";
	}
	return FINDING;
}

static enum judgement
session_scope(struct judge *j, const struct subject *s)
{
	const CgroupAnswer *a;
	struct finding *f;
	enum judgement said;

	if (!is_session_scope(s->cgroup->path))
		return NOT_ABOUT;
	said = folder_answer(j, s->cgroup, &a);
	if (said != FINE)
		return said;
	if (a->exists && index_same_host(j->source, j->destination))
		return FINE;
	f = judge_find(j, thing_of(j, s->cgroup), "the scope of a login here",
		       a->exists ? "the scope of another login" : "no such scope");
	if (cgroups_mode(j) == CGROUPS_NONE || cgroups_mode(j) == CGROUPS_PROPS)
		f->severity = a->exists ? SEVERITY_WARNING : SEVERITY_BLOCKER;
	f->detail = a->exists ? "The tree would end with that login." :
				"CRIU makes the folder, but no login of that number stands behind it.";
	return FINDING;
}

static enum judgement
dir_exists(struct judge *j, const struct subject *s)
{
	const CgroupAnswer *a;
	enum judgement said;

	if (cgroups_mode(j) != CGROUPS_STRICT || streq(s->cgroup->path ? s->cgroup->path : "/", "/"))
		return NOT_ABOUT;
	said = folder_answer(j, s->cgroup, &a);
	if (said != FINE || !a->exists)
		return said;
	(void) judge_find(j, thing_of(j, s->cgroup), NULL, "exists already");
	return FINDING;
}

#define OF_CGROUPS NEEDS(DOMAIN__DOMAIN_CGROUPS)

static const struct rule rules[] = {
	{
		.id = "cg-hierarchy-missing",
		.title = "a cgroup v1 hierarchy of the source cannot be had there",
		.why = "CRIU mounts each hierarchy that a task was in. A host with cgroup v2 alone, "
		       "or with other controllers mounted together, has no such hierarchy.",
		.remedy = "choose a host with the same cgroup layout, or give up on cgroups with "
			  "--manage-cgroups=ignore on both sides",
		.criu_says = "Can't mount controller dir",
		.stage = STAGE_RESTORE,
		.lifetime_why = "The layout is chosen when the host boots.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = hierarchy_missing,
	},
	{
		.id = "cg-v2-missing",
		.title = "the destination's kernel has no cgroup v2",
		.why = "CRIU mounts cgroup2 to put the tasks back.",
		.remedy = "choose a host with cgroup v2, or give --manage-cgroups=ignore",
		.criu_says = "Can't mount controller dir",
		.stage = STAGE_RESTORE,
		.lifetime_why = "It needs another kernel.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_FILESYSTEMS),
		.check = v2_missing,
	},
	{
		.id = "cg-dir-missing",
		.title = "a cgroup of the tree does not exist there",
		.why = "In its default mode CRIU makes the folder; with --manage-cgroups=none or "
		       "props it fails.",
		.remedy = "make the cgroup there with the limits it should have, before the restore",
		.criu_says = "Failed accessing cgroup dir",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A cgroup exists when someone makes it.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = dir_missing,
	},
	{
		.id = "cg-dir-create",
		.title = "a cgroup cannot be made there: a limit on folders is reached",
		.why = "CRIU makes the tree's cgroup where it is missing, and the kernel refuses a folder beyond what "
		       "cgroup.max.descendants or cgroup.max.depth of a cgroup above it allow.",
		.remedy = "raise the limit there, remove cgroups that are not used, or give criu restore "
			  "--cgroup-root to put the tree elsewhere",
		.criu_says = "Can't make cgroup dir",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A limit stays until somebody changes it.",
		.about = ABOUT_CGROUP,
		.source_needs = NEEDS(DOMAIN__DOMAIN_CGROUPS),
		.of_the_moment = MOMENT_PARTLY,
		.destination_needs = NEEDS(DOMAIN__DOMAIN_CGROUPS),
		.check = dir_create,
	},
	{
		.id = "cg-session-scope",
		.title = "the tree runs in the scope of a login, which only exists where that login is",
		.why = "session-N.scope is made by the login manager for one login on one machine. A "
		       "folder of that name there is nobody's, or belongs to another login and ends "
		       "with it.",
		.remedy = "start the tree in a scope or service of its own (systemd-run --scope --)",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = "The tree stays in its cgroup until someone moves it.",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = session_scope,
	},
	{
		.id = "cg-dir-exists",
		.title = "a cgroup of the tree exists there already, and --manage-cgroups=strict",
		.why = "In that mode CRIU insists on making each folder.",
		.remedy = "remove the cgroup there, or choose another mode",
		.criu_says = "already exist",
		.stage = STAGE_RESTORE,
		.lifetime_why = "A folder, for instance left over from a restore that failed, stays until someone removes it.",
		.about = ABOUT_CGROUP,
		.source_needs = OF_CGROUPS,
		.destination_needs = OF_CGROUPS,
		.check = dir_exists,
	},
};

const struct ruleset rules_dst_cgroups = {
	.name = "dst-cgroups",
	.rules = rules,
	.n = ARRAY_SIZE(rules),
};

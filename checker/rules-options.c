/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that the user will give to criu (--criu-options): what they cost this tree, and
 * which of them it does not need. One that is needed and missing is told of by the rule that
 * asks for it.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/cgroups.h"
#include "checker/requirements.h"
#include "checker/rulesets.h"

static const struct given_option *
this_option(const struct judge *j, const struct subject *s)
{
	const struct given_option *g = s->option;

	if (!streq(g->option->name, j->rule->arg.text) || !options_count(j->options->criu_options, g))
		return NULL;
	return g;
}

static bool
has_value(const struct given_option *g, const char *value)
{
	return g && g->value && streq(g->value, value);
}

static const char *
option_name(struct judge *j, const struct given_option *g)
{
	return judge_text(j, "--%s%s%s", g->option->name, g->value ? " " : "", g->value ? g->value : "");
}

static enum judgement
option_not_needed(struct judge *j, const struct subject *s)
{
	if (s->option->option->role != ROLE_LIFT)
		return NOT_ABOUT;
	if (!requirement_is_spare(j->assessment, s->option))
		return FINE;
	judge_find(j, option_name(j, s->option), NULL, NULL);
	return FINDING;
}

static enum judgement
option_cgroups_left(struct judge *j, const struct subject *s)
{
	const struct given_option *g = this_option(j, s);

	if (!has_value(g, "ignore") && !has_value(g, "none"))
		return NOT_ABOUT;
	if (!cgroups_differ(j) || requirement_uses(j->assessment, g))
		return FINE;
	judge_find(j, judge_text(j, "--manage-cgroups=%s", g->value),
		   streq(g->value, "ignore") ? "the tree will be in the cgroups of the criu that restores it" :
					       "its cgroups must be there already, and their limits are as they are there",
		   NULL);
	return FINDING;
}

static enum judgement
option_mount_left_out(struct judge *j, const struct subject *s)
{
	const struct given_option *g = this_option(j, s);
	bool known;

	if (!g || !g->value || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < j->source->n_mount; i++) {
		const Mount *m = j->source->mount[i];

		if (!m->mountpoint || !streq(m->mountpoint, g->value) || requirement_uses(j->assessment, g))
			continue;
		judge_find(j, option_name(j, g), m->fs_type, NULL);
		return FINDING;
	}
	return FINE;
}

/* Whether some requirement is of this option. */
static bool
is_needed(const struct judge *j, const char *option)
{
	for (size_t i = 0; i < j->assessment->n_requirements; i++)
		if (!j->assessment->requirements[i].offered && streq(j->assessment->requirements[i].option, option))
			return true;
	return false;
}

static enum judgement
option_network_unlocked(struct judge *j, const struct subject *s)
{
	const struct given_option *g = this_option(j, s);

	if (!has_value(g, "skip") && !has_value(g, "none"))
		return NOT_ABOUT;
	/* Where the finding that it lifts stands, the price stands too. */
	if (!is_needed(j, "--tcp-established") || is_needed(j, judge_text(j, "--network-lock %s", g->value)))
		return FINE;
	judge_find(j, option_name(j, g), "TCP connections are open", NULL);
	return FINDING;
}

static enum judgement
option_net_left_out(struct judge *j, const struct subject *s)
{
	const struct given_option *g = this_option(j, s);
	bool known;

	if (!g || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	if (requirement_uses(j->assessment, g))
		return FINE;
	judge_find(j, option_name(j, g), "the tree has a network namespace of its own", NULL);
	return FINDING;
}

/* Whether the folder is that of one of the task's cgroups, or of one above it. */
static bool
is_freezer_of(struct slice folder, const CgroupSet *set)
{
	for (size_t i = 0; i < set->n_membership; i++) {
		const CgroupMembership *m = set->membership[i];
		struct slice path = slice_of(m->path ? m->path : "");

		if (!m->controllers || (*m->controllers && !streq(m->controllers, "freezer")))
			continue;
		/* The topmost group of a hierarchy has nothing that freezes. */
		while (path.n > 1) {
			if (folder.n >= path.n && memcmp(folder.p + folder.n - path.n, path.p, path.n) == 0)
				return true;
			while (path.n > 0 && path.p[path.n - 1] != '/')
				path.n--;
			path.n -= path.n > 0;
		}
	}
	return false;
}

static enum judgement
option_freezes_others(struct judge *j, const struct subject *s)
{
	const struct given_option *g = this_option(j, s);
	const Process *root = index_root(j->at);
	const Thread *t = root && root->n_thread ? root->thread[0] : NULL;
	struct slice folder;

	if (!g || !g->value)
		return NOT_ABOUT;
	if (!t || !t->has_cgroup_set || t->cgroup_set >= j->source->n_cgroup_set)
		return judge_unknown(j, false, DOMAIN__DOMAIN_CGROUPS, g->value, "the cgroups of the tree");
	folder = slice_of(g->value);
	while (folder.n > 1 && folder.p[folder.n - 1] == '/')
		folder.n--;
	if (is_freezer_of(folder, j->source->cgroup_set[t->cgroup_set]))
		return FINE;
	judge_find(j, option_name(j, g), "no cgroup of the tree", NULL);
	return FINDING;
}

#define LASTS "options stay as they are until somebody chooses others"

static const struct rule rules[] = {
	{
		.id = "option-freezes-others",
		.title = "--freeze-cgroup names a cgroup that the tree is not in",
		.why = "CRIU freezes that cgroup, finds the tree running and gives up.",
		.remedy = "name the folder of a cgroup that holds the whole tree (below /sys/fs/cgroup, as "
			  "/proc/PID/cgroup tells it), or leave the option out",
		.criu_says = "Unseizable non-zombie",
		.stage = STAGE_DUMP,
		.lifetime_why = LASTS,
		.about = ABOUT_OPTION,
		.check = option_freezes_others,
		.arg.text = "freeze-cgroup",
	},
	{
		.id = "option-cgroups-left",
		.title = "with this option CRIU does not carry the tree's cgroups along",
		.why = "The limits and the accounting of its cgroups do not come with the tree.",
		.remedy = "leave the option out, or put the tree into a cgroup with the right limits there",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = LASTS,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_OPTION,
		.check = option_cgroups_left,
		.arg.text = "manage-cgroups",
	},
	{
		.id = "option-mount-left-out",
		.title = "with this option CRIU leaves a mount out",
		.why = "The restored tree finds an empty folder, or what lies under it, where the mount was.",
		.remedy = "have the mount made again before the tree runs (an action script of CRIU can), or give "
			  "--external mnt[PATH]:KEY instead",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = LASTS,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_OPTION,
		.check = option_mount_left_out,
		.arg.text = "skip-mnt",
	},
	{
		.id = "option-network-unlocked",
		.title = "with this option packets reach the connections while CRIU saves them",
		.why = "What a peer sends meanwhile is lost or answered with a reset, and with it the connection.",
		.remedy = "give --network-lock nftables or iptables, or keep packets off the tree yourself",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = LASTS,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_OPTION,
		.check = option_network_unlocked,
		.arg.text = "network-lock",
	},
	{
		.id = "option-net-left-out",
		.title = "with this option CRIU restores the network namespace empty",
		.why = "Its devices, addresses, routes and packet filter do not come along.",
		.remedy = "set them up before the tree runs (an action script of CRIU can), or leave the option out",
		.stage = STAGE_AFTERWARDS,
		.lifetime_why = LASTS,
		.severity = SEVERITY_WARNING,
		.about = ABOUT_OPTION,
		.check = option_net_left_out,
		.arg.text = "empty-ns",
	},
	{
		.id = "option-not-needed",
		.title = "an option for CRIU that this tree does not need",
		.why = "It does no harm now. It would let something pass unseen that is refused without it.",
		.remedy = "leave it out",
		.stage = STAGE_DUMP,
		.lifetime_why = LASTS,
		.severity = SEVERITY_NOTE,
		.about = ABOUT_OPTION,
		.check = option_not_needed,
	},
};

const struct ruleset rules_options = { "options", rules, ARRAY_SIZE(rules) };

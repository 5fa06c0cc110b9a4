/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices, of network namespaces that criu would dump, and the cgroups of the tree as
 * far as the dump is concerned. Kinds are IFLA_INFO_KIND, types ARPHRD_*.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include "checker/values.h"
#include <net/if_arp.h>

enum { TYPE_NONE = 0xfffe, TYPE_VOID = 0xffff };

static bool
is_kind(const NetDevice *d, const char *kind)
{
	return d->kind && streq(d->kind, kind);
}

static bool
is_supported(const NetDevice *d)
{
	static const char *const ignored[] = { "gre0", "gretap0", "sit0" };

	for (size_t i = 0; d->name && i < ARRAY_SIZE(ignored); i++)
		if (streq(d->name, ignored[i]))
			return true;
	switch (d->type) {
	case ARPHRD_LOOPBACK:
		return true;
	case ARPHRD_ETHER:
		return is_kind(d, "veth") || is_kind(d, "tun") || is_kind(d, "bridge") || is_kind(d, "macvlan");
	case TYPE_NONE:
		return is_kind(d, "tun");
	case ARPHRD_SIT:
		return true;
	case TYPE_VOID:
		return d->name && slice_starts(slice_of(d->name), "venet");
	default:
		return false;
	}
}

/*
 * Whether it is the namespace in which migcheck runs: the host's own, as a rule, whose devices are not
 * there for the tree's sake. It would be dumped because criu is somewhere else (--criu-as).
 */
static bool
is_of_migcheck(const struct judge *j, const Namespace *ns)
{
	const Host *h = j->source->host;

	return h && namespace_of(h->ns, NAMESPACE_KIND__NS_NET) == ns->ino;
}

/* Leaves the whole network namespace out of the dump. */
static void
offer_external(struct judge *j, struct finding *f, const Namespace *ns)
{
	if (is_of_migcheck(j, ns))
		f->remedy = judge_text(j, "start criu in the network namespace of the tree (nsenter -t %d --net): "
					  "then it leaves the host's devices alone",
				       index_root(j->at)->pid);
	f->here_from = judge_text(j, "rtnetlink(7) in net:[%llu]", (unsigned long long) ns->ino);
	f->option = judge_text(j, "--external net[%llu]:KEY", (unsigned long long) ns->ino);
	f->option_kind = REQUIRE_ARRANGED;
}

static enum judgement
netdev_kind_unsupported(struct judge *j, const struct subject *s)
{
	const Namespace *ns = s->ns;
	enum judgement said = FINE;
	bool known;

	if (ns->kind != NAMESPACE_KIND__NS_NET || !ns->has_member_pid || ns->of_criu)
		return NOT_ABOUT;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < ns->n_device; i++) {
		const NetDevice *d = ns->device[i];
		struct finding *f;

		/* Without a type only the name was learned, from /proc/net/dev. */
		if (!d->has_type || is_supported(d))
			continue;
		f = judge_find(j, judge_text(j, "device %s", d->name ? d->name : "?"),
			       d->kind ? judge_text(j, "of kind %s", d->kind) :
					 judge_text(j, "of type %u, without a kind", d->type),
			       NULL);
		offer_external(j, f, ns);
		said = FINDING;
	}
	return said;
}

static bool
is_attached(const struct judge *j, const char *name)
{
	for (size_t i = 0; i < j->source->n_process; i++) {
		const Process *p = j->source->process[i];

		for (size_t k = 0; k < p->n_fd; k++)
			if (p->fd[k]->iff && streq(p->fd[k]->iff, name))
				return true;
	}
	return false;
}

static enum judgement
tun_nonpersist_nofd(struct judge *j, const struct subject *s)
{
	const Namespace *ns = s->ns;
	enum judgement said = NOT_ABOUT;
	bool known;

	if (ns->kind != NAMESPACE_KIND__NS_NET || !ns->has_member_pid || ns->of_criu ||
	    !index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < ns->n_device; i++) {
		const NetDevice *d = ns->device[i];
		struct finding *f;

		if (!d->name || !is_kind(d, "tun") || !d->has_persistent)
			continue;
		if (said == NOT_ABOUT)
			said = FINE;
		if (d->persistent || is_attached(j, d->name))
			continue;
		f = judge_find(j, judge_text(j, "device %s", d->name),
			       "not persistent, and held by a process outside the tree", NULL);
		offer_external(j, f, ns);
		said = FINDING;
	}
	return said;
}

/* The path of a hierarchy in a set of memberships; NULL: none. */
static const char *
path_in(const Snapshot *s, bool has, uint32_t set, const char *controllers)
{
	const CgroupSet *c = has && set < s->n_cgroup_set ? s->cgroup_set[set] : NULL;

	for (size_t i = 0; c && i < c->n_membership; i++)
		if (c->membership[i]->controllers && streq(c->membership[i]->controllers, controllers))
			return c->membership[i]->path ? c->membership[i]->path : "";
	return NULL;
}

static const char *
path_of_criu(const struct judge *j, const char *controllers)
{
	const CriuPlace *place = j->source->criu_place;

	return place ? path_in(j->source, place->has_cgroup_set, place->cgroup_set, controllers) : NULL;
}

static const char *
path_of_root(const struct judge *j, const char *controllers)
{
	const Process *root = index_root(j->at);
	const Thread *t = root && root->n_thread ? root->thread[0] : NULL;

	return t ? path_in(j->source, t->has_cgroup_set, t->cgroup_set, controllers) : NULL;
}

static const char *
cgroup_name(struct judge *j, const Cgroup *c)
{
	return judge_text(j, "%s:%s", c->controllers[0] ? c->controllers : "cgroup2", c->path);
}

static enum judgement
cg_controller_unknown(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = j->source->criu_place;
	const Cgroup *c = s->cgroup;

	if (!c->controllers || !c->path || !place || !place->has_cgroup_set ||
	    place->cgroup_set >= j->source->n_cgroup_set)
		return NOT_ABOUT;
	if (path_of_criu(j, c->controllers) || slice_starts(slice_of(c->controllers), "name="))
		return FINE;
	judge_find(j, cgroup_name(j, c), "criu is in no cgroup of that hierarchy", NULL);
	return FINDING;
}

/* criu takes the path inside off the end of the path outside, to know the namespace's root. */
static enum judgement
cg_ns_suffix(struct judge *j, const struct subject *s)
{
	const Cgroup *c = s->cgroup;
	struct slice path;
	bool known;

	if (!c->controllers || !c->path)
		return NOT_ABOUT;
	if (slice_starts(slice_of(c->path), "/..")) {
		judge_find(j, cgroup_name(j, c), "outside of the cgroup namespace from which it was seen", NULL);
		return FINDING;
	}
	path = slice_of(c->path);
	if (!c->inside_path || streq(c->inside_path, "/") || slice_cut_end(&path, c->inside_path) ||
	    !index_dumps_ns(j->at, NAMESPACE_KIND__NS_CGROUP, &known))
		return FINE;
	judge_find(j, cgroup_name(j, c), judge_text(j, "the tree's own namespace shows it as %s", c->inside_path),
		   NULL);
	return FINDING;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (n > 0 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static enum judgement
cg_path_shorter_prefix(struct judge *j, const struct subject *s)
{
	const Cgroup *c = s->cgroup;
	const char *root;
	bool known;

	if (!c->controllers || !c->path || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_CGROUP, &known))
		return NOT_ABOUT;
	root = path_of_root(j, c->controllers);
	if (!root || is_below(c->path, root))
		return FINE;
	judge_find(j, cgroup_name(j, c), judge_text(j, "the root task is in %s", root), NULL);
	return FINDING;
}

/* A dead task is shown in the root of every hierarchy; criu asks only those that live. */
static bool
holds_live_task(const struct judge *j, const Cgroup *c)
{
	for (size_t i = 0; i < j->source->n_process; i++) {
		const Process *p = j->source->process[i];

		if (process_has_ended(p))
			continue;
		for (size_t k = 0; k < p->n_thread; k++) {
			const char *path = path_in(j->source, p->thread[k]->has_cgroup_set,
						   p->thread[k]->cgroup_set, c->controllers);

			if (path && streq(path, c->path))
				return true;
		}
	}
	return false;
}

static enum judgement
cg_root_walk(struct judge *j, const struct subject *s)
{
	const Cgroup *c = s->cgroup;
	const char *criu;
	struct finding *f;

	if (!c->controllers || !c->path)
		return NOT_ABOUT;
	criu = path_of_criu(j, c->controllers);
	if (!streq(c->path, "/") || !criu || streq(criu, "/") || !holds_live_task(j, c))
		return FINE;
	f = judge_find(j, cgroup_name(j, c), judge_text(j, "criu would run in %s", criu), NULL);
	f->option = "--manage-cgroups=ignore";
	f->option_kind = REQUIRE_LOSSY;
	return FINDING;
}

#define OF_CGROUPS .about = ABOUT_CGROUP, .source_needs = NEEDS(DOMAIN__DOMAIN_CGROUPS)

static const struct rule rules[] = {
	{
		.id = "netdev-kind-unsupported",
		.title = "a network device of a kind that CRIU does not make again",
		.why = "CRIU restores loopback, veth, tun, bridge, macvlan and sit devices of a network "
		       "namespace; any other makes it refuse the whole.",
		.remedy = "delete the device, or hand the namespace over from outside (--external net[…] at "
			  "dump, --inherit-fd at restore). Fallback devices such as tunl0 do not appear with "
			  "sysctl net.core.fb_tunnels_only_for_init_net=2",
		.criu_says = "net: Unsupported link",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a device stays until somebody deletes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_NAMESPACE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NET) | NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = netdev_kind_unsupported,
	},
	{
		.id = "tun-nonpersist-nofd",
		.title = "a tun device belongs to a process outside the tree",
		.why = "It lives as long as its holder keeps it open, and that is not in the tree: "
		       "slirp4netns of a rootless container, a VPN client. CRIU could not give it back.",
		.remedy = "run the container with another network; or keep its network namespace out of the "
			  "dump (--external net[INO]:KEY), and make it anew for the restore",
		.criu_says = "No fd info for non persistent tun device",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "its holder keeps it as long as the container runs",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_NAMESPACE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NET),
		.check = tun_nonpersist_nofd,
	},
	{
		.id = "cg-controller-unknown",
		.title = "a task is in a cgroup hierarchy in which criu is not",
		.why = "CRIU takes the list of hierarchies from its own membership, and refuses one more.",
		.remedy = "run criu where all hierarchies are mounted, the same as for the tree",
		.criu_says = "cg: No cg_controller_entry found for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "hierarchies are mounted at boot",
		.severity = SEVERITY_BLOCKER,
		OF_CGROUPS,
		.check = cg_controller_unknown,
	},
	{
		.id = "cg-ns-suffix",
		.title = "a task is in a cgroup above the root of its cgroup namespace",
		.why = "Its path inside begins with \"/..\", which is no end of the path outside: CRIU cannot "
		       "tell where the namespace has its root.",
		.remedy = "move the task to a cgroup below that root",
		.criu_says = "invalid cgroup configuration",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task stays in its cgroup until somebody moves it",
		.severity = SEVERITY_BLOCKER,
		OF_CGROUPS,
		.check = cg_ns_suffix,
	},
	{
		.id = "cg-path-shorter-prefix",
		.title = "a task of a container is in a cgroup outside of the container's",
		.why = "The container has a cgroup namespace, and CRIU expects all its tasks below the "
		       "cgroup of the first.",
		.remedy = "move the task into the container's cgroup, or dump it by itself",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task stays in its cgroup until somebody moves it",
		.severity = SEVERITY_BLOCKER,
		OF_CGROUPS,
		.check = cg_path_shorter_prefix,
	},
	{
		.id = "cg-root-walk",
		.title = "a task is in the root cgroup of a hierarchy, and criu is not",
		.why = "CRIU then records every cgroup of the host below that root, and makes them all on "
		       "the destination.",
		.remedy = "put the tree into a cgroup of its own, or give criu --manage-cgroups=ignore",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task stays in its cgroup until somebody moves it",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_CGROUP,
		.check = cg_root_walk,
	},
};

const struct ruleset rules_netdevs = { "netdevs", rules, ARRAY_SIZE(rules) };

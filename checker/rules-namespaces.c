/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces. criu dumps a namespace of the root task where it differs from criu's own, and
 * takes any other as given. One level is all it can: apart from mount and network namespaces
 * every task of the tree must be in the root's.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"

static const NamespaceKind uniform_kinds[] = {
	NAMESPACE_KIND__NS_CGROUP, NAMESPACE_KIND__NS_IPC,  NAMESPACE_KIND__NS_PID,
	NAMESPACE_KIND__NS_TIME,   NAMESPACE_KIND__NS_USER, NAMESPACE_KIND__NS_UTS,
};

static const char *
kind_name(NamespaceKind kind)
{
	static const char *const names[] = {
		[NAMESPACE_KIND__NS_CGROUP] = "cgroup", [NAMESPACE_KIND__NS_IPC] = "ipc",
		[NAMESPACE_KIND__NS_MNT] = "mnt",	[NAMESPACE_KIND__NS_NET] = "net",
		[NAMESPACE_KIND__NS_PID] = "pid",	[NAMESPACE_KIND__NS_TIME] = "time",
		[NAMESPACE_KIND__NS_USER] = "user",	[NAMESPACE_KIND__NS_UTS] = "uts",
	};

	return (size_t) kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "?";
}

static const char *
ns_text(struct judge *j, NamespaceKind kind, uint64_t ino)
{
	return judge_text(j, "%s:[%llu]", kind_name(kind), (unsigned long long) ino);
}

static const char *
ns_link(struct judge *j, const Process *p, NamespaceKind kind)
{
	return judge_text(j, "/proc/%d/ns/%s", p->pid, kind_name(kind));
}

static uint64_t
ns_of_criu(const struct judge *j, NamespaceKind kind)
{
	const CriuPlace *place = j->source->criu_place;

	return place ? namespace_of(place->ns, kind) : 0;
}

static enum judgement
ns_nested(struct judge *j, const struct subject *s)
{
	NamespaceKind kind = j->rule->arg.ns;
	const Process *p = s->process, *root = index_root(j->at);
	uint64_t of_root = root ? namespace_of(root->ns, kind) : 0, own = namespace_of(p->ns, kind);
	uint64_t of_criu = ns_of_criu(j, kind);

	if (!of_root || !own || p == root)
		return NOT_ABOUT;
	if (own == of_root)
		return FINE;
	if (!of_criu)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, judge_process(j, p),
				     judge_text(j, "in which %s namespace criu will run", kind_name(kind)));
	if (own == of_criu)
		return FINE;			/* ns-child-in-criu-ns tells of it */
	judge_find(j, judge_process(j, p),
		   judge_text(j, "%s, the root is in %s", ns_text(j, kind, own), ns_text(j, kind, of_root)),
		   NULL)
		->here_from = ns_link(j, p, kind);
	return FINDING;
}

/* Mount and network namespaces may be nested, but only where the root's own is dumped. */
static enum judgement
sub_ns_of_criu_ns(struct judge *j, const Process *p, const Process *root)
{
	static const NamespaceKind kinds[] = { NAMESPACE_KIND__NS_NET, NAMESPACE_KIND__NS_MNT };
	enum judgement said = NOT_ABOUT;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t of_root = namespace_of(root->ns, kinds[i]), own = namespace_of(p->ns, kinds[i]);
		uint64_t of_criu = ns_of_criu(j, kinds[i]);

		if (!of_root || !own || !of_criu)
			continue;
		said = said == NOT_ABOUT ? FINE : said;
		if (of_root != of_criu || own == of_root)
			continue;
		judge_find(j, judge_process(j, p),
			   judge_text(j, "%s, while the root is in criu's own", ns_text(j, kinds[i], own)), NULL)
			->here_from = ns_link(j, p, kinds[i]);
		said = FINDING;
	}
	return said;
}

static enum judgement
ns_child_in_criu_ns(struct judge *j, const struct subject *s)
{
	const Process *p = s->process, *root = index_root(j->at);
	enum judgement said;

	if (!root || p == root)
		return NOT_ABOUT;
	said = sub_ns_of_criu_ns(j, p, root);
	for (size_t i = 0; i < ARRAY_SIZE(uniform_kinds); i++) {
		NamespaceKind kind = uniform_kinds[i];
		uint64_t of_root = namespace_of(root->ns, kind), own = namespace_of(p->ns, kind);
		uint64_t of_criu = ns_of_criu(j, kind);

		if (!of_root || !own || !of_criu || of_root == of_criu)
			continue;
		if (own == of_criu) {
			judge_find(j, judge_process(j, p),
				   judge_text(j, "%s, criu's own", ns_text(j, kind, own)), NULL)
				->here_from = ns_link(j, p, kind);
			said = FINDING;
		} else if (said == NOT_ABOUT) {
			said = FINE;
		}
	}
	return said;
}

static enum judgement
ns_time_for_children(struct judge *j, const struct subject *s)
{
	const NamespaceSet *ns = s->process->ns;

	if (!ns || !ns->time || !ns->time_for_children)
		return NOT_ABOUT;
	if (ns->time == ns->time_for_children)
		return FINE;
	judge_find(j, judge_process(j, s->process),
		   judge_text(j, "its children would be in %s",
			      ns_text(j, NAMESPACE_KIND__NS_TIME, ns->time_for_children)),
		   NULL)
		->here_from = judge_text(j, "/proc/%d/ns/time_for_children", s->process->pid);
	return FINDING;
}

static enum judgement
ns_pid_no_init(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	struct finding *f;
	bool known;

	(void) s;
	if (!root || !index_dumps_ns(j->at, NAMESPACE_KIND__NS_PID, &known) || root->n_ns_pid == 0)
		return NOT_ABOUT;
	if (root->ns_pid[root->n_ns_pid - 1] == 1)
		return FINE;
	f = judge_find(j, judge_process(j, root),
		       judge_text(j, "number %d in its PID namespace", root->ns_pid[root->n_ns_pid - 1]), NULL);
	f->here_from = judge_text(j, "/proc/%d/status", root->pid);
	f->option = judge_text(j, "--external pid[%llu]:PIDNS", (unsigned long long) root->ns->pid);
	f->option_kind = REQUIRE_ARRANGED;
	return FINDING;
}

static enum judgement
ns_user_without_pidns(struct judge *j, const struct subject *s)
{
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	if (index_dumps_ns(j->at, NAMESPACE_KIND__NS_PID, &known))
		return FINE;
	if (!known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, judge_process(j, index_root(j->at)),
				     "whether criu would dump the PID namespace");
	judge_find(j, judge_process(j, index_root(j->at)), "a user namespace, in criu's PID namespace", NULL)
		->here_from = ns_link(j, index_root(j->at), NAMESPACE_KIND__NS_USER);
	return FINDING;
}

static enum judgement
ns_user_foreign_owner(struct judge *j, const struct subject *s)
{
	static const NamespaceKind owned[] = { NAMESPACE_KIND__NS_NET, NAMESPACE_KIND__NS_UTS,
					       NAMESPACE_KIND__NS_TIME, NAMESPACE_KIND__NS_IPC,
					       NAMESPACE_KIND__NS_MNT };
	const Process *root = index_root(j->at);
	enum judgement said = FINE;
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
		uint64_t ino = namespace_of(root->ns, owned[i]);
		const Namespace *ns;

		if (!index_dumps_ns(j->at, owned[i], &known))
			continue;
		ns = index_ns(j->at, owned[i], ino);
		if (!ns || !ns->has_owner) {
			said = judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, ns_text(j, owned[i], ino),
					     "which user namespace owns it");
			continue;
		}
		if (ns->owner == root->ns->user)
			continue;
		judge_find(j, ns_text(j, owned[i], ino),
			   judge_text(j, "owned by %s, the tree is in %s",
				      ns_text(j, NAMESPACE_KIND__NS_USER, ns->owner),
				      ns_text(j, NAMESPACE_KIND__NS_USER, root->ns->user)),
			   NULL)
			->here_from = ns_link(j, root, owned[i]);
		said = FINDING;
	}
	return said;
}

static bool
maps_root(IdRange *const *range, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (range[i]->inside == 0 && range[i]->count > 0)
			return true;
	return false;
}

static enum judgement
ns_user_no_root_map(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	bool known, uid, gid;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	uid = maps_root(root->uid_map, root->n_uid_map);
	gid = maps_root(root->gid_map, root->n_gid_map);
	if (uid && gid)
		return FINE;
	judge_find(j, ns_text(j, NAMESPACE_KIND__NS_USER, root->ns->user),
		   uid ? "group 0 is not mapped" : "user 0 is not mapped", NULL)
		->here_from = judge_text(j, "/proc/%d/%s", root->pid, uid ? "gid_map" : "uid_map");
	return FINDING;
}

static bool
id_is_mapped(IdRange *const *range, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= range[i]->outside && id - range[i]->outside < range[i]->count)
			return true;
	return false;
}

static enum judgement
uid_unmapped(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	const File *f = s->file;
	bool known;

	if (!f->used_fd || !f->has_uid || !f->has_gid)
		return NOT_ABOUT;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known) || root->n_uid_map == 0)
		return NOT_ABOUT;
	if (id_is_mapped(root->uid_map, root->n_uid_map, f->uid) &&
	    id_is_mapped(root->gid_map, root->n_gid_map, f->gid))
		return FINE;
	judge_find(j, f->path ? f->path : "",
		   judge_text(j, "owner %u:%u has no number in the user namespace", f->uid, f->gid), NULL);
	return FINDING;
}

/* Kind and inode of "net:[4026531840]". */
static bool
parse_link(const char *link, NamespaceKind *ret_kind, uint64_t *ret_ino)
{
	struct slice rest = slice_of(link ? link : ""), name;

	if (!slice_field(&rest, ':', &name) || !slice_cut(&rest, "[") || !slice_cut_end(&rest, "]"))
		return false;
	for (NamespaceKind k = NAMESPACE_KIND__NS_CGROUP; k <= NAMESPACE_KIND__NS_UTS; k++)
		if (slice_eq(name, kind_name(k))) {
			*ret_kind = k;
			return parse_u64(rest, 10, ret_ino) == 0;
		}
	return false;
}

static enum judgement
ns_file_unknown(struct judge *j, const struct subject *s)
{
	const Namespace *ns;
	NamespaceKind kind;
	uint64_t ino;

	if (s->fd->kind != FD_KIND__FD_NAMESPACE)
		return NOT_ABOUT;
	if (!parse_link(s->fd->link, &kind, &ino))
		return judge_unknown(j, false, DOMAIN__DOMAIN_FDS, judge_fd(j, s->process, s->fd),
				     "which namespace it is");
	ns = index_ns(j->at, kind, ino);
	if ((ns && (ns->has_member_pid || ns->of_criu)) || ino == ns_of_criu(j, kind))
		return FINE;
	judge_find(j, judge_fd(j, s->process, s->fd),
		   judge_text(j, "%s, where no task of the tree is", s->fd->link), NULL)
		->here_from = judge_fd_link(j, s->process, s->fd);
	return FINDING;
}

static enum judgement
ns_mnt_root_differs(struct judge *j, const struct subject *s)
{
	const Process *p = s->process, *root = index_root(j->at);
	const Namespace *ns = p->ns ? index_ns(j->at, NAMESPACE_KIND__NS_MNT, p->ns->mnt) : NULL;
	bool known;

	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_MNT, &known) || !p->root || !p->root->path)
		return NOT_ABOUT;
	if (p != root && !(ns && ns->has_member_pid && ns->member_pid == p->pid))
		return NOT_ABOUT;
	if (streq(p->root->path, "/"))
		return FINE;
	judge_find(j, judge_process(j, p), judge_text(j, "its root is %s", p->root->path), NULL)->here_from =
		judge_text(j, "/proc/%d/root", p->pid);
	return FINDING;
}

static const struct rule rules[] = {
#define NESTED(word, kind_, what)                                                                    \
	{                                                                                            \
		.id = "ns-nested-" word,                                                             \
		.title = "a task is in a nested " word " namespace",                                 \
		.why = "CRIU dumps one level of " what " namespaces: every task must be in that of " \
		       "the root of the tree.",                                                      \
		.remedy = "run only one level: give the inner program no " word " namespace of its " \
			  "own, or dump the inner tree by itself",                                   \
		.criu_says = "Can't dump nested " word " namespace for",                             \
		.stage = STAGE_DUMP,                                                                 \
		.lifetime = LIFETIME_PERMANENT,                                                      \
		.lifetime_why = "a task stays in its namespaces until it leaves them itself",        \
		.severity = SEVERITY_BLOCKER,                                                        \
		.about = ABOUT_PROCESS,                                                              \
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),                                    \
		.check = ns_nested,                                                                  \
		.arg.ns = (kind_),                                                                   \
	}
	NESTED("pid", NAMESPACE_KIND__NS_PID, "PID"),
	NESTED("ipc", NAMESPACE_KIND__NS_IPC, "IPC"),
	NESTED("uts", NAMESPACE_KIND__NS_UTS, "UTS"),
	NESTED("user", NAMESPACE_KIND__NS_USER, "user"),
	NESTED("cgroup", NAMESPACE_KIND__NS_CGROUP, "cgroup"),
	NESTED("time", NAMESPACE_KIND__NS_TIME, "time"),
#undef NESTED
	{
		.id = "ns-child-in-criu-ns",
		.title = "a child is in a namespace that cannot be restored beside the root's",
		.why = "Either the root of the tree has a namespace of its own and a child has entered "
		       "criu's, or the root is in criu's and a child has its own. The dump passes, and the "
		       "restore refuses.",
		.remedy = "end that task before the dump; or start the whole tree in a namespace of its own",
		.criu_says = "Can't restore sub-task in NS",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task stays in its namespaces until it leaves them itself",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_child_in_criu_ns,
	},
	{
		.id = "ns-time-for-children",
		.title = "a task has a time namespace waiting for its children",
		.why = "CRIU refuses a task whose children would be born into another time namespace.",
		.remedy = "let it start its child (unshare --time does so at once), then look again",
		.criu_says = "Can't dump nested time namespace for",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the task itself never enters it; only an exec or an end changes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_time_for_children,
	},
	{
		.id = "ns-pid-no-init",
		.title = "the tree has a PID namespace, but its root is not the init of it",
		.why = "A PID namespace is restored with its first process; without it there is none.",
		.remedy = "dump the tree from the init of the namespace (the container's first process)",
		.criu_says = "Can't dump a pid namespace without the process init",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a process keeps its number",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_pid_no_init,
	},
	{
		.id = "ns-user-without-pidns",
		.title = "the tree has a user namespace, but no PID namespace",
		.why = "The dump passes. At the restore CRIU must mount proc from inside the user "
		       "namespace, which the kernel allows only where it owns the PID namespace.",
		.remedy = "start the tree with a PID namespace of its own too (unshare --user --pid --fork)",
		.criu_says = "Unable to open the proc file system: Operation not permitted",
		.stage = STAGE_RESTORE,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task stays in its namespaces until it leaves them itself",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_user_without_pidns,
	},
	{
		.id = "ns-user-foreign-owner",
		.title = "the tree has a user namespace that does not own its other namespaces",
		.why = "CRIU enters the user namespace first and the others from there, which the kernel "
		       "allows only where they were made in it.",
		.remedy = "make the namespaces together with the user namespace (unshare -U with the others)",
		.criu_says = "One or more namespaces doesn't belong to the target user namespace",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the owner of a namespace never changes",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_user_foreign_owner,
	},
	{
		.id = "ns-user-no-root-map",
		.title = "user 0 or group 0 of the tree's user namespace is not mapped",
		.why = "CRIU works as root of the user namespace, and there is none.",
		.remedy = "give the namespace a map that covers 0 (unshare --map-root-user, newuidmap)",
		.criu_says = "Unable to convert uid or gid",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a map is written once",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_user_no_root_map,
	},
	{
		.id = "ns-file-unknown",
		.title = "a descriptor holds a namespace in which no task of the tree is",
		.why = "CRIU dumps namespaces through their tasks; one that only a descriptor holds it "
		       "does not know.",
		.remedy = "close the descriptor before the dump",
		.criu_says = "No NS ID with kid",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "the descriptor stays until the program closes it",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = ns_file_unknown,
	},
	{
		.id = "ns-mnt-root-differs",
		.title = "the first task of a mount namespace is chrooted in it",
		.why = "CRIU takes the root of the task for the root of the namespace; with chroot(2) "
		       "inside it is another.",
		.remedy = "have the container pivot_root(2) instead of chroot(2)",
		.criu_says = "The root task has another root than mntns",
		.stage = STAGE_DUMP,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a task keeps its root",
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = ns_mnt_root_differs,
	},
	{
		.id = "uid-unmapped",
		.title = "an open file belongs to someone the user namespace does not know",
		.why = "CRIU stores the owner as the namespace sees it, as the overflow id, and gives a "
		       "file that it recreates to nobody.",
		.remedy = "extend the map of the user namespace, or give the file to a mapped user",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "maps are written once, owners rarely change",
		.severity = SEVERITY_WARNING,
		.about = ABOUT_FILE,
		.check = uid_unmapped,
	},
};

const struct ruleset rules_namespaces = { "namespaces", rules, ARRAY_SIZE(rules) };

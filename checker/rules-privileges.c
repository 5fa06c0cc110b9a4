/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What criu must be allowed to do, at each end: capabilities(7), by what the real CRIU 4.2.1 was
 * refused when it ran as root without one of them.
 *
 *     dump     cap_sys_admin always; cap_net_admin for TCP connections and network namespaces
 *     restore  cap_sys_admin, cap_net_admin, cap_sys_chroot, cap_sys_time, cap_setpcap always
 *
 * With --unprivileged it makes do with cap_checkpoint_restore, and cap_setpcap for the restore.
 */
#include "checker/place.h"
#include "checker/rulesets.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "checker/options.h"

#include <fcntl.h>
#include <linux/capability.h>

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

#define MAY_CHECKPOINT (1ull << CAP_SYS_ADMIN | 1ull << CAP_CHECKPOINT_RESTORE)

enum {
	MAX_NESTED = 64,		/* more than the kernel's own limit */
	PTRACE_SCOPE_CHILDREN = 1,
	TCP_LISTENS = 10,
	TCP_CLOSED = 7,
};

/* ---- whether at all --------------------------------------------------------------------- */

static bool
unprivileged_is_given(const struct judge *j)
{
	return options_last(j->options->criu_options, "unprivileged");
}

/*
 * At one end: FINE for root with cap_sys_admin; an option for who has less. Who is not root and
 * was not named with --criu-as will call criu with sudo or not at all: what it may do then
 * cannot be seen from there.
 */
static enum judgement
criu_caps(struct judge *j, const CriuPlace *place, const Credentials *c, uint64_t caps, bool destination)
{
	const char *who = place ? place_name(j, place) : "criu";
	bool named = place && place->given;
	struct finding *f;

	if (!named && c->euid != 0 && !(c->cap_effective & MAY_CHECKPOINT))
		return destination ? NOT_ABOUT :
				     judge_unknown(j, false, DOMAIN__DOMAIN_SECURITY, who,
						   judge_text(j, "whether criu will run as root; here it would be user %u",
							      c->euid));
	if (c->euid == 0 && caps >> CAP_SYS_ADMIN & 1)
		return FINE;
	if (caps & MAY_CHECKPOINT) {
		if (!destination)
			judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--unprivileged", who);
		judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--unprivileged", who);
		return FINE;
	}
	f = judge_find(j, who, NULL, NULL);
	*(destination ? &f->there : &f->here) =
		judge_text(j, "%s, with %s", c->euid ? judge_text(j, "user %u", c->euid) : "root",
			   capability_list(j, caps));
	return FINDING;
}

static enum judgement
src_criu_caps(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = place_here(j);
	const Credentials *c = place ? place->credentials : NULL;
	uint64_t caps;

	(void) s;
	if (!c || !c->has_euid || !place_capabilities_here(j, &caps))
		return judge_unknown(j, false, DOMAIN__DOMAIN_SECURITY, "criu",
				     "with which capabilities criu will run");
	return criu_caps(j, place, c, caps, false);
}

static enum judgement
dst_criu_caps(struct judge *j, const struct subject *s)
{
	const Credentials *c = place_there_credentials(j);
	uint64_t caps;

	(void) s;
	if (!c || !c->has_euid || !place_capabilities_there(j, &caps))
		return NOT_ABOUT;
	return criu_caps(j, j->destination->criu_place, c, caps, true);
}

/*
 * Whether `inner` is that namespace or one below it: 1, 0, or -1 where the line of parents is
 * not known to its end.
 */
static int
is_within(const struct judge *j, NamespaceKind kind, uint64_t inner, uint64_t outer)
{
	for (int i = 0; i < MAX_NESTED && inner != outer; i++) {
		const Namespace *ns = index_ns(j->at, kind, inner);

		if (!ns)
			return -1;
		if (!ns->has_parent)
			return 0;
		inner = ns->parent;
	}
	return inner == outer;
}

/* arg.ns: pid or user, which are nested. What migcheck has seen of the tree shows that its own is one of those. */
static enum judgement
src_criu_reaches(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = place_here(j);
	NamespaceKind kind = j->rule->arg.ns;
	const char *name = kind == NAMESPACE_KIND__NS_PID ? "PID" : "user";
	const Process *root = index_root(j->at);
	uint64_t of_criu = place ? namespace_of(place->ns, kind) : 0, of_tree = root ? namespace_of(root->ns, kind) : 0;
	const Host *here = j->source->host;
	int within;

	(void) s;
	if (!of_criu || !of_tree || !place->given || (here && of_criu == namespace_of(here->ns, kind)))
		return NOT_ABOUT;
	within = is_within(j, kind, of_tree, of_criu);
	if (within > 0)
		return FINE;
	if (within < 0)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, place_name(j, place),
				     judge_text(j, "whether the tree's %s namespace is below its own", name));
	judge_find(j, place_name(j, place),
		   judge_text(j, "in %s namespace %llu, and the tree in %llu, which is not below it", name,
			      (unsigned long long) of_criu, (unsigned long long) of_tree), NULL)
		->here_from = judge_text(j, "/proc/%d/ns", place->pid);
	return FINDING;
}

/* ---- the dump --------------------------------------------------------------------------- */

/* arg.number: the capability without which `thing` cannot be dumped. */
static enum judgement
needs_here(struct judge *j, const char *thing)
{
	const CriuPlace *place = place_here(j);
	unsigned int cap = j->rule->arg.number;
	uint64_t caps;

	if (!place_capabilities_here(j, &caps))
		return judge_unknown(j, false, DOMAIN__DOMAIN_SECURITY, thing, "with which capabilities criu will run");
	if (caps >> cap & 1)
		return FINE;
	judge_find(j, thing, judge_text(j, "%s would lack %s", place_name(j, place), capability_name(j, cap)), NULL)
		->here_from = judge_text(j, "/proc/%d/status", place->pid);
	return FINDING;
}

/* prlimit(2): real uid and gid of the caller equal to all of the target's, or CAP_SYS_RESOURCE. */
static enum judgement
src_cap_sys_resource(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = place_here(j);
	const Credentials *criu = place ? place->credentials : NULL;
	const Credentials *task = s->process->n_thread ? s->process->thread[0]->credentials : NULL;
	uint64_t caps;

	if (!criu || !place_capabilities_here(j, &caps) || !task || !task->has_uid ||
	    (criu->euid != 0 && !place->given))
		return NOT_ABOUT;
	if (caps >> CAP_SYS_RESOURCE & 1)
		return FINE;
	if (task->uid == criu->uid && task->euid == criu->uid && task->suid == criu->uid &&
	    task->gid == criu->gid && task->egid == criu->gid && task->sgid == criu->gid)
		return FINE;
	judge_find(j, judge_text(j, "tasks of user %u, group %u", task->euid, task->egid),
		   judge_text(j, "criu would be %s without CAP_SYS_RESOURCE",
			      criu->euid ? judge_text(j, "user %u", criu->euid) : "root"), NULL)
		->here_from = judge_text(j, "/proc/%d/status", s->process->pid);
	return FINDING;
}

/* ptrace(2): the same user, no capability that the tracer lacks, and what Yama leaves. */
static enum judgement
src_cap_sys_ptrace(struct judge *j, const struct subject *s)
{
	const CriuPlace *place = place_here(j);
	const Credentials *criu = place ? place->credentials : NULL, *task = s->thread->credentials;
	const Security *security = j->source->host ? j->source->host->security : NULL;
	uint64_t caps, more;

	if (!task || !task->has_cap_permitted || !criu || !criu->has_euid || !place_capabilities_here(j, &caps) ||
	    (criu->euid != 0 && !place->given))
		return NOT_ABOUT;
	if (caps >> CAP_SYS_PTRACE & 1)
		return FINE;
	more = task->cap_permitted & ~caps;
	if (more)
		judge_find(j, judge_process(j, s->process),
			   judge_text(j, "holds %s, which criu would lack", capability_list(j, more)), NULL);
	else if (task->euid != criu->euid || task->uid != criu->euid || task->suid != criu->euid)
		judge_find(j, judge_process(j, s->process),
			   judge_text(j, "of user %u, and criu would be user %u", task->euid, criu->euid), NULL);
	else if (security && security->yama_ptrace_scope >= PTRACE_SCOPE_CHILDREN)
		judge_find(j, judge_process(j, s->process), "Yama lets it be traced by its parents alone", NULL);
	else
		return FINE;
	return FINDING;
}

static enum judgement
src_cap_dac_read_search(struct judge *j, const struct subject *s)
{
	if (s->fd->n_inotify_watch == 0 && s->fd->n_fanotify_mark == 0)
		return NOT_ABOUT;
	return needs_here(j, judge_fd(j, s->process, s->fd));
}

static enum judgement
src_cap_setgid(struct judge *j, const struct subject *s)
{
	bool known;

	(void) s;
	if (!index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	return needs_here(j, "user namespace");
}

static enum judgement
src_cap_net_admin(struct judge *j, const struct subject *s)
{
	const Process *root = index_root(j->at);
	enum judgement worst = NOT_ABOUT;
	bool known;

	(void) s;
	if (root && index_dumps_ns(j->at, NAMESPACE_KIND__NS_NET, &known))
		return needs_here(j, judge_text(j, "network namespace %llu",
						(unsigned long long) namespace_of(root->ns, NAMESPACE_KIND__NS_NET)));
	for (size_t i = 0; i < j->source->n_socket; i++) {
		const Socket *k = j->source->socket[i];
		enum judgement said;

		if (!k->in_tree || k->type != 1 || k->state == TCP_LISTENS || k->state == TCP_CLOSED || !k->state ||
		    (k->family != SOCKET_FAMILY__SOCKET_INET && k->family != SOCKET_FAMILY__SOCKET_INET6))
			continue;
		said = needs_here(j, judge_socket(j, k));
		worst = said > worst ? said : worst;
	}
	return worst;
}

/* ---- the restore ------------------------------------------------------------------------ */

/* As root; with --unprivileged it does without. arg.number: what it cannot do without. */
static enum judgement
dst_cap_always(struct judge *j, const struct subject *s)
{
	unsigned int cap = j->rule->arg.number;
	uint64_t caps;

	(void) s;
	if (unprivileged_is_given(j) || !place_capabilities_there(j, &caps) || !(caps >> CAP_SYS_ADMIN & 1))
		return NOT_ABOUT;		/* dst-criu-caps asks for --unprivileged, or refuses */
	if (caps >> cap & 1)
		return FINE;
	judge_find(j, "criu restore", NULL, judge_text(j, "no %s", capability_name(j, cap)))->there_from =
		place_there_file(j);
	return FINDING;
}

/* A bounding set that is full needs nothing dropped: of all others each one is, there or not. */
static const Process *
first_bounded(const struct judge *j, unsigned int cap_last)
{
	uint64_t all = cap_last >= 63 ? UINT64_MAX : (1ull << (cap_last + 1)) - 1;
	size_t n;
	const Process *const *process = index_processes(j->at, &n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < process[i]->n_thread; k++) {
			const Credentials *c = process[i]->thread[k]->credentials;

			if (c && c->has_cap_bounding && (c->cap_bounding & all) != all)
				return process[i];
		}
	return NULL;
}

static enum judgement
dst_cap_setpcap(struct judge *j, const struct subject *s)
{
	const Security *there = j->destination->host ? j->destination->host->security : NULL;
	const Process *bounded = there && there->has_cap_last ? first_bounded(j, there->cap_last) : NULL;
	struct finding *f;
	uint64_t caps;
	bool known;

	(void) s;
	if (!bounded || !place_capabilities_there(j, &caps) ||
	    index_dumps_ns(j->at, NAMESPACE_KIND__NS_USER, &known))
		return NOT_ABOUT;
	if (caps >> CAP_SETPCAP & 1)
		return FINE;
	f = judge_find(j, judge_process(j, bounded), "its bounding set is not full", "no cap_setpcap");
	f->here_from = judge_text(j, "/proc/%d/status", bounded->pid);
	f->there_from = place_there_file(j);
	return FINDING;
}

#define UNTIL_GRANTED .severity = SEVERITY_BLOCKER, .lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "capabilities that were dropped do not come back"
#define OF_SECURITY NEEDS(DOMAIN__DOMAIN_SECURITY)
#define AT_DUMP .stage = STAGE_DUMP, UNTIL_GRANTED
#define AT_RESTORE .stage = STAGE_RESTORE, UNTIL_GRANTED, .about = ABOUT_HOST, .destination_needs = OF_SECURITY
#define RESTORE_WITH "run criu restore with it (a container: --cap-add), or with --unprivileged, which does without"

static const struct rule rules[] = {
	{
		.id = "src-criu-caps",
		.title = "criu would lack the capability to checkpoint",
		.why = "CRIU needs CAP_SYS_ADMIN or, with --unprivileged, CAP_CHECKPOINT_RESTORE.",
		.remedy = "run criu as root of the host, or give its container CAP_SYS_ADMIN or "
			  "CAP_CHECKPOINT_RESTORE",
		AT_DUMP,
		.about = ABOUT_TREE,
		.check = src_criu_caps,
	},
	{
		.id = "src-criu-pidns",
		.title = "criu would run where the tree has no PIDs",
		.why = "A process sees those of its own PID namespace and of the ones below it.",
		.remedy = "run criu in the host's PID namespace, or in that of the tree's parents",
		.stage = STAGE_DUMP,
		.severity = SEVERITY_BLOCKER,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "a process keeps its PID namespace",
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = src_criu_reaches,
		.arg.ns = NAMESPACE_KIND__NS_PID,
	},
	{
		.id = "src-criu-userns",
		.title = "criu would have no rights over the tree's user namespace",
		.why = "Capabilities hold in the own user namespace and in those below it.",
		.remedy = "run criu in the host's user namespace, or in that of the tree's parents",
		.stage = STAGE_DUMP,
		.severity = SEVERITY_BLOCKER,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "what was given up with a user namespace does not come back",
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = src_criu_reaches,
		.arg.ns = NAMESPACE_KIND__NS_USER,
	},
	{
		.id = "src-cap-sys-resource",
		.title = "criu may not read the limits of another user's task",
		.why = "Even root needs CAP_SYS_RESOURCE for prlimit(2) on a task whose user or group is "
		       "another; CRIU reads every limit of every task.",
		.remedy = "run criu with CAP_SYS_RESOURCE (a container: --cap-add SYS_RESOURCE)",
		.criu_says = "Can't get rlimit 0: Operation not permitted",
		AT_DUMP,
		.about = ABOUT_PROCESS,
		.source_needs = OF_SECURITY,
		.check = src_cap_sys_resource,
	},
	{
		.id = "src-cap-sys-ptrace",
		.title = "criu may not trace a task",
		.why = "Without CAP_SYS_PTRACE it may trace only tasks of its own user that hold no "
		       "capability which it lacks itself.",
		.remedy = "run criu with CAP_SYS_PTRACE (a container: --cap-add SYS_PTRACE)",
		.criu_says = "Unable to detach from",
		AT_DUMP,
		.about = ABOUT_THREAD,
		.source_needs = OF_SECURITY,
		.check = src_cap_sys_ptrace,
	},
	{
		.id = "src-cap-dac-read-search",
		.title = "criu may not find out what is watched",
		.why = "An inotify or fanotify descriptor knows a file by its handle, and opening one takes "
		       "CAP_DAC_READ_SEARCH.",
		.remedy = "run criu with CAP_DAC_READ_SEARCH (a container: --cap-add DAC_READ_SEARCH)",
		.criu_says = "Can't dump that handle",
		AT_DUMP,
		.about = ABOUT_FD,
		.source_needs = NEEDS(DOMAIN__DOMAIN_FDS),
		.check = src_cap_dac_read_search,
		.arg.number = CAP_DAC_READ_SEARCH,
	},
	{
		.id = "src-cap-setgid",
		.title = "criu may not become root of the tree's user namespace",
		.why = "It gives up its groups before it enters a user namespace, which takes CAP_SETGID.",
		.remedy = "run criu with CAP_SETGID (a container: --cap-add SETGID)",
		.criu_says = "Unable to drop supplementary groups",
		AT_DUMP,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES),
		.check = src_cap_setgid,
		.arg.number = CAP_SETGID,
	},
	{
		.id = "src-cap-net-admin",
		.title = "criu may not look into a connection or a network namespace",
		.why = "A TCP connection is read in repair mode, and a network namespace is locked and read "
		       "out: both take CAP_NET_ADMIN.",
		.remedy = "run criu with CAP_NET_ADMIN (a container: --cap-add NET_ADMIN)",
		AT_DUMP,
		.about = ABOUT_TREE,
		.source_needs = NEEDS(DOMAIN__DOMAIN_NAMESPACES) | NEEDS(DOMAIN__DOMAIN_SOCKETS),
		.check = src_cap_net_admin,
		.arg.number = CAP_NET_ADMIN,
	},
	{
		.id = "dst-criu-caps",
		.title = "the restoring criu would lack the capability to restore",
		.why = "CRIU needs CAP_SYS_ADMIN or, with --unprivileged, CAP_CHECKPOINT_RESTORE.",
		.remedy = "run criu as root of the host, or give its container CAP_SYS_ADMIN or "
			  "CAP_CHECKPOINT_RESTORE",
		AT_RESTORE,
		.check = dst_criu_caps,
	},
	{
		.id = "dst-cap-net-admin",
		.title = "criu restore would lack CAP_NET_ADMIN",
		.why = "CRIU sets the buffers of a socket of its own with it, whatever it restores.",
		.remedy = RESTORE_WITH,
		.criu_says = "Unable to set socket SO_SNDBUFFORCE/SO_RCVBUFFORCE",
		AT_RESTORE,
		.check = dst_cap_always,
		.arg.number = CAP_NET_ADMIN,
	},
	{
		.id = "dst-cap-sys-chroot",
		.title = "criu restore would lack CAP_SYS_CHROOT",
		.why = "CRIU gives each task its root folder with chroot(2), \"/\" too.",
		.remedy = RESTORE_WITH,
		.criu_says = "Can't change root",
		AT_RESTORE,
		.check = dst_cap_always,
		.arg.number = CAP_SYS_CHROOT,
	},
	{
		.id = "dst-cap-sys-time",
		.title = "criu restore would lack CAP_SYS_TIME",
		.why = "CRIU sets the clocks of a new time namespace, so that monotonic time goes on.",
		.remedy = RESTORE_WITH,
		.criu_says = "Unable to set a monotonic clock offset",
		AT_RESTORE,
		.check = dst_cap_always,
		.arg.number = CAP_SYS_TIME,
	},
	{
		.id = "dst-cap-setpcap",
		.title = "criu restore would lack CAP_SETPCAP",
		.why = "CRIU drops from the bounding set of each task what it did not have, which takes "
		       "CAP_SETPCAP, with --unprivileged too.",
		.remedy = "run criu restore with CAP_SETPCAP (a container: --cap-add SETPCAP)",
		.criu_says = "Unable to drop capability",
		AT_RESTORE,
		.source_needs = OF_SECURITY,
		.check = dst_cap_setpcap,
	},
};

const struct ruleset rules_privileges = { "privileges", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes: which there are, and the one way in which they are run. A probe that fails is a
 * gap under its domain, and the next one follows.
 */
#include "probes/probes.h"

#include "base/crew.h"

#include <errno.h>

const struct probe probes[] = {
	{
		.name = "identity",
		.reads = "uname(2), /etc/os-release, /etc/machine-id, /proc/sys/kernel/random/boot_id, "
			 "/proc/uptime, /proc/self/ns",
		.domain = DOMAIN__DOMAIN_IDENTITY,
		.ask = identity_ask,
		.source_side_too = true,
	},
	{
		.name = "place",
		.reads = "/proc/self (--criu-as: /proc/PID): stat, status, ns, cgroup, limits, "
			 "attr/current, root, fd/0; /proc/PID/stat of its ancestors",
		.domain = DOMAIN__DOMAIN_IDENTITY,
		.ask = place_ask,
		.source_side_too = true,
		.needs_live_machine = true,
	},
	{
		.name = "cpu",
		.reads = "CPUID, XGETBV, /proc/cpuinfo, own auxiliary vector",
		.domain = DOMAIN__DOMAIN_CPU,
		.ask = cpu_ask,
		.source_side_too = true,
	},
	{
		.name = "kernel",
		.reads = "/proc/sys/kernel/{ostype,osrelease,version,arch}, /proc/cmdline, "
			 "/proc/config.gz, /boot/config-RELEASE, /lib/modules/RELEASE/config",
		.domain = DOMAIN__DOMAIN_KERNEL,
		.ask = kernel_ask,
		.source_side_too = true,
	},
	{
		.name = "sysctls",
		.reads = "/proc/sys",
		.domain = DOMAIN__DOMAIN_KERNEL,
		.ask = sysctls_ask,
		.source_side_too = true,
	},
	{
		.name = "features",
		.reads = "/proc/self, /proc/sys, /sys/kernel, own auxiliary vector, calls that are refused",
		.domain = DOMAIN__DOMAIN_KERNEL,
		.ask = features_ask,
		.source_side_too = true,
	},
	{
		.name = "modules",
		.reads = "/lib/modules/RELEASE/modules.*, /proc/modules, /proc/filesystems, modprobe.d",
		.domain = DOMAIN__DOMAIN_MODULES,
		.ask = modules_ask,
		.answers = true,
		.source_side_too = true,
	},
	{
		.name = "memory",
		.reads = "/proc/meminfo, /sys/kernel/mm/hugepages",
		.domain = DOMAIN__DOMAIN_MEMORY,
		.ask = memory_ask,
		.source_side_too = true,
	},
	{
		.name = "security",
		.reads = "/sys/kernel/security, /sys/fs/selinux, /sys/module/apparmor, "
			 "/proc/self/status",
		.domain = DOMAIN__DOMAIN_SECURITY,
		.ask = security_ask,
		.source_side_too = true,
	},
	{
		.name = "tools",
		.reads = "PATH, --version of what is found there",
		.domain = DOMAIN__DOMAIN_TOOLS,
		.within = NAMESPACE_KIND__NS_MNT,
		.ask = tools_ask,
		.source_side_too = true,
	},
	{
		.name = "filesystems",
		.reads = "/proc/filesystems, /proc/self/mountinfo",
		.domain = DOMAIN__DOMAIN_FILESYSTEMS,
		.within = NAMESPACE_KIND__NS_MNT,
		.ask = filesystems_ask,
		.source_side_too = true,
	},
	{
		.name = "mount-options",
		.reads = "fsopen(2), fsconfig(2): whether each option of the tree's mounts is known",
		.domain = DOMAIN__DOMAIN_FILESYSTEMS,
		.within = NAMESPACE_KIND__NS_MNT,
		.ask = mount_options_ask,
		.answers = true,
		.needs_live_machine = true,
	},
	{
		.name = "cgroups",
		.reads = "/proc/cgroups, /proc/self/{cgroup,mountinfo}, the folders of cgroups",
		.domain = DOMAIN__DOMAIN_CGROUPS,
		.within = NAMESPACE_KIND__NS_CGROUP,
		.ask = cgroups_ask,
		.answers = true,
		.source_side_too = true,
	},
	{
		.name = "pids",
		.reads = "/proc/*/stat, /proc/ID/{stat,status} of each id of the tree",
		.domain = DOMAIN__DOMAIN_PIDS,
		.within = NAMESPACE_KIND__NS_PID,
		.ask = pids_ask,
		.answers = true,
	},
	{
		.name = "net",
		.reads = "rtnetlink, sock_diag, /proc/net, /proc/*/fd of who holds a port of the tree",
		.domain = DOMAIN__DOMAIN_NET,
		.within = NAMESPACE_KIND__NS_NET,
		.ask = net_ask,
		.answers = true,
		.source_side_too = true,
	},
	{
		.name = "routes",
		.reads = "rtnetlink: the way to each peer of the tree's connections",
		.domain = DOMAIN__DOMAIN_NET,
		.within = NAMESPACE_KIND__NS_NET,
		.ask = routes_ask,
		.answers = true,
		.needs_live_machine = true,
	},
	{
		.name = "unix-names",
		.reads = "sock_diag, /proc/net/unix, the paths of the tree's unix sockets",
		.domain = DOMAIN__DOMAIN_NET,
		.within = NAMESPACE_KIND__NS_NET,
		.ask = unix_names_ask,
		.answers = true,
	},
	{
		.name = "terminals",
		.reads = "/dev/pts (the names)",
		.domain = DOMAIN__DOMAIN_TERMINALS,
		.within = NAMESPACE_KIND__NS_MNT,
		.ask = terminals_ask,
		.answers = true,
	},
	{
		.name = "paths",
		.reads = "the source's paths below --root: kind, mode, size, build-id, SHA-256",
		.domain = DOMAIN__DOMAIN_FILES,
		.within = NAMESPACE_KIND__NS_MNT,
		.ask = paths_ask,
		.answers = true,
	},
	{
		.name = "locks",
		.reads = "/proc/locks: who has locked the files that the source has locked",
		.domain = DOMAIN__DOMAIN_FILES,
		.within = NAMESPACE_KIND__NS_PID,
		.ask = path_locks_ask,
		.answers = true,
	},
	{
		.name = "rehearsal",
		.reads = "with --rehearse: tries in throw-away namespaces what the tree needs",
		.domain = DOMAIN__DOMAIN_REHEARSAL,
		.ask = rehearse_ask,
		.answers = true,
	},
};

const size_t n_probes = ARRAY_SIZE(probes);

static const struct {
	NamespaceKind kind;
	const char *name;		/* as nsenter(1) calls it */
	size_t of;			/* in NamespaceSet */
} namespaces[] = {
	{ NAMESPACE_KIND__NS_MNT, "mount", offsetof(NamespaceSet, mnt) },
	{ NAMESPACE_KIND__NS_NET, "net", offsetof(NamespaceSet, net) },
	{ NAMESPACE_KIND__NS_PID, "pid", offsetof(NamespaceSet, pid) },
	{ NAMESPACE_KIND__NS_CGROUP, "cgroup", offsetof(NamespaceSet, cgroup) },
};

/* The name of the namespace in which criu would live and we do not; NULL: what we see is what it will. */
static const char *
lives_elsewhere(const struct probe *p, const struct probe_context *c)
{
	const CriuPlace *place = c->snapshot->facts->criu_place;

	if (!p->within || !place || !place->given || !place->ns || !c->host->ns)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		size_t of = namespaces[i].of;

		if (namespaces[i].kind == p->within &&
		    memcmp((const char *) place->ns + of, (const char *) c->host->ns + of, sizeof(uint64_t)) != 0)
			return namespaces[i].name;
	}
	return p->within == NAMESPACE_KIND__NS_MNT && place->root ? "mount" : NULL;
}

/* What our own namespace would answer is nothing to a criu in another. */
static void
elsewhere_note(const struct probe *p, struct probe_context *c, const char *where)
{
	char remedy[128];
	int pid = c->snapshot->facts->criu_place->pid;

	(void) snprintf(remedy, sizeof(remedy), "run migcheck there: nsenter -t %d --%s%s migcheck", pid, where,
			p->within == NAMESPACE_KIND__NS_MNT ? " --root" : "");
	gap_note(c->gaps, p->domain, p->name, pid, -EOPNOTSUPP, remedy, "%s of its %s namespace", p->name, where);
}

static int
probe_run(const struct probe *p, struct probe_context *c)
{
	const char *where = lives_elsewhere(p, c);

	if (p->needs_live_machine && c->root->recorded)
		return -EOPNOTSUPP;
	if (where) {
		elsewhere_note(p, c, where);
		return 0;
	}
	return p->ask(c);
}

struct way {
	const struct root *root;
	const char *path;
};

static void
try_way(size_t i, void *result, struct crew_slot *slot, void *arg)
{
	const struct way *w = arg;
	_cleanup_root_ struct root found = ROOT_NONE;

	(void) i;
	(void) slot;
	*(int *) result = root_sub(w->root, w->path, &found);
}

/* --root may lie on a file system that never answers: a child that may be killed goes first. */
static int
tree_root_open(const struct root *root, const struct probe_options *o, struct root *ret)
{
	_cleanup_crew_results_ struct crew_results *results = NULL;
	struct way way = { .root = root, .path = o->tree_root };
	const struct crew_job job = {
		.items = 1,
		.result_size = sizeof(int),
		.children = 1,
		.deadline_ms = o->timeout_ms,
		.keep = &root->fd,
		.n_keep = 1,
		.arg = &way,
		.work = try_way,
	};
	const int *tried;
	int r = crew_run(&job, &results);

	if (r < 0)
		return r;
	tried = crew_result(results, 0);
	if (!tried)
		return -ETIMEDOUT;
	return *tried < 0 ? *tried : root_sub(root, o->tree_root, ret);
}

int
probes_place(const struct root *root, const struct probe_options *options, struct snapshot *s)
{
	_cleanup_buffer_ struct buffer text = {};
	struct gaps gaps = { .arena = s->arena };
	struct probe_context c = {
		.options = options,
		.root = root,
		.snapshot = s,
		.gaps = &gaps,
		.text = &text,
	};
	int r = place_ask(&c);

	return r < 0 ? r : gaps_join(s, &gaps);
}

/* Opens --root in `tree_root`, where it is given. */
static int
use_tree_root(struct probe_context *c, struct root *tree_root)
{
	const char *tree_path = c->options->tree_root;
	int r = tree_path ? tree_root_open(c->root, c->options, tree_root) : 0;

	if (!tree_path || r < 0)
		return r;
	c->tree_root = tree_root;
	c->host->root = arena_strdup(c->snapshot->arena, tree_path);
	return c->host->root ? 0 : -ENOMEM;
}

/* Opens --root in `tree_root` and runs the probes: of one source, those that answer it; else all of this side. */
static int
run_all(struct probe_context *c, struct root *tree_root, bool only_answers)
{
	int r = use_tree_root(c, tree_root);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_probes; i++) {
		if ((c->source_side && !probes[i].source_side_too) || (only_answers && !probes[i].answers))
			continue;
		r = probe_run(&probes[i], c);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap_note(c->gaps, probes[i].domain, probes[i].name, 0, r, NULL, "%s",
				 probes[i].reads);
	}
	return gaps_join(c->snapshot, c->gaps);
}

int
probes_run(const struct root *root, const struct probe_options *options, const Snapshot *source,
	   bool source_side, struct snapshot *s)
{
	_cleanup_root_ struct root tree_root = ROOT_NONE;
	_cleanup_buffer_ struct buffer text = {};
	struct gaps gaps = { .arena = s->arena };
	struct probe_context c = {
		.options = options,
		.root = root,
		.tree_root = root,
		.source = source,
		.source_side = source_side,
		.snapshot = s,
		.host = s->facts->host,
		.gaps = &gaps,
		.text = &text,
	};

	if (!c.host)
		c.host = s->facts->host = NEW_FACT(s->arena, Host, host);
	return c.host ? run_all(&c, &tree_root, false) : -ENOMEM;
}

/* What the probes put into a snapshot of their own, as the answers to one tree. */
static int
keep_answers(struct arena *arena, const Snapshot *said, const Snapshot *source, Snapshot *into)
{
	TreeAnswers *a = NEW_FACT(arena, TreeAnswers, tree_answers);
	const ProtobufCBinaryData *own = &source->header->own_sha256;
	uint8_t *sha256 = arena_memdup(arena, own->data, own->len);

	if (!a || !sha256)
		return -ENOMEM;
#define KEEP(field) (a->n_##field = said->n_##field, a->field = said->field)
	KEEP(path_answer);
	KEEP(pid_answer);
	KEEP(cgroup_answer);
	KEEP(unix_answer);
	KEEP(terminal_answer);
	KEEP(route_answer);
	KEEP(gap);
	KEEP(trial);
	KEEP(mount_option_answer);
#undef KEEP
	SET_FACT(a, asked_sha256, ((ProtobufCBinaryData){ .len = own->len, .data = sha256 }));
	a->host = NEW_FACT(arena, Host, host);
	if (!a->host)
		return -ENOMEM;
	a->host->modules = said->host->modules;
	a->host->net = said->host->net;
	a->host->root = said->host->root;
	return ADD_FACT(arena, into->tree_answers, into->n_tree_answers, a);
}

/* A context for answers that are kept beside the host's own: the probes find its facts where they expect them. */
static int
begin_aside(struct snapshot *s, struct snapshot *said, struct probe_context *c)
{
	said->arena = s->arena;
	said->facts = NEW_FACT(s->arena, Snapshot, snapshot);
	c->host = arena_memdup(s->arena, s->facts->host, sizeof(*c->host));
	if (!said->facts || !c->host)
		return -ENOMEM;
	said->facts->header = s->facts->header;
	said->facts->criu_place = s->facts->criu_place;
	said->facts->host = c->host;
	return 0;
}

int
probes_answer(const struct root *root, const struct probe_options *options, const Snapshot *source,
	      struct snapshot *s)
{
	_cleanup_root_ struct root tree_root = ROOT_NONE;
	_cleanup_buffer_ struct buffer text = {};
	struct gaps gaps = { .arena = s->arena };
	struct snapshot said;
	struct probe_context c = {
		.options = options,
		.root = root,
		.tree_root = root,
		.source = source,
		.snapshot = &said,
		.gaps = &gaps,
		.text = &text,
	};
	int r = begin_aside(s, &said, &c);

	if (r == 0)
		r = run_all(&c, &tree_root, true);
	return r < 0 ? r : keep_answers(s->arena, said.facts, source, s->facts);
}

/* A record has its limit, so many answers are several. */
static int
keep_paths(struct arena *arena, const Snapshot *said, Snapshot *into)
{
	enum { IN_A_RECORD = 50 * 1000 };
	size_t at = 0;
	int r = 0;

	do {
		TreeAnswers *a = NEW_FACT(arena, TreeAnswers, tree_answers);

		if (!a)
			return -ENOMEM;
		a->path_answer = said->path_answer + at;
		a->n_path_answer = said->n_path_answer - at < IN_A_RECORD ? said->n_path_answer - at : IN_A_RECORD;
		if (at == 0) {
			a->n_gap = said->n_gap;
			a->gap = said->gap;
		}
		at += a->n_path_answer;
		r = ADD_FACT(arena, into->tree_answers, into->n_tree_answers, a);
	} while (r == 0 && at < said->n_path_answer);
	return r;
}

int
probes_paths(const struct root *root, const struct probe_options *options, struct snapshot *s)
{
	_cleanup_root_ struct root tree_root = ROOT_NONE;
	struct gaps gaps = { .arena = s->arena };
	struct snapshot said;
	struct probe_context c = {
		.options = options,
		.root = root,
		.tree_root = root,
		.snapshot = &said,
		.gaps = &gaps,
	};
	int r = begin_aside(s, &said, &c);

	if (r == 0)
		r = use_tree_root(&c, &tree_root);
	if (r == 0)
		r = paths_ask_themselves(&c);
	if (r == 0)
		r = gaps_join(&said, &gaps);
	return r < 0 ? r : keep_paths(s->arena, said.facts, s->facts);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory mappings. What maps(5) shows of them:
 *
 *     7f1c3000-7f1c4000 rw-s 00000000 00:01 32769   /SYSV0052e2c1 (deleted)
 *     7f1c8000-7f1ca000 rw-s 00000000 00:0e 1057    anon_inode:[io_uring]
 *     7f1ce000-7f1d0000 rw-s 00000000 00:12 2055    /[aio] (deleted)
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "checker/judge.h"
#include "checker/rulesets.h"
#include <sys/stat.h>

#define TASK_END 0x7ffffffff000ULL	/* 2^47 - 4096: where criu ends a task's memory */

/* Asked of every mapping of every process: no more of the name is read than differs. */
static bool
starts(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* The name of what is mapped: of the file, else as maps shows it; "" for none. */
static const char *
name_of(struct judge *j, const Mapping *m)
{
	const File *f = index_file(j->at, m->has_file, m->file);

	if (m->name)
		return m->name;
	return f && f->path ? f->path : "";
}

static const char *
without_deleted(struct judge *j, const char *name)
{
	struct slice s = slice_of(name);

	slice_cut_end(&s, " (deleted)");
	return judge_text(j, "%.*s", (int) s.n, s.p);
}

static const char *
range_text(struct judge *j, const Mapping *m)
{
	return judge_text(j, "%llx-%llx", (unsigned long long) m->start, (unsigned long long) m->end);
}

static const char *
maps_of(struct judge *j, const Process *p)
{
	return judge_text(j, "/proc/%d/maps", p->pid);
}

static enum judgement
vma_device_map(struct judge *j, const struct subject *s)
{
	const File *f = index_file(j->at, s->mapping->has_file, s->mapping->file);
	bool block;

	if (!f || !f->has_mode)
		return NOT_ABOUT;
	block = S_ISBLK(f->mode);
	if (!block && !S_ISCHR(f->mode))
		return FINE;
	if (!block && f->rdev_major == 1 && f->rdev_minor == 5)
		return FINE;			/* /dev/zero */
	judge_find(j, f->path ? f->path : "",
		   judge_text(j, "%s device %u:%u", block ? "block" : "character", f->rdev_major, f->rdev_minor),
		   NULL)
		->here_from = maps_of(j, s->process);
	return FINDING;
}

/* Rules about a mapping with a certain name: arg.text is how it begins. */
static bool
is_named(struct judge *j, const Mapping *m)
{
	return m->name && starts(m->name, j->rule->arg.text);
}

static enum judgement
vma_by_name(struct judge *j, const struct subject *s)
{
	struct finding *f;

	if (!is_named(j, s->mapping))
		return NOT_ABOUT;
	f = judge_find(j, judge_text(j, "%s of %s", without_deleted(j, s->mapping->name),
				     judge_process(j, s->process)),
		       NULL, NULL);
	f->here_from = maps_of(j, s->process);
	return FINDING;
}

static enum judgement
vma_anon_inode(struct judge *j, const struct subject *s)
{
	if (is_named(j, s->mapping) && strstr(s->mapping->name, "[io_uring]"))
		return NOT_ABOUT;		/* vma-io-uring tells of it */
	return vma_by_name(j, s);
}

static enum judgement
vma_uprobes(struct judge *j, const struct subject *s)
{
	if (!is_named(j, s->mapping))
		return NOT_ABOUT;
	judge_require(j, REQUIRE_LOSSLESS, STAGE_DUMP, "--allow-uprobes", judge_process(j, s->process));
	judge_require(j, REQUIRE_LOSSLESS, STAGE_RESTORE, "--allow-uprobes", judge_process(j, s->process));
	return FINE;
}

/* "socket:[4711]" is the ring of a packet socket. */
static enum judgement
vma_packet_ring_closed(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	struct slice rest;
	uint64_t ino;

	if (!s->mapping->name || !starts(s->mapping->name, "socket:["))
		return NOT_ABOUT;
	rest = slice_of(s->mapping->name);
	if (!slice_cut(&rest, "socket:[") || !slice_cut_end(&rest, "]") || parse_u64(rest, 10, &ino) < 0)
		return NOT_ABOUT;
	for (size_t i = 0; i < p->n_fd; i++)
		if (p->fd[i]->kind == FD_KIND__FD_SOCKET && p->fd[i]->ino == ino)
			return FINE;
	judge_find(j, judge_text(j, "%s of %s", s->mapping->name, judge_process(j, p)),
		   "mapped, but no descriptor is left", NULL)
		->here_from = maps_of(j, p);
	return FINDING;
}

static enum judgement
vma_above_47bit(struct judge *j, const struct subject *s)
{
	const Mapping *m = s->mapping;

	if (m->name && streq(m->name, "[vsyscall]"))
		return NOT_ABOUT;
	if (m->end <= TASK_END)
		return FINE;
	judge_find(j, judge_process(j, s->process), range_text(j, m), NULL)->here_from =
		maps_of(j, s->process);
	return FINDING;
}

static bool
is_vvar(const Mapping *m)
{
	return m->name && starts(m->name, "[vvar");
}

static enum judgement
vma_vvar_split(struct judge *j, const struct subject *s)
{
	const Process *p = s->process;
	const Mapping *last = NULL;

	for (size_t i = 0; i < p->n_mapping; i++) {
		const Mapping *m = p->mapping[i];

		if (!is_vvar(m))
			continue;
		if (last && last->end != m->start) {
			judge_find(j, judge_process(j, p),
				   judge_text(j, "%s and %s", range_text(j, last), range_text(j, m)), NULL)
				->here_from = maps_of(j, p);
			return FINDING;
		}
		last = m;
	}
	return last ? FINE : NOT_ABOUT;
}

static bool
is_sysv(struct judge *j, const Mapping *m)
{
	return starts(name_of(j, m), "/SYSV");
}

/* The kernel shows the same name for all segments of key 0: the inode is the segment's id. */
static const char *
segment_text(struct judge *j, const Mapping *m)
{
	const File *f = index_file(j->at, m->has_file, m->file);

	return judge_text(j, "%s, segment %llu", without_deleted(j, name_of(j, m)),
			  (unsigned long long) (m->has_ino ? m->ino : f ? f->ino : 0));
}

static enum judgement
ns_sysv_shm_host_ipc(struct judge *j, const struct subject *s)
{
	bool known, dumped;

	if (!is_sysv(j, s->mapping))
		return NOT_ABOUT;
	dumped = index_dumps_ns(j->at, NAMESPACE_KIND__NS_IPC, &known);
	if (!known)
		return judge_unknown(j, false, DOMAIN__DOMAIN_NAMESPACES, segment_text(j, s->mapping),
				     "whether criu would dump the IPC namespace");
	if (dumped)
		return FINE;
	judge_find(j, segment_text(j, s->mapping), "in the IPC namespace in which criu would run", NULL)
		->here_from = maps_of(j, s->process);
	return FINDING;
}

/* Whether another mapping of the segment ends where this one begins, and leads on to it. */
static bool
continues_another(const Process *p, const Mapping *m)
{
	for (size_t i = 0; i < p->n_mapping; i++) {
		const Mapping *o = p->mapping[i];

		if (o->end == m->start && o->ino == m->ino && o->file == m->file &&
		    o->offset + (o->end - o->start) == m->offset)
			return true;
	}
	return false;
}

static enum judgement
ns_ipc_shm_hole(struct judge *j, const struct subject *s)
{
	if (!is_sysv(j, s->mapping))
		return NOT_ABOUT;
	if (s->mapping->offset == 0 || continues_another(s->process, s->mapping))
		return FINE;
	judge_find(j, judge_text(j, "%s of %s", segment_text(j, s->mapping), judge_process(j, s->process)),
		   judge_text(j, "mapped from offset 0x%llx on", (unsigned long long) s->mapping->offset), NULL)
		->here_from = maps_of(j, s->process);
	return FINDING;
}

static enum judgement
ns_ipc_host_objects(struct judge *j, const struct subject *s)
{
	const Namespace *ns = s->ns;
	struct finding *f;
	bool known;

	if (ns->kind != NAMESPACE_KIND__NS_IPC || !ns->has_member_pid)
		return NOT_ABOUT;
	if (index_dumps_ns(j->at, NAMESPACE_KIND__NS_IPC, &known) || !known)
		return NOT_ABOUT;
	if (ns->sysv_semaphores == 0 && ns->sysv_queues == 0)
		return FINE;
	f = judge_find(j, judge_text(j, "ipc:[%llu]", (unsigned long long) ns->ino),
		       judge_text(j, "%u semaphore sets, %u message queues", ns->sysv_semaphores,
				  ns->sysv_queues),
		       NULL);
	f->here_from = "/proc/sysvipc";
	f->confidence = CONFIDENCE_POSSIBLE;
	return FINDING;
}

#define OF_MAPPINGS .about = ABOUT_MAPPING, .source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS)
#define UNTIL_UNMAPPED .lifetime = LIFETIME_PERMANENT, \
	.lifetime_why = "a mapping stays until the program unmaps it"

static const struct rule rules[] = {
	{
		.id = "vma-device-map",
		.title = "a device is mapped into memory",
		.why = "What is behind the mapping is the device's memory, not the task's: CRIU cannot "
		       "save it, unless a plugin of the device's maker does.",
		.remedy = "have the program close the device before the dump, or give criu the device's "
			  "plugin (-L DIR)",
		.criu_says = "Unsupported mapping found",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_device_map,
	},
	{
		.id = "vma-io-uring",
		.title = "the rings of io_uring are mapped",
		.why = "CRIU can neither save nor make again the queues that kernel and program share.",
		.remedy = "have the program use another way for its I/O (many have a switch for io_uring)",
		.criu_says = "Unknown shit",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_by_name,
		.arg.text = "anon_inode:[io_uring]",
	},
	{
		.id = "vma-anon-inode",
		.title = "a kernel object without a file is mapped",
		.why = "CRIU knows no way to make such an object again (performance counters, KVM and the like).",
		.remedy = "have the program close it before the dump",
		.criu_says = "Unknown shit",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_anon_inode,
		.arg.text = "anon_inode:",
	},
	{
		.id = "vma-secretmem",
		.title = "secret memory (memfd_secret) is mapped",
		.why = "Nobody but the task can read it, and CRIU neither.",
		.remedy = "start the program without secret memory",
		.criu_says = "Unknown shit",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_by_name,
		.arg.text = "/secretmem",
	},
	{
		.id = "vma-uprobes",
		.title = "user-space probes are set in a task",
		.why = "CRIU refuses a task with a [uprobes] mapping unless told to leave it out: the "
		       "probes are the tracer's and do not move along.",
		.remedy = "end the tracer (perf, bpftrace), or give criu --allow-uprobes at dump and restore",
		.criu_says = "has uprobes vma. Consider using --allow-uprobes.",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_uprobes,
		.arg.text = "[uprobes]",
	},
	{
		.id = "vma-aio-ring",
		.title = "a ring of asynchronous I/O (libaio) is mapped",
		.why = "CRIU restores the ring but does not wait for requests under way: their results "
		       "never arrive, and the program may wait for them forever.",
		.remedy = "let the program finish its I/O before the dump",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "whether requests are under way cannot be seen from outside",
		.severity = SEVERITY_WARNING,
		OF_MAPPINGS,
		.check = vma_by_name,
		.arg.text = "/[aio]",
	},
	{
		.id = "vma-packet-ring-closed",
		.title = "the ring of a packet socket is mapped, but the socket is closed",
		.why = "CRIU restores the ring through the socket's descriptor, and there is none.",
		.remedy = "have the program unmap the ring when it closes the socket",
		.criu_says = "Mmap-ed socket",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_packet_ring_closed,
	},
	{
		.id = "vma-above-47bit",
		.title = "memory is mapped above 2^47",
		.why = "CRIU takes 2^47 for the end of memory and does not save what lies above: after "
		       "the restore its content is gone, without a word.",
		.remedy = "start the program without address hints above 2^47 (five-level paging)",
		.stage = STAGE_AFTERWARDS,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = vma_above_47bit,
	},
	{
		.id = "vma-vvar-split",
		.title = "the kernel's data pages for the vdso are torn apart",
		.why = "CRIU expects the vvar mappings side by side, and gives up where they are not.",
		.remedy = "restart the program; something has moved its vdso",
		.criu_says = "two nonconsecutive vvar vma-s",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		.about = ABOUT_PROCESS,
		.source_needs = NEEDS(DOMAIN__DOMAIN_MAPPINGS),
		.check = vma_vvar_split,
	},
	{
		.id = "ns-sysv-shm-host-ipc",
		.title = "System V shared memory is used in the host's IPC namespace",
		.why = "CRIU dumps such memory with the IPC namespace it belongs to. In the namespace in "
		       "which criu itself runs others may use it too, and CRIU refuses.",
		.remedy = "start the program in an IPC namespace of its own (a container, or unshare --ipc); "
			  "PostgreSQL: shared_memory_type = mmap does not avoid its one small segment",
		.criu_says = "doesn't live in IPC ns",
		.stage = STAGE_DUMP,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = ns_sysv_shm_host_ipc,
	},
	{
		.id = "ns-ipc-shm-hole",
		.title = "a System V segment is mapped in part only",
		.why = "The restore attaches whole segments with shmat(2), and finds no way to make this one.",
		.remedy = "restart the program; it has unmapped the beginning of a segment",
		.stage = STAGE_RESTORE,
		UNTIL_UNMAPPED,
		.severity = SEVERITY_BLOCKER,
		OF_MAPPINGS,
		.check = ns_ipc_shm_hole,
	},
	{
		.id = "ns-ipc-host-objects",
		.title = "there are System V semaphores or queues in the IPC namespace that is not dumped",
		.why = "Who uses them cannot be seen. If the tree does, they are missing after the move: "
		       "CRIU saves them only with an IPC namespace of the tree's own.",
		.remedy = "if the tree uses them, run it in an IPC namespace of its own (ipcs -s -q lists them)",
		.stage = STAGE_AFTERWARDS,
		.lifetime = LIFETIME_PERMANENT,
		.lifetime_why = "such objects stay until somebody removes them",
		.severity = SEVERITY_NOTE,
		.about = ABOUT_NAMESPACE,
		.check = ns_ipc_host_objects,
	},
};

const struct ruleset rules_mappings = { "mappings", rules, ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a pool out of real profiles: pool-gen FOLDER HOSTS CLASSES PROFILE...
 *
 * The hosts are as the profiles are, in turn, and what sets a class apart is what sets hosts of a
 * pool apart: a kernel in the middle of an upgrade, a batch of older CPUs, a module or a security
 * module that is not there, another criu, a distribution with its packages, a sysctl that somebody
 * lowered, cgroup v2. Class 0 is the half of the pool, each later one is smaller. A host has a
 * name, an id, addresses, inodes, free memory and an uptime of its own. The answers to trees
 * are those of the first profile: the others are of machines far away, which were asked about others.
 */
#include "facts/stream.h"

#include "base/text.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>

enum { LEAF_FEATURES = 7, EBX_AVX512 = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31,
       EBX_AVX2 = 1u << 5, ECX_VAES = 1u << 9 | 1u << 10 };

static void
load(const char *path, struct snapshot *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stream_error why = { "" };

	if (fd < 0 || stream_read(fd, ret, &why) < 0)
		errx(1, "%s: %s", path, *why.text ? why.text : "cannot be read");
	(void) close(fd);
	if (!ret->facts->host || !ret->facts->host->kernel || !ret->facts->host->cpu)
		errx(1, "%s: it holds no facts of a host", path);
}

static void *
needed(void *p)
{
	if (!p)
		errx(1, "out of memory");
	return p;
}

#define WORDS(s, ...) needed(arena_printf((s)->arena, __VA_ARGS__))

/* ---- what sets classes apart: each level of each is another ------------------------------------ */

static bool
other_kernel(struct snapshot *s, unsigned int level)
{
	Kernel *k = s->facts->host->kernel;

	k->version = WORDS(s, "#1 SMP PREEMPT_DYNAMIC Debian %s-%u", k->release, level);
	k->release = WORDS(s, "%s.%u", k->release, level);
	return true;
}

static bool
older_cpu(struct snapshot *s, unsigned int level)
{
	Cpu *cpu = s->facts->host->cpu;

	cpu->brand = WORDS(s, "%s, batch %u", cpu->brand ? cpu->brand : "CPU", level);
	SET_FACT(cpu, stepping, level);
	for (size_t i = 0; i < cpu->n_leaf; i++) {
		CpuidLeaf *leaf = cpu->leaf[i];

		if (leaf->leaf != LEAF_FEATURES || leaf->subleaf != 0)
			continue;
		leaf->ebx &= ~(EBX_AVX512 | (level % 2 ? 0 : EBX_AVX2));
		leaf->ecx &= ~ECX_VAES;
	}
	return true;
}

static void
lose_module(Host *h, const char *asked)
{
	for (size_t i = 0; h && h->modules && i < h->modules->n_module; i++)
		if (streq(h->modules->module[i]->asked, asked))
			SET_FACT(h->modules->module[i], state, MODULE_STATE__MODULE_ABSENT);
	if (h && h->modules)
		SET_FACT(h->modules, index_usable, true);
}

static bool
lacks_module(struct snapshot *s, unsigned int level)
{
	const Modules *m = s->facts->host->modules;
	const char *asked;

	if (!m || level >= m->n_module || m->module[level]->state == MODULE_STATE__MODULE_ABSENT)
		return false;
	asked = m->module[level]->asked;
	lose_module(s->facts->host, asked);
	for (size_t i = 0; i < s->facts->n_tree_answers; i++)
		lose_module(s->facts->tree_answers[i]->host, asked);
	return true;
}

static bool
other_criu(struct snapshot *s, unsigned int level)
{
	for (size_t i = 0; i < s->facts->host->n_tool; i++) {
		Tool *t = s->facts->host->tool[i];

		if (!t->name || !streq(t->name, "criu"))
			continue;
		SET_FACT(t, state, level == 1 ? TOOL_STATE__TOOL_MISSING : TOOL_STATE__TOOL_RUNS);
		t->version = level == 1 ? NULL : WORDS(s, "Version: 4.%u", level);
		t->path = WORDS(s, "/opt/criu-%u/sbin/criu", level);
		return true;
	}
	return false;
}

static bool
lower_sysctl(struct snapshot *s, unsigned int level)
{
	static const char *const names[] = { "kernel/pid_max", "vm/max_map_count", "fs/nr_open" };
	Kernel *k = s->facts->host->kernel;

	for (size_t i = 0; i < k->n_sysctl; i++)
		if (streq(k->sysctl[i]->name, names[level % ARRAY_SIZE(names)])) {
			k->sysctl[i]->value = WORDS(s, "%u", 300 + level);
			return true;
		}
	return false;
}

static bool
other_lsm(struct snapshot *s, unsigned int level)
{
	static const char *const lists[] = { "lockdown,capability,yama,apparmor", "capability,selinux",
					     "capability,landlock,yama,apparmor,bpf" };
	Security *security = s->facts->host->security;

	if (!security)
		return false;
	security->lsm = WORDS(s, "%s", lists[level % ARRAY_SIZE(lists)]);
	SET_FACT(security, lsm_known, true);
	SET_FACT(security, apparmor, level % ARRAY_SIZE(lists) != 1);
	SET_FACT(security, selinux, level % ARRAY_SIZE(lists) == 1);
	SET_FACT(security, yama_ptrace_scope, level);
	return true;
}

static bool
is_library(const PathAnswer *a)
{
	return a->path && strstr(a->path, ".so") && a->kind == PATH_KIND__PATH_KIND_REGULAR;
}

/* Another version of a package: other contents, other sizes, other build-ids. */
static void
update_library(PathAnswer *a, unsigned int level)
{
	if (a->has_size)
		a->size += 64 * (uint64_t) level;
	if (a->has_sha256 && a->sha256.len)
		a->sha256.data[0] ^= (uint8_t) level;
	if (a->has_build_id && a->build_id.len)
		a->build_id.data[0] ^= (uint8_t) level;
	if (a->has_same_as_asked)
		a->same_as_asked = false;
}

static bool
other_system(struct snapshot *s, unsigned int level)
{
	static const char *const names[] = { "Debian GNU/Linux 13 (trixie)", "Ubuntu 24.04.3 LTS",
					     "Red Hat Enterprise Linux 9.6 (Plow)" };

	s->facts->host->os_release = WORDS(s, "%s, release %u", names[level % ARRAY_SIZE(names)], level);
	for (size_t i = 0; i < s->facts->n_tree_answers; i++)
		for (size_t k = 0; k < s->facts->tree_answers[i]->n_path_answer; k++)
			if (is_library(s->facts->tree_answers[i]->path_answer[k]))
				update_library(s->facts->tree_answers[i]->path_answer[k], level);
	return true;
}

static bool
pure_cgroup2(struct snapshot *s, unsigned int level)
{
	static const char *const available[] = { "cpuset cpu io memory hugetlb pids rdma misc", "cpu memory pids",
						 "cpu io memory pids" };
	Cgroups *c = s->facts->host->cgroups;
	CgroupHierarchy *only = needed(NEW_FACT(s->arena, CgroupHierarchy, cgroup_hierarchy));

	if (!c || level > ARRAY_SIZE(available))
		return false;
	SET_FACT(c, mode, CGROUP_MODE__CGROUP_MODE_V2);
	SET_FACT(only, id, 0);
	only->controllers = WORDS(s, "%s", "");
	only->mountpoint = WORDS(s, "/sys/fs/cgroup");
	only->root = WORDS(s, "/");
	SET_FACT(only, read_only, false);
	only->available = WORDS(s, "%s", available[level - 1]);
	c->n_hierarchy = 0;
	if (ADD_FACT(s->arena, c->hierarchy, c->n_hierarchy, only) < 0)
		errx(1, "out of memory");
	return true;
}

static bool (*const differences[])(struct snapshot *s, unsigned int level) = {
	other_kernel, older_cpu, other_system, lacks_module, other_criu, lower_sysctl, other_lsm, pure_cgroup2,
};

/*
 * Class 1 has level 1 of the first difference, and so on; from the second level on half of them
 * differ in two ways. Where a machine cannot differ in that way, its kernel is another.
 */
static void
set_apart(struct snapshot *s, size_t class)
{
	const size_t n = ARRAY_SIZE(differences);
	unsigned int level = class ? (unsigned int) (1 + (class - 1) / n) : 0;

	if (class == 0)
		return;
	if (!differences[(class - 1) % n](s, level))
		(void) other_kernel(s, 1000 + (unsigned int) class);
	else if (level > 1 && class % 2)
		(void) differences[class % n](s, level);
}

/* ---- what is a host's own --------------------------------------------------------------------- */

static void
name_devices(Net *net, size_t host)
{
	for (size_t i = 0; net && i < net->n_device; i++)
		for (size_t k = 0; k < net->device[i]->n_address; k++) {
			ProtobufCBinaryData *address = &net->device[i]->address[k]->address;

			if (address->len == 4 && address->data[0] != 127) {
				address->data[2] = (uint8_t) (host >> 8);
				address->data[3] = (uint8_t) host;
			}
		}
}

static void
number_files(PathAnswer **answer, size_t n, size_t host)
{
	for (size_t i = 0; i < n; i++)
		if (answer[i]->has_ino) {
			answer[i]->ino = 1000 + host * 97 + i;
			SET_FACT(answer[i], ctime_ns, (int64_t) (1700000000 + host * 60 + i) * 1000000000);
		}
}

static void
name_host(struct snapshot *s, size_t host)
{
	Host *h = s->facts->host;

	h->name = WORDS(s, "node%05zu", host);
	h->machine_id = WORDS(s, "%032zx", host + 1);
	h->boot_id = WORDS(s, "%08zx-0000-4000-8000-000000000000", host + 1);
	SET_FACT(h, uptime_ms, (int64_t) (1000000 + host * 977));
	if (h->memory)
		SET_FACT(h->memory, available_kb, 1000000 + host * 4);
	name_devices(h->net, host);
	number_files(s->facts->path_answer, s->facts->n_path_answer, host);
	for (size_t i = 0; i < s->facts->n_tree_answers; i++) {
		TreeAnswers *a = s->facts->tree_answers[i];

		number_files(a->path_answer, a->n_path_answer, host);
		if (a->host)
			name_devices(a->host->net, host);
	}
}

static void
write_host(const struct snapshot *s, const char *folder, size_t host)
{
	char path[4096];
	int fd;

	(void) snprintf(path, sizeof(path), "%s/node%05zu.mc", folder, host);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || stream_write(s, fd, NULL) < 0)
		err(1, "%s", path);
	(void) close(fd);
}

/* How many hosts each class has: one each, then half of what is left, a quarter, … */
static size_t
size_of(size_t class, size_t hosts, size_t classes)
{
	size_t left = hosts - classes;

	for (size_t i = 0; i < class; i++)
		left -= (left + 1) / 2;
	return 1 + (class + 1 == classes ? left : (left + 1) / 2);
}

static void
read_class(const char *const *profile, size_t n, size_t class, struct snapshot *answers, struct snapshot *ret)
{
	load(profile[0], answers);
	load(profile[class % n], ret);
	if (class % n) {
		ret->facts->n_tree_answers = answers->facts->n_tree_answers;
		ret->facts->tree_answers = answers->facts->tree_answers;
	}
	set_apart(ret, class);
}

int
main(int argc, char **argv)
{
	size_t hosts = argc > 4 ? strtoul(argv[2], NULL, 10) : 0, classes = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
	size_t host = 0;

	if (classes == 0 || hosts < classes)
		errx(2, "usage: pool-gen FOLDER HOSTS CLASSES PROFILE...");
	for (size_t class = 0; class < classes; class++) {
		struct snapshot s, answers;

		read_class((const char *const *) argv + 4, (size_t) argc - 4, class, &answers, &s);
		for (size_t n = size_of(class, hosts, classes); n > 0; n--) {
			name_host(&s, host);
			write_host(&s, argv[1], host);
			host++;
		}
		snapshot_free(&s);
		snapshot_free(&answers);
	}
	return 0;
}

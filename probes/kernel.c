/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel: its release and the configuration it was built with. The names are read from
 * /proc/sys/kernel, as uname(2) gives another machine to a process with the personality of one:
 *
 *     /proc/sys/kernel/ostype      Linux
 *     /proc/sys/kernel/osrelease   6.1.0-56-cloud-amd64
 *     /proc/sys/kernel/version     #1 SMP PREEMPT_DYNAMIC Debian 6.1.172-1
 *     /proc/sys/kernel/arch        x86_64                        (since Linux 6.1)
 *
 * Of a configuration of some ten thousand options those are kept that the tables here and in
 * modules.c name.
 */
#include "probes/kernel.h"
#include "probes/modules.h"
#include "probes/probes.h"

#include "kernel/config.h"
#include "kernel/gzip.h"

#include <errno.h>
#include <sys/utsname.h>

enum { MAX_LINE = 64 * 1024, MAX_CONFIG = 16 * 1024 * 1024 };

/* Options that tell what CRIU or a tree can do here, beside those of modules. */
static const char *const wanted[] = {
	"AIO", "AUDIT", "BPF_SYSCALL", "CFS_BANDWIDTH", "CGROUPS", "CGROUP_FREEZER",
	"CGROUP_PIDS", "CHECKPOINT_RESTORE", "CPUSETS", "CPUSETS_V1", "EPOLL", "EVENTFD",
	"FANOTIFY", "FHANDLE", "HUGETLB_PAGE", "IA32_EMULATION",
	"IA32_EMULATION_DEFAULT_DISABLED", "INOTIFY_USER", "IO_URING", "IPC_NS", "IPV6",
	"KCMP", "KSM", "LSM", "MEMBARRIER", "MEMCG", "MEMCG_V1", "MEMFD_CREATE",
	"MEM_SOFT_DIRTY", "MODULES", "MPTCP", "NAMESPACES", "NETFILTER", "NET_NS", "PID_NS",
	"POSIX_MQUEUE", "POSIX_TIMERS", "PROC_CHILDREN", "PROC_PAGE_MONITOR", "RSEQ",
	"RT_GROUP_SCHED", "SECCOMP_FILTER", "SECURITYFS", "SECURITY_APPARMOR",
	"SECURITY_SELINUX", "SIGNALFD", "SYSVIPC", "TIMERFD", "TIME_NS",
	"TRANSPARENT_HUGEPAGE", "USERFAULTFD", "USER_NS", "UTS_NS", "X86_USER_SHADOW_STACK",
	"X86_X32_ABI",
};

const char *
kernel_config(const Kernel *kernel, const char *name)
{
	if (!kernel || !kernel->config_source)
		return NULL;
	for (size_t i = 0; i < kernel->n_config; i++)
		if (streq(kernel->config[i]->name, name))
			return kernel->config[i]->value;
	return CONFIG_NOT_SET;
}

/* All names that are kept, sorted: a configuration is long, and each of its lines is looked up. */
struct names {
	struct slice name[512];
	size_t n;
};

static int
name_compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int r = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return r ? r : (x->n > y->n) - (x->n < y->n);
}

static void
names_fill(struct names *names)
{
	const char *option;

	names->n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		names->name[names->n++] = slice_of(wanted[i]);
	for (size_t i = 0; names->n < ARRAY_SIZE(names->name); i++) {
		option = modules_config_option(i);
		if (!option)
			break;
		names->name[names->n++] = slice_of(option);
	}
	qsort(names->name, names->n, sizeof(*names->name), name_compare);
}

static int
line_read(struct probe_context *c, const char *path, char **ret)
{
	struct slice text, line;
	int r = root_read(c->root, path, c->text, MAX_LINE);

	if (r < 0)
		return r;
	text = buffer_slice(c->text);
	if (!slice_line(&text, &line))
		return -ENODATA;
	*ret = arena_strndup(c->snapshot->arena, line.p, line.n);
	return *ret ? 0 : -ENOMEM;
}

static int
names_read(struct probe_context *c, Kernel *k)
{
	const struct {
		const char *path;
		char **field;
	} names[] = {
		{ "/proc/sys/kernel/ostype", &k->sysname },
		{ "/proc/sys/kernel/osrelease", &k->release },
		{ "/proc/sys/kernel/version", &k->version },
		{ "/proc/cmdline", &k->cmdline },
	};
	struct utsname uts;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		r = line_read(c, names[i].path, names[i].field);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			gap_note(c->gaps, DOMAIN__DOMAIN_KERNEL, "kernel", 0, r, NULL, "%s",
				 names[i].path);
	}
	r = line_read(c, "/proc/sys/kernel/arch", &k->machine);
	if (r < 0 && r != -ENOMEM && !c->root->recorded && uname(&uts) == 0) {
		k->machine = arena_strdup(c->snapshot->arena, uts.machine);
		r = k->machine ? 0 : -ENOMEM;
	}
	return r == -ENOMEM ? r : 0;
}

static int
config_keep(struct probe_context *c, Kernel *k, struct slice text)
{
	struct arena *arena = c->snapshot->arena;
	struct slice name, value;
	struct names names;

	names_fill(&names);
	while (config_next(&text, &name, &value)) {
		Setting *s;

		if (!bsearch(&name, names.name, names.n, sizeof(name), name_compare))
			continue;
		s = NEW_FACT(arena, Setting, setting);
		if (!s)
			return -ENOMEM;
		s->name = arena_strndup(arena, name.p, name.n);
		s->value = arena_strndup(arena, value.p, value.n);
		if (!s->name || !s->value || ADD_FACT(arena, k->config, k->n_config, s) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Reads a configuration into `text`; 0 or -errno. */
static int
config_read(struct probe_context *c, const char *path, struct buffer *text)
{
	struct slice name = slice_of(path);
	int r = root_read(c->root, path, c->text, MAX_CONFIG);

	if (r < 0)
		return r;
	if (slice_ends(name, ".gz"))
		return gzip_expand(buffer_slice(c->text), MAX_CONFIG, text);
	text->n = 0;
	return buffer_add(text, c->text->p, c->text->n);
}

static int
config_find(struct probe_context *c, Kernel *k)
{
	static const struct {
		const char *before, *after;	/* the release */
	} places[] = {
		{ "/boot/config-", "" },
		{ "/lib/modules/", "/config" },
		{ "/usr/lib/modules/", "/config" },
	};
	_cleanup_buffer_ struct buffer text = {};
	char *path = arena_strdup(c->snapshot->arena, "/proc/config.gz");
	int r = path ? config_read(c, path, &text) : -ENOMEM;

	for (size_t i = 0; r < 0 && r != -ENOMEM && k->release && i < ARRAY_SIZE(places); i++) {
		path = arena_printf(c->snapshot->arena, "%s%s%s", places[i].before, k->release,
				    places[i].after);
		r = path ? config_read(c, path, &text) : -ENOMEM;
	}
	if (r < 0)
		return r;
	k->config_source = path;
	return config_keep(c, k, buffer_slice(&text));
}

int
kernel_ask(struct probe_context *c)
{
	Kernel *k = NEW_FACT(c->snapshot->arena, Kernel, kernel);
	int r;

	if (!k)
		return -ENOMEM;
	c->host->kernel = k;
	r = names_read(c, k);
	if (r < 0)
		return r;
	/* Without a configuration less is known, and what then needs it says so. */
	return config_find(c, k) == -ENOMEM ? -ENOMEM : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules: whether the code behind a name or an alias is there, or would be when asked for.
 * libkmod (this is the only file that includes it) reads the index that depmod(8) made; what
 * it cannot say is never taken for "missing":
 *
 *   - Without modules.dep.bin every look-up of libkmod succeeds with an empty list, even for
 *     what is built in. So that file is looked for first, and without it the kernel's own
 *     configuration, /proc/modules and /proc/filesystems are all there is.
 *   - kmod_module_get_initstate() reads /sys/module of the machine it runs on, whatever folder
 *     it was given, and calls what is built in "coming". Only its BUILTIN is believed, which
 *     comes from the index; loaded is what /proc/modules lists.
 *   - /sys/module has built-in code only where that has parameters: its absence proves nothing.
 *
 * /proc/modules:  nf_tables 311296 17 nft_ct,nft_counter, Live 0xffffffffc0a3d000
 */
#include "probes/modules.h"
#include "probes/kernel.h"
#include "probes/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>

enum { MAX_NAME = 64, MAX_INSTALL = 256 };

/* What is read once, and used for each module. */
struct answering {
	struct probe_context *c;
	Modules *modules;
	struct kmod_ctx *kmod;		/* NULL: there is no index */
	char kmod_folder[sizeof("/proc/self/fd/") + 11];
	struct buffer loaded;		/* /proc/modules */
	struct buffer filesystems;	/* /proc/filesystems */
};

static void
quiet(void *data, int priority, const char *file, int line, const char *function,
      const char *format, va_list args)
{
	(void) data, (void) priority, (void) file, (void) line, (void) function;
	(void) format, (void) args;
}

static bool
is_loaded(const struct answering *a, const char *name)
{
	struct slice text = buffer_slice(&a->loaded), line, word;

	while (slice_line(&text, &line))
		if (slice_word(&line, &word) && slice_eq(word, name))
			return true;
	return false;
}

/* "nodev	overlay" or "	ext4" */
static bool
is_registered(const struct answering *a, const char *type)
{
	struct slice text = buffer_slice(&a->filesystems), line, mark;

	while (slice_line(&text, &line))
		if (slice_field(&line, '\t', &mark) && slice_eq(line, type))
			return true;
	return false;
}

static int
conclude(struct answering *a, Module *m, ModuleState state, const char *seen)
{
	SET_FACT(m, state, state);
	m->seen = arena_strdup(a->c->snapshot->arena, seen);
	return m->seen ? 0 : -ENOMEM;
}

static int
conclude_config(struct answering *a, Module *m, ModuleState state, const char *option)
{
	SET_FACT(m, state, state);
	m->seen = arena_printf(a->c->snapshot->arena, "CONFIG_%s in %s", option,
			       a->c->host->kernel->config_source);
	return m->seen ? 0 : -ENOMEM;
}

/* "install tipc /bin/false" in modprobe.d is how administrators forbid a module. */
static bool
is_forbidden(struct kmod_module *module)
{
	const char *command = kmod_module_get_install_commands(module);

	return command && (strstr(command, "/bin/false") || strstr(command, "/bin/true"));
}

/* A file that the index names; where the machine is a live one it must be there too. */
static int
path_note(struct answering *a, Module *m, const char *path)
{
	struct slice below = slice_of(path);
	_cleanup_close_ int fd = -1;

	(void) slice_cut(&below, a->kmod_folder);
	m->path = arena_printf(a->c->snapshot->arena, "%s%.*s", a->modules->folder,
			       (int) below.n, below.p);
	if (!m->path)
		return -ENOMEM;
	if (a->c->root->recorded)
		return 0;
	fd = root_openat(a->c->root, m->path, O_PATH);
	return fd < 0 ? fd : 0;
}

/* What the index says of one module that an alias led to. */
static int
found_note(struct answering *a, Module *m, struct kmod_module *module)
{
	const char *path = kmod_module_get_path(module);
	int r;

	m->name = arena_strdup(a->c->snapshot->arena, kmod_module_get_name(module));
	if (!m->name)
		return -ENOMEM;
	if (kmod_module_get_initstate(module) == KMOD_MODULE_BUILTIN)
		return conclude(a, m, MODULE_STATE__MODULE_BUILTIN, "modules.builtin");
	if (is_loaded(a, m->name))
		return conclude(a, m, MODULE_STATE__MODULE_LOADED, "/proc/modules");
	if (!path)
		return conclude(a, m, MODULE_STATE__MODULE_CANNOT_TELL, "modules.dep");
	r = path_note(a, m, path);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return conclude(a, m, MODULE_STATE__MODULE_ABSENT,
				"modules.dep names a file that is not there");
	if (a->modules->loading_disabled)
		return conclude(a, m, MODULE_STATE__MODULE_ABSENT,
				"/proc/sys/kernel/modules_disabled");
	if (is_forbidden(module))
		return conclude(a, m, MODULE_STATE__MODULE_ABSENT, "an install line of modprobe.d");
	return conclude(a, m, MODULE_STATE__MODULE_LOADABLE, "modules.dep");
}

/* 1: concluded, 0: the index does not know the name, -errno. */
static int
index_ask(struct answering *a, Module *m, const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_module *module;
	int r;

	if (!a->kmod || !name)
		return 0;
	r = kmod_module_new_from_lookup(a->kmod, name, &list);
	if (r < 0 || !list)
		return 0;
	module = kmod_module_get_module(list);
	r = found_note(a, m, module);
	(void) kmod_module_unref(module);
	(void) kmod_module_unref_list(list);
	return r < 0 ? r : 1;
}

/* What can be seen without an index: 1 there, 0 not there now, -1 nothing to look at. */
static int
evidence_look(const struct answering *a, const char *asked, const char *evidence)
{
	_cleanup_close_ int fd = -1;
	struct slice type = slice_of(asked);

	if (slice_cut(&type, "fs-"))
		return a->filesystems.n == 0 ? -1 : is_registered(a, type.p);
	if (!evidence)
		return -1;
	fd = root_openat(a->c->root, evidence, O_PATH);
	if (fd >= 0)
		return 1;
	return fd == -ENOENT ? 0 : -1;
}

static int
module_answer(struct answering *a, Module *m)
{
	struct module_known known = module_known_of(m->asked);
	const char *option = known.option ? kernel_config(a->c->host->kernel, known.option) : NULL;
	const char *where = known.evidence ? known.evidence : "/proc/filesystems";
	int there, r;

	if (option && streq(option, "y"))
		return conclude_config(a, m, MODULE_STATE__MODULE_BUILTIN, known.option);
	if (known.name && is_loaded(a, known.name))
		return conclude(a, m, MODULE_STATE__MODULE_LOADED, "/proc/modules");
	r = index_ask(a, m, m->asked);
	if (r == 0)
		r = index_ask(a, m, known.name);
	if (r != 0)
		return r < 0 ? r : 0;
	there = evidence_look(a, m->asked, known.evidence);
	if (there == 1)
		return conclude(a, m, MODULE_STATE__MODULE_LOADED, where);
	/*
	 * Nothing can be loaded any more, or there is no module that it could come from (UDP-Lite was a
	 * part of IP until it was removed): what is not there now will not come.
	 */
	if (there == 0 && (a->modules->loading_disabled || (known.evidence && !known.name && !known.option)))
		return conclude(a, m, MODULE_STATE__MODULE_ABSENT, where);
	if (option && streq(option, "n"))
		return conclude_config(a, m, MODULE_STATE__MODULE_ABSENT, known.option);
	if (a->kmod && (known.name || slice_starts(slice_of(m->asked), "fs-")))
		return conclude(a, m, MODULE_STATE__MODULE_ABSENT, "modules.dep");
	return conclude(a, m, MODULE_STATE__MODULE_CANNOT_TELL, "no module index");
}

/* Opens the index of the running release, when there is one. 0 or -ENOMEM. */
static int
index_open(struct answering *a, int *ret_fd)
{
	struct probe_context *c = a->c;
	const char *release = c->host->kernel ? c->host->kernel->release : NULL;
	static const char *const no_config[] = { NULL };
	_cleanup_close_ int fd = -1, index = -1;

	if (!release)
		return 0;
	a->modules->folder = arena_printf(c->snapshot->arena, "/lib/modules/%s", release);
	if (!a->modules->folder)
		return -ENOMEM;
	fd = root_openat(c->root, a->modules->folder, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return 0;
	index = openat(fd, "modules.dep.bin", O_RDONLY | O_CLOEXEC);
	if (index < 0)
		return 0;
	/* Our own descriptor's link: libkmod takes a path, and knows nothing of roots. */
	(void) snprintf(a->kmod_folder, sizeof(a->kmod_folder), "/proc/self/fd/%d", fd);
	a->kmod = kmod_new(a->kmod_folder, c->root->recorded ? no_config : NULL);
	if (!a->kmod)
		return -ENOMEM;
	kmod_set_log_fn(a->kmod, quiet, NULL);
	if (kmod_load_resources(a->kmod) < 0)
		a->kmod = kmod_unref(a->kmod);
	else
		*ret_fd = steal_fd(&fd);
	return 0;
}

/* A kernel without modules has no /proc/modules; one that was told to load no more says 1. */
static bool
is_loading_disabled(struct probe_context *c, bool has_proc_modules)
{
	const char *option = kernel_config(c->host->kernel, "MODULES");

	if (option && streq(option, "n"))
		return true;
	if (root_read(c->root, "/proc/sys/kernel/modules_disabled", c->text, MAX_NAME) == 0)
		return slice_starts(buffer_slice(c->text), "1");
	return !has_proc_modules;
}

static int
modules_answer(struct answering *a, const struct module_list *list)
{
	struct arena *arena = a->c->snapshot->arena;
	int r;

	for (size_t i = 0; i < list->n; i++) {
		Module *m = NEW_FACT(arena, Module, module);

		if (!m)
			return -ENOMEM;
		m->asked = arena_strdup(arena, list->name[i]);
		if (!m->asked)
			return -ENOMEM;
		r = module_answer(a, m);
		if (r < 0)
			return r;
		r = ADD_FACT(arena, a->modules->module, a->modules->n_module, m);
		if (r < 0)
			return r;
	}
	return 0;
}

static void
answering_end(struct answering *a)
{
	if (a->kmod)
		(void) kmod_unref(a->kmod);
	buffer_free(&a->loaded);
	buffer_free(&a->filesystems);
}

int
modules_ask(struct probe_context *c)
{
	/* Nobody in particular asks: a profile is to serve whoever will. */
	const Snapshot *tree = c->source ? c->source : c->source_side ? c->snapshot->facts : NULL;
	cleanup(answering_end) struct answering a = { .c = c };
	_cleanup_close_ int folder = -1;
	struct module_list list;
	bool has_proc_modules;
	int r;

	a.modules = NEW_FACT(c->snapshot->arena, Modules, modules);
	if (!a.modules)
		return -ENOMEM;
	c->host->modules = a.modules;
	has_proc_modules = root_read(c->root, "/proc/modules", &a.loaded, MAX_PROC_FILE) == 0;
	(void) root_read(c->root, "/proc/filesystems", &a.filesystems, MAX_PROC_FILE);
	SET_FACT(a.modules, loading_disabled, is_loading_disabled(c, has_proc_modules));
	r = index_open(&a, &folder);
	if (r < 0)
		return r;
	SET_FACT(a.modules, index_usable, a.kmod != NULL);
	r = modules_wanted(tree, c->snapshot->arena, &list);
	return r < 0 ? r : modules_answer(&a, &list);
}

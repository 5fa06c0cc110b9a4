/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this kernel knows the options with which file systems of the tree are mounted. It is asked
 * with fsopen(2) and fsconfig(2), which read an option and make nothing of it: without
 * FSCONFIG_CMD_CREATE there is no file system, and closing the descriptor forgets it all.
 *
 *     tmpfs    noswap            EINVAL    (known since Linux 6.4)
 *     cgroup2  nsdelegate        0
 *
 * No module is loaded: only types that the kernel has already are opened. Options that name a path are
 * left out, for a file system may look after it. A type whose code is older than these calls takes any
 * word here: of it nothing is learned.
 */
#include "base/cleanup.h"
#include "probes/brought.h"
#include "probes/mounts-remade.h"
#include "probes/probes.h"

#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_OPTION = 256, MAX_ANSWERS = 256 };

/* Those that criu mounts with their options and that belong to no device. */
static const char *const types[] = { "tmpfs", "devpts", "proc", "mqueue", "overlay", "cgroup2" };

static bool
is_asked(const struct probe_context *c, const char *type)
{
	const Filesystems *f = c->host->filesystems;
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		known |= streq(types[i], type);
	for (size_t i = 0; known && f && i < f->n_registered; i++)
		if (streq(f->registered[i], type))
			return true;
	return false;
}

static bool
is_answered(const Snapshot *s, const char *type, struct slice option)
{
	for (size_t i = 0; i < s->n_mount_option_answer; i++)
		if (streq(s->mount_option_answer[i]->fs_type, type) &&
		    slice_eq(option, s->mount_option_answer[i]->option))
			return true;
	return false;
}

/* 0: it is taken; -errno: it is not; a positive errno: nobody may ask. */
static int
ask(const char *type, const char *option)
{
	_cleanup_close_ int fd = (int) syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	char key[MAX_OPTION + 1];
	char *value;

	if (fd < 0)
		return errno;
	(void) snprintf(key, sizeof(key), "%s", option);
	value = strchr(key, '=');
	if (value)
		*value++ = '\0';
	if (syscall(SYS_fsconfig, fd, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0)
		return -errno;
	return 0;
}

static int
tell(struct probe_context *c, const char *type, struct slice option)
{
	struct arena *arena = c->snapshot->arena;
	MountOptionAnswer *a = NEW_FACT(arena, MountOptionAnswer, mount_option_answer);
	int r;

	if (!a)
		return -ENOMEM;
	a->fs_type = arena_strdup(arena, type);
	a->option = arena_strndup(arena, option.p, option.n);
	if (!a->fs_type || !a->option)
		return -ENOMEM;
	r = ask(type, a->option);
	if (r > 0)
		gap_note(c->gaps, DOMAIN__DOMAIN_FILESYSTEMS, "mount-options", 0, -r,
			 r == EPERM ? "run as root" : NULL, "fsopen(2) of %s", type);
	else
		SET_FACT(a, error, -r);
	return ADD_FACT(arena, c->snapshot->facts->mount_option_answer,
			c->snapshot->facts->n_mount_option_answer, a);
}

static int
ask_of(struct probe_context *c, const Mount *m)
{
	struct slice rest = slice_of(m->super_options ? m->super_options : ""), option;
	int r = 0;

	while (r == 0 && mount_option_next(&rest, &option)) {
		if (option.n > MAX_OPTION || memchr(option.p, '/', option.n) || memchr(option.p, '\\', option.n) ||
		    is_answered(c->snapshot->facts, m->fs_type, option))
			continue;
		if (c->snapshot->facts->n_mount_option_answer >= MAX_ANSWERS)
			return -E2BIG;
		r = tell(c, m->fs_type, option);
	}
	return r;
}

int
mount_options_ask(struct probe_context *c)
{
	int r = 0;

	/* In a user namespace other rules hold for what an option may say. */
	if (!c->source || brought_along(c->source, NAMESPACE_KIND__NS_USER))
		return 0;
	for (size_t i = 0; r == 0 && i < c->source->n_mount; i++) {
		const Mount *m = c->source->mount[i];

		if (m->fs_type && m->root && streq(m->root, "/") && is_asked(c, m->fs_type) &&
		    mounts_are_remade(c->source, m->mnt_ns))
			r = ask_of(c, m);
	}
	return r;
}

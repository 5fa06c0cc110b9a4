/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of mounts: those file systems of the tree's own mount namespaces that are made from
 * nothing are mounted in a private mount namespace, with the recorded options, and unmounted again.
 *
 *     33 28 0:30 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw,size=65536k,mode=1777,huge=advise
 *
 * Only types whose instance belongs to the worker's own namespaces: what is one for the whole
 * machine (debugfs, cgroup) would take the options over. No option that names a path is passed on.
 */
#include "probes/rehearse.h"

#include "base/text.h"
#include "probes/brought.h"
#include "probes/mounts-remade.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

enum { MAX_OPTIONS = 1024 };

static const char *const types[] = { "tmpfs", "ramfs", "proc", "devpts", "mqueue", "bpf" };

static bool
is_tried(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], type))
			return true;
	return false;
}

/* What mount(2) takes as data: without what the kernel only shows. */
static int
data_of(const char *options, char ret[MAX_OPTIONS])
{
	struct slice rest = slice_of(options ? options : ""), option;
	size_t used = 0;

	ret[0] = '\0';
	while (mount_option_next(&rest, &option)) {
		if (slice_eq(option, "seclabel"))
			continue;
		if (memchr(option.p, '/', option.n))
			return -ENOTSUP;
		if (used + option.n + 2 > MAX_OPTIONS)
			return -E2BIG;
		used += (size_t) snprintf(ret + used, MAX_OPTIONS - used, "%s%.*s", used ? "," : "",
					  (int) option.n, option.p);
	}
	return 0;
}

static int
add(struct rehearsal *h, const Mount *m)
{
	char data[MAX_OPTIONS];
	struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_MOUNT,
		.detail = "mount(2) with the recorded options",
		.what = m,
	};

	if (!m->fs_type || !m->mountpoint || !m->root || !streq(m->root, "/") || !is_tried(m->fs_type) ||
	    !mounts_are_remade(h->c->source, m->mnt_ns) || data_of(m->super_options, data) < 0)
		return 0;
	t.text = arena_strdup(h->c->snapshot->arena, data);
	return t.text ? rehearsal_add(h, &t, "%s at %s", m->fs_type, m->mountpoint) : -ENOMEM;
}

static int
plan(struct rehearsal *h)
{
	int r = 0;

	/* In a user namespace other rules hold, which are not ours here. */
	if (brought_along(h->c->source, NAMESPACE_KIND__NS_USER))
		return 0;
	for (size_t i = 0; r == 0 && i < h->c->source->n_mount; i++)
		r = add(h, h->c->source->mount[i]);
	return r;
}

/* What is unmounted elsewhere goes here too, and nothing of ours goes elsewhere. */
static int
prepare(struct rehearsal *h)
{
	(void) h;
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? -errno : 0;
}

/* Over /proc, which is there on every machine, and which nobody else sees. */
static int
attempt(struct rehearsal *h, const struct trial *t)
{
	const Mount *m = t->what;

	(void) h;
	if (mount("migcheck", "/proc", m->fs_type, MS_NOSUID | MS_NODEV | MS_NOEXEC, t->text) < 0)
		return -errno;
	return umount2("/proc", MNT_DETACH) < 0 ? errno : 0;
}

const struct rehearsal_subject rehearse_mounts = {
	.name = "mounts",
	.namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC,
	.plan = plan,
	.prepare = prepare,
	.attempt = attempt,
};

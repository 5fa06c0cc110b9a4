/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal of mounts: file systems of the tree's own mount namespaces are mounted in a private mount
 * namespace, and unmounted again. From nothing, with the recorded options,
 *
 *     33 28 0:30 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw,size=65536k,mode=1777,huge=advise
 *
 * only types whose instance belongs to the worker's own namespaces: what is one for the whole machine
 * (debugfs, cgroup) would take the options over. An overlay is mounted of its lower layers alone, to be
 * read: in an upper one the kernel would make folders. And the folder that will be the root is bound.
 */
#include "probes/rehearse.h"

#include "base/text.h"
#include "probes/brought.h"
#include "probes/mounts-remade.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { MAX_OPTIONS = 4096 };

enum how { FROM_NOTHING, LAYERS, BIND };

static const char *const types[] = { "tmpfs", "ramfs", "proc", "devpts", "mqueue", "bpf" };

static bool
is_tried(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], type))
			return true;
	return false;
}

/* An empty folder of the worker's own beside the layers: one layer alone is no overlay. */
#define EMPTY "/proc/empty"
#define PLACE "/proc/place"

static int
append(char text[MAX_OPTIONS], size_t *used, struct slice option)
{
	if (*used + option.n + 2 > MAX_OPTIONS)
		return -E2BIG;
	*used += (size_t) snprintf(text + *used, MAX_OPTIONS - *used, "%s%.*s", *used ? "," : "", (int) option.n,
				   option.p);
	return 0;
}

/* What mount(2) takes as data: without what the kernel only shows. No path is passed on. */
static int
data_of(const char *options, char ret[MAX_OPTIONS])
{
	struct slice rest = slice_of(options ? options : ""), option;
	size_t used = 0;
	int r = 0;

	ret[0] = '\0';
	while (r == 0 && mount_option_next(&rest, &option)) {
		if (slice_eq(option, "seclabel"))
			continue;
		r = memchr(option.p, '/', option.n) ? -ENOTSUP : append(ret, &used, option);
	}
	return r;
}

/* Of an overlay: the lower layers, and those options that do not concern an upper one. */
static int
layers_of(const char *options, char ret[MAX_OPTIONS])
{
	static const char *const taken[] = { "redirect_dir=", "metacopy=", "xino=", "userxattr" };
	struct slice rest = slice_of(options ? options : ""), option;
	size_t used = 0;
	bool lower = false;
	int r = 0;

	ret[0] = '\0';
	while (r == 0 && mount_option_next(&rest, &option)) {
		if (memchr(option.p, '\\', option.n))
			return -ENOTSUP;
		if (slice_starts(option, "lowerdir=")) {
			lower = true;
			r = append(ret, &used, option);
			if (r == 0 && used + sizeof(":" EMPTY) > MAX_OPTIONS)
				r = -E2BIG;
			if (r == 0)
				used += (size_t) snprintf(ret + used, MAX_OPTIONS - used, ":%s", EMPTY);
		}
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(taken); i++)
			if (slice_starts(option, taken[i]))
				r = append(ret, &used, option);
	}
	return r == 0 && !lower ? -ENOTSUP : r;
}

/* To mount another would load its module. */
static bool
is_registered(const struct rehearsal *h, const char *type)
{
	const Filesystems *f = h->c->host->filesystems;

	for (size_t i = 0; f && i < f->n_registered; i++)
		if (streq(f->registered[i], type))
			return true;
	return false;
}

static int
add_root(struct rehearsal *h, const Mount *m)
{
	const char *folder = h->c->options->tree_root ? h->c->options->tree_root : "/";
	const struct trial t = {
		.subject = TRIAL_SUBJECT__TRIAL_MOUNT,
		.detail = "mount(2) with MS_BIND and MS_REC",
		.what = m,
		.number = BIND,
		.text = folder,
	};

	return rehearsal_add(h, &t, "root folder %s", folder);
}

static int
add(struct rehearsal *h, const Mount *m)
{
	char data[MAX_OPTIONS];
	struct trial t = { .subject = TRIAL_SUBJECT__TRIAL_MOUNT, .what = m };
	bool overlay;

	if (!m->fs_type || !m->mountpoint || !m->root || !mounts_are_remade(h->c->source, m->mnt_ns))
		return 0;
	if (streq(m->mountpoint, "/"))
		return add_root(h, m);
	overlay = streq(m->fs_type, "overlay");
	if (!streq(m->root, "/") || !(overlay || is_tried(m->fs_type)) || !is_registered(h, m->fs_type) ||
	    (overlay ? layers_of : data_of)(m->super_options, data) < 0)
		return 0;
	t.number = overlay ? LAYERS : FROM_NOTHING;
	t.detail = overlay ? "mount(2) of its lower layers" : "mount(2) with the recorded options";
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

static int
mount_layers(const char *data)
{
	int r;

	if (mount("migcheck", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k") < 0)
		return errno;
	if (mkdir(EMPTY, 0755) < 0 || mkdir(PLACE, 0755) < 0)
		r = errno;
	else
		r = mount("migcheck", PLACE, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, data) < 0 ? -errno : 0;
	return umount2("/proc", MNT_DETACH) < 0 ? errno : r;
}

/* Over /proc, which is there on every machine, and which nobody else sees. */
static int
attempt(struct rehearsal *h, const struct trial *t)
{
	const Mount *m = t->what;
	bool bind = t->number == BIND;

	(void) h;
	if (t->number == LAYERS)
		return mount_layers(t->text);
	if (mount(bind ? t->text : "migcheck", "/proc", bind ? NULL : m->fs_type,
		  bind ? MS_BIND | MS_REC : MS_NOSUID | MS_NODEV | MS_NOEXEC, bind ? NULL : t->text) < 0)
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

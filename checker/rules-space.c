/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for the images, on both hosts. They are about as large as the memory of the tree and its unlinked
 * files. Where they will be written only --images-dir tells; without it no more can be said than that
 * there is no place at all with so much room.
 *
 *     needs 3.1 GiB      the most that is free on one file system: 812 MiB, on /var
 */
#include "checker/mounts.h"
#include "checker/options.h"
#include "checker/rulesets.h"
#include "checker/totals.h"
#include "checker/values.h"

#include "base/cleanup.h"
#include "base/text.h"

/* Page cache of a file that has no name any more goes into the images as well. */
static uint64_t
images_size(const struct judge *j)
{
	struct totals t = totals_of(j);
	uint64_t bytes = (t.anonymous_kb + t.shared_kb) * 1024;

	for (size_t i = 0; i < j->source->n_file; i++) {
		const File *f = j->source->file[i];

		if (f->has_nlink && f->nlink == 0 && f->has_blocks)
			bytes += f->blocks * 512;
	}
	return bytes;
}

/* On a server or another machine: how much is free there nobody was asked. */
static bool
is_elsewhere(const char *type)
{
	static const char *const types[] = { "nfs", "cifs", "smb", "ceph", "fuse", "9p", "virtiofs", "gpfs", "lustre",
					     "ocfs2", "gfs2", "glusterfs" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (slice_starts(slice_of(type), types[i]))
			return true;
	return false;
}

static const Mount *
roomiest(const Host *h, bool *ret_all)
{
	const Mount *best = NULL;

	*ret_all = true;
	for (size_t i = 0; i < h->filesystems->n_mount; i++) {
		const Mount *m = h->filesystems->mount[i];

		if (m->fs_type && is_elsewhere(m->fs_type))
			*ret_all = false;
		if (m->has_free_bytes && (!best || m->free_bytes > best->free_bytes))
			best = m;
	}
	return best;
}

static bool
go_elsewhere(const struct given_options *g)
{
	return options_last(g, "page-server") || options_last(g, "stream") || options_last(g, "lazy-pages");
}

static enum judgement
images_fit(struct judge *j, const Host *h, bool there)
{
	const struct given_option *folder = options_last(j->options->criu_options, "images-dir");
	bool named = folder && folder->value && folder->value[0] == '/', all = true;
	uint64_t need = images_size(j);
	const char *from = there ? "there" : "here", *values[2] = { NULL, NULL };
	const Mount *m;
	struct finding *f;

	if (!h || !h->filesystems || go_elsewhere(j->options->criu_options))
		return NOT_ABOUT;
	m = named ? mount_holding(h, folder->value) : roomiest(h, &all);
	if (!m || !m->has_free_bytes || (!all && m->free_bytes < need))
		return NOT_ABOUT;
	if (need <= m->free_bytes)
		return FINE;
	values[there] = judge_text(j, "%s free on %s", value_bytes(j, m->free_bytes), m->mountpoint);
	f = judge_find(j, named ? folder->value : "the images", values[0], values[1]);
	f->detail = judge_text(j, "They take about %s; %s.", value_bytes(j, need),
			       named ? "that is the file system of the folder given to criu" :
				       judge_text(j, "no file system %s has more room", from));
	if (!named)
		f->severity = SEVERITY_WARNING;
	return FINDING;
}

static enum judgement
image_space(struct judge *j, const struct subject *s)
{
	(void) s;
	return images_fit(j, j->source->host, false);
}

static enum judgement
disk_space(struct judge *j, const struct subject *s)
{
	(void) s;
	return index_same_host(j->source, j->destination) ? NOT_ABOUT : images_fit(j, j->destination->host, true);
}

#define PASSES .lifetime = LIFETIME_TRANSIENT, .lifetime_why = "Disks fill and are emptied again."

static const struct rule rules[] = {
	{
		.id = "src-image-space",
		.title = "there is no room for the images where the tree is dumped",
		.why = "CRIU writes the memory of all tasks into its images, and gives up where the disk is full.",
		.remedy = "free space, write them elsewhere (--images-dir), or send the memory to the other host at "
			  "once (--page-server)",
		.criu_says = "No space left on device",
		.stage = STAGE_DUMP,
		PASSES,
		.about = ABOUT_TREE,
		.check = image_space,
	},
	{
		.id = "disk-space",
		.title = "there is no room for the images on the destination",
		.why = "The images are copied there before the restore.",
		.remedy = "free space there, or leave them on storage that both hosts have",
		.stage = STAGE_RESTORE,
		PASSES,
		.of_the_moment = MOMENT_ONLY,
		.about = ABOUT_HOST,
		.check = disk_space,
	},
};

const struct ruleset rules_space = { .name = "space", .rules = rules, .n = ARRAY_SIZE(rules) };

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same server's export, by what both ends mounted:
 *
 *     nfs4   filer:/home             cifs  //filer/share
 *     ceph   10.0.0.1,10.0.0.2:/     lustre  mgs@tcp:/scratch
 *
 * Where it is the same, a file of the same inode, size and times is the same file and need not be
 * read. Other names of one server only cost the reading. A device name says nothing: the disk behind
 * /dev/drbd0 may be another one here, and a replica has to be compared; nor does a server that
 * is the host itself.
 */
#include "probes/shared-storage.h"

#include "base/cleanup.h"
#include "base/text.h"

static bool
is_of_server(const char *type)
{
	static const char *const types[] = { "nfs", "nfs4", "ceph", "cifs", "smb3", "lustre", "fuse.glusterfs" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i], type))
			return true;
	return false;
}

/* "localhost:/srv", "//127.0.0.1/srv": to each host its own. */
static bool
names_a_server(const char *name)
{
	static const char *const own[] = { "localhost", "127.", "[::1]", "::1" };
	struct slice server = slice_of(name);

	(void) slice_cut(&server, "//");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (slice_starts(server, own[i]))
			return false;
	return name[0] == '/' ? name[1] == '/' : strchr(name, ':') != NULL;
}

bool
storage_is_shared(const Snapshot *source, const File *f, const Mount *there)
{
	if (!there || !there->fs_type || !there->source || !is_of_server(there->fs_type) ||
	    !names_a_server(there->source) || !f->has_mnt_id)
		return false;
	for (size_t i = 0; i < source->n_mount; i++) {
		const Mount *here = source->mount[i];

		if (here->id == f->mnt_id && here->mnt_ns == f->mnt_ns)
			return here->fs_type && here->source && streq(here->fs_type, there->fs_type) &&
			       streq(here->source, there->source);
	}
	return false;
}

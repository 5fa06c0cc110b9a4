/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts that criu makes anew. Of the options that mountinfo shows behind the source,
 *
 *     33 28 0:30 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw,size=65536k,mode=1777,huge=advise
 *
 * "rw" and its like are flags of mount(2), the others its data.
 */
#include "probes/mounts-remade.h"

bool
mounts_are_remade(const Snapshot *s, uint64_t mnt_ns)
{
	for (size_t i = 0; i < s->n_ns; i++)
		if (s->ns[i]->kind == NAMESPACE_KIND__NS_MNT && s->ns[i]->ino == mnt_ns)
			return !s->ns[i]->of_criu;
	return false;
}

static bool
is_flag(struct slice option)
{
	static const char *const flags[] = { "rw", "ro", "sync", "dirsync", "mand", "lazytime" };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (slice_eq(option, flags[i]))
			return true;
	return false;
}

bool
mount_option_next(struct slice *rest, struct slice *ret)
{
	while (slice_field(rest, ',', ret))
		if (ret->n > 0 && !is_flag(*ret))
			return true;
	return false;
}

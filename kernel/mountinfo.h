/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount table of a mount namespace, /proc/PID/mountinfo: proc_pid_mountinfo(5).
 */
#pragma once

#include "base/arena.h"
#include "base/text.h"
#include "facts/snapshot.h"

/*
 * Appends the mounts of `text` to (*mount, *n), in order, as those of mount namespace `mnt_ns`.
 * Every line that can be understood is kept; 0, or -EBADMSG when a line could not, or -ENOMEM.
 */
int mountinfo_parse(struct slice text, struct arena *arena, uint64_t mnt_ns, Mount ***mount,
		    size_t *n);

/* Is `option` one of the comma-separated words of Mount.options or .super_options (NULL: no)? */
bool mount_has_option(const char *options, const char *option);

/*
 * The mount of `mnt_ns` that shows `path`: the one with the longest mountpoint that is a prefix
 * of it, the last one where several lie over one another. NULL: none. Links are not followed.
 */
const Mount *mount_of_path(Mount *const *mount, size_t n, uint64_t mnt_ns, const char *path);

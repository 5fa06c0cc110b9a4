/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules on mounts ask of a mount table, and how they name an option that lets a mount pass.
 */
#pragma once

#include "checker/judge.h"

/* Whether the root of the file system is what is mounted, and not a folder or file of it. */
bool mount_is_whole(const Mount *m);

/* Whether it is the root of its mount namespace: the mount at "/" whose parent is outside. */
bool mount_is_ns_root(const struct judge *j, const Mount *m);

bool mount_same_device(const Mount *a, const Mount *b);

/* Whether `path` is `folder` or below it. */
bool mount_is_below(const char *path, const char *folder);

/* The host's mount that holds a path there: of those at one place the last; NULL: not known. */
const Mount *mount_holding(const Host *h, const char *path);

/* That of the destination. */
const Mount *mount_there(const struct judge *j, const char *path);

/* The mount namespace that criu would run in; 0: not known. */
uint64_t mount_ns_of_criu(const struct judge *j);

/* Whether it is one of criu's own mount namespace. */
bool mount_of_criu(const struct judge *j, const Mount *m);

/* Whether criu makes such a file system again; "ext4" and its like it only binds from outside. */
bool mount_type_is_made(const char *type);

/* Whether its namespace holds what a bind of a part can be made from: the whole, or the root. */
bool mount_has_source(const struct judge *j, const Mount *m);

/* Whether its namespace holds the master of this slave; that of the root comes from outside anyway. */
bool mount_has_master(const struct judge *j, const Mount *m);

/*
 * Whether criu, which runs in another namespace, has the same file system mounted: it then finds
 * the mount's other side by itself (--external mnt[]).
 */
bool mount_criu_sees(const struct judge *j, const Mount *m);

/* Whether criu's own namespace has a mount that gives events to this slave, or gets them with it. */
bool mount_criu_has_master(const struct judge *j, const Mount *m);

/* Whether it is mounted with this option, of those of the mount itself: "ro", "idmapped". */
bool mount_is_marked(const Mount *m, const char *word);

/* Begins a finding about the mount. Never NULL. */
struct finding *mount_find(struct judge *j, const Mount *m, const char *what);

/* The same, of a mount that criu takes as external: the options by which it does are named. */
struct finding *mount_find_external(struct judge *j, const Mount *m, const char *what);

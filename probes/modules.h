/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which modules are asked about, and what is known of each beside the module index: its name,
 * the option of the kernel's configuration that builds it in, and a file that is there when
 * the code is. modules.c answers.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

struct module_known {
	const char *asked;		/* name or alias; NULL: nothing is known */
	const char *name;		/* of the module behind it */
	const char *option;		/* CONFIG_ name */
	const char *evidence;		/* a path; NULL for file systems: see /proc/filesystems */
};

/* A list of distinct names in the order in which they were asked; in an arena. */
struct module_list {
	const char **name;
	size_t n;
};

/*
 * Adds what CRIU itself calls for, and what the tree in `tree` needs: the types of its mounts,
 * the families of its sockets, the kinds of its network devices. Without a tree
 * all that any could need. 0 or -ENOMEM.
 */
int modules_wanted(const Snapshot *tree, struct arena *arena, struct module_list *ret);

/* What is known of `asked`; all NULL when nothing is. */
struct module_known module_known_of(const char *asked);

/* The options of a kernel's configuration that tell of modules, i from 0; NULL after the last. */
const char *modules_config_option(size_t i);

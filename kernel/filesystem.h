/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be read of which file system. Content is read only where a regular file is really
 * one: /proc/kmsg is "regular" too, and reading it steals messages from the system's log.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * May the content of its regular files be read? `name` as in mountinfo, or NULL where it is not
 * known; `f_type` as statfs(2) says. Both must agree, and a name must be in the list.
 */
bool filesystem_may_be_read(const char *name, uint64_t f_type);

/* The same by the name alone, before anything is opened: false only where it is sure. */
bool filesystem_name_may_be_read(const char *name);

/* Does an answer depend on somebody else: a server, a hypervisor, a process? NULL: no. */
bool filesystem_may_hang(const char *name);

/* The name of f_type in the list, or NULL. */
const char *filesystem_name_of(uint64_t f_type);

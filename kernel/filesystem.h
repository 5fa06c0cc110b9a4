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

/*
 * Do size, time of content and time of change of its files tell that a content is still the one
 * that was read? Only of a disk that this kernel alone writes to. Not of a server's files, whose
 * times we know from a cache; not of one without a time of change; not of an image, which may
 * be put in place of another with all its times; not of one in memory: what is written there
 * through a mapping moves no time but at the first write. NULL: no.
 */
bool filesystem_stamps_tell(const char *name);

/* The name of f_type in the list, or NULL. */
const char *filesystem_name_of(uint64_t f_type);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child of the crew finds out about one path, and hands to its parent.
 */
#pragma once

#include "base/crew.h"
#include "kernel/identity.h"
#include "probes/paths-wanted.h"
#include "probes/probe.h"

struct paths {
	struct probe_context *c;
	struct path_questions questions;
	uint32_t *order;		/* of the questions, the biggest files first */
};

enum same { SAME_UNSAID, SAME_YES, SAME_NO };

struct path_seen {
	int32_t error;			/* of the look-up; 0: it is there */
	bool parent_missing;
	bool has_space;
	struct statx st;
	uint64_t free_bytes;
	unsigned long flags;		/* of statvfs(3) */
	bool tell;			/* digest and build-id may be told; else they are wiped */
	enum same same, same_build;	/* as the source's */
	struct identity identity;
};

/* Looks at one path, and at its content where the source has something to compare. */
void path_look(const struct paths *a, const struct path_question *q, struct crew_slot *slot,
	       struct path_seen *ret);

/* The type of the file system that `st` was found on, or NULL. */
const char *path_fs_type(const struct paths *a, const struct statx *st);

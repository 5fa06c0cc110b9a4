/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came, went or changed between two looks at the same tree. Pure. Which records there are,
 * by what each is known again, and which of its fields pass all the time without meaning
 * anything, stands in one table; all other fields count, those of tomorrow too.
 */
#pragma once

#include "facts/fields.h"
#include "facts/snapshot.h"

enum change_how { CHANGE_CAME, CHANGE_WENT, CHANGE_DIFFERS, CHANGE_HOWS };

enum change_of {
	CHANGE_OF_TASK,
	CHANGE_OF_THREAD,
	CHANGE_OF_LIMIT,
	CHANGE_OF_TIMER,
	CHANGE_OF_FD,
	CHANGE_OF_MAPPING,
	CHANGE_OF_FILE,
	CHANGE_OF_SOCKET,
	CHANGE_OF_MOUNT,
	CHANGE_OF_NAMESPACE,
	CHANGE_OF_DEVICE,
	CHANGE_OF_CGROUP,
	CHANGE_OF_CGROUP_VALUE,
	CHANGE_OF_PLACE,
	CHANGE_OF_GAP,
	CHANGE_OFS
};

struct field_change {
	const char *name;		/* "size", "exe.path" */
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessage *before, *after;	/* the messages that hold it; NULL: there is none */
};

struct change {
	enum change_of of;
	enum change_how how;
	const ProtobufCMessage *owner;	/* the process, namespace or cgroup it belongs to, of the later look; NULL */
	const ProtobufCMessage *before, *after;	/* NULL: it came, it went */
	struct field_change *field;	/* of what differs */
	size_t n_field;
};

enum { MAX_CHANGES = 1000 };		/* stored of one kind; all are counted */

struct changes {
	struct arena *arena;
	const Snapshot *before, *after;
	struct change *change;		/* by kind, then by what happened, then by key */
	size_t n;
	size_t count[CHANGE_OFS][CHANGE_HOWS];
	size_t total;
};

/* 0 or -ENOMEM. The snapshots must outlive the result. */
int changes_find(const Snapshot *before, const Snapshot *after, struct changes *ret);
void changes_free(struct changes *c);

/* The record that an index stands for: Fd.file, Thread.cgroup_set and their like; NULL: no such field. */
const ProtobufCMessage *change_target(const Snapshot *s, const ProtobufCFieldDescriptor *f, const void *at);

const char *change_of_name(enum change_of of);	/* "task" "descriptor" "file" … */
const char *change_of_title(enum change_of of);	/* "Tasks" … */
const char *change_how_name(enum change_how how);	/* "came" "went" "changed" */

static inline void
cleanup_changes(struct changes *c)
{
	changes_free(c);
}
#define _cleanup_changes_ cleanup(cleanup_changes)

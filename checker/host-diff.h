/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sets two hosts apart. Pure. What was not learned of one of them is no difference, and is
 * listed; what holds for the moment only is marked.
 */
#pragma once

#include "base/arena.h"
#include "checker/cpu-baseline.h"
#include "checker/host-facts.h"

enum { HOST_SIDES = 2 };

/* A record of a list, in its record where that is in a list itself. */
struct host_record {
	const struct host_fact *list;
	const ProtobufCMessage *record;	/* of the first side that has it */
	const struct host_record *around;	/* NULL: none */
};

struct host_difference {
	enum host_subject subject;
	bool moment;
	const struct host_record *record;	/* NULL: of the host itself */
	const char *name;		/* of the fact; NULL: the record's name says it all */
	const char *rules;		/* ids, parted by blanks; NULL: none goes by it */
	bool set;			/* the values are what only one of them has */
	const char **only[HOST_SIDES];	/* in byte order, but CPU features in that of the table */
	size_t n_only[HOST_SIDES];
	const char *text[HOST_SIDES];	/* the values; NULL: those of the field */
	const ProtobufCFieldDescriptor *field;
	const ProtobufCMessage *holder[HOST_SIDES];	/* of the field; NULL: there is no such record */
	const char *nothing;		/* how a value reads that is not there */
};

/* A fact that is known of one side only. */
struct host_unlearned {
	enum host_subject subject;
	const struct host_record *record;
	const char *name;		/* NULL: all of the subject, or of the record */
	bool of_b;			/* not known of the second; else of the first */
};

struct host_diff {
	struct arena *arena;
	const Snapshot *side[HOST_SIDES];
	bool same_tree;			/* both answered the same tree: the answers were compared */
	struct host_difference *difference;	/* by subject, then as the table has them; those of the moment last */
	size_t n, n_lasting;
	struct host_unlearned *unlearned;
	size_t n_unlearned;
	struct cpu_member member[HOST_SIDES];
	struct cpu_baseline cpu;	/* of the two */
};

/* 0 or -ENOMEM. The snapshots must outlive the result. */
int host_diff_find(const Snapshot *a, const Snapshot *b, struct host_diff *ret);
void host_diff_free(struct host_diff *d);

static inline void
cleanup_host_diff(struct host_diff *d)
{
	host_diff_free(d);
}
#define _cleanup_host_diff_ cleanup(cleanup_host_diff)

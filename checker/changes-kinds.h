/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what is compared between two looks: private to changes.c.
 */
#pragma once

#include "checker/changes.h"

enum { MAX_KEY = 5 };

struct change_kind {
	const char *name;
	const char *title;
	const ProtobufCMessageDescriptor *of;
	int in;				/* the kind whose records hold it; -1: the snapshot */
	const char *list;		/* its field there */
	const char *key[MAX_KEY];	/* the fields by which one is known again */
	bool once;			/* of several with one key the first stands for all */
	bool (*counts)(const ProtobufCMessage *m);	/* NULL: all do */
};

extern const struct change_kind change_kinds[CHANGE_OFS];

/* Fields of a message that pass, parted by blanks. */
struct change_passing {
	const ProtobufCMessageDescriptor *of;
	const char *fields;
};

extern const struct change_passing change_passing[];
extern const size_t n_change_passing;

/* Whether the field changes all the time and means nothing by itself. */
bool change_passes(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f);

/* Whether two values of a field that differ come to the same. */
bool change_is_nothing(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *before,
		       const ProtobufCMessage *after);

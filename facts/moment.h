/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of a host that last until somebody changes the machine, and facts of the moment. One
 * table says which are of the moment; what is left when they are taken out is the same for equal
 * hosts, byte for byte.
 */
#pragma once

#include "base/buffer.h"
#include "facts/snapshot.h"

enum facts_kept {
	FACTS_LASTING,			/* no names, addresses, counters, nor what is free or in use now */
	FACTS_NOW,			/* all but when and how long it was looked: what two looks could share */
};

/* Whether a field of a message is not kept: it holds for the moment only (free memory), or names one host. */
bool moment_is(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f, enum facts_kept kept);

/* Of such a field, whether it is kept as 0: that it is there lasts. */
bool moment_is_number(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f);

enum { MOMENT_NAMES = 12 };

/* A message that does not last as a whole where its text `field` is one of `values`; without any: where it is true. */
struct moment_value {
	const ProtobufCMessageDescriptor *kind;
	const char *field;
	const char *values[MOMENT_NAMES];	/* "x*": all that begins so */
};

/* That of a kind of message; NULL: it has none. */
const struct moment_value *moment_value_of(const ProtobufCMessageDescriptor *d);
bool moment_value_is(const struct moment_value *v, struct slice text);

/* Whether the message holds for the moment only because of what one of its fields says (a sysctl that counts). */
bool moment_passes(const ProtobufCMessage *m);

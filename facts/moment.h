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

/* Whether a field of a message holds for the moment only (free memory), or names one host. */
bool moment_is(const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f);

/* Whether the message holds for the moment only because of what one of its texts says (a sysctl that counts). */
bool moment_passes(const ProtobufCMessage *m);

/*
 * Appends the packed message of kind `d` in `bytes` without what is not kept. Works on the wire,
 * so that a host whose like is known need not be unpacked. Fields that this migcheck does not
 * know pass as they are. 0, -EBADMSG (not such a message), -ENOMEM.
 */
int moment_strip(const ProtobufCMessageDescriptor *d, struct slice bytes, enum facts_kept kept, struct buffer *out);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of messages, reached through their descriptors: for what walks over all of them.
 */
#pragma once

#include "facts/snapshot.h"

/* Whether field `f` of `message` is there, and how many values it has (1 for singular ones). */
size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f);

/* The address of value `i` of a field that is there. */
const void *field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f, size_t i);

/* Value `i` of a field of messages that is there. */
const ProtobufCMessage *field_message(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f,
				      size_t i);

/* Orders two scalar values of the same field: < 0, 0, > 0. */
int field_compare(const ProtobufCFieldDescriptor *f, const void *a, const void *b);

/* Orders two messages of the same kind by all that they hold; what is absent comes first. */
int message_compare(const ProtobufCMessage *a, const ProtobufCMessage *b);

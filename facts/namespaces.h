/* SPDX-License-Identifier: Apache-2.0 */
/* A set of namespaces, asked by kind. */
#pragma once

#include "facts/snapshot.h"

uint64_t namespace_of(const NamespaceSet *set, NamespaceKind kind);	/* its inode; 0: not known */

/* Whether it is there; its inode may not be known. */
bool namespace_is_there(const NamespaceSet *set, NamespaceKind kind);

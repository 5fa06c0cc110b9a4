/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which namespaces a tree brings along: those that criu makes anew, since the root of the tree
 * does not live where criu does.
 */
#pragma once

#include "facts/snapshot.h"

/* False also where either is not known. */
bool brought_along(const Snapshot *source, NamespaceKind kind);

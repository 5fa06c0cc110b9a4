/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small helpers for UNIX sockets, shared by the factories of sockets and of their queues.
 */
#ifndef MKPROC_UNIX_H
#define MKPROC_UNIX_H

#include "mkproc.h"

/* A socket of this type bound to a path ("@name" is an abstract one). */
int unix_bound(struct scene *s, int type, const char *name);
/* As above, and listening. */
int unix_listener(struct scene *s, int type, const char *name);
/* A new socket of this type, connected to that name. */
int unix_connected(struct scene *s, int type, const char *name);
/* The path of the socket that most factories use. */
const char *unix_path(struct scene *s);
/* Two connected sockets of this type: s->fd[0] goes into the tree, s->fd[1] stays outside. */
void unix_pair_outside(struct scene *s, int type);

#endif

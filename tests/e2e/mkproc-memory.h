/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small helpers for mappings, shared by the factories of memory, of mapped files and of namespaces.
 */
#ifndef MKPROC_MEMORY_H
#define MKPROC_MEMORY_H

#include "mkproc.h"

/* A new mapping; tells "at=…". Fails the scene instead of returning an error. */
void *memory_map(struct scene *s, size_t size, int protection, int flags, int fd);
/* A System V segment attached in the present IPC namespace, to be gone with its last user. */
void memory_attach_sysv(struct scene *s);

#endif

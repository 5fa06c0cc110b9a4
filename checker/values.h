/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text for findings, and commands whose foreign words are quoted for a shell. All
 * results live in the assessment's arena; only quote_command() can give NULL.
 */
#pragma once

#include "checker/judge.h"

/* "3f2a91…", lower case, all of it; "none" for no bytes. */
const char *value_hex(struct judge *j, ProtobufCBinaryData bytes);

/* "41 MiB (42991616)"; plain below a KiB. */
const char *value_bytes(struct judge *j, uint64_t bytes);

/* "regular file 0644", "directory 01777" */
const char *value_mode(struct judge *j, uint32_t mode);
const char *value_file_type(uint32_t mode);

/* How the tree uses a file: "executed", "mapped", "working folder", "root folder", "open". */
const char *value_use(const File *f);

/* A zombie, or dead: it holds no memory and shares nothing any more. */
bool process_has_ended(const Process *p);

/* Whether it sleeps until its vfork child execs or exits; some kernels say kernel_clone for it. */
bool thread_waits_for_vfork(const Thread *t);

/* "127.0.0.1:8125", "[::1]:80", "0.0.0.0:*" for port 0; the address alone with port -1. */
const char *value_address(struct judge *j, ProtobufCBinaryData address, int port);

/* "5 s", "3 min", "2 h", "4 days" */
const char *value_age(struct judge *j, uint64_t ms);

/* Whether both snapshots are of one running kernel, whatever the namespaces. */
bool same_kernel(const struct judge *j);

/* A sysctl of the destination as a number; false where it was not learned or is not one. */
bool value_sysctl(const struct judge *j, const char *name, uint64_t *ret);

/*
 * The words (up to a NULL) as a command line for a shell, each quoted where it must be; NULL
 * where one holds a control character or is no UTF-8, for then no command is given.
 */
const char *quote_command(struct judge *j, ...) __attribute__((sentinel));

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of sock_diag(7) about unix(7) sockets. Pure.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

struct sock_unix_request {
	uint8_t bytes[24];		/* struct unix_diag_req */
};

/* Asks for all unix sockets and all that is known of them. */
void sock_unix_request(struct sock_unix_request *ret);

/* The inode of an answer. 0 or -EBADMSG. */
int sock_unix_ino(struct slice answer, uint64_t *ret);

/*
 * Whether an answer concerns one of the sockets for which `wanted` says true: it is one, is
 * connected to one, or has one in its backlog. 1, 0 or -EBADMSG.
 */
int sock_unix_concerns(struct slice answer, bool (*wanted)(uint64_t ino, const void *arg),
		       const void *arg);

/* Fills `s`. 0, -EBADMSG or -ENOMEM. */
int sock_unix_parse(struct slice answer, struct arena *arena, Socket *s);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of sock_diag(7) about netlink(7) sockets. Pure.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

struct sock_netlink_request {
	uint8_t bytes[20];		/* struct netlink_diag_req */
};

/* Asks for the netlink sockets of all protocols. */
void sock_netlink_request(struct sock_netlink_request *ret);

/* The inode of an answer (0: a socket of the kernel itself). 0 or -EBADMSG. */
int sock_netlink_ino(struct slice answer, uint64_t *ret);

/* Fills `s`. 0, -EBADMSG or -ENOMEM. */
int sock_netlink_parse(struct slice answer, struct arena *arena, Socket *s);

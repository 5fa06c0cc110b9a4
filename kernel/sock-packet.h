/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of sock_diag(7) about packet(7) sockets. Pure.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

struct sock_packet_request {
	uint8_t bytes[20];		/* struct packet_diag_req */
};

/* Asks for all packet sockets and all that is known of them. */
void sock_packet_request(struct sock_packet_request *ret);

/* The inode of an answer. 0 or -EBADMSG. */
int sock_packet_ino(struct slice answer, uint64_t *ret);

/* Fills `s`. 0, -EBADMSG or -ENOMEM. */
int sock_packet_parse(struct slice answer, struct arena *arena, Socket *s);

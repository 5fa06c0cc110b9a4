/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of sock_diag(7) about IPv4 and IPv6 sockets. Pure.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

struct sock_inet_request {
	uint8_t bytes[56];		/* struct inet_diag_req_v2 */
};

/* Asks for all sockets of a family (AF_INET, AF_INET6) and protocol, in all states. */
void sock_inet_request(int family, int protocol, struct sock_inet_request *ret);

/* What decides whether an answer is wanted at all. 0 or -EBADMSG. */
struct sock_inet_key {
	uint64_t ino;			/* 0: held by nobody (TIME_WAIT, SYN_RECV, orphans) */
	uint32_t state;
	uint32_t source_port;
};
int sock_inet_key(struct slice answer, struct sock_inet_key *ret);

/* Fills `s` from an answer to a question about `protocol`. 0, -EBADMSG or -ENOMEM. */
int sock_inet_parse(struct slice answer, int protocol, struct arena *arena, Socket *s);

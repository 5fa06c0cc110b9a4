/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of protocols that the kernel gives to sockets: the extended attribute
 * "system.sockprotoname" of a socket. Pure.
 */
#pragma once

#include "base/text.h"

#define SOCK_NAME_ATTRIBUTE "system.sockprotoname"

struct sock_name {
	const char *name;		/* "TCPv6" */
	const char *service;		/* struct sock_kind's: who is asked about it; NULL: nobody */
	int family;
	int type;			/* SOCK_*; 0: several */
	int protocol;			/* -1: several */
};

/* What a name stands for; NULL for all that is neither inet, unix, netlink nor packet. */
const struct sock_name *sock_name_find(struct slice name);

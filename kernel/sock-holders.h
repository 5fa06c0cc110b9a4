/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a socket: no kernel interface says it, so the descriptors of all processes are
 * looked at once, for as many sockets as are asked about.
 */
#pragma once

#include "base/root.h"
#include "base/text.h"

struct sock_holder {
	uint64_t ino;			/* asked about */
	int pid;			/* 0: no process was found to hold it */
	uint64_t start_time;
	char comm[64];
};

/*
 * Fills the holders, which the call sorts by inode; of several processes that hold a socket
 * one is named. *ret_unseen is the number of processes whose descriptors could not be looked
 * at. 0 or -errno: /proc itself could not be listed.
 */
int sock_holders_find(const struct root *root, struct sock_holder *holder, size_t n,
		      size_t *ret_unseen);

/* The one of `ino` in a sorted list, or NULL. */
const struct sock_holder *sock_holder_of(const struct sock_holder *holder, size_t n, uint64_t ino);

/* The inode in "socket:[12345]". 0 or -EINVAL. */
int sock_link_parse(struct slice link, uint64_t *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the kernel over netlink, by libmnl (the only file that includes it). A dump ends in
 * one of four ways, and the caller is told which: complete, an error of the kernel, changed
 * while it was read (NLM_F_DUMP_INTR), or out of limits.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

struct netlink;

/* A netlink socket of the calling thread's network namespace. 0 or -errno. */
int netlink_open(int protocol, struct netlink **ret);
void netlink_close(struct netlink *n);	/* accepts NULL */

/*
 * Sends `request` (complete with its header; sequence and flags are filled in) as a dump and
 * hands each answer to `each`, which is pure and stops the dump by < 0. 0; -EINTR when the
 * dump was interrupted by a change even after three tries; -errno of the kernel's answer
 * (-ENOENT: no handler) or of `each`.
 */
int netlink_dump(struct netlink *n, struct nlmsghdr *request,
		 int (*each)(const struct nlmsghdr *message, void *arg), void *arg,
		 void (*restart)(void *arg));

/* Walks recorded bytes the same way; checks every length. 0 or -EBADMSG, or what `each` said. */
int netlink_walk(const void *bytes, size_t n, int (*each)(const struct nlmsghdr *message, void *arg),
		 void *arg);

static inline void
cleanup_netlink(struct netlink **n)
{
	netlink_close(*n);
}

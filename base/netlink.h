/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the kernel over netlink, by libmnl (the only file that includes it). A dump ends in
 * one of four ways, and the caller is told which: complete, an error of the kernel, changed
 * while it was read (NLM_F_DUMP_INTR), or out of limits.
 */
#pragma once

#include "base/text.h"
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

struct netlink;

/*
 * A netlink socket of the network namespace behind `netns_fd` (/proc/PID/ns/net, opened
 * read-only), or of the caller's own where that is -1. The caller stays where it is: a thread
 * that lives only for this enters the namespace, makes the socket and ends. 0 or -errno.
 */
int netlink_open(int netns_fd, int protocol, struct netlink **ret);
void netlink_close(struct netlink *n);	/* accepts NULL */

/*
 * Sends `request` (complete with its header; sequence and flags are filled in) as a dump and
 * hands each answer to `each`, which is pure and stops the dump by < 0. Before the dump is
 * asked for again because it was interrupted by a change, `restart` (may be NULL) is called to
 * forget what `each` was given. 0; -EINTR when three restarts did not help; -errno of the
 * kernel's answer (-ENOENT: no handler) or of `each`; -EBADMSG and -EPROTO for an answer that
 * is cut off or not to this question; -ETIMEDOUT.
 */
int netlink_dump(struct netlink *n, struct nlmsghdr *request,
		 int (*each)(const struct nlmsghdr *message, void *arg), void *arg,
		 void (*restart)(void *arg));

/* The same for a question that has one answer, or an error of the kernel. */
int netlink_ask(struct netlink *n, struct nlmsghdr *request,
		int (*each)(const struct nlmsghdr *message, void *arg), void *arg);

/*
 * Walks the recorded bytes of one dump's answers the same way, and checks every length. 0 at
 * the end of the dump or of the bytes; otherwise as netlink_dump().
 */
int netlink_walk(const void *bytes, size_t n, int (*each)(const struct nlmsghdr *message, void *arg),
		 void *arg);

/*
 * Takes the next attribute off the front of `rest`. 1; 0 at the end; -EBADMSG when what is
 * left is no attribute. The flags of the type (nested, byte order) are taken away.
 */
int netlink_attribute(struct slice *rest, unsigned int *ret_type, struct slice *ret_value);

static inline void
cleanup_netlink(struct netlink **n)
{
	netlink_close(*n);
}
#define _cleanup_netlink_ cleanup(cleanup_netlink)

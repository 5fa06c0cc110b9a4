/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking one network namespace after another about the tree's sockets.
 */
#pragma once

#include "kernel/sock-table.h"
#include "light-dump/sockets-held.h"

/* A handshake that has not come to an end: who knocked where. */
struct half_open {
	uint8_t address[16];		/* of this host; IPv4 mapped into IPv6 */
	uint32_t port;
};

struct sockets {
	struct tree_context *c;
	struct held_sockets held;
	struct netns_list netns;
	struct sock_handlers handlers;
	struct netlink **netlink;	/* one a namespace; NULL: only text */
	struct buffer text;
	Socket **outside;		/* peers and clients that the tree does not hold; in the snapshot's arena */
	size_t n_outside;
	struct half_open *half_open;
	size_t n_half_open, room_half_open;
	unsigned int round;		/* counts the walks of tables */
};

/* Makes ready: the lists, the names, a question socket in each namespace. 0 or -ENOMEM. */
int sockets_open(struct tree_context *c, struct sockets *ret);
void sockets_close(struct sockets *s);

/* Walks the tables that concern the tree's sockets, twice where one was missed. 0 or -ENOMEM. */
int sockets_ask(struct sockets *s);

/* A TCP entry that nobody holds: a half-open connection, or of no interest. 0 or -errno. */
int sockets_keep_half_open(struct sockets *s, const struct sock_kind *kind, const struct sock_entry *e);

/* One table of one namespace, with `w`. What was found, and the gaps, are the caller's. */
int sockets_walk(struct sockets *s, size_t netns, const struct sock_kind *kind,
		 const struct sock_walk *w, struct sock_walked *ret);

/* IPv4 addresses as IPv6 ones. */
void address_map(const uint8_t *address, size_t n, uint8_t ret[16]);

/* Parses an entry into a new record of the snapshot's arena. 0, -EBADMSG or -ENOMEM. */
int sockets_keep(struct sockets *s, uint64_t netns, const struct sock_entry *e, Socket **ret);

/* The same for a socket that the tree does not hold: appends it to `outside`. */
int sockets_keep_outside(struct sockets *s, uint64_t netns, const struct sock_entry *e);

/*
 * Looks for the peers and waiting clients that are not met yet, and sorts all of `outside` by
 * inode, each once. 0 or -ENOMEM.
 */
int sockets_ask_for_peers(struct sockets *s);

static inline void
cleanup_sockets(struct sockets *s)
{
	sockets_close(s);
}
#define _cleanup_sockets_ cleanup(cleanup_sockets)

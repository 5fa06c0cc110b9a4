/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets that descriptors of the tree refer to, each once, before and after the kernel's
 * tables were asked about them.
 */
#pragma once

#include "kernel/sock-name.h"
#include "kernel/sock-diag.h"
#include "light-dump/collector.h"
#include "light-dump/netns.h"

struct held_socket {
	uint64_t ino;
	int pid;			/* the lowest that holds it, */
	int fd;				/* and its descriptor there */
	const DupState *dup;		/* of any descriptor of it, or NULL */
	char *protocol_name;		/* in the snapshot's arena; NULL: it could not be read */
	const struct sock_name *name;	/* what that stands for, or NULL */
	Socket *socket;			/* NULL: not found in a table */
	const struct sock_kind *kind;	/* of the table it was found in */
	unsigned int round;		/* and in which walk */
	bool watched;			/* its state tends to pass: looked at again */
};

struct held_sockets {
	struct held_socket *held;	/* by rising inode */
	size_t n;
};

/* Lists them from the descriptors. 0 or -ENOMEM. */
int held_sockets_make(const Snapshot *facts, struct held_sockets *ret);
void held_sockets_free(struct held_sockets *l);

/* Reads the name of each one's protocol. 0 or -ENOMEM. */
int held_sockets_name(struct tree_context *c, struct held_sockets *l);

/* The one with the inode, or NULL. */
struct held_socket *held_sockets_find(const struct held_sockets *l, uint64_t ino);

/* Whether a table has to be asked: some socket is, or may be, in it. */
bool held_sockets_need(const struct held_sockets *l, const struct sock_kind *kind);

/* Whether a socket that should stand in that table was not found yet. */
bool held_sockets_miss(const struct held_sockets *l, const struct sock_kind *kind);

/*
 * Makes the record of a socket that is in no table from its duplicate and its name. One that
 * belongs to a namespace of the list gets that as its own. 0 or -ENOMEM.
 */
int held_socket_fill(struct arena *arena, const struct netns_list *netns, struct held_socket *h);

static inline void
cleanup_held_sockets(struct held_sockets *l)
{
	held_sockets_free(l);
}
#define _cleanup_held_sockets_ cleanup(cleanup_held_sockets)

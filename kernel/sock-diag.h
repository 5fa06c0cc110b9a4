/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of sockets that the kernel keeps tables of, how each is asked for, and which of
 * them can be asked for without loading a module.
 */
#pragma once

#include "base/netlink.h"
#include "base/root.h"
#include "facts/snapshot.h"

struct sock_kind {
	const char *name;		/* "tcp6" */
	const char *service;		/* "tcp": what answers; one for both families */
	int family;
	int protocol;			/* IPPROTO_*; 0 beyond inet */
	const char *module;		/* that answers: "tcp_diag"; NULL: nothing does */
	const char *parent_module;	/* that must answer for its family too, or NULL */
	const char *text;		/* "net/tcp6" below /proc/PID */
	const char *untold;		/* what only sock_diag(7) says, or NULL: nothing that matters */
};

extern const struct sock_kind sock_kinds[];
extern const size_t n_sock_kinds;

/*
 * Which modules may be asked: those that are loaded or built in, or all where the kernel would
 * load none (see sock-diag.c).
 */
struct sock_handlers {
	bool all;			/* a question cannot load anything, or may */
	struct buffer loaded;		/* /proc/modules */
	struct buffer builtin;		/* /lib/modules/RELEASE/modules.builtin */
};

/*
 * Learns them from the files of `root`. A recorded root has none. `may_load`: the user allows
 * that a question loads a module. 0 or -ENOMEM.
 */
int sock_handlers_read(const struct root *root, bool may_load, struct sock_handlers *ret);
void sock_handlers_free(struct sock_handlers *h);

/* Whether the kernel may be asked for this kind. */
bool sock_handlers_have(const struct sock_handlers *h, const struct sock_kind *kind);

/* Pure parts: is the module Live in the text of /proc/modules; is it listed in modules.builtin? */
bool modules_has_live(struct slice modules, const char *name);
bool modules_builtin_has(struct slice builtin, const char *name);

/* Asks for all sockets of the kind: netlink_dump() with the request made. */
int sock_kind_dump(struct netlink *n, const struct sock_kind *kind,
		   int (*each)(const struct nlmsghdr *message, void *arg), void *arg,
		   void (*restart)(void *arg));

/* The inode in an answer. 0 or -EBADMSG. */
int sock_kind_ino(const struct sock_kind *kind, struct slice answer, uint64_t *ret);

/* Fills `s` from an answer. 0, -EBADMSG or -ENOMEM. */
int sock_kind_parse(const struct sock_kind *kind, struct slice answer, struct arena *arena, Socket *s);

static inline void
cleanup_sock_handlers(struct sock_handlers *h)
{
	sock_handlers_free(h);
}
#define _cleanup_sock_handlers_ cleanup(cleanup_sock_handlers)

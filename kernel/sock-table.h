/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of sockets of one network namespace, walked entry by entry: by sock_diag(7) where
 * the kernel may be asked (kernel/sock-diag.h) and answers, otherwise by the text in /proc.
 */
#pragma once

#include "kernel/sock-diag.h"

/* An entry not yet parsed: most of a busy host's are of no interest. */
struct sock_entry {
	const struct sock_kind *kind;
	struct slice bytes;		/* an answer of sock_diag(7), or a line */
	bool text;
};

/* 0 or -EBADMSG. */
int sock_entry_ino(const struct sock_entry *e, uint64_t *ret);

/* Fills `s`, Socket.facts_from too. 0, -EBADMSG or -ENOMEM. */
int sock_entry_parse(const struct sock_entry *e, struct arena *arena, Socket *s);

/* Where and how to ask. */
struct sock_tables {
	struct netlink *netlink;	/* NETLINK_SOCK_DIAG in that namespace; NULL: only text */
	const struct sock_handlers *handlers;
	const struct root *proc;	/* /proc/PID of a process in that namespace */
	struct buffer *text;		/* scratch */
};

struct sock_walk {
	int (*each)(const struct sock_entry *e, void *arg);	/* < 0 stops the walk */
	void (*restart)(void *arg);	/* forget what was given; may be NULL */
	void *arg;
};

struct sock_walked {
	bool text;			/* the entries came from the text */
	bool asked;			/* sock_diag(7) was asked */
	int diag_error;			/* why it did not answer, where it was asked */
	size_t odd_lines;		/* lines of the text that could not be read */
};

/* May a kernel lack the table, and so have no such sockets? IPv6, UDP-Lite, packets: yes. */
bool sock_kind_may_be_missing(const struct sock_kind *kind);

/* 0; what `each` said; -ENOENT where there is no such table at all; -errno. */
int sock_table_walk(const struct sock_tables *t, const struct sock_kind *kind,
		    const struct sock_walk *w, struct sock_walked *ret);

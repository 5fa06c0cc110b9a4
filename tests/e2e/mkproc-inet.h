/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small helpers for sockets on the loopback, shared by the factories of TCP, UDP and the rest.
 */
#ifndef MKPROC_INET_H
#define MKPROC_INET_H

#include "mkproc.h"

/* An IPv4 socket, bound to 127.0.0.1 and a port that the kernel chose. type may hold SOCK_ flags. */
int inet_bound(struct scene *s, int type, int protocol);
/* The port that a socket is bound to. */
int inet_port(struct scene *s, int fd);
/* Connects to 127.0.0.1:port. */
void inet_connect(struct scene *s, int fd, int port);
/* "fd=3 fd-ino=8123 port=40001". */
void inet_tell(struct scene *s, int fd);
/* A listening TCP socket, bound as above. */
int tcp_listener(struct scene *s, int flags, int protocol);
/* A new network namespace with its loopback on, for the calling task. */
void inet_own_net(struct scene *s);

#endif

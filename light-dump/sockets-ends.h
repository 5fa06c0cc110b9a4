/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the paths of bound unix sockets lead, and who holds the sockets outside the tree.
 */
#pragma once

#include "light-dump/sockets-ask.h"

/* Sets Socket.unix_vfs_path_state, holder_pid and holder_comm. 0 or -ENOMEM. */
int sockets_find_ends(struct sockets *s);

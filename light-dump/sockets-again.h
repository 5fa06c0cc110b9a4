/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "light-dump/sockets-ask.h"

/*
 * Counts the handshakes under way at each listener. Where a state or queue tends to pass, asks
 * for a second look, which then owns what was in *s. 0 or -ENOMEM.
 */
int sockets_see_again(struct sockets *s);

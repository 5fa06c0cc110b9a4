/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which multicast groups the tree's datagram and raw sockets have joined.
 */
#pragma once

#include "light-dump/sockets-ask.h"

/* Adds them to the records of the sockets, which are complete otherwise. 0 or -ENOMEM. */
int multicast_collect(struct sockets *s);

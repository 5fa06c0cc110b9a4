/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bound inet sockets of this host.
 */
#pragma once

#include "kernel/sock-table.h"
#include "probes/probe.h"

/* Fills Net.socket and Net.sockets_complete. 0 or -ENOMEM; what cannot be read is a gap. */
int net_sockets_tell(struct probe_context *c, Net *net, const struct sock_tables *tables);

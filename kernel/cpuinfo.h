/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc/cpuinfo of x86.
 */
#pragma once

#include "base/text.h"
#include "facts/snapshot.h"

/*
 * Sets vendor, family, model, stepping, brand, flags (of the first processor), online and
 * uniform in *ret (already initialised); text in `arena`. 0, -EBADMSG when there is no
 * processor in it, -ENOMEM.
 */
int cpuinfo_parse(struct slice text, struct arena *arena, Cpu *ret);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probes of the kernel share: its configuration, read by the first of them.
 */
#pragma once

#include "facts/snapshot.h"

/*
 * The value of an option: "y", "m", "n" …; NULL when no configuration could be read. Only
 * options that kernel.c or modules.c keep are known; all others are "n".
 */
const char *kernel_config(const Kernel *kernel, const char *name);

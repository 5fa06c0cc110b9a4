/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probes of the kernel share: its configuration, read by the first of them.
 */
#pragma once

#include "probes/probe.h"

/*
 * The value of an option: "y", "m", "n" …; NULL when no configuration could be read. Only
 * options that kernel.c or modules.c keep are known; all others are "n".
 */
const char *kernel_config(const Kernel *kernel, const char *name);

/* Notes one feature; `present` < 0: it could not be told. NULL when there is no memory. */
Feature *feature_add(struct probe_context *c, const char *name, int present, const char *seen);

/* Those that show in no file (features-asked.c). 0 or -ENOMEM. */
int features_asked(struct probe_context *c);
